"""An event loop whose clock jumps to the next timer as soon as there is nothing else to do.

It knows nothing of what runs on it. Time stands still while a thread of an executor works; real
sockets have no place there.
"""

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Selector(selectors.SelectSelector):
    """Instead of waiting, lets the time pass, unless `working` threads will wake it."""

    passed = 0.0
    working = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self.working and timeout != 0:
            return super().select(None)
        if timeout is not None and timeout > 0:
            self.passed += timeout
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """See the module."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return 1000.0 + self._virtual.passed

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        done = super().run_in_executor(executor, func, *args)
        self._virtual.working += 1
        done.add_done_callback(self._worked)
        return done

    def _worked(self, done: asyncio.Future[Any]) -> None:
        self._virtual.working -= 1


def run(main: Coroutine[Any, Any, T], within: float = 100_000.0) -> T:
    """Run it to its end, which must come within so many seconds of virtual time."""

    async def bounded() -> T:
        async with asyncio.timeout(within):
            return await main

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(bounded())


def virtual(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """A test that runs in virtual time."""

    @functools.wraps(test)
    def timeless(*args: Any, **kwargs: Any) -> None:
        run(test(*args, **kwargs))

    return timeless
