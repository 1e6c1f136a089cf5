"""The archive of messages: what arrives together is committed together, and acknowledged after.

Implements `core.ports.Messages`. Knows no protocol, and not who may say what.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from antiphon.core.address import PART_LIMIT, Address
from antiphon.core.message import Draft, Message, Page, Span
from antiphon.core.reason import Reason, Refused
from antiphon.stores import messages as statements
from antiphon.stores.addresses import check_text
from antiphon.stores.database import Database

from .config import MailboxConfig
from .ids import MessageIds, is_id, time_of

log = logging.getLogger(__name__)

Outcome = tuple[Message, bool]

# After as many failures in a row, the rest of a batch is not tried one by one.
_GIVE_UP = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    """A message that waits to be stored."""

    room: Address
    sender: Address
    name: str
    draft: Draft
    done: "asyncio.Future[Outcome]"


class Mailbox:
    """Stores messages in the order of their arrival, in one transaction after the other.

    A sender that is cancelled before its message's transaction began takes it back; later it is
    stored all the same, and the same `origin_id` finds it.
    """

    def __init__(
        self,
        database: Database,
        config: MailboxConfig | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._config = config or MailboxConfig()
        self._clock = clock
        self._ids = MessageIds()
        self._waiting: deque[_Waiting] = deque()
        self._writer: asyncio.Task[None] | None = None
        self._closed = False
        self.appended = 0
        self.transactions = 0

    @property
    def waiting(self) -> int:
        """Messages that wait to be stored."""
        return len(self._waiting)

    async def append(self, room: Address, sender: Address, name: str, draft: Draft) -> Outcome:
        """Store a message; returns when it is committed, with whether it is new.

        Raises `Refused`: BUSY or INTERNAL when the storage fails, TOO_LARGE, BAD_REQUEST. After a
        failure it is unknown whether it was stored; the same `origin_id` again settles it.
        """
        self._check(name, draft)
        if self._closed:
            raise Refused(Reason.DRAINING, "The server is shutting down.")
        if len(self._waiting) >= self._config.max_waiting:
            raise Refused(Reason.BUSY, "Too many messages at once. Please try again.")
        done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append(
            _Waiting(room=room.bare, sender=sender, name=name, draft=draft, done=done)
        )
        if self._writer is None:
            self._writer = asyncio.create_task(self._write(), name="mailbox")
        return await done

    async def read(self, room: Address, span: Span) -> Page:
        """Up to `limit` messages older than `before` (the newest if None), oldest first."""
        before, limit = span.before, span.limit
        if before is not None and not is_id(before):
            raise Refused(Reason.BAD_REQUEST, f"not the id of a message: {before[:40]!r}")
        limit = max(1, min(limit, self._config.max_page))
        found = await self._database.read(
            lambda c: statements.page(c, room.bare, before, limit + 1)
        )
        return Page(messages=found[:limit][::-1], more=len(found) > limit)

    async def forget(self, room: Address) -> None:
        """Delete all messages of a room, with those that wait to be stored when this is called."""
        waiting = [draft.done for draft in self._waiting if draft.room == room.bare]
        if waiting:
            await asyncio.wait(waiting)
        await self._database.write(lambda c: statements.forget(c, room.bare))

    async def close(self) -> None:
        """Store what waits, and take no more."""
        self._closed = True
        while self._writer is not None:
            await asyncio.wait([self._writer])

    def _check(self, name: str, draft: Draft) -> None:
        check_text("The text", draft.text, self._config.max_text)
        check_text("The name", name, 4 * PART_LIMIT)
        check_text("The origin id", draft.origin_id or "", PART_LIMIT)

    async def _write(self) -> None:
        """Commit batch after batch until nothing waits."""
        batch: list[_Waiting] = []
        try:
            while self._waiting:
                if len(self._waiting) < self._config.max_batch and not self._closed:
                    await asyncio.sleep(self._config.linger)
                batch = self._take()
                await self._commit(batch)
        finally:
            # Nothing is left here unless the loop is being torn down.
            for draft in [*batch, *self._waiting]:
                draft.done.cancel()
            self._waiting.clear()
            self._writer = None

    def _take(self) -> list[_Waiting]:
        """The next batch, without those whose sender was cancelled."""
        batch: list[_Waiting] = []
        while self._waiting and len(batch) < self._config.max_batch:
            draft = self._waiting.popleft()
            if not draft.done.done():
                batch.append(draft)
        return batch

    async def _commit(self, batch: list[_Waiting]) -> None:
        """Store a batch; if it fails for no passing reason, store each message by itself."""
        if not batch:
            return
        error = await self._try(batch)
        if error is None:
            return
        if len(batch) == 1 or _may_pass(error):
            _fail(batch, error)
            return
        failures = 0
        for position, draft in enumerate(batch):
            error = await self._try([draft])
            failures = failures + 1 if error is not None else 0
            if error is None:
                continue
            if failures >= _GIVE_UP or _may_pass(error):
                _fail(batch[position:], error)
                return
            _fail([draft], error)

    async def _try(self, batch: list[_Waiting]) -> Exception | None:
        """Store a batch in one transaction and tell the senders; what went wrong, if anything."""
        try:
            outcomes = await self._database.write(lambda c: self._store(c, batch))
        except Refused as refused:
            return refused
        except Exception as error:  # a bug: it must not end the archive for everybody
            log.exception("storing %d messages failed", len(batch))
            return error
        self.transactions += 1
        self.appended += sum(new for _, new in outcomes)
        for draft, outcome in zip(batch, outcomes, strict=True):
            if not draft.done.done():
                draft.done.set_result(outcome)
        return None

    def _store(self, connection: Connection, batch: list[_Waiting]) -> list[Outcome]:
        """Within a transaction: give ids, store; a known origin gives the message stored first."""
        now = self._clock()
        # Another node, or this one before its clock was set back, may have written later ids.
        newest = statements.newest(connection, {d.room for d in batch}, self._ids.next(now))
        if newest is not None:
            self._ids.advance(newest)
        fresh = [self._message(draft, now) for draft in batch]
        if statements.insert(connection, fresh):
            return [(message, True) for message in fresh]
        origins = {key for key in map(statements.origin, fresh) if key is not None}
        stored = statements.by_origin(connection, origins) if origins else {}
        kept = [_kept(message, stored) for message in fresh]
        return [(was, was.id == new.id) for was, new in zip(kept, fresh, strict=True)]

    def _message(self, draft: _Waiting, now: float) -> Message:
        id = self._ids.next(now)
        return Message(
            id=id,
            to=draft.room,
            sender=draft.sender,
            name=draft.name,
            sent_at=time_of(id),
            draft=draft.draft,
        )


def _kept(message: Message, stored: dict[statements.Origin, Message]) -> Message:
    origin = statements.origin(message)
    return message if origin is None else stored.get(origin, message)


def _may_pass(error: Exception) -> bool:
    return isinstance(error, Refused) and error.reason is Reason.BUSY


def _fail(batch: list[_Waiting], error: Exception) -> None:
    for draft in batch:
        if not draft.done.done():
            # One of its own for each: a traceback grows with every task that it is raised in.
            own = Refused(error.reason, error.text) if isinstance(error, Refused) else error
            draft.done.set_exception(own)
