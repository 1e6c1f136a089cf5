"""One at a time through each door: locks by the name of a room, kept while they are in use."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(slots=True)
class _Door:
    lock: asyncio.Lock
    users: int = 0


class Doors:
    """A lock for each room name that is in use now."""

    def __init__(self) -> None:
        self._doors: dict[str, _Door] = {}

    @asynccontextmanager
    async def through(self, name: str) -> AsyncIterator[None]:
        """Wait until nobody else is in the door of this name, and hold it."""
        door = self._doors.setdefault(name, _Door(asyncio.Lock()))
        door.users += 1
        try:
            async with door.lock:
                yield
        finally:
            door.users -= 1
            if door.users == 0:
                del self._doors[name]
