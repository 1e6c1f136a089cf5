"""How fast a client may speak where the stream engine does not see to it."""

from .config import XmppLimits


class Pace:
    """How long to wait before something more is read: bytes and elements in a second, of which
    double may come at once.
    """

    def __init__(self, limits: XmppLimits, now: float) -> None:
        self._byte_rate = float(limits.byte_rate)
        self._rate = float(limits.stanza_rate)
        self._octets = 2 * self._byte_rate
        self._elements = 2 * self._rate
        self._at = now

    def take(self, size: int, now: float, *, elements: int = 1) -> float:
        """Count what came; seconds to wait."""
        passed, self._at = now - self._at, now
        self._octets = min(2 * self._byte_rate, self._octets + passed * self._byte_rate) - size
        self._elements = min(2 * self._rate, self._elements + passed * self._rate) - elements
        return max(0.0, -self._octets / self._byte_rate, -self._elements / self._rate)
