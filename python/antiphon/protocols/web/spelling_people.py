"""Messages, contacts and presence in the words of the room WebSocket."""

from collections.abc import Callable, Sequence

import msgspec

from antiphon.core import event as events
from antiphon.core.address import Address
from antiphon.core.contact import Contact
from antiphon.core.message import Attachment, Conversation, Message, MessageKind
from antiphon.core.presence import PresenceState
from antiphon.core.presence import foremost
from antiphon.core.thread import Shown, Thread, plain

from . import message

# messages


def shown(of: Shown, *, direct: bool) -> message.Message:
    """A message as clients see it; the room of a direct one is the address that it was sent to."""
    sent = of.message
    return message.Message(
        id=sent.id,
        room=str(sent.to) if direct else sent.to.local,
        sender=str(sent.sender.bare),
        name=sent.name,
        text=of.text,
        sent_at=sent.sent_at,
        origin_id=sent.origin_id,
        reply_to=sent.draft.reply_to or msgspec.UNSET,
        attachments=_attachments(of.attachments),
        edited_at=msgspec.UNSET if of.edited_at is None else of.edited_at,
        retracted=(
            message.Retracted(by=str(of.retracted.by), at=of.retracted.at)
            if of.retracted is not None
            else msgspec.UNSET
        ),
        reactions=[
            message.Reaction(sender=str(one.sender), name=one.name, reactions=list(one.reactions))
            for one in of.reactions
        ]
        or msgspec.UNSET,
    )


def chat(of: Message) -> message.Message:
    """A message of a room to which nothing was done yet."""
    return shown(plain(of), direct=False)


def direct(of: Message) -> message.Message:
    """A direct message to which nothing was done yet."""
    return shown(plain(of), direct=True)


def change(of: Message) -> message.Change:
    """What somebody does to an earlier message."""
    draft = of.draft
    kind = of.kind
    return message.Change(
        id=of.id,
        kind=_KINDS[kind],
        about=draft.about or "",
        sender=str(of.sender.bare),
        name=of.name,
        sent_at=of.sent_at,
        origin_id=of.origin_id,
        text=of.text if kind is MessageKind.CORRECTION else msgspec.UNSET,
        attachments=_attachments(draft.attachments),
        reactions=list(draft.reactions) if kind is MessageKind.REACTION else msgspec.UNSET,
    )


_KINDS: dict[MessageKind, message.ChangeKind] = {
    MessageKind.CORRECTION: "correction",
    MessageKind.RETRACTION: "retraction",
    MessageKind.REACTION: "reaction",
}


def thread(of: Thread, id: int, *, direct: bool) -> message.Messages:
    """A page of a history, as the reply to request `id`."""
    return message.Messages(
        id=id,
        messages=[shown(one, direct=direct) for one in of.shown],
        more=of.more,
        next=of.next or msgspec.UNSET,
        changes=[change(one) for one in of.changes] or msgspec.UNSET,
    )


def conversation(of: Conversation, last: Shown) -> message.Conversation:
    """A conversation as a list shows it, with its latest message as it is now."""
    return message.Conversation(
        peer=str(of.peer),
        last=shown(last, direct=True),
        unread=of.unread,
        displayed=of.displayed,
        peer_received=of.peer_received,
        peer_displayed=of.peer_displayed,
    )


def attachments(given: Sequence[message.Attachment] | msgspec.UnsetType) -> tuple[Attachment, ...]:
    """The files that a client attaches."""
    if given is msgspec.UNSET:
        return ()
    return tuple(
        Attachment(
            url=one.url,
            name=one.name or "",
            media_type=one.media_type or "",
            size=one.size if one.size is not msgspec.UNSET else None,
            thumbnail=one.thumbnail or None,
            width=one.width if one.width is not msgspec.UNSET else None,
            height=one.height if one.height is not msgspec.UNSET else None,
        )
        for one in given
    )


def _attachments(
    given: Sequence[Attachment],
) -> list[message.Attachment] | msgspec.UnsetType:
    return [
        message.Attachment(
            url=one.url,
            name=one.name or msgspec.UNSET,
            media_type=one.media_type or msgspec.UNSET,
            size=msgspec.UNSET if one.size is None else one.size,
            thumbnail=one.thumbnail or msgspec.UNSET,
            width=msgspec.UNSET if one.width is None else one.width,
            height=msgspec.UNSET if one.height is None else one.height,
        )
        for one in given
    ] or msgspec.UNSET


# contacts and presence


def contact(of: Contact) -> message.Contact:
    """A contact as its account sees it."""
    return message.Contact(
        address=str(of.address),
        name=of.name,
        groups=list(of.groups),
        sees=of.sees,
        seen=of.seen,
        asked=of.asked,
        asking=of.asking,
        listed=of.listed,
        request=of.request or msgspec.UNSET,
    )


