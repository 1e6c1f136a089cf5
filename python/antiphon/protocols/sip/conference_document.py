"""Who is in a room as a document (conference-info, RFC 4575): what a telephone shows of its
conference.

Values in, bytes out; it knows no subscription.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from antiphon.core.description import Kind

from .presence_document import document_bytes

CONTENT_TYPE = "application/conference-info+xml"

_SPACE = "urn:ietf:params:xml:ns:conference-info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """One endpoint of a user. `media`: what it sends: the track's id, kind, whether it is muted."""

    id: str
    name: str
    role: str
    held: bool = False
    media: tuple[tuple[str, Kind, bool], ...] = ()


# Entity (`sip:` URI) → the endpoints by which that user is there.
Users = Mapping[str, Sequence[Participant]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conference:
    """A room as it is said to be. `entity`: its `sip:` URI."""

    entity: str
    title: str
    most: int | None
    users: Users


def write_conference(
    conference: Conference, version: int, *, changed: Users | None = None, gone: Sequence[str] = ()
) -> bytes:
    """The whole document, or only who `changed` and who is `gone` (RFC 4575 §4.1)."""
    full = changed is None
    root = ElementTree.Element(
        "conference-info",
        {
            "xmlns": _SPACE,
            "entity": conference.entity,
            "state": "full" if full else "partial",
            "version": str(version),
        },
    )
    if full:
        description = _add(root, "conference-description")
        _add(description, "subject", conference.title)
        if conference.most is not None:
            _add(description, "maximum-user-count", str(conference.most))
    state = _add(root, "conference-state")
    _add(state, "user-count", str(len(conference.users)))
    _add(state, "active", "true")
    users = _add(root, "users", state="full" if full else "partial")
    for entity, participants in (conference.users if changed is None else changed).items():
        _add_user(users, entity, participants)
    for entity in gone:
        _add(users, "user", entity=entity, state="deleted")
    return document_bytes(root)


def _add_user(users: ElementTree.Element, entity: str, participants: Sequence[Participant]) -> None:
    user = _add(users, "user", entity=entity, state="full")
    _add(user, "display-text", participants[0].name)
    roles = _add(user, "roles")
    for role in sorted({one.role for one in participants}):
        _add(roles, "entry", role)
    for participant in participants:
        endpoint = _add(user, "endpoint", entity=f"{entity};id={participant.id}")
        _add(endpoint, "display-text", participant.name)
        _add(endpoint, "status", "on-hold" if participant.held else "connected")
        _add(endpoint, "joining-method", "dialed-in")
        for id, kind, muted in participant.media:
            media = _add(endpoint, "media", id=id)
            _add(media, "type", kind.value)
            _add(media, "status", "recvonly" if muted else "sendrecv")


def _add(
    parent: ElementTree.Element, name: str, text: str = "", **attributes: str
) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, name, attributes)
    if text:
        element.text = text
    return element
