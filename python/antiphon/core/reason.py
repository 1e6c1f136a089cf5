"""Why something was refused or ended; each protocol's adapter has one table from here to its status
codes.
"""

from enum import StrEnum


class Reason(StrEnum):
    """The one list of reasons, shared by every protocol."""

    BAD_REQUEST = "bad_request"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    GONE = "gone"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    UNSUPPORTED = "unsupported"
    TIMEOUT = "timeout"
    BUSY = "busy"
    INTERNAL = "internal"
    UNAVAILABLE = "unavailable"
    # why somebody does not get into a room, or ceases to be in it, besides some of the others
    BANNED = "banned"
    MEMBERS_ONLY = "members_only"
    PASSWORD = "password"  # noqa: S105  (none was given, or not the room's)
    # why a call ended, besides some of the above
    DECLINED = "declined"
    CANCELLED = "cancelled"
    ELSEWHERE = "elsewhere"
    TRANSFERRED = "transferred"
    # why a membership ended, besides some of the above
    LEFT = "left"
    REMOVED = "removed"
    CLOSED = "closed"
    REPLACED = "replaced"
    DRAINING = "draining"
    LOST = "lost"


class Refused(Exception):
    """A verb was not done, for a reason that the one who asked may be told."""

    def __init__(self, reason: Reason, text: str) -> None:
        super().__init__(text)
        self.reason = reason
        self.text = text

    def __str__(self) -> str:
        return f"{self.reason}: {self.text}"


class WrongState(Exception):
    """The caller used a verb where it has no meaning: a bug of ours, never the peer's doing."""
