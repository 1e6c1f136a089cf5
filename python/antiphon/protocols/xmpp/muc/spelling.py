"""What a room says, as stanzas (XEP-0045): messages of those who speak other protocols, its
subject, and why somebody is gone. It decides nothing.
"""

import secrets
from collections.abc import Mapping

from antiphon.core.address import Address
from antiphon.core.event import Marked
from antiphon.core.message import Mark, Message, MessageKind
from antiphon.core.ports import RoomSettings
from antiphon.core.reason import Reason
from antiphon.core.room import Room
from antiphon.core.standing import Affiliation, Role
from antiphon.protocols.xmpp import adapter
from antiphon.protocols.xmpp.message import escape, stanza
from antiphon.protocols.xmpp.namespaces import DATA_FORM
from antiphon.protocols.xmpp.stamps import timestamp

from . import names
from .names import item

_KICKED: Mapping[Reason, list[int]] = {
    Reason.REMOVED: [names.KICKED],
    Reason.BANNED: [names.BANNED],
    Reason.DRAINING: [names.SHUTDOWN],
    Reason.INTERNAL: [names.SHUTDOWN],
}


def gone(reason: Reason, before: Affiliation, text: str) -> tuple[bytes, list[int]]:
    """The item and the status codes of one who is gone; `before`: what they were to the room."""
    affiliation, codes = before, list(_KICKED.get(reason, ()))
    if reason is Reason.BANNED:
        affiliation = Affiliation.OUTCAST
    elif reason is Reason.MEMBERS_ONLY:
        was_member = before.covers(Affiliation.MEMBER)
        affiliation = Affiliation.NONE
        codes = [names.AFFILIATION_LOST if was_member else names.MEMBERS_ONLY]
    elif reason is Reason.LOST and text:
        codes = [names.KICKED, names.TECHNICAL]
    return item(affiliation, None, reason=text if codes else ""), codes


def destroyed(alternative: str, text: str) -> bytes:
    """XEP-0045 §10.9."""
    other = f" jid='{escape(alternative)}'" if alternative else ""
    why = f"<reason>{escape(text)}</reason>" if text else ""
    return f"<destroy{other}>{why}</destroy>".encode()


# messages


def stanza_name(message: Message) -> str:
    """By which id of a stanza clients know a message."""
    return adapter.message_id(message)


def groupchat(
    room: Address, message: Message, nick: str, occupant_id: bytes, about: str | None = None
) -> bytes:
    """A message that somebody wrote by another protocol. `about`: how clients know the message that
    it corrects.
    """
    from_ = f"{room}/{nick}"
    if is_tombstone(message):
        stamp = timestamp(message.sent_at)
        id = escape(message.id)
        said = f"<retracted xmlns='{names.RETRACTION}' id='{id}' stamp='{stamp}'/>".encode()
        id = stanza_name(message)
        return stanza("message", said, occupant_id, from_=from_, id=id, kind="groupchat")
    data = adapter.built(message, about=about, kind="groupchat", from_=from_)
    return adapter.with_child(data, occupant_id)


def is_tombstone(message: Message) -> bool:
    """Whether only the place of a message is left (XEP-0424 §5)."""
    draft = message.draft
    empty = not (draft.text or draft.attachments or draft.original)
    return empty and draft.kind in (MessageKind.TEXT, MessageKind.CORRECTION) and draft.stored


def moderation(room: Address, about: str, by: str, occupant_id: bytes, reason: str = "") -> bytes:
    """XEP-0425: `by` (an occupant) has taken back what another one said."""
    head = (
        f"<retract xmlns='{names.RETRACTION}' id='{escape(about)}'>"
        f"<moderated xmlns='{names.MODERATION}' by='{escape(by)}'>"
    )
    why = f"<reason>{escape(reason)}</reason>" if reason else ""
    tail = f"</moderated>{why}</retract><store xmlns='{adapter.HINTS}'/>"
    said = head.encode() + occupant_id + tail.encode()
    id = f"moderated-{secrets.token_hex(8)}"
    return stanza("message", said, from_=str(room), id=id, kind="groupchat")


def typing(room: str, nick: str, active: bool) -> bytes:
    """XEP-0085, of one who uses another protocol."""
    state = "composing" if active else "paused"
    child = f"<{state} xmlns='{adapter.CHAT_STATES}'/>".encode()
    return stanza("message", child, from_=f"{room}/{nick}", kind="groupchat")


def marked(event: Marked, from_: str) -> bytes:
    """XEP-0333 in a room names the room's own id of a message."""
    word = "displayed" if event.mark is Mark.DISPLAYED else "received"
    child = f"<{word} xmlns='{adapter.MARKERS}' id='{escape(event.id)}'/>".encode()
    return stanza("message", child, from_=from_, kind="groupchat")


def subject(room: Room, *, late: bool) -> bytes:
    """XEP-0045 §7.2.15: there is always one, even if it is empty."""
    about = room.settings.subject
    from_ = f"{room.address}/{about.name}" if about.name else str(room.address)
    children = [f"<subject>{escape(about.text)}</subject>".encode()]
    if late and about.at:
        children.append(adapter.delay(about.at, str(room.address)))
    return stanza("message", *children, from_=from_, kind="groupchat")


def voice_request(jid: str, nick: str) -> bytes:
    """XEP-0045 §8.6: a moderator may grant it by sending the form back."""
    fields = (
        ("FORM_TYPE", "hidden", names.REQUEST, ""),
        ("muc#role", "list-single", "participant", "Requested role"),
        ("muc#jid", "jid-single", jid, "Address"),
        ("muc#roomnick", "text-single", nick, "Name in the room"),
        ("muc#request_allow", "boolean", "false", "Grant voice to this person?"),
    )
    written = "".join(
        f"<field var='{var}' type='{kind}'{_label(label)}><value>{escape(value)}</value></field>"
        for var, kind, value, label in fields
    )
    title = "<title>Voice request</title>"
    return f"<x xmlns='{DATA_FORM}' type='form'>{title}{written}</x>".encode()


def _label(text: str) -> str:
    return f" label='{escape(text)}'" if text else ""


# settings


def changes(before: RoomSettings, now: RoomSettings) -> list[int]:
    """Status codes of changed settings (XEP-0045 §10.2.1); affiliations are none of them."""
    codes: list[int] = []
    if before.archived != now.archived:
        codes.append(names.LOGGED if now.archived else names.NOT_LOGGED)
    was_open, is_open = (one.addresses_for is Role.LISTENER for one in (before, now))
    if was_open != is_open:
        codes.append(names.NON_ANONYMOUS if is_open else names.SEMI_ANONYMOUS)
    if not codes and _shown(before) != _shown(now):
        codes.append(names.CONFIGURED)
    return codes


def _shown(settings: RoomSettings) -> tuple[object, ...]:
    return (
        settings.title,
        settings.description,
        settings.lasting,
        settings.listed,
        settings.members_only,
        settings.moderated,
        settings.audience,
        bool(settings.password),
        settings.max_members,
        settings.may_whisper,
        settings.may_invite,
        settings.may_set_subject,
        settings.history,
    )
