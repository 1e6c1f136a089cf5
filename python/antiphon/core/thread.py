"""What an archive's messages look like now: each with its corrections, reactions and retraction
worked in.

Pure but for `read`, which asks an archive. Every reader comes to the same, whatever it speaks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from .address import Address
from .message import Attachment, Message, MessageKind, Span
from .people import Messages

# How often an archive is asked for a page in which there is something to be shown.
MOST_READS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Retracted:
    """Who took a message back, and when (seconds since 1970)."""

    by: Address
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reacted:
    """What one person (bare address) reacts with."""

    sender: Address
    name: str
    reactions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A message as it is to be shown. `edited_at`: when its text was corrected last."""

    message: Message
    text: str
    attachments: tuple[Attachment, ...] = ()
    edited_at: float | None = None
    retracted: Retracted | None = None
    reactions: tuple[Reacted, ...] = ()

    @property
    def size(self) -> int:
        """How much there is to be shown, in characters."""
        files = sum(
            len(one.url) + len(one.name) + len(one.thumbnail or "") for one in self.attachments
        )
        reactions = sum(len(one.name) + sum(map(len, one.reactions)) for one in self.reactions)
        return len(self.text) + files + reactions

    @property
    def empty(self) -> bool:
        """Whether there is nothing to be shown: what was sent means something to programs only."""
        return not (self.text or self.attachments or self.retracted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """A page of an archive as it is to be shown, oldest first.

    `changes`: changes of this span to messages that are not in it. `more`: whether there are others
    beyond; `next`: the id that they come before (or after).
    """

    shown: Sequence[Shown]
    changes: Sequence[Message] = ()
    more: bool = False
    next: str | None = None
    total: int | None = None


def plain(message: Message) -> Shown:
    """A message to which nothing was done yet."""
    return Shown(message=message, text=message.text, attachments=message.draft.attachments)


def subject(message: Message) -> str:
    """The id of the message that is shown for this one: itself, or the one that it changes."""
    return message.id if _is_text(message) else message.draft.about or message.id


def fold(messages: Iterable[Message], changes: Iterable[Message]) -> list[Shown]:
    """Messages with their changes, which come oldest first and name them by their ids."""
    shown = {one.id: plain(one) for one in messages if one.kind is MessageKind.TEXT}
    for change in changes:
        about = change.draft.about
        if about is not None and (before := shown.get(about)) is not None:
            shown[about] = changed(before, change)
    return list(shown.values())


def changed(shown: Shown, change: Message) -> Shown:
    """A message after one more change.

    A correction counts from the message's own sender only, and what was taken back stays so. Who
    may take back was decided when it was.
    """
    if shown.retracted is not None:
        return shown
    draft = change.draft
    match change.kind:
        case MessageKind.CORRECTION:
            if change.sender.bare != shown.message.sender.bare:
                return shown
            at = change.sent_at
            return replace(shown, text=draft.text, attachments=draft.attachments, edited_at=at)
        case MessageKind.RETRACTION:
            retracted = Retracted(by=change.sender.bare, at=change.sent_at)
            return replace(shown, text="", attachments=(), reactions=(), retracted=retracted)
        case MessageKind.REACTION:
            sender = change.sender.bare
            others = tuple(one for one in shown.reactions if one.sender != sender)
            if draft.reactions:
                own = Reacted(sender=sender, name=change.name, reactions=draft.reactions)
                others = (*others, own)
            return replace(shown, reactions=others)
        case MessageKind.TEXT:
            return shown


async def read(messages: Messages, archive: Address, span: Span) -> Thread:
    """Part of an archive as it is to be shown. Raises `Refused` as `Messages.read` does."""
    page = await messages.read(archive, span)
    found = list(page.messages)
    for _ in range(MOST_READS):
        # Backwards, a stretch of reactions alone would be an empty page to who reads it.
        if not (span.latest and page.more and page.messages) or any(map(_is_text, found)):
            break
        page = await messages.read(archive, replace(span, before=page.messages[0].id))
        found = [*page.messages, *found]
    texts = [one for one in found if _is_text(one)]
    others = [one for one in found if not _is_text(one)]
    if span.search:
        texts = await _with_corrected(messages, archive, texts, others)
        others = []
    ids = {one.id for one in texts}
    changes = await messages.about(archive, sorted(ids)) if ids else ()
    edge = (found[0] if span.latest else found[-1]).id if found and page.more else None
    return Thread(
        shown=[one for one in fold(texts, changes) if not one.empty],
        changes=[one for one in others if one.draft.about not in ids],
        more=page.more,
        next=edge,
        total=page.total,
    )


def trimmed(thread: Thread, characters: int, *, latest: bool) -> Thread:
    """The same page with no more than so much in it, but one message at least; the rest is beyond.

    `latest`: the page goes backwards, so that its oldest messages are.
    """
    ordered = thread.shown[::-1] if latest else thread.shown
    kept: list[Shown] = []
    for one in ordered:
        characters -= one.size
        if kept and characters < 0:
            break
        kept.append(one)
    if len(kept) == len(thread.shown):
        return thread
    edge = kept[-1].message.id
    return replace(
        thread,
        shown=kept[::-1] if latest else kept,
        changes=[one for one in thread.changes if (one.id > edge if latest else one.id < edge)],
        more=True,
        next=edge,
    )


async def show(messages: Messages, archive: Address, found: Sequence[Message]) -> list[Shown]:
    """Messages of an archive as they are to be shown; of a change, the message that it changes."""
    texts = [one for one in found if _is_text(one)]
    texts = await _with_corrected(messages, archive, texts, found)
    changes = await messages.about(archive, [one.id for one in texts]) if texts else ()
    return fold(texts, changes)


async def _with_corrected(
    messages: Messages, archive: Address, texts: list[Message], changes: Iterable[Message]
) -> list[Message]:
    """With the messages that are changed by some that were found, in the order of ids."""
    ids = {one.id: one for one in texts}
    for about in dict.fromkeys(one.draft.about for one in changes if not _is_text(one)):
        if about is None or about in ids:
            continue
        original = await messages.find(archive, about)
        if original is not None and _is_text(original):
            ids[original.id] = original
    return [ids[id] for id in sorted(ids)]


def _is_text(message: Message) -> bool:
    return message.kind is MessageKind.TEXT
