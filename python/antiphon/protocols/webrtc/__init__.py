"""WebRTC: media sessions whose descriptions travel in somebody else's signalling."""
