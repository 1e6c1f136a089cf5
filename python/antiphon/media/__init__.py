"""The media engine as the core sees it: commands down, events up. Knows no protocol's signalling."""
