"""Work of one call in the order in which it came up, one piece after the other; and waiting for
what many calls have still to do.

It knows nothing of calls. While there is nothing to do it costs no task.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)

Work = Callable[[], Awaitable[None]]


class Outstanding:
    """What is not done yet; who stops waits until nothing is left."""

    def __init__(self) -> None:
        self._things: set[object] = set()
        self._none = asyncio.Event()
        self._none.set()

    def add(self, thing: object) -> None:
        """It has begun."""
        self._things.add(thing)
        self._none.clear()

    def discard(self, thing: object) -> None:
        """It is done."""
        self._things.discard(thing)
        if not self._things:
            self._none.set()

    async def done(self) -> None:
        """Wait until nothing is left."""
        await self._none.wait()


class Turns:
    """A queue that is worked off by a task of its own while it has anything in it.

    What fails is logged and reported to `failed`, and the rest goes on.
    """

    def __init__(self, failed: Callable[[], None]) -> None:
        self._failed = failed
        self._waiting: deque[Work] | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many pieces wait."""
        return len(self._waiting) if self._waiting is not None else 0

    def add(self, work: Work) -> None:
        """Do this after what was added before."""
        if self._waiting is None:
            self._waiting = deque()
        self._waiting.append(work)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def done(self) -> None:
        """Wait until nothing is left to do."""
        while (task := self._task) is not None and task is not asyncio.current_task():
            await asyncio.wait([task])

    async def _run(self) -> None:
        try:
            while self._waiting:
                try:
                    await self._waiting.popleft()()
                except Exception:
                    log.exception("a step of a call failed")
                    self._failed()
        finally:
            self._waiting = self._task = None
