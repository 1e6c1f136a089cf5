"""Room signalling over a WebSocket: JSON messages described by one schema."""
