"""Times as XMPP writes them (XEP-0082), and what clients say of when they wrote (XEP-0203)."""

from datetime import UTC, datetime

from antiphon._native import Kid, Stanza
from antiphon.core.address import Address

from .message import Malformed, parse


def timestamp(seconds: float) -> str:
    """Seconds since 1970 as `2026-11-21T09:30:00.000Z`."""
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def seconds_of(text: str) -> float:
    """Read a point in time. Raises ValueError for what is none, or has no time zone."""
    read = datetime.fromisoformat(text.strip())
    if read.tzinfo is None:
        raise ValueError(f"no time zone: {text[:40]!r}")
    return read.timestamp()


def own_delays(sent: Stanza, sender: Address) -> tuple[int, bytes]:
    """What to drop of a client's message, and what of it stays: it may say when it was written
    itself, but not in the name of a room or a server that somebody else kept it (XEP-0203 §6).
    """
    if not sent.kids & Kid.DELAY:
        return 0, b""
    own = {str(sender), str(sender.bare)}
    return Kid.DELAY, b"".join(one for one in sent.children(Kid.DELAY) if _of(one) in own)


def _of(delay: bytes) -> str | None:
    try:
        return parse(delay).get("from")
    except Malformed:
        return None
