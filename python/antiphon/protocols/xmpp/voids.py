"""Log-ins that were declared void lately: those that were being checked meanwhile, or had not gone
on to a session, must not come to anything.

Time is an argument, in seconds of one clock; sessions are ended elsewhere.
"""

from collections import OrderedDict
from dataclasses import dataclass

from antiphon.core.address import Address

from .sasl import Identity

# Accounts; more than so many at once leave the oldest to the database, which has been asked anew.
LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class _Void:
    number: int
    stamp: str | None
    until: float


class Voids:
    """`lifetime`: seconds after which no log-in that began before is under way any more. `count`:
    how often something was declared; who begins to log in remembers it.
    """

    def __init__(self, lifetime: float) -> None:
        self.count = 0
        self._lifetime = lifetime
        self._lately: OrderedDict[Address, _Void] = OrderedDict()

    def add(self, account: Address, stamp: str | None, now: float) -> None:
        """Log-ins of an account (bare) under another stamp are void; None: all until now."""
        self.count += 1
        self._lately[account] = _Void(self.count, stamp, now + self._lifetime)
        self._lately.move_to_end(account)
        while self._lately and (len(self._lately) > LIMIT or self._first().until <= now):
            self._lately.popitem(last=False)

    def cover(self, identity: Identity, began: int) -> bool:
        """Whether a log-in is void that began when `count` was so high."""
        found = self._lately.get(identity.caller.address.bare)
        if found is None:
            return False
        if found.stamp is None:
            return began < found.number
        return identity.stamp is not None and identity.stamp != found.stamp

    def _first(self) -> _Void:
        return next(iter(self._lately.values()))
