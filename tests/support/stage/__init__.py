"""Plays: conversations as text, acted by real clients against a real node."""
