"""How far accounts are with what others wrote to them: received, displayed.

Marks come with every message that is read, so they are stored a moment later, many at once; a crash
loses the last second's.
"""

import asyncio
import logging
from collections import OrderedDict

from sqlalchemy import Connection

from antiphon.core.address import Address
from antiphon.core.message import Mark
from antiphon.core.reason import Refused
from antiphon.stores import archives as statements
from antiphon.stores.database import Database
from antiphon.stores.messages import upsert
from antiphon.stores.tables import marks as table

log = logging.getLogger(__name__)

LINGER = 0.5  # seconds until marks are stored
REMEMBERED = 50_000

Key = tuple[str, str]  # whose, of whom
Value = tuple[str, str]  # received, displayed


class Marks:
    """Marks of all accounts."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: OrderedDict[Key, Value] = OrderedDict()
        self._changed: dict[Key, Value] = {}
        self._task: asyncio.Task[None] | None = None

    async def mark(self, account: Address, peer: Address, mark: Mark, id: str) -> bool:
        """Remember it; False if the account was as far as that already."""
        key = (str(account.bare), str(peer.bare))
        if key not in self._known:
            found = await self._database.read(lambda c: statements.read_marks(c, key[0], [key[1]]))
            self._known.setdefault(key, found.get(key, ("", "")))
        received, displayed = self._known[key]
        # Whoever has seen a message has received it (XEP-0333 §3, for one).
        further = received < id, mark is Mark.DISPLAYED and displayed < id
        if not further[mark is Mark.DISPLAYED]:
            return False
        value = (id if further[0] else received, id if further[1] else displayed)
        self._known[key] = self._changed[key] = value
        self._known.move_to_end(key)
        self._trim()
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._later(), name="marks")
        return True

    async def flush(self) -> None:
        """Store what has changed. Raises `Refused`; then it is tried again later."""
        if not self._changed:
            return
        changed, self._changed = self._changed, {}
        rows = [
            {"account": account, "peer": peer, "received": received, "displayed": displayed}
            for (account, peer), (received, displayed) in changed.items()
        ]

        def store(connection: Connection) -> None:
            for row in rows:
                upsert(connection, table, ("account", "peer"), row)

        try:
            await self._database.write(store)
        except BaseException:
            self._changed = changed | self._changed
            raise

    def forget(self, account: Address) -> None:
        """Drop from memory what concerns an account."""
        name = str(account.bare)
        for marks in (self._known, self._changed):
            for key in [key for key in marks if name in key]:
                del marks[key]

    async def close(self) -> None:
        """Store what has changed."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        try:
            await self.flush()
        except Refused as refused:
            log.error("%d marks are lost: %s", len(self._changed), refused)

    async def _later(self) -> None:
        try:
            while self._changed:
                await asyncio.sleep(LINGER)
                try:
                    await self.flush()
                except Refused as refused:
                    log.warning("marks are not stored yet: %s", refused)
        finally:
            self._task = None

    def _trim(self) -> None:
        while len(self._known) > REMEMBERED:
            key = next(iter(self._known))
            if key in self._changed:
                return
            del self._known[key]
