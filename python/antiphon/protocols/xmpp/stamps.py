"""Times as XMPP writes them (XEP-0082)."""

from datetime import UTC, datetime


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
