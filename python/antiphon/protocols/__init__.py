"""One package a protocol; none imports another."""
