"""The resources of the HTTP interface, one file each: paths and their methods, and no decisions
beyond.
"""
