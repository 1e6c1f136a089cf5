"""Failed log-ins: how many there were from a network, and for one account from there, and whether
to listen to more of them.

Time is an argument, in seconds of one clock.
"""

import hashlib
from collections import OrderedDict

from antiphon.net.gate import network_of

MAX_KEYS = 20_000
# Of longer names a hash is kept.
MAX_NAME = 64
# From one network so many times the failures that are allowed for one account: an office has many
# people behind one address.
NETWORK_FACTOR = 10

Key = tuple[str, str]


class Attempts:
    """`limit`: failures until one must wait; one of them is forgotten in `time` seconds."""

    def __init__(self, limit: int, time: float) -> None:
        self._limit = limit
        self._time = time
        self._failed: OrderedDict[Key, tuple[float, float]] = OrderedDict()
        self.failures = 0
        self.refused = 0

    def allows(self, host: str, name: str, now: float) -> bool:
        """Whether this host may try to be that account now; what is refused is counted."""
        if not self._failed:
            return True
        network = network_of(host)
        mine = self._level((network, _short(name)), now) if name else 0.0
        allowed = (
            mine + 0.5 < self._limit
            and self._level((network, ""), now) + 0.5 < self._limit * NETWORK_FACTOR
        )
        self.refused += not allowed
        return allowed

    def failed(self, host: str, name: str, now: float) -> None:
        """Wrong credentials came."""
        self.failures += 1
        network = network_of(host)
        for key in {(network, _short(name)), (network, "")}:
            self._failed[key] = (self._level(key, now) + 1.0, now)
            self._failed.move_to_end(key)
        while len(self._failed) > MAX_KEYS:
            self._failed.popitem(last=False)

    def succeeded(self, host: str, name: str) -> None:
        """Right credentials came: the account's own failures are forgotten. Without a name there is
        no account to speak of, and the network's failures stay.
        """
        if self._failed and name:
            self._failed.pop((network_of(host), _short(name)), None)

    def _level(self, key: Key, now: float) -> float:
        found = self._failed.get(key)
        if found is None:
            return 0.0
        level, when = found
        left = level - (now - when) / self._time
        if left <= 0:
            del self._failed[key]
            return 0.0
        return left


def _short(name: str) -> str:
    name = name.casefold()  # letters' case makes no other account
    return name if len(name) <= MAX_NAME else hashlib.sha256(name.encode()).hexdigest()
