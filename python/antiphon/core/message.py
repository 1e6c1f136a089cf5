"""What people write to each other, in rooms and directly, as values; not how they are spelled.

A draft is what its sender wrote. A message is a draft that was given an id and a time. What changes
an earlier message (a correction, a retraction, a reaction) is a message of its own that names the
earlier one, so that an archive only grows and every reader comes to the same state.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from .address import Address


class MessageKind(StrEnum):
    """What a message does."""

    TEXT = "text"
    CORRECTION = "correction"  # its text takes the place of that of `about`
    RETRACTION = "retraction"  # `about` is taken back: by its sender, or by a moderator of the room
    REACTION = "reaction"  # `reactions` of its sender to `about`, in place of their earlier ones


class Mark(StrEnum):
    """How far somebody is with the messages of another; a later mark includes earlier messages."""

    RECEIVED = "received"
    DISPLAYED = "displayed"


@dataclass(frozen=True, slots=True)
class Original:
    """How the sender's protocol spelled it, for readers who speak the same one. `form` names the
    spelling; nobody else looks inside.
    """

    form: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that a message points to. `size` in bytes, `width` and `height` in pixels; None where
    not known.
    """

    url: str
    name: str = ""
    media_type: str = ""
    size: int | None = None
    thumbnail: str | None = None
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What somebody wrote.

    `origin_id`: the sender's own id; the same one again is the same message. `about`: id (ours or
    the origin's) of the message that this one changes. `reply_to`: id of the one it answers.
    `kept`: whether it goes into archives (None: if it has a text or changes a message). `copied`:
    whether the sender's and the addressee's other devices hear of it.
    """

    kind: MessageKind = MessageKind.TEXT
    text: str = ""
    origin_id: str | None = None
    about: str | None = None
    reply_to: str | None = None
    reactions: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    original: Original | None = None
    kept: bool | None = None
    copied: bool = True

    @property
    def stored(self) -> bool:
        """Whether archives keep it."""
        if self.kept is not None:
            return self.kept
        return bool(self.text or self.attachments) or self.kind is not MessageKind.TEXT


def drafted(what: Draft | str) -> Draft:
    """A draft; of mere words, the plain one."""
    return Draft(text=what) if isinstance(what, str) else what


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A draft that was accepted. `to`: a room, an account, or one device of an account. `sender`
    has its device. `name`: as the sender is shown. `sent_at`: seconds since 1970 (UTC). Ids sort by
    time within an archive, and are the same in all archives that keep the message.
    """

    id: str
    to: Address
    sender: Address
    name: str
    sent_at: float
    draft: Draft

    @property
    def text(self) -> str:
        """What is shown to people."""
        return self.draft.text

    @property
    def kind(self) -> MessageKind:
        """What it does."""
        return self.draft.kind

    @property
    def origin_id(self) -> str | None:
        """The sender's own id."""
        return self.draft.origin_id

    def peer_of(self, account: Address) -> Address:
        """With whom `account` has the conversation that a direct message belongs to (bare)."""
        return self.to.bare if self.sender.bare == account.bare else self.sender.bare


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Part of an archive, oldest first. `more`: whether there are others beyond it in the direction
    that was read. `total`: messages that match, where it was asked for.
    """

    messages: Sequence[Message]
    more: bool
    total: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Which messages of an archive are wanted: all of these conditions hold.

    `peer`: of direct messages, with whom (bare). `after`, `before`: ids, exclusive. `since`,
    `until`: seconds since 1970, inclusive. `search`: words that the text contains, in any case.
    `latest`: the last ones of the span rather than the first.
    """

    peer: Address | None = None
    after: str | None = None
    before: str | None = None
    since: float | None = None
    until: float | None = None
    search: str = ""
    latest: bool = True
    limit: int = 50
    count: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """One account's exchange with another, as a list of conversations shows it.

    `unread`: how many of the peer's messages come behind `displayed` (id up to which the account
    has seen them). `peer_received`, `peer_displayed`: how far the peer is with ours.
    """

    peer: Address
    last: Message
    unread: int = 0
    displayed: str | None = None
    peer_received: str | None = None
    peer_displayed: str | None = None
