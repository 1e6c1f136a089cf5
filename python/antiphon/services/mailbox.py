"""The archives of messages: what arrives together is committed together, and acknowledged after.

Implements `core.people.Messages`; reading is `archive`'s. Knows no protocol, and not who may say
what.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from antiphon.core.address import Address
from antiphon.core.message import Draft, Mark, Message
from antiphon.core.people import Keeping, Letter
from antiphon.core.reason import Reason, Refused
from antiphon.stores import messages as statements
from antiphon.stores.database import Database

from .archive import Archive, check_id
from .config import MailboxConfig
from .filing import Clerk, Outcome
from .ids import first_of
from .keepings import Keepings
from .letters import check_letter
from .marks import Marks

log = logging.getLogger(__name__)

# After as many failures in a row, the rest of a batch is not tried one by one.
_GIVE_UP = 3
# Each message of a transaction lets the next one wait a little for others: the more there are, the
# less each of them costs. Seconds.
_PER_MESSAGE = 0.0005
SWEEP_TIME = 3600.0


class Mailbox(Archive):
    """Stores letters in the order of their arrival, in one transaction after the other."""

    def __init__(
        self,
        database: Database,
        config: MailboxConfig | None = None,
        *,
        clock: Callable[[], float] = time.time,
        observe: Callable[[float], None] = lambda _: None,
    ) -> None:
        """`observe`: told the seconds from the first letter of each transaction to its end."""
        config = config or MailboxConfig()
        self._marks = Marks(database)
        self._clerk = Clerk(clock)
        super().__init__(database, config, self._marks, self._clerk.recall)
        self._clock = clock
        self._observe = observe
        self._keepings = Keepings(database)
        # The same as `keeping`, from memory: asked twice a message.
        self.known_keeping = self._keepings.known
        self._letters: deque[Letter] = deque()
        self._came = 0.0  # when the first of them did
        self._writer: asyncio.Task[None] | None = None
        self._closed = False
        self._posted = 0
        self._settled = 0
        self._waiters: deque[tuple[int, asyncio.Future[None]]] = deque()
        self.appended = 0
        self.transactions = 0

    @property
    def queued(self) -> int:
        """Letters that wait to be stored."""
        return len(self._letters)

    def post(self, letter: Letter) -> None:
        """Store a letter; one that cannot be is refused at once."""
        try:
            check_letter(letter.name, letter.draft, self._config)
            if self._closed:
                raise Refused(Reason.DRAINING, "The server is shutting down.")
            if len(self._letters) >= self._config.max_waiting:
                raise Refused(Reason.BUSY, "Too many messages at once. Please try again.")
        except Refused as refused:
            letter.failed(refused)
            return
        if not self._letters:
            self._came = time.perf_counter()
        self._letters.append(letter)
        self._posted += 1
        if self._writer is None:
            self._writer = asyncio.get_running_loop().create_task(self._write(), name="mailbox")

    async def append(self, room: Address, sender: Address, name: str, draft: Draft) -> Outcome:
        """Store a message of a room; returns when it is committed, with whether it is new.

        Raises `Refused`: BUSY or INTERNAL when the storage fails, TOO_LARGE, BAD_REQUEST. After a
        failure it is unknown whether it was stored; the same `origin_id` again settles it.
        """
        done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        def stored(message: Message, new: bool) -> None:
            if not done.done():
                done.set_result((message, new))

        def failed(refused: Refused) -> None:
            if not done.done():
                done.set_exception(refused)

        bare = room.bare
        self.post(
            Letter(
                to=bare,
                sender=sender,
                name=name,
                draft=draft,
                archives=(bare,),
                done=stored,
                failed=failed,
            )
        )
        return await done

    async def taken(
        self, account: Address, until: str | None = None, *, ids: Sequence[str] | None = None
    ) -> None:
        """What waited for the account (up to the id `until`; of these ids, a few hundred at most)
        waits no more.
        """
        name, last = str(account.bare), None if until is None else check_id(until)
        await self._database.write(
            lambda c: statements.set_waiting(c, name, False, ids=ids, until=last)
        )

    async def wait(self, account: Address, ids: Sequence[str]) -> None:
        """Let these wait (again)."""
        name = str(account.bare)
        for first in range(0, len(ids), statements.AT_ONCE):
            await self._let_wait(name, ids[first : first + statements.AT_ONCE])

    async def _let_wait(self, name: str, ids: Sequence[str]) -> None:
        await self._database.write(lambda c: statements.set_waiting(c, name, True, ids=ids))

    async def mark(self, account: Address, peer: Address, mark: Mark, id: str) -> bool:
        """Remember how far `account` is with what `peer` wrote; False: no further than before."""
        return await self._marks.mark(account, peer, mark, check_id(id))

    async def keeping(self, account: Address) -> Keeping:
        """What the account's archive keeps."""
        return await self._keepings.of(account)

    async def keep(self, account: Address, keeping: Keeping) -> None:
        """Change what the account's archive keeps."""
        await self._keepings.keep(account, keeping)

    async def forget(
        self, archive: Address, peer: Address | None = None, id: str | None = None
    ) -> None:
        """Delete messages of an archive, with those that wait to be stored when this is called."""
        await self._settle()
        name = str(archive.bare)
        whom = None if peer is None else str(peer.bare)
        one = None if id is None else check_id(id)
        if not await self._database.read(lambda c: statements.keeps_any(c, name)):
            return  # as in nearly every room that calls lead into: not worth a transaction

        def forget(connection: Connection) -> int:
            self._clerk.forget(name)
            return statements.forget(connection, name, whom, one)

        while await self._database.write(forget):
            if one is not None:
                break

    async def erase(self, account: Address) -> None:
        """Delete all that is kept of an account: its archive, marks and choices."""
        await self.forget(account)
        self._marks.forget(account)
        await self._database.write(lambda c: statements.forget_marks(c, str(account.bare)))
        await self._keepings.forget(account)

    async def sweep(self) -> None:
        """Delete what is older than `retention_days`, for ever."""
        days = self._config.retention_days
        while days:
            try:
                await self.prune(self._clock() - days * 86_400)
            except Refused as refused:
                log.warning("old messages could not be deleted now: %s", refused)
            await asyncio.sleep(SWEEP_TIME)

    async def prune(self, before: float) -> int:
        """Delete messages from before a time (seconds since 1970); how many."""
        oldest, removed = first_of(before), 0
        while some := await self._database.write(lambda c: statements.prune(c, oldest)):
            removed += some
        if removed:
            log.info("%d messages were kept long enough and are deleted", removed)
        return removed

    async def close(self) -> None:
        """Store what waits, and take no more."""
        self._closed = True
        while self._writer is not None:
            await asyncio.wait([self._writer])
        await self._marks.close()

    # within

    async def _write(self) -> None:
        """Commit batch after batch until nothing waits."""
        batch: list[Letter] = []
        try:
            while self._letters:
                # All that comes in this turn of the loop, or a little longer when many come.
                await asyncio.sleep(min(len(batch) * _PER_MESSAGE, self._config.linger))
                batch = self._take()
                came, self._came = self._came, time.perf_counter()
                await self._commit(batch)
                self._observe(time.perf_counter() - came)
        finally:
            # Nothing is left here unless the loop is being torn down.
            self._fail(self._letters, Refused(Reason.DRAINING, "The server is shutting down."))
            self._letters.clear()
            self._writer = None

    def _take(self) -> list[Letter]:
        letters = self._letters
        return [letters.popleft() for _ in range(min(len(letters), self._config.max_batch))]

    async def _commit(self, batch: list[Letter]) -> None:
        """Store a batch; if it fails for no passing reason, store each letter by itself."""
        error = await self._try(batch)
        if error is None:
            return
        if len(batch) == 1 or error.reason is Reason.BUSY:
            self._fail(batch, error)
            return
        failures = 0
        for position, letter in enumerate(batch):
            error = await self._try([letter])
            failures = failures + 1 if error is not None else 0
            if error is None:
                continue
            if failures >= _GIVE_UP or error.reason is Reason.BUSY:
                self._fail(batch[position:], error)
                return
            self._fail([letter], error)

    async def _try(self, batch: list[Letter]) -> Refused | None:
        """Store a batch in one transaction and tell the senders; what went wrong, if anything."""

        def store(connection: Connection) -> list[Outcome]:
            return self._clerk.file(connection, batch)

        try:
            outcomes = await self._database.write(store)
        except Refused as refused:
            return refused
        except Exception:  # a bug: it must not end the archive for everybody
            log.exception("storing %d messages failed", len(batch))
            return Refused(Reason.INTERNAL, "The message could not be stored.")
        self.transactions += 1
        self._clerk.filed()
        for letter, (message, new) in zip(batch, outcomes, strict=True):
            self.appended += new
            try:
                letter.done(message, new)
            except Exception:
                log.exception("what follows from a message failed")
        self._settle_some(len(batch))
        return None

    def _fail(self, letters: Sequence[Letter] | deque[Letter], error: Refused) -> None:
        for letter in letters:
            try:
                # One of its own for each: a traceback grows with every task that it is raised in.
                letter.failed(Refused(error.reason, error.text))
            except Exception:
                log.exception("what follows from a message failed")
        self._settle_some(len(letters))

    async def _settle(self) -> None:
        """Wait until what was posted before is stored or refused."""
        if self._settled < self._posted:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append((self._posted, waiter))
            await waiter

    def _settle_some(self, count: int) -> None:
        self._settled += count
        while self._waiters and self._waiters[0][0] <= self._settled:
            _, waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
