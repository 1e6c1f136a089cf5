"""XMPP: streams, sessions, and what instant messaging does over them (RFC 6120, RFC 6121)."""
