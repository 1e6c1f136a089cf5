"""Waiting for a condition, in words that say what did not come; knows nothing of the things.

A time here only ends a test that fails: it is long, for machines have other things to do as well.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def until(
    what: str,
    look: Callable[[], Awaitable[T]],
    good: Callable[[T], bool] = bool,
    within: float = 20.0,
    interval: float = 0.1,
) -> T:
    """Call `look` until `good` of its value, and return that; the error names the last one."""
    deadline = time.monotonic() + within
    while True:
        value = await look()
        if good(value):
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {within} s; the last was {value!r}")
        await asyncio.sleep(interval)


async def soon(what: str, holds: Callable[[], object], within: float = 20.0) -> None:
    """The same for what can be seen at once."""

    async def look() -> bool:
        return bool(holds())

    await until(what, look, within=within, interval=0.005)
