"""The nouns of communication: addresses, rooms, members, tracks, graphs. Imports the standard
library only.
"""
