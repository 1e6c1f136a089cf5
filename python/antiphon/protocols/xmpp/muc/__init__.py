"""Rooms for XMPP clients (XEP-0045): the same rooms that all other protocols enter."""
