"""Failed log-ins: how many there were, when to stop listening, and answers that tell nothing by the
time that they take.
"""

import asyncio
import hashlib
import logging
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any, Protocol

from antiphon.net.gate import network_of

log = logging.getLogger(__name__)

# A name that exists must not be told from one that does not by how soon the answer comes: answers
# to wrong credentials leave on the strokes of this clock (s).
STROKE = 0.05
MAX_WAITING = 10_000
MAX_SOURCES = 20_000
# Of longer names a hash is kept.
MAX_NAME = 64
# How often those are looked for who have not failed for long (s): it takes a walk over all.
LOOK_TIME = 10.0
# From one network so many times the failures that are allowed for one account.
NETWORK_FACTOR = 10


class Clock(Protocol):
    """What is needed of an event loop."""

    def time(self) -> float:
        """Seconds."""

    def call_at(self, when: float, callback: Callable[[], Any], /) -> asyncio.TimerHandle:
        """Call it then."""


class Wariness:
    """Counts failures by (network, account) and by network. `limit`: failures until one must wait;
    one of them is forgotten in `time` seconds.
    """

    def __init__(self, limit: int, time: float, *, loop: Clock) -> None:
        self._limit = limit
        self._time = time
        self._loop = loop
        self._failed: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()
        self._waiting: list[Callable[[], object]] = []
        self._stroke: asyncio.TimerHandle | None = None
        self._look_at = 0.0
        self.counters: Counter[str] = Counter()

    @property
    def is_calm(self) -> bool:
        """Whether nobody has failed lately."""
        if self._failed and (now := self._loop.time()) >= self._look_at:
            self._look_at = now + LOOK_TIME
            for key in list(self._failed):
                self._level(key)
        return not self._failed

    def must_wait(self, host: str, user: str) -> float:
        """Seconds until this source may try to be that account; 0: now."""
        if not self._failed:
            return 0.0
        network = network_of(host)
        # Half a failure less: what has been forgotten since the first of them does not count.
        over = 0.5 + self._level((network, "")) - self._limit * NETWORK_FACTOR
        if user:
            over = max(over, 0.5 + self._level((network, _short(user))) - self._limit)
        return over * self._time + 1.0 if over >= 0 else 0.0

    def failed(self, host: str, user: str) -> None:
        """Wrong credentials came."""
        self.counters["failed"] += 1
        network = network_of(host)
        for key in ((network, _short(user)), (network, "")):
            level = self._level(key) + 1.0
            self._failed[key] = (level, self._loop.time())
            self._failed.move_to_end(key)
        while len(self._failed) > MAX_SOURCES:
            self._failed.popitem(last=False)
        log.info("log-in by SIP failed: %r from %s", user[:64], host)

    def succeeded(self, host: str, user: str) -> None:
        """Right credentials came: the account's own failures are forgotten."""
        if self._failed:
            self._failed.pop((network_of(host), _short(user)), None)

    def answer(self, do: Callable[[], object]) -> None:
        """Do it at the next stroke of the clock."""
        if len(self._waiting) >= MAX_WAITING:
            self.counters["dropped"] += 1
            return
        self._waiting.append(do)
        if self._stroke is None:
            now = self._loop.time()
            self._stroke = self._loop.call_at(now - now % STROKE + 2 * STROKE, self._strike)

    def close(self) -> None:
        """Answer nothing more."""
        if self._stroke is not None:
            self._stroke.cancel()
            self._stroke = None
        self._waiting.clear()

    def _strike(self) -> None:
        self._stroke = None
        waiting, self._waiting = self._waiting, []
        for do in waiting:
            do()

    def _level(self, key: tuple[str, str]) -> float:
        found = self._failed.get(key)
        if found is None:
            return 0.0
        level, when = found
        left = level - (self._loop.time() - when) / self._time
        if left <= 0:
            del self._failed[key]
            return 0.0
        return left


def _short(user: str) -> str:
    return user if len(user) <= MAX_NAME else hashlib.sha256(user.encode()).hexdigest()
