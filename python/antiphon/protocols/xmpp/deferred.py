"""What a client that nobody looks at need not hear at once (XEP-0352): kept, the last of a kind
only, until it matters.
"""

# What is kept for one session; what goes beyond is sent at once.
LIMIT = 1000
OCTETS = 512 * 1024


class Deferred:
    """Whether a session's client is looked at, and what waits for that."""

    __slots__ = ("_kept", "_octets", "inactive")

    def __init__(self) -> None:
        self.inactive = False
        self._kept: dict[str, bytes] = {}
        self._octets = 0

    def keep(self, key: str, stanza: bytes) -> bool:
        """Whether it is sent later, in place of an earlier one of the same key, rather than now."""
        if not self.inactive:
            return False
        self._octets -= len(self._kept.pop(key, b""))
        if len(self._kept) >= LIMIT or self._octets + len(stanza) > OCTETS:
            return False
        self._kept[key] = stanza
        self._octets += len(stanza)
        return True

    def take(self) -> list[bytes]:
        """What waited, in order; nothing waits any more."""
        kept = list(self._kept.values())
        self._kept.clear()
        self._octets = 0
        return kept
