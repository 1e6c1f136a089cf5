"""Token buckets: how often somebody may do something. In bounded memory; time is an argument.

It knows neither who is limited nor what for.
"""

from collections import OrderedDict
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_second` tokens flow in; a bucket holds `burst` of them and begins full."""

    per_second: float
    burst: float


class Buckets:
    """A bucket for each key. When more than `capacity` are kept, the longest unused are dropped."""

    def __init__(self, rate: Rate, capacity: int) -> None:
        self._rate = rate
        self._capacity = capacity
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._levels)

    def take(self, key: str, now: float, amount: float = 1.0) -> float:
        """Take tokens at `now` (seconds). Returns 0.0, or the seconds until there are enough: then
        none is taken.
        """
        level = self._level(key, now)
        short = amount - level
        self._keep(key, level if short > 0 else level - amount, now)
        return 0.0 if short <= 0 else short / self._rate.per_second

    def wait(self, key: str, now: float, amount: float = 1.0) -> float:
        """What `take` would return, without taking."""
        return max(0.0, amount - self._level(key, now)) / self._rate.per_second

    def _level(self, key: str, now: float) -> float:
        level, then = self._levels.get(key, (self._rate.burst, now))
        return min(self._rate.burst, level + max(0.0, now - then) * self._rate.per_second)

    def _keep(self, key: str, level: float, now: float) -> None:
        self._levels[key] = (level, now)
        self._levels.move_to_end(key)
        if len(self._levels) > self._capacity:
            self._levels.popitem(last=False)
