"""Presence as stanzas and as the core's values (RFC 6121 §4.7). It decides nothing."""

from antiphon._native import Kid, Stanza
from antiphon.core.address import Address
from antiphon.core.message import Original
from antiphon.core.presence import PresenceState

from .adapter import FORM
from .message import Malformed, escape, parse, stanza
from .stamps import seconds_of, timestamp

IDLE = "urn:xmpp:idle:1"  # XEP-0319
# What RFC 6121 §4.7.2.1 calls it → what the core does.
SHOWS = {"away": "away", "chat": "chat", "dnd": "busy", "xa": "xa"}
WRITTEN = {name: show for show, name in SHOWS.items()}
MAX_NOTE = 256  # characters of a status that others than XMPP clients see


def state_of(sent: Stanza, device: Address, presence: bytes) -> PresenceState:
    """What an available presence says. Raises ValueError for what RFC 6121 §4.7 does not allow."""
    kids = sent.kids
    return PresenceState(
        device=device,
        show=_show(sent) if kids & Kid.SHOW else "available",
        note=(sent.text(Kid.STATUS) or "")[:MAX_NOTE] if kids & Kid.STATUS else "",
        priority=_priority(sent) if kids & Kid.PRIORITY else 0,
        idle_since=_idle_since(sent) if kids & Kid.IDLE else None,
        original=Original(FORM, presence),
    )


def _show(sent: Stanza) -> str:
    text = (sent.text(Kid.SHOW) or "").strip()
    if not text:
        return "available"
    if text not in SHOWS:
        raise ValueError("show must be away, chat, dnd or xa")
    return SHOWS[text]


def _priority(sent: Stanza) -> int:
    text = (sent.text(Kid.PRIORITY) or "0").strip()
    if len(text) > 4 or not -128 <= (priority := int(text)) <= 127:
        raise ValueError("priority must be from -128 to 127")
    return priority


def _idle_since(sent: Stanza) -> float | None:
    """XEP-0319; one that cannot be read spoils nothing else."""
    try:
        child = sent.child(Kid.IDLE)
        return None if child is None else seconds_of(parse(child).get("since", ""))
    except (ValueError, Malformed):
        return None


def presence_of(state: PresenceState) -> bytes:
    """How a device's user is there, without `to`; as its own client said it, if it speaks XMPP."""
    if state.original is not None and state.original.form == FORM:
        return _told(state, state.original.data)
    children = _words(state)
    if state.priority:
        children.append(f"<priority>{state.priority}</priority>".encode())
    if state.idle_since is not None:
        since = timestamp(state.idle_since)
        children.append(f"<idle xmlns='{IDLE}' since='{since}'/>".encode())
    return stanza("presence", *children, from_=str(state.device))


def _told(state: PresenceState, data: bytes) -> bytes:
    """A client's own presence, unless more is known of its user: that they are on a call."""
    if state.show != "busy":
        return data
    said = Stanza(data)
    if SHOWS.get((said.text(Kid.SHOW) or "").strip()) == state.show:
        return data
    return said.stamp(drop=Kid.SHOW | Kid.STATUS, extra=b"".join(_words(state)))


def _words(state: PresenceState) -> list[bytes]:
    children: list[bytes] = []
    if (show := WRITTEN.get(state.show)) is not None:
        children.append(f"<show>{show}</show>".encode())
    if state.note:
        children.append(f"<status>{escape(state.note)}</status>".encode())
    return children


def unavailable(device: Address) -> bytes:
    """A device is gone."""
    return stanza("presence", from_=str(device), kind="unavailable")
