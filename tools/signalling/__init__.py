"""Generates types and documentation from the signalling schema; knows no running server."""
