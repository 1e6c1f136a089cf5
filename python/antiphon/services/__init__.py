"""What rooms and people need beyond media: accounts, tokens, archives.

Knows the core and the stores, and no protocol.
"""
