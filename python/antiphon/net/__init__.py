"""Sockets, TLS and limits of connections; knows no protocol's meaning, no room and no account."""
