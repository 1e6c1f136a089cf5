"""An archive of messages in memory, with everything that the core asks of one."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from antiphon.core.address import Address
from antiphon.core.message import Conversation, Draft, Mark, Message, MessageKind, Page, Span
from antiphon.core.people import Keeping, Letter


class MemoryMessages:
    """Archives by the bare address of their account or room. `stored`: all messages, each once."""

    def __init__(self) -> None:
        self.stored: list[Message] = []
        self.archives: dict[str, tuple[Address, ...]] = {}  # id of a message → who keeps it
        self.waits: dict[Address, list[str]] = defaultdict(list)
        self.marks: dict[tuple[Address, Address, Mark], str] = {}
        self.keepings: dict[Address, Keeping] = {}
        self.count = 0

    # writing

    def post(self, letter: Letter) -> None:
        message, new = self._store(
            letter.to, letter.sender, letter.name, letter.draft, letter.archives
        )
        if new and letter.waiting:
            self.waits[letter.to.bare].append(message.id)
        letter.done(message, new)

    async def append(
        self, room: Address, sender: Address, name: str, draft: Draft
    ) -> tuple[Message, bool]:
        return self._store(room, sender, name, draft, (room.bare,))

    def _store(
        self, to: Address, sender: Address, name: str, draft: Draft, archives: tuple[Address, ...]
    ) -> tuple[Message, bool]:
        for old in self.stored:
            same = (old.to, old.sender.bare, old.origin_id) == (to, sender.bare, draft.origin_id)
            if draft.origin_id and same:
                return old, False
        self.count += 1
        message = Message(
            id=f"{self.count:08}",
            to=to,
            sender=sender,
            name=name,
            sent_at=float(self.count - 1),
            draft=draft,
        )
        self.stored.append(message)
        self.archives[message.id] = archives
        if draft.kind is MessageKind.RETRACTION:
            self.stored = [_emptied(one, draft.about) for one in self.stored]
        return message, True

    # reading

    async def read(self, archive: Address, span: Span) -> Page:
        found = [one for one in self._of(archive) if _within(one, archive, span)]
        page = found[-span.limit :] if span.latest else found[: span.limit]
        return Page(messages=page, more=len(found) > span.limit)

    async def find(
        self,
        archive: Address,
        reference: str,
        sender: Address | None = None,
        *,
        peer: Address | None = None,
    ) -> Message | None:
        for one in reversed(self._of(archive)):
            meant = sender in (None, one.sender.bare) and peer in (None, one.peer_of(archive))
            if meant and reference in (one.id, one.origin_id):
                return one
        return None

    async def about(self, archive: Address, ids: Sequence[str]) -> Sequence[Message]:
        return [one for one in self._of(archive) if one.draft.about in ids]

    async def conversations(
        self, account: Address, limit: int = 50, before: str | None = None
    ) -> Sequence[Conversation]:
        lasts = {one.peer_of(account): one for one in self._of(account)}
        latest = sorted(lasts.items(), key=lambda item: item[1].id, reverse=True)
        listed = [self._conversation(account, peer, last) for peer, last in latest]
        return [one for one in listed if before is None or one.last.id < before][:limit]

    def _conversation(self, account: Address, peer: Address, last: Message) -> Conversation:
        displayed = self.marks.get((account, peer, Mark.DISPLAYED))
        theirs = [
            one
            for one in self._of(account)
            if one.sender.bare == peer
            and one.kind is MessageKind.TEXT
            and one.id > (displayed or "")
        ]
        return Conversation(
            peer=peer,
            last=last,
            unread=len(theirs),
            displayed=displayed,
            peer_received=self.marks.get((peer, account, Mark.RECEIVED)),
            peer_displayed=self.marks.get((peer, account, Mark.DISPLAYED)),
        )

    def _of(self, archive: Address) -> list[Message]:
        return [one for one in self.stored if archive in self.archives[one.id]]

    # what waits, what was seen, what is kept

    async def who_waits(self, accounts: Sequence[Address]) -> Sequence[Address]:
        return [account for account in accounts if self.waits[account]]

    async def waiting(self, account: Address) -> Sequence[Message]:
        return [one for one in self.stored if one.id in self.waits[account]]

    async def taken(
        self, account: Address, until: str | None = None, *, ids: Sequence[str] | None = None
    ) -> None:
        def still(id: str) -> bool:
            return (until is not None and id > until) or (ids is not None and id not in ids)

        self.waits[account] = [id for id in self.waits[account] if still(id)]

    async def wait(self, account: Address, ids: Sequence[str]) -> None:
        self.waits[account] = sorted({*self.waits[account], *ids})

    async def mark(self, account: Address, peer: Address, mark: Mark, id: str) -> bool:
        key = (account, peer, mark)
        if id <= self.marks.get(key, ""):
            return False
        self.marks[key] = id
        return True

    async def keeping(self, account: Address) -> Keeping:
        return self.keepings.get(account, Keeping())

    def known_keeping(self, account: Address) -> Keeping | None:
        return self.keepings.get(account, Keeping())

    async def keep(self, account: Address, keeping: Keeping) -> None:
        self.keepings[account] = keeping

    async def forget(
        self, archive: Address, peer: Address | None = None, id: str | None = None
    ) -> None:
        for one in self._of(archive):
            if (peer is None or one.peer_of(archive) == peer) and id in (None, one.id):
                kept = tuple(who for who in self.archives[one.id] if who != archive)
                self.archives[one.id] = kept
        self.stored = [one for one in self.stored if self.archives[one.id]]


def _emptied(message: Message, about: str | None) -> Message:
    if message.id != about:
        return message
    return replace(message, draft=replace(message.draft, text="", attachments=(), original=None))


def _within(message: Message, archive: Address, span: Span) -> bool:
    return (
        (span.peer is None or message.peer_of(archive) == span.peer)
        and (span.before is None or message.id < span.before)
        and (span.after is None or message.id > span.after)
        and (span.since is None or message.sent_at >= span.since)
        and (span.until is None or message.sent_at <= span.until)
        and all(word in message.text.lower() for word in span.search.lower().split())
    )
