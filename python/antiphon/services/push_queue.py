"""What waits to be pushed: in turn by account, so that none that has much, or whose push service
answers slowly, holds up the others.
"""

import asyncio
from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


class FairQueue(Generic[K, T]):
    """Items by key. Of each key one at a time is `taken`, until it is `done`; keys come in turn."""

    def __init__(self) -> None:
        self._items: dict[K, deque[T]] = {}
        self._ready: deque[K] = deque()
        self._taken: set[K] = set()
        self._news = asyncio.Event()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def of(self, key: K) -> int:
        """How many of a key wait or are taken."""
        return len(self._items.get(key, ())) + (key in self._taken)

    def put(self, key: K, item: T) -> None:
        """Let it wait behind what waits of its key."""
        items = self._items.setdefault(key, deque())
        items.append(item)
        self._size += 1
        if len(items) == 1 and key not in self._taken:
            self._make_ready(key)

    async def take(self) -> tuple[K, T]:
        """The next one, as soon as there is one; `done` must follow."""
        while not self._ready:
            self._news.clear()
            await self._news.wait()
        key = self._ready.popleft()
        items = self._items[key]
        item = items.popleft()
        if not items:
            del self._items[key]
        self._size -= 1
        self._taken.add(key)
        return key, item

    def done(self, key: K) -> None:
        """What was taken of this key is dealt with: the next one may be taken."""
        self._taken.discard(key)
        if key in self._items:
            self._make_ready(key)

    def _make_ready(self, key: K) -> None:
        self._ready.append(key)
        self._news.set()
