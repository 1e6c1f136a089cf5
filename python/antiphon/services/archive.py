"""Archives read: pages, search, what changed a message, conversations and how far each side is.

What is written, and when, is the mailbox's. Knows no protocol, and not who may read what.
"""

import asyncio
from collections.abc import Callable, Sequence

from antiphon.core.address import Address
from antiphon.core.message import Conversation, Message, Page, Span
from antiphon.core.reason import Reason, Refused
from antiphon.stores import archives as statements
from antiphon.stores.archives import Rows, Wanted
from antiphon.stores.database import Database
from antiphon.stores.spelling import read_message

from .config import MailboxConfig
from .ids import first_of, is_id, next_after, time_of
from .marks import Marks

MAX_WORDS = 10
# Changes of the messages of one page, and messages that wait, that are told at once.
MAX_CHANGES = 5000
MAX_WAITING = 500
# Read at once when a sender's id is sought.
AT_ONCE = 100
# Searches at once that go further back than that.
FAR = 2

# From an archive, sender, addressee and the sender's own id to ours, of what was sent lately.
Recall = Callable[[str, str, str, str], str | None]


class Archive:
    """Reads; an archive is named by the bare address of its account or room."""

    def __init__(
        self, database: Database, config: MailboxConfig, marks: Marks, recall: Recall
    ) -> None:
        self._database = database
        self._config = config
        self._marks = marks
        self._recall = recall
        self._far = asyncio.Semaphore(FAR)

    async def read(self, archive: Address, span: Span) -> Page:
        """Part of an archive. Raises `Refused(BAD_REQUEST)` for what is no id."""
        limit = max(0, min(span.limit, self._config.max_page))
        wanted = _wanted(archive, span, limit + 1)
        if wanted is None:
            return Page(messages=(), more=False, total=0 if span.count else None)
        found = await self._database.read(lambda c: statements.read(c, wanted))
        more, rows = len(found) > limit, found[:limit]
        total = None
        if span.count:
            total = await self._database.read(lambda c: statements.count(c, wanted))
        return Page(
            messages=to_messages(rows[::-1] if span.latest else rows), more=more, total=total
        )

    async def find(
        self,
        archive: Address,
        reference: str,
        sender: Address | None = None,
        *,
        peer: Address | None = None,
    ) -> Message | None:
        """A message by its id, or the latest one by its sender's own id: among the last ones."""
        name = str(archive.bare)
        if is_id(reference):
            row = await self._database.read(lambda c: statements.by_id(c, name, reference))
            if row is not None:
                (message,) = to_messages([row])
                return message if _is_meant(message, archive, sender, peer) else None
        return await self._find_origin(archive, reference, sender, peer)

    async def _find_origin(
        self, archive: Address, reference: str, sender: Address | None, peer: Address | None
    ) -> Message | None:
        name, whom = str(archive.bare), None if peer is None else str(peer.bare)
        if archive.is_room and peer is not None:
            return None
        if whom is not None and sender is not None:
            # How far somebody is with what was sent a moment ago: that is asked for all the time.
            author = str(sender.bare)
            id = self._recall(name, author, whom if author == name else name, reference)
            if id is not None:
                row = await self._database.read(lambda c: statements.by_id(c, name, id))
                if row is not None:
                    return to_messages([row])[0]

        def is_it(message: Message) -> bool:
            return message.origin_id == reference and _is_meant(message, archive, sender, peer)

        message, before = await self._look(name, whom, None, is_it)
        if message is not None or before is None:
            return message
        # Whoever seeks what is not there must not keep all others from reading.
        async with self._far:
            for _ in range(AT_ONCE, statements.LOOKED_AT, AT_ONCE):
                message, before = await self._look(name, whom, before, is_it)
                if message is not None or before is None:
                    return message
        return None

    async def _look(
        self, name: str, whom: str | None, before: str | None, is_it: Callable[[Message], bool]
    ) -> tuple[Message | None, str | None]:
        """The latest message that is meant, of some before an id; before which to look next."""
        found = await self._database.read(
            lambda c: statements.latest(c, name, AT_ONCE, before, whom)
        )
        message = next(filter(is_it, to_messages(found)), None)
        return message, found[-1].id if len(found) == AT_ONCE else None

    async def about(self, archive: Address, ids: Sequence[str]) -> Sequence[Message]:
        """What changes these messages, oldest first."""
        known = [id for id in ids[: self._config.max_page] if is_id(id)]
        if not known:
            return ()
        name = str(archive.bare)
        return to_messages(
            await self._database.read(lambda c: statements.about(c, name, known, MAX_CHANGES))
        )

    async def waiting(self, account: Address) -> Sequence[Message]:
        """Those that came while no device listened, oldest first; up to a few hundred."""
        name = str(account.bare)
        return to_messages(
            await self._database.read(lambda c: statements.waiting(c, name, MAX_WAITING))
        )

    async def who_waits(self, accounts: Sequence[Address]) -> Sequence[Address]:
        """Those of these accounts for whom messages wait."""
        names = {str(account.bare): account.bare for account in accounts}
        found = await self._database.read(lambda c: statements.who_waits(c, list(names)))
        return [names[name] for name in found]

    async def conversations(
        self, account: Address, limit: int = 50, before: str | None = None
    ) -> Sequence[Conversation]:
        """With whom an account exchanged messages, the latest first."""
        if before is not None:
            check_id(before)
        limit = max(1, min(limit, self._config.max_page))
        name = str(account.bare)
        await self._marks.flush()
        ids = await self._database.read(lambda c: statements.conversations(c, name, before, limit))
        if not ids:
            return ()
        found = {
            one.id: one
            for one in to_messages(await self._database.read(lambda c: statements.by_ids(c, ids)))
        }
        last = {str(found[id].peer_of(account)): found[id] for id in ids if id in found}
        peers = list(last)
        marks = await self._database.read(lambda c: statements.read_marks(c, name, peers))
        seen = {peer: marks.get((name, peer), ("", ""))[1] for peer in peers}
        unread = await self._database.read(lambda c: statements.unread(c, name, seen))
        return [
            Conversation(
                peer=message.peer_of(account),
                last=message,
                unread=unread[peer],
                displayed=seen[peer] or None,
                peer_received=marks.get((peer, name), ("", ""))[0] or None,
                peer_displayed=marks.get((peer, name), ("", ""))[1] or None,
            )
            for peer, message in last.items()
        ]


