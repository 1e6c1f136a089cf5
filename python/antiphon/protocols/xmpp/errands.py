"""What sessions have asked for and takes a while: done one after the other for each session.

It does not know what is done.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from antiphon.core.reason import Reason, Refused

from .session import Session

log = logging.getLogger(__name__)

Errand = Callable[[], Coroutine[Any, Any, None]]
# Errands that may wait for one session.
WAITING = 200


class Errands:
    """Queues by session; a task runs for each session that has something to be done."""

    def __init__(self, waiting: int = WAITING) -> None:
        self.failures = 0
        self._limit = waiting
        self._waiting: dict[Session, deque[Errand]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def busy(self) -> int:
        """Sessions for which something is being done."""
        return len(self._waiting)

    def add(self, session: Session, errand: Errand, *, always: bool = False) -> None:
        """Do this when what the session asked for before is done. Raises `Refused(TOO_MANY)` unless
        `always`: what belongs to the end of a session must be done, however much waits.
        """
        queue = self._waiting.get(session)
        if queue is not None:
            if len(queue) >= self._limit and not always:
                raise Refused(Reason.TOO_MANY, "Too many requests wait for their answers.")
            queue.append(errand)
            return
        queue = self._waiting[session] = deque((errand,))
        task = asyncio.get_running_loop().create_task(self._run(session, queue))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, session: Session, queue: deque[Errand]) -> None:
        try:
            while queue:
                try:
                    await queue.popleft()()
                except Exception:
                    self.failures += 1
                    log.exception("something asked for by %s failed", session.jid)
        finally:
            del self._waiting[session]

    async def close(self) -> None:
        """Wait until everything is done."""
        while self._tasks:
            await asyncio.wait(self._tasks)
