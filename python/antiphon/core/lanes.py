"""Work of many senders, each one's in its order: done at once where all that it needs is in memory,
else after that was fetched, with what the same sender asks for meanwhile behind it.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Hashable
from typing import Protocol

from .reason import Reason, Refused

log = logging.getLogger(__name__)

# What one sender may have waiting, and how often something is fetched before it is given up.
WAITING = 1000
ATTEMPTS = 3


class Job(Protocol):
    """One piece of work."""

    def attempt(self) -> bool:
        """Do it; False: something must be fetched first. Raises `Refused`."""

    async def fetch(self) -> None:
        """Bring into memory what it needs. Raises `Refused`."""

    def refused(self, refused: Refused) -> None:
        """It cannot be done."""


class Lanes:
    """See the module. A lane is open as long as something waits in it."""

    def __init__(self) -> None:
        self.failures = 0
        self._lanes: dict[Hashable, deque[Job]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, sender: Hashable, job: Job) -> None:
        """Do a job, now or behind those that wait. Never blocks nor raises."""
        if self._lanes and (lane := self._lanes.get(sender)) is not None:
            if len(lane) >= WAITING:
                self._refuse(job, Refused(Reason.TOO_MANY, "Too many messages at once."))
            else:
                lane.append(job)
        elif not self._attempt(job):
            self._lanes[sender] = deque([job])
            task = asyncio.get_running_loop().create_task(self._run(sender))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Wait for what is on its way."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _attempt(self, job: Job) -> bool:
        """Whether nothing more is to be done for a job."""
        try:
            return job.attempt()
        except Refused as refused:
            self._refuse(job, refused)
        except Exception as error:
            self._failed(job, error)
        return True

    async def _run(self, sender: Hashable) -> None:
        lane = self._lanes[sender]
        try:
            while lane:
                await self._fetch(lane[0])
                lane.popleft()
                while lane and self._attempt(lane[0]):
                    lane.popleft()
        finally:
            del self._lanes[sender]

    async def _fetch(self, job: Job) -> None:
        for _ in range(ATTEMPTS):
            try:
                await job.fetch()
            except Refused as refused:
                self._refuse(job, refused)
                return
            except Exception as error:
                self._failed(job, error)
                return
            if self._attempt(job):
                return
        # What was fetched was dropped before it could be used: memory is far too small.
        self._refuse(job, Refused(Reason.BUSY, "The server is busy. Please try again."))

    def _failed(self, job: Job, error: Exception) -> None:
        self.failures += 1
        log.error("a message could not be passed on", exc_info=error)
        self._refuse(job, Refused(Reason.INTERNAL, "The server failed to do this."))

    def _refuse(self, job: Job, refused: Refused) -> None:
        """Whoever cannot even hear that must not keep those behind it from being done."""
        try:
            job.refused(refused)
        except Exception:
            self.failures += 1
            log.exception("whoever sent a message cannot be told: %s", refused)
