"""What all actors share: their name and account, and waiting for what they should notice."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, TypeVar

from tests.support.node import Node

T = TypeVar("T")
PATIENCE = 20.0


class Actor(ABC):
    """Somebody with an account. What they notice is kept until a line asks for it."""

    def __init__(self, node: Node, name: str) -> None:
        self.node, self.name = node, name
        self.noticed: list[Any] = []
        self._news = asyncio.Event()

    @property
    def user(self) -> str:
        return self.name.lower()

    @property
    def address(self) -> str:
        return address_of(self.name)

    def notice(self, what: Any) -> None:
        self.noticed.append(what)
        self._news.set()

    async def until(self, fits: Callable[[Any], T | None], what: str) -> T:
        """What `fits` makes of the first thing noticed that fits and was not asked for yet."""
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    for at, one in enumerate(self.noticed):
                        if (found := fits(one)) is not None:
                            del self.noticed[at]
                            return found
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            shown = "\n".join(map(str, self.noticed[-10:]))
            raise AssertionError(f"{self.name} did not notice {what}; noticed:\n{shown}") from None

    @abstractmethod
    async def comes(self) -> None:
        """Begin to be there."""

    @abstractmethod
    async def goes(self) -> None:
        """Be there no longer; nothing of it is left."""


def address_of(name: str) -> str:
    return f"{name.lower()}@localhost"


def room_of(room: str) -> str:
    return f"{room}@rooms.localhost"