def presence(account: Address, states: Sequence[PresenceState]) -> message.Presence:
    """Whether somebody is there."""
    first = foremost(states)
    return message.Presence(
        account=str(account),
        show="offline" if first is None else _show(first.show),
        note="" if first is None else first.note,
        since=None if first is None else first.since,
        devices=[
            message.PresenceDevice(
                device=state.device.device,
                show=_show(state.show),
                note=state.note,
                since=state.since,
                idle_since=state.idle_since,
            )
            for state in states
        ],
    )


_SHOWS: dict[str, message.Show] = {
    "available": "available",
    "chat": "chat",
    "away": "away",
    "xa": "xa",
    "busy": "busy",
}


def _show(word: str) -> message.Show:
    return _SHOWS.get(word, "available")


# events that all who hear of them read alike


def _said(e: events.Said) -> message.FromServer | None:
    return _spoken(message.Said, e.message, None)


def _contact_changed(e: events.ContactChanged) -> message.FromServer:
    return message.ContactChanged(seq=1, contact=contact(e.contact))


def _contact_removed(e: events.ContactRemoved) -> message.FromServer:
    return message.ContactRemoved(seq=1, address=str(e.address))


def _contact_asked(e: events.ContactAsked) -> message.FromServer:
    return message.ContactAsked(seq=1, address=str(e.address), text=e.text)


def _contact_answered(e: events.ContactAnswered) -> message.FromServer:
    return message.ContactAnswered(seq=1, address=str(e.address), granted=e.granted)


def _blocking_changed(e: events.BlockingChanged) -> message.FromServer:
    blocked, unblocked = list(e.blocked), list(e.unblocked)
    return message.BlockingChanged(seq=1, blocked=blocked, unblocked=unblocked)


def _presence_changed(e: events.PresenceChanged) -> message.FromServer:
    return message.PresenceChanged(seq=1, presence=presence(e.account, e.devices))


def _profile_changed(e: events.ProfileChanged) -> message.FromServer:
    return message.ProfileChanged(seq=1, account=str(e.account), name=e.name, avatar=e.avatar)


def _room_changed(_: events.RoomChanged) -> message.FromServer:
    return message.RoomChanged(seq=1)


def _subject_changed(e: events.SubjectChanged) -> message.FromServer:
    return message.SubjectChanged(
        seq=1, subject=e.subject, sender=str(e.sender.bare), name=e.name, at=e.at
    )


def _whispered(e: events.Whispered) -> message.FromServer:
    whisper = msgspec.structs.replace(chat(e.message), room=e.room)
    return message.Whispered(seq=1, message=whisper, sender=e.sender, to=e.to)


def _room_invited(e: events.RoomInvited) -> message.FromServer:
    return message.RoomInvited(
        seq=1, room=e.room, sender=str(e.sender.bare), name=e.name, text=e.text
    )


EVENTS: dict[type[events.Event], Callable[..., message.FromServer | None]] = {
    events.Said: _said,
    events.ContactChanged: _contact_changed,
    events.ContactRemoved: _contact_removed,
    events.ContactAsked: _contact_asked,
    events.ContactAnswered: _contact_answered,
    events.BlockingChanged: _blocking_changed,
    events.PresenceChanged: _presence_changed,
    events.ProfileChanged: _profile_changed,
    events.RoomChanged: _room_changed,
    events.SubjectChanged: _subject_changed,
    events.Whispered: _whispered,
    events.RoomInvited: _room_invited,
}

# events of which it depends on the account who the other one is


def _message_received(e: events.MessageReceived, own: Address) -> message.FromServer | None:
    return _spoken(message.DirectMessage, e.message, e.message.peer_of(own))


def _message_sent(e: events.MessageSent, own: Address) -> message.FromServer | None:
    return _spoken(message.MessageSent, e.message, e.message.peer_of(own))


def _spoken(
    kind: type[message.Said | message.DirectMessage | message.MessageSent],
    of: Message,
    peer: Address | None,
) -> message.FromServer | None:
    """A message, or what it changes; None for what means something to programs only."""
    if of.kind is not MessageKind.TEXT:
        where = None if peer is None else str(peer)
        return message.MessageChanged(seq=1, peer=where, change=change(of))
    if not (of.text or of.draft.attachments):
        return None
    return kind(seq=1, message=shown(plain(of), direct=peer is not None))


def _typed(e: events.Typed, own: Address) -> message.FromServer:
    peer = _peer(e, own)
    sender = str(e.sender.bare)
    return message.Typed(seq=1, peer=peer, sender=sender, name=e.name, active=e.active)


def _marked(e: events.Marked, own: Address) -> message.FromServer:
    sender = str(e.sender.bare)
    return message.Marked(seq=1, peer=_peer(e, own), sender=sender, mark=e.mark.value, message=e.id)


def _peer(e: events.Typed | events.Marked, own: Address) -> str | None:
    if e.to.is_room:
        return None
    return str(e.to.bare if e.sender.bare == own.bare else e.sender.bare)


DIRECT: dict[type[events.Event], Callable[..., message.FromServer | None]] = {
    events.MessageReceived: _message_received,
    events.MessageSent: _message_sent,
    events.Typed: _typed,
    events.Marked: _marked,
}
