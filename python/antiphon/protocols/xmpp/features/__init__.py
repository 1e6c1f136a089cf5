"""What the server does for its users, one extension or matter a file."""
