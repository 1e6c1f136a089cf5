"""How messages are written in columns, and read again; says nothing of statements."""

import base64
from typing import Any

import msgspec

from antiphon.core.address import Address
from antiphon.core.message import Attachment, Draft, Message, MessageKind, Original

from .addresses import read_address
from .numbers import number_of


class More(msgspec.Struct, omit_defaults=True, frozen=True):
    """What is kept of a message beside its addresses and its text. `original`: as text, or in
    base 64 where it is none.
    """

    name: str = ""
    device: str = ""
    to: str = ""  # device
    kind: str = "text"
    origin: str | None = None
    reply: str | None = None
    reactions: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    form: str | None = None
    original: str = ""
    base64: bool = False


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(More).decode
_KINDS = {kind.value: kind for kind in MessageKind}


def message_row(
    message: Message, sender: str, target: str, kept: tuple[bool, bool], waiting: bool
) -> tuple[Any, ...]:
    """As a row of `messages`; `sender` and `target` are its bare addresses as text. `kept`: whether
    it stands in the archive of each.
    """
    draft = message.draft
    form, text, is_base64 = None, "", False
    if (original := draft.original) is not None:
        form = original.form
        try:
            text = original.data.decode()
        except UnicodeDecodeError:
            text, is_base64 = base64.b64encode(original.data).decode(), True
    more = More(
        message.name,
        message.sender.device,
        message.to.device,
        draft.kind.value,
        draft.origin_id,
        draft.reply_to,
        draft.reactions,
        draft.attachments,
        form,
        text,
        is_base64,
    )
    return (
        message.id,
        sender,
        target,
        number_of(sender),
        number_of(target),
        *kept,
        waiting and kept[1],
        draft.text,
        None if draft.kind is MessageKind.TEXT else draft.about,
        _encode(more).decode(),
    )


def emptied(more: str) -> str:
    """What is left of a message that was taken back: who wrote it, and its ids."""
    was = _decode(more)
    left = More(name=was.name, device=was.device, to=was.to, kind=was.kind, origin=was.origin)
    return _encode(left).decode()


def kind_of(more: str) -> MessageKind:
    """What a row's message does."""
    return _KINDS[_decode(more).kind]


def origin_of(more: str) -> str | None:
    """The id that the sender gave a row's message."""
    return _decode(more).origin


def read_message(row: Any, sent_at: float) -> Message:
    """The message of a row: id, sender, target, text, about, more."""
    id, sender, target, text, about, kept = row
    more = _decode(kept)
    original = None
    if more.form is not None:
        data = base64.b64decode(more.original) if more.base64 else more.original.encode()
        original = Original(more.form, data)
    draft = Draft(
        kind=_KINDS[more.kind],
        text=text,
        origin_id=more.origin,
        about=about,
        reply_to=more.reply,
        reactions=more.reactions,
        attachments=more.attachments,
        original=original,
    )
    return Message(
        id=id,
        to=_on(target, more.to),
        sender=_on(sender, more.device),
        name=more.name,
        sent_at=sent_at,
        draft=draft,
    )


def _on(bare: str, device: str) -> Address:
    address = read_address(bare)
    return address.on(device) if device else address
