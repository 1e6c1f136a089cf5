"""What the API shows of messages and conversations, in the words of `schema/signalling.json`, and
what it takes.
"""

from dataclasses import replace
from typing import Annotated, Self

from pydantic import BaseModel, Field

from antiphon.core.message import (
    Attachment,
    Conversation,
    Draft,
    Mark,
    Message,
    MessageKind,
)
from antiphon.core.reason import Reason, Refused
from antiphon.core.thread import Shown, Thread, plain

from .models import Body, Text

OriginId = Annotated[
    Text | None,
    Field(
        min_length=1,
        max_length=64,
        description="An id of the sender's own: the same one twice is one message.",
    ),
]
Emoji = Annotated[Text, Field(min_length=1, max_length=40)]
Written = Annotated[Text, Field(max_length=10_000)]
Url = Annotated[Text, Field(min_length=1, max_length=2048)]


class AttachmentView(Body):
    """A file that a message points to."""

    url: Url
    name: Annotated[Text, Field(max_length=255)] = ""
    media_type: Annotated[Text, Field(max_length=127)] = ""
    size: int | None = Field(None, ge=0, le=2**53 - 1, description="Bytes.")
    thumbnail: Url | None = None
    width: int | None = Field(None, ge=0, le=2**31 - 1, description="Pixels.")
    height: int | None = Field(None, ge=0, le=2**31 - 1, description="Pixels.")

    @classmethod
    def of(cls, attachment: Attachment) -> Self:
        """As it was sent; what other protocols spelled longer than we would take is shown."""
        names = cls.model_fields
        return cls.model_construct(**{name: getattr(attachment, name) for name in names})

    def value(self) -> Attachment:
        """As the core has it."""
        return Attachment(**self.model_dump())


Attachments = Annotated[list[AttachmentView], Field(max_length=10)]


class ReactionView(BaseModel):
    """What one person reacts with."""

    sender: str
    name: str
    reactions: list[str]


class RetractedView(BaseModel):
    """Who took a message back, and when."""

    by: str
    at: float


class MessageView(BaseModel):
    """A message as it is to be shown now. Ids sort by time."""

    id: str
    room: str = Field(description="Room name; of a direct message whom it was sent to.")
    sender: str
    name: str
    text: str
    sent_at: float
    origin_id: str | None
    reply_to: str | None = Field(description="The message that it answers: id or origin_id.")
    attachments: list[AttachmentView]
    edited_at: float | None = Field(description="When its text was corrected.")
    retracted: RetractedView | None
    reactions: list[ReactionView]

    @classmethod
    def of(cls, message: Message) -> Self:
        """One to which nothing was done yet."""
        return cls.shown(plain(message))

    @classmethod
    def shown(cls, shown: Shown) -> Self:
        """With what was done to it."""
        message, retracted = shown.message, shown.retracted
        return cls(
            id=message.id,
            room=message.to.local if message.to.is_room else str(message.to),
            sender=str(message.sender.bare),
            name=message.name,
            text=shown.text,
            sent_at=message.sent_at,
            origin_id=message.origin_id,
            reply_to=message.draft.reply_to,
            attachments=[AttachmentView.of(one) for one in shown.attachments],
            edited_at=shown.edited_at,
            retracted=(
                None if retracted is None else RetractedView(by=str(retracted.by), at=retracted.at)
            ),
            reactions=[
                ReactionView(sender=str(one.sender), name=one.name, reactions=list(one.reactions))
                for one in shown.reactions
            ],
        )


class ChangeView(BaseModel):
    """What somebody does to an earlier message."""

    id: str
    kind: MessageKind
    about: str = Field(description="Id of the message that it changes.")
    sender: str
    name: str
    sent_at: float
    origin_id: str | None
    text: str = Field(description="Of a correction: the text now.")
    attachments: list[AttachmentView]
    reactions: list[str] = Field(description="Of a reaction: all of its sender's.")

    @classmethod
    def of(cls, message: Message) -> Self:
        """As it is stored."""
        draft = message.draft
        return cls(
            id=message.id,
            kind=message.kind,
            about=draft.about or "",
            sender=str(message.sender.bare),
            name=message.name,
            sent_at=message.sent_at,
            origin_id=message.origin_id,
            text=draft.text,
            attachments=[AttachmentView.of(one) for one in draft.attachments],
            reactions=list(draft.reactions),
        )


class MessagePage(BaseModel):
    """Some messages, oldest first, with everything that was done to them."""

    messages: list[MessageView]
    changes: list[ChangeView] = Field(
        description="Changes of this time to messages that are not here."
    )
    more: bool = Field(description="There are others beyond, in the direction that was asked for.")
    next: str | None = Field(description="`before` (or `after`) of the next page.")

    @classmethod
    def of(cls, thread: Thread) -> Self:
        """A page of an archive."""
        return cls(
            messages=[MessageView.shown(one) for one in thread.shown],
            changes=[ChangeView.of(one) for one in thread.changes],
            more=thread.more,
            next=thread.next,
        )


class ConversationView(BaseModel):
    """An account's exchange with another one."""

    peer: str
    last: MessageView
    unread: int = Field(description="How many of the peer's messages were not displayed.")
    displayed: str | None = Field(description="Id up to which the account has seen them.")
    peer_received: str | None = Field(description="Id up to which the peer's devices have ours.")
    peer_displayed: str | None = Field(description="Id up to which the peer has seen ours.")

    @classmethod
    def of(cls, conversation: Conversation, last: Shown) -> Self:
        """As a list shows it."""
        return cls(
            peer=str(conversation.peer),
            last=MessageView.shown(last),
            unread=conversation.unread,
            displayed=conversation.displayed,
            peer_received=conversation.peer_received,
            peer_displayed=conversation.peer_displayed,
        )


class NewText(Body):
    """Another text for a message."""

    text: Written = ""
    attachments: Attachments = Field(default_factory=list[AttachmentView])
    origin_id: OriginId = None

    def draft(self) -> Draft:
        """What was written. Raises `Refused(BAD_REQUEST)` for nothing at all."""
        if not (self.text or self.attachments):
            raise Refused(Reason.BAD_REQUEST, "A message needs a text or a file.")
        return Draft(
            text=self.text,
            origin_id=self.origin_id,
            attachments=tuple(one.value() for one in self.attachments),
        )


class NewMessage(NewText):
    """A message to be written."""

    reply_to: Text | None = Field(
        None, min_length=1, max_length=255, description="The message that it answers."
    )

    def draft(self) -> Draft:
        """What was written. Raises `Refused(BAD_REQUEST)` for nothing at all."""
        return replace(super().draft(), reply_to=self.reply_to)


class NewReactions(Body):
    """What one reacts with, in place of what one reacted with before."""

    reactions: Annotated[list[Emoji], Field(max_length=10, description="Empty: none any more.")]
    origin_id: OriginId = None


class NewMark(Body):
    """How far one is with messages."""

    mark: Mark
    message: str = Field(min_length=1, max_length=255, description="Id of the message up to which.")


def correction(about: str, text: NewText) -> Draft:
    """A message gets another text."""
    return replace(text.draft(), kind=MessageKind.CORRECTION, about=about)


def retraction(about: str) -> Draft:
    """A message is taken back."""
    return Draft(kind=MessageKind.RETRACTION, about=about)


def reaction(about: str, given: NewReactions) -> Draft:
    """Somebody reacts."""
    reactions = tuple(dict.fromkeys(given.reactions))
    kind, origin_id = MessageKind.REACTION, given.origin_id
    return Draft(kind=kind, about=about, reactions=reactions, origin_id=origin_id)
