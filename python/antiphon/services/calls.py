"""The record of calls: who called whom, when, and how it ended. Implements `core.ports.Calls`.

What it is told is stored a moment later, off the path of the call, always the last word. It knows
no protocol, and not who may read it.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from antiphon.core.address import Address
from antiphon.core.call import CallInfo
from antiphon.core.reason import Reason, Refused
from antiphon.stores import calls as statements
from antiphon.stores.database import Database

from .config import RecordsConfig
from .ids import MessageIds, first_of

log = logging.getLogger(__name__)

MAX_BATCH = 256
# What arrives within this time shares a transaction (s).
LINGER = 0.02
# The database failed: until the next attempt, and how many there are while the node stops (s).
PAUSE = 1.0
LAST_ATTEMPTS = 3
# How often old records are deleted (s).
PRUNE_INTERVAL = 3600.0

_Name = tuple[str, float]


class CallRecords:
    """Records of calls in the database. `node` names this one among those that share it."""

    def __init__(
        self,
        database: Database,
        node: str,
        config: RecordsConfig | None = None,
        *,
        clock: Callable[[], float] = time.time,
        pause: float = PAUSE,
    ) -> None:
        self.lost = 0
        self._database = database
        self._node = node
        self._config = config or RecordsConfig()
        self._clock = clock
        self._pause = pause
        self._ids = MessageIds()
        # Calls with news, in the order in which they began to have some, and the last word on each.
        self._waiting: dict[_Name, CallInfo] = {}
        self._writing: frozenset[_Name] = frozenset()
        self._writer: asyncio.Task[None] | None = None
        self._closing = False
        self._pruned_at = float("-inf")

    async def open(self) -> None:
        """End the calls that ran when this node was last killed, and delete what is too old."""
        ended = await self._database.write(
            lambda c: statements.end_running(c, self._node, Reason.LOST)
        )
        if ended:
            log.warning("%d calls ran when this node ended last; they are lost", ended)
        newest = await self._database.read(statements.newest)
        if newest is not None:
            self._ids.advance(newest)
        await self._prune()

    async def close(self) -> None:
        """Store what waits, and take no more."""
        self._closing = True
        while self._writer is not None:
            await asyncio.wait([self._writer])

    # core.ports.Calls

    def record(self, call: CallInfo) -> None:
        """Remember the last word on a call."""
        name = (call.id, call.started_at)
        if self._closing or (
            name not in self._waiting and len(self._waiting) >= self._config.max_waiting
        ):
            self._lose([call])
            return
        self._waiting[name] = call
        if self._writer is None:
            self._writer = asyncio.get_running_loop().create_task(self._write(), name="calls")

    async def settle(self) -> None:
        """Wait until what was told by now is stored, or lost."""
        names = self._waiting.keys() | self._writing
        while self._writer is not None and names & (self._waiting.keys() | self._writing):
            await asyncio.wait([self._writer], timeout=LINGER)

    async def page(
        self, account: Address | None, before: str | None = None, limit: int = 50
    ) -> tuple[Sequence[CallInfo], bool]:
        """Up to `limit` calls that began before the one of the id `before`, the latest first."""
        limit = max(1, min(limit, self._config.max_page))
        found = await self._database.read(lambda c: statements.page(c, account, before, limit + 1))
        return found[:limit], len(found) > limit

    async def find(self, id: str) -> CallInfo | None:
        """The latest call of an id, as it was stored last."""
        return await self._database.read(lambda c: statements.find(c, id))

    # within

    async def _write(self) -> None:
        """Store batch after batch until nothing waits."""
        attempts = 0
        try:
            while self._waiting:
                if not self._closing:
                    await asyncio.sleep(LINGER)
                names = list(self._waiting)[:MAX_BATCH]
                batch = [self._waiting.pop(name) for name in names]
                self._writing = frozenset(names)
                if await self._store(batch):
                    attempts = 0
                    continue
                attempts += 1
                # What was said of these calls meanwhile is newer.
                self._waiting = dict(zip(names, batch, strict=True)) | self._waiting
                if self._closing and attempts >= LAST_ATTEMPTS:
                    break
                await asyncio.sleep(self._pause)
        finally:
            self._lose(list(self._waiting.values()))
            self._waiting.clear()
            self._writing = frozenset()
            self._writer = None

    async def _store(self, batch: list[CallInfo]) -> bool:
        def save(connection: Connection) -> None:
            now = self._clock()
            statements.save(connection, self._node, {self._ids.next(now): one for one in batch})

        try:
            await self._database.write(save)
        except Refused as refused:
            log.warning("calls are not recorded yet: %s", refused)
            return refused.reason is not Reason.BUSY and self._lose(batch)
        except Exception:  # a bug: it must not end the record for everybody
            log.exception("recording %d calls failed", len(batch))
            return self._lose(batch)
        await self._prune()
        return True

    async def _prune(self) -> None:
        now = self._clock()
        if now - self._pruned_at < PRUNE_INTERVAL:
            return
        self._pruned_at = now
        days = self._config.keep_days
        oldest = first_of(now - days * 86_400) if days else ""
        try:
            removed = await self._database.write(
                lambda c: statements.prune(c, oldest, self._config.keep)
            )
        except Refused as refused:
            log.warning("old calls could not be deleted now: %s", refused)
            return
        if removed:
            log.info("%d old calls are forgotten", removed)

    def _lose(self, calls: list[CallInfo]) -> bool:
        if calls:
            self.lost += len(calls)
            log.error("%d calls could not be recorded", len(calls))
        return True
