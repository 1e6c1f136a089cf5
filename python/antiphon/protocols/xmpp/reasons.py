"""The one table from the core's reasons to the conditions of XMPP's errors.

It decides nothing: adapters ask it.
"""

from antiphon.core.reason import Reason, Refused

from .message import Asked, refusal

# Stanza errors (RFC 6120 §8.3.3).
CONDITIONS: dict[Reason, str] = {
    Reason.BAD_REQUEST: "bad-request",
    Reason.UNAUTHORIZED: "not-authorized",
    Reason.FORBIDDEN: "forbidden",
    Reason.NOT_FOUND: "item-not-found",
    Reason.CONFLICT: "conflict",
    Reason.GONE: "gone",
    Reason.TOO_LARGE: "policy-violation",
    Reason.TOO_MANY: "resource-constraint",
    Reason.UNSUPPORTED: "feature-not-implemented",
    Reason.TIMEOUT: "remote-server-timeout",
    Reason.BUSY: "resource-constraint",
    Reason.INTERNAL: "internal-server-error",
    Reason.UNAVAILABLE: "service-unavailable",
    # XEP-0045 §7.2.5–7.2.8
    Reason.BANNED: "forbidden",
    Reason.MEMBERS_ONLY: "registration-required",
    Reason.PASSWORD: "not-authorized",
    Reason.DECLINED: "not-acceptable",
    Reason.CANCELLED: "undefined-condition",
    Reason.ELSEWHERE: "undefined-condition",
    Reason.TRANSFERRED: "redirect",
    Reason.LEFT: "undefined-condition",
    Reason.REMOVED: "not-allowed",
    Reason.CLOSED: "gone",
    Reason.REPLACED: "conflict",
    Reason.DRAINING: "service-unavailable",
    Reason.LOST: "recipient-unavailable",
}


def condition_of(reason: Reason) -> str:
    """The stanza error that refuses for this reason."""
    return CONDITIONS[reason]


def refuse(asked: Asked, to: str, refused: Refused, *, from_: str | None = None) -> bytes:
    """The stanza that tells `to` that what it asked for was refused."""
    return refusal(asked, to, condition_of(refused.reason), refused.text, from_=from_)