def to_messages(rows: Rows) -> list[Message]:
    """Messages of rows."""
    return [read_message(row, time_of(row[0])) for row in rows]


def check_id(id: str) -> str:
    """The id. Raises `Refused(BAD_REQUEST)` for what is none."""
    if not is_id(id):
        raise Refused(Reason.BAD_REQUEST, f"not the id of a message: {id[:40]!r}")
    return id


def _wanted(archive: Address, span: Span, limit: int) -> Wanted | None:
    """What is read for a span; None: nothing can match."""
    first, end = "", None
    if span.since is not None:
        first = first_of(span.since)
    if span.after is not None:
        first = max(first, next_after(check_id(span.after)))
    if span.until is not None:
        # Ids are of the millisecond.
        end = first_of(span.until + 0.001)
    if span.before is not None:
        end = check_id(span.before) if end is None else min(end, check_id(span.before))
    if end is not None and end <= first:
        return None
    if archive.is_room and span.peer is not None:
        return None  # in a room, nobody writes to one alone
    words = tuple(span.search.split())
    if len(words) > MAX_WORDS:
        raise Refused(Reason.BAD_REQUEST, f"Search for at most {MAX_WORDS} words.")
    if "\0" in span.search:
        raise Refused(Reason.BAD_REQUEST, "The words contain a NUL character.")
    return Wanted(
        archive=str(archive.bare),
        peer=None if span.peer is None else str(span.peer.bare),
        first=first,
        end=end,
        words=words,
        latest=span.latest,
        limit=limit,
    )


def _is_meant(
    message: Message, archive: Address, sender: Address | None, peer: Address | None
) -> bool:
    if sender is not None and message.sender.bare != sender.bare:
        return False
    return peer is None or message.peer_of(archive) == peer.bare
