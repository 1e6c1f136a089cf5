"""SIP: telephones and other servers, over UDP, TCP, TLS and WebSocket (RFC 3261)."""
