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
from antiphon.stores.spelling import Part, message_row, read_message

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

    def file(self, connection: Connection, letters: Sequence[Letter]) -> list[Outcome]:
        """Store letters; those whose origin is known give the message stored first."""
        now = self._clock()
        newest = statements.newest(connection)
        if newest != self._newest:
            # Another node writes as well, perhaps to these archives, and by a clock of its own.
            self._origins.clear()
            self._newest = newest
        if newest is not None:
            self._ids.advance(newest)
        named = {_first(letter) for letter in letters if letter.draft.origin_id is not None}
        self._origins.meet(connection, named)
        batch = _Batch()
        outcomes = [self._file(connection, letter, now, batch) for letter in letters]
        if batch.rows:
            batch.places.sort()
            statements.insert_messages(connection, batch.rows, batch.places)
        for id in batch.taken_back:
            statements.wipe(connection, id)
        return outcomes

    def filed(self, letters: Sequence[Letter], outcomes: Sequence[Outcome]) -> None:
        """The transaction is committed: remember what was sent."""
        for letter, (message, new) in zip(letters, outcomes, strict=True):
            if new and (origin := _origin(letter)) is not None:
                self._origins.remember(_first(letter), origin, message.id)
            if new:
                self._newest = message.id

    def forget(self, archive: str) -> None:
        """Messages of an archive were deleted."""
        self._origins.forget(archive)

    def _file(self, connection: Connection, letter: Letter, now: float, batch: "_Batch") -> Outcome:
        origin = _origin(letter)
        if origin is not None:
            before = batch.sent.get(origin) or self._sent(connection, letter, origin)
            if before is not None and not _is_another(before, letter):
                return before, False
        id = self._ids.next(now)
        message = Message(
            id=id,
            to=letter.to,
            sender=letter.sender,
            name=letter.name,
            sent_at=time_of(id),
            draft=letter.draft,
        )
        batch.add(letter, message)
        if origin is not None:
            batch.sent[origin] = message
        return message, True

    def _sent(self, connection: Connection, letter: Letter, origin: Origin) -> Message | None:
        archive = _first(letter)
        if (id := self._origins.find(archive, origin)) is None:
            return None
        row = archives.by_id(connection, archive, id)
        return None if row is None else read_message(row, time_of(row[0]))


class _Batch:
    """What one transaction adds."""

    __slots__ = ("places", "rows", "sent", "taken_back")

    def __init__(self) -> None:
        self.rows: list[tuple[Any, ...]] = []
        self.places: list[tuple[str, str, str | None, int, bool]] = []
        self.sent: dict[Origin, Message] = {}
        self.taken_back: list[str] = []

    def add(self, letter: Letter, message: Message) -> None:
        sender, target, id = _bare(letter.sender), _bare(letter.to), message.id
        self.rows.append(message_row(message, sender, target))
        kind = letter.draft.kind
        is_part = kind is MessageKind.TEXT
        for archive in letter.archives:
            name = _bare(archive)
            if archive.is_room:
                self.places.append((name, id, None, int(is_part), False))
                continue
            part = (Part.OWN if name == sender else Part.PEERS) if is_part else Part.NONE
            peer = target if name == sender else sender
            self.places.append((name, id, peer, int(part), letter.waiting and name == target))
        if kind is MessageKind.RETRACTION and letter.draft.about is not None:
            self.taken_back.append(letter.draft.about)


def _is_another(before: Message, letter: Letter) -> bool:
    """Whether it only happens to have the same id: programs that count from one at each start."""
    return before.sender.device != letter.sender.device and before.draft.text != letter.draft.text


def _first(letter: Letter) -> str:
    """The archive in which a letter is looked for."""
    return _bare(letter.archives[0])


def _origin(letter: Letter) -> Origin | None:
    id = letter.draft.origin_id
    return None if id is None else (_bare(letter.sender), _bare(letter.to), id)


def _bare(address: Any) -> str:
    # `str(address.bare)`, without making another address: this is done several times a message.
    return f"{address.local}@{address.domain}" if address.local else address.domain
