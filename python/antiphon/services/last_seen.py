"""When accounts were last there. What is remembered is stored a while later, many at once: a crash
loses the last moments'.
"""

import asyncio
import logging
from functools import partial

from antiphon.core.address import Address
from antiphon.core.reason import Refused
from antiphon.stores import contacts as statements
from antiphon.stores.database import Database

log = logging.getLogger(__name__)

LINGER = 5.0  # seconds
AT_ONCE = 500


class LastSeen:
    """Times in seconds since 1970."""

    def __init__(self, database: Database, *, linger: float = LINGER) -> None:
        self._database = database
        self._linger = linger
        self._left: dict[Address, float] = {}
        self._task: asyncio.Task[None] | None = None

    def left(self, account: Address, at: float) -> None:
        """The last device of an account has gone."""
        self._left[account] = at
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._later(), name="last seen")

    async def of(self, account: Address) -> float | None:
        """When it was last there; None: never, as far as is known. Raises `Refused`."""
        if (at := self._left.get(account)) is not None:
            return at
        return await self._database.read(lambda c: statements.seen_last(c, str(account)))

    async def close(self) -> None:
        """Store what is not stored yet."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        try:
            await self._store()
        except Refused as refused:
            log.error("when %d accounts were last there is lost: %s", len(self._left), refused)

    async def _later(self) -> None:
        try:
            while self._left:
                await asyncio.sleep(self._linger)
                try:
                    await self._store()
                except Refused as refused:
                    log.warning("when accounts were last there is not stored yet: %s", refused)
        finally:
            self._task = None

    async def _store(self) -> None:
        while self._left:
            some = dict(list(self._left.items())[:AT_ONCE])
            rows = {str(account): at for account, at in some.items()}
            await self._database.write(partial(statements.save_last_seen, seen=rows))
            for account, at in some.items():
                if self._left.get(account) == at:
                    del self._left[account]
