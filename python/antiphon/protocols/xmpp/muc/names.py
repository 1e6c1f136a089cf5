"""Namespaces, status codes and words of XEP-0045 and of what stands around it."""

from collections.abc import Iterable, Mapping

from antiphon._native import Kid
from antiphon.core.standing import Affiliation, Role
from antiphon.protocols.xmpp.message import escape

MUC = "http://jabber.org/protocol/muc"
USER = f"{MUC}#user"
ADMIN = f"{MUC}#admin"
OWNER = f"{MUC}#owner"
UNIQUE = f"{MUC}#unique"
REQUEST = f"{MUC}#request"
REGISTER_FORM = f"{MUC}#register"
ROOM_CONFIG = f"{MUC}#roomconfig"
ROOM_INFO = f"{MUC}#roominfo"
SELF_PING = f"{MUC}#self-ping-optimization"  # XEP-0410
STABLE_ID = f"{MUC}#stable_id"
CONFERENCE = "jabber:x:conference"  # XEP-0249
OCCUPANT_IDS = "urn:xmpp:occupant-id:0"  # XEP-0421
MODERATION = "urn:xmpp:message-moderate:1"  # XEP-0425
RETRACTION = "urn:xmpp:message-retract:1"  # XEP-0424
STANZA_IDS = "urn:xmpp:sid:0"  # XEP-0359

# Status codes (XEP-0045 §15.6).
SEEN = 100  # anybody here sees your address
CONFIGURED = 104
SELF = 110
LOGGED, NOT_LOGGED = 170, 171
NON_ANONYMOUS, SEMI_ANONYMOUS = 172, 173
CREATED = 201
RENAMED_BY_SERVICE = 210
BANNED = 301
RENAMED = 303
KICKED = 307
AFFILIATION_LOST, MEMBERS_ONLY = 321, 322
SHUTDOWN = 332
TECHNICAL = 333

# What clients must not say in the room's name (XEP-0045 §7.2.2, XEP-0203 §6, XEP-0421 §4).
FORGED = Kid.MUC | Kid.MUC_USER | Kid.OCCUPANT_ID | Kid.DELAY

ROLES: Mapping[Role, str] = {
    Role.LISTENER: "visitor",
    Role.SPEAKER: "participant",
    Role.MODERATOR: "moderator",
}
ROLE_OF: Mapping[str, Role] = {word: role for role, word in ROLES.items()}


def user(item: bytes = b"", statuses: Iterable[int] = (), *others: bytes) -> bytes:
    """The element that says what an occupant is, and what happened."""
    codes = "".join(f"<status code='{code}'/>" for code in statuses)
    return f"<x xmlns='{USER}'>".encode() + item + b"".join(others) + codes.encode() + b"</x>"


def item(
    affiliation: Affiliation,
    role: Role | None,
    *,
    jid: str | None = None,
    nick: str | None = None,
    reason: str = "",
) -> bytes:
    """What an occupant is; `role` None: in the room no more."""
    word = "none" if role is None else ROLES[role]
    head = f"<item affiliation='{affiliation.value}' role='{word}'"
    if jid is not None:
        head += f" jid='{escape(jid)}'"
    if nick is not None:
        head += f" nick='{escape(nick)}'"
    why = f"><reason>{escape(reason)}</reason></item>" if reason else "/>"
    return (head + why).encode()
