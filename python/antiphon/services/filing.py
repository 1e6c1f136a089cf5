"""Files letters within a transaction: gives ids, knows what was sent before, and empties what was
taken back.

It runs in the thread of the storage, one batch at a time; whom to tell is the mailbox's.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection

from antiphon.core.message import Message, MessageKind
from antiphon.core.people import Letter
from antiphon.stores import archives
from antiphon.stores import messages as statements
from antiphon.stores.spelling import message_row, read_message

from .ids import MessageIds, time_of
from .origins import Origin, Origins

Outcome = tuple[Message, bool]


class Clerk:
    """`clock`: seconds since 1970."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._ids = MessageIds()
        self._origins = Origins()
        self._newest: str | None = None
        self._batch = _Batch()
        self._committed: _Batch | None = None

    def file(self, connection: Connection, letters: Sequence[Letter]) -> list[Outcome]:
        """Store letters; those whose origin is known give the message stored first."""
        self._remember()
        now = self._clock()
        newest = statements.newest(connection)
        if newest != self._newest:
            # Another node writes as well, perhaps to these archives, and by a clock of its own.
            self._origins.clear()
            self._newest = newest
        if newest is not None:
            self._ids.advance(newest)
        filed = [_Filed(letter) for letter in letters]
        self._origins.meet(connection, {one.first for one in filed if one.origin is not None})
        self._batch = batch = _Batch()
        for one in filed:
            batch.outcomes.append(self._file(connection, one, now, batch))
        if batch.rows:
            statements.insert_messages(connection, batch.rows)
        for id in batch.taken_back:
            statements.wipe(connection, id)
        return batch.outcomes

    def filed(self) -> None:
        """The transaction of the last batch is committed; told on the event loop."""
        self._committed = self._batch

    def forget(self, archive: str) -> None:
        """Messages of an archive are deleted in this transaction."""
        self._origins.forget(archive)

    def recall(self, archive: str, sender: str, target: str, reference: str) -> str | None:
        """The id of a message that was sent lately, by its sender's own, as far as its archive or
        that of its sender remembers it.
        """
        origin = (sender, target, reference)
        return self._origins.find(sender, origin) or self._origins.find(archive, origin)

    def _remember(self) -> None:
        """What was committed is what others may have sent again."""
        committed, self._committed = self._committed, None
        if committed is None:
            return
        for archive, origin, id in committed.fresh:
            self._origins.remember(archive, origin, id)
        if committed.rows:
            self._newest = committed.rows[-1][0]

    def _file(
        self, connection: Connection, filed: "_Filed", now: float, batch: "_Batch"
    ) -> Outcome:
        letter, origin = filed.letter, filed.origin
        if origin is not None:
            before = batch.sent.get(origin) or self._sent(connection, filed.first, origin)
            if before is not None and not _is_another(before, letter):
                return before, False
        id = self._ids.next(now)
        message = Message(
            id=id,
            to=letter.to,
            sender=letter.sender,
            name=letter.name,
            sent_at=self._ids.time,
            draft=letter.draft,
        )
        batch.add(filed, message)
        if origin is not None:
            batch.sent[origin] = message
            batch.fresh.append((filed.first, origin, id))
        return message, True

    def _sent(self, connection: Connection, archive: str, origin: Origin) -> Message | None:
        if (id := self._origins.find(archive, origin)) is None:
            return None
        row = archives.by_id(connection, archive, id)
        return None if row is None else read_message(row, time_of(row[0]))


class _Filed:
    """A letter with the names of those that it is about, which are needed several times. `first`:
    the archive in which it is looked for. `kept`: by the sender's, by the addressee's.
    """

    __slots__ = ("first", "kept", "letter", "origin", "sender", "target")

    def __init__(self, letter: Letter) -> None:
        own, archives = letter.sender.bare, letter.archives
        sender, target = _bare(letter.sender), _bare(letter.to)
        self.letter = letter
        self.sender = sender
        self.target = target
        self.first = sender if archives[0] == own else target
        # Of a message to oneself, one is enough.
        self.kept = sender != target and own in archives, letter.to.bare in archives
        id = letter.draft.origin_id
        self.origin: Origin | None = None if id is None else (sender, target, id)


class _Batch:
    """What one transaction adds. `fresh`: (archive, origin, id) to be remembered after it."""

    __slots__ = ("fresh", "outcomes", "rows", "sent", "taken_back")

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.rows: list[tuple[Any, ...]] = []
        self.sent: dict[Origin, Message] = {}
        self.fresh: list[tuple[str, Origin, str]] = []
        self.taken_back: list[str] = []

    def add(self, filed: _Filed, message: Message) -> None:
        letter, draft = filed.letter, message.draft
        row = message_row(message, filed.sender, filed.target, filed.kept, letter.waiting)
        self.rows.append(row)
        if draft.kind is MessageKind.RETRACTION and draft.about is not None:
            self.taken_back.append(draft.about)


def _is_another(before: Message, letter: Letter) -> bool:
    """Whether it only happens to have the same id: programs that count from one at each start."""
    return before.sender.device != letter.sender.device and before.draft.text != letter.draft.text


def _bare(address: Any) -> str:
    # `str(address.bare)`, without making another address: this is done several times a message.
    return f"{address.local}@{address.domain}" if address.local else address.domain
