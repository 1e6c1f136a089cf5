"""The media engine as the core sees it: commands down, events up. Carries nobody's signalling."""
