"""How all that is kept of an account is erased, wherever that is: whoever keeps something says how.

It is erased before the account is removed, and once more afterwards: what was on its way to the
account meanwhile may have come between.
"""

import asyncio
from collections.abc import Awaitable, Callable

from antiphon.core.address import Address
from antiphon.stores.records import Account

Eraser = Callable[[Account], Awaitable[None]]


class Erasing:
    """The erasers, and the removed accounts that are to be erased once more.

    `exists` tells whether somebody has an address (again).
    """

    def __init__(self, exists: Callable[[Address], Awaitable[bool]]) -> None:
        self._exists = exists
        self._erasers: list[Eraser] = []
        self._removed: dict[Address, Account] = {}
        self._turn = asyncio.Lock()

    def add(self, eraser: Eraser) -> None:
        """Let this one erase as well, after those that came before."""
        self._erasers.append(eraser)

    async def erase(self, account: Account) -> None:
        """Erase what is kept of an account that is about to be removed. Raises `Refused`."""
        for eraser in self._erasers:
            await eraser(account)

    def removed(self, account: Account) -> None:
        """The account is gone; `finish` erases what came of it since."""
        self._removed[account.address] = account

    async def finish(self) -> None:
        """Erase what came of removed accounts. Raises `Refused`; the next time goes on, then."""
        async with self._turn:
            for address, account in list(self._removed.items()):
                if not await self._exists(address):
                    await self.erase(account)
                del self._removed[address]

    async def make_room(self, address: Address) -> None:
        """Before somebody gets this address: nothing is left of whoever had it. Raises
        `Refused`.
        """
        if address in self._removed:
            await self.finish()
