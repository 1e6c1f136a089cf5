"""The one table between the core's reasons and the conditions of XMPP's errors, both ways.

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

# Stream errors (RFC 6120 §4.9.3).
STREAM_CONDITIONS: dict[Reason, str] = {
    Reason.CONFLICT: "conflict",
    Reason.REPLACED: "conflict",
    Reason.TOO_LARGE: "policy-violation",
    Reason.TOO_MANY: "resource-constraint",
    Reason.BUSY: "resource-constraint",
    Reason.UNAUTHORIZED: "not-authorized",
    Reason.FORBIDDEN: "not-authorized",
    Reason.REMOVED: "not-authorized",
    Reason.TIMEOUT: "connection-timeout",
    Reason.LOST: "connection-timeout",
    Reason.DRAINING: "system-shutdown",
    Reason.CLOSED: "system-shutdown",
    Reason.INTERNAL: "internal-server-error",
    Reason.UNSUPPORTED: "unsupported-stanza-type",
}

_REASONS: dict[str, Reason] = {
    "bad-request": Reason.BAD_REQUEST,
    "conflict": Reason.CONFLICT,
    "feature-not-implemented": Reason.UNSUPPORTED,
    "forbidden": Reason.FORBIDDEN,
    "gone": Reason.GONE,
    "internal-server-error": Reason.INTERNAL,
    "item-not-found": Reason.NOT_FOUND,
    "jid-malformed": Reason.BAD_REQUEST,
    "not-acceptable": Reason.DECLINED,
    "not-allowed": Reason.FORBIDDEN,
    "not-authorized": Reason.UNAUTHORIZED,
    "policy-violation": Reason.FORBIDDEN,
    "recipient-unavailable": Reason.UNAVAILABLE,
    "redirect": Reason.GONE,
    "registration-required": Reason.FORBIDDEN,
    "remote-server-not-found": Reason.NOT_FOUND,
    "remote-server-timeout": Reason.TIMEOUT,
    "resource-constraint": Reason.BUSY,
    "service-unavailable": Reason.UNAVAILABLE,
    "subscription-required": Reason.FORBIDDEN,
    "unexpected-request": Reason.BAD_REQUEST,
}


def condition_of(reason: Reason) -> str:
    """The stanza error that refuses for this reason."""
    return CONDITIONS[reason]


def stream_condition_of(reason: Reason) -> str:
    """The stream error that ends a session for this reason."""
    return STREAM_CONDITIONS.get(reason, "undefined-condition")


def reason_of(condition: str) -> Reason:
    """What a stanza error means."""
    return _REASONS.get(condition, Reason.UNAVAILABLE)


def refuse(asked: Asked, to: str, refused: Refused, *, from_: str | None = None) -> bytes:
    """The stanza that tells `to` that what it asked for was refused."""
    return refusal(asked, to, condition_of(refused.reason), refused.text, from_=from_)
