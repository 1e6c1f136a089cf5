"""Why a node did not start, in one line for the one who started it."""


class StartError(Exception):
    """The node could not start; the text says what to change."""
