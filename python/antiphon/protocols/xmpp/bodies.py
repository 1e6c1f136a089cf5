"""Bodies of BOSH (XEP-0124) as they come in pieces: whose they are is known, and can be judged by,
before all of their elements are there.
"""

from typing import cast

from antiphon._native import Pipe, Stanza, Streams


class Reading:
    """One `<body/>`. `element`: bytes of one element; how large the whole may be is up to others.

    `head` has the attributes as soon as they are known, `size` counts the bytes that came.
    """

    def __init__(self, element: int) -> None:
        self.head: Stanza | None = None
        self.items: list[Stanza] = []
        self.size = 0
        self.is_complete = False
        self.is_wrong = False
        self._pipe = Pipe(Streams.BOSH, element=element, free=True)

    def feed(self, piece: bytes) -> None:
        """More of it came."""
        self.size += len(piece)
        for kind, what in self._pipe.feed(piece):
            if self.is_wrong or self.is_complete or kind == Streams.FAILED:
                self.is_wrong = True  # also where something stands behind it
            elif kind == Streams.OPENED:
                self.head = cast(Stanza, what)
            elif kind == Streams.ITEM:
                self.items.append(cast(Stanza, what))
            elif kind == Streams.ENDED:
                self.is_complete = True
