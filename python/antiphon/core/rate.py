"""How much each account may do: buckets of tokens that fill up evenly. Time is an argument."""

from dataclasses import dataclass

from .address import Address

# Buckets that are looked through at once for those that are full, and so say nothing.
REMEMBERED = 50_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Buckets:
    """One bucket for each account that did something lately."""

    def __init__(self) -> None:
        self._buckets: dict[Address, _Bucket] = {}

    def take(self, account: Address, now: float, rate: float, burst: float) -> bool:
        """Whether `account` may do one more: `rate` a second, `burst` at once. `now`: seconds."""
        bucket = self._buckets.get(account)
        if bucket is None:
            if len(self._buckets) >= REMEMBERED:
                self._drop_idle(now, rate, burst)
            self._buckets[account] = _Bucket(burst - 1, now)
            return burst >= 1
        tokens = min(burst, bucket.tokens + (now - bucket.at) * rate)
        bucket.at = now
        if tokens < 1:
            bucket.tokens = tokens
            return False
        bucket.tokens = tokens - 1
        return True

    def _drop_idle(self, now: float, rate: float, burst: float) -> None:
        idle = burst / rate if rate > 0 else 0.0
        self._buckets = {
            account: bucket for account, bucket in self._buckets.items() if now - bucket.at < idle
        }
