"""A few threads for work that burns processor time, so that the event loop never waits for it."""

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from antiphon.core.reason import Reason, Refused

T = TypeVar("T")
P = ParamSpec("P")

NICENESS = 10  # media and signalling come first when the machine is full


class HashThreads:
    """Runs functions in its own threads; refuses as BUSY when too many wait.

    `name`: of the threads. `busy`: what the refusal says.
    """

    def __init__(
        self,
        threads: int,
        max_waiting: int,
        *,
        name: str = "hash",
        busy: str = "Too many log-ins at once. Please try again.",
    ) -> None:
        self._executor = ThreadPoolExecutor(threads, f"antiphon-{name}", initializer=_step_back)
        self._busy = busy
        self._limit = threads + max_waiting
        self._pending = 0

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The function's result. When the caller is cancelled, what has not begun never does."""
        if self._pending >= self._limit:
            raise Refused(Reason.BUSY, self._busy)
        self._pending += 1
        try:
            job = self._executor.submit(function, *args, **kwargs)
            return await asyncio.wrap_future(job)
        finally:
            self._pending -= 1

    async def close(self) -> None:
        """Finish what runs, drop what waits."""
        await asyncio.to_thread(self._executor.shutdown, cancel_futures=True)


def _step_back() -> None:
    # On Linux a thread has a priority of its own, named by its native id.
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
