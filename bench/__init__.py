"""Measurements of the server: what it costs, not whether it works. `python -m bench --help`."""
