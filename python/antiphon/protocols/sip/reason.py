"""The one table between the core's reasons and SIP's status codes, both ways, and Reason fields.

It decides nothing: adapters ask it.
"""

from antiphon.core.reason import Reason

from .header import ReasonValue, elements, parse_reason
from .uri import MalformedError

# What a request is answered with. A full room is busy, not out of service: 503 would make a
# telephone or a carrier turn away from this server altogether (RFC 3261 §21.5.4).
STATUS: dict[Reason, int] = {
    Reason.BAD_REQUEST: 400,
    Reason.UNAUTHORIZED: 403,
    Reason.FORBIDDEN: 403,
    Reason.NOT_FOUND: 404,
    Reason.CONFLICT: 491,
    Reason.GONE: 410,
    Reason.TOO_LARGE: 413,
    Reason.TOO_MANY: 486,
    Reason.UNSUPPORTED: 488,
    Reason.TIMEOUT: 408,
    Reason.BUSY: 486,
    Reason.INTERNAL: 500,
    Reason.UNAVAILABLE: 480,
    Reason.BANNED: 403,
    Reason.MEMBERS_ONLY: 403,
    Reason.PASSWORD: 403,
    Reason.DECLINED: 603,
    Reason.CANCELLED: 487,
    Reason.ELSEWHERE: 487,
    Reason.TRANSFERRED: 487,
    Reason.LEFT: 487,
    Reason.REMOVED: 403,
    Reason.CLOSED: 410,
    Reason.REPLACED: 487,
    Reason.DRAINING: 503,
    Reason.LOST: 408,
}

_REASONS: dict[int, Reason] = {
    400: Reason.BAD_REQUEST,
    401: Reason.FORBIDDEN,
    403: Reason.FORBIDDEN,
    404: Reason.NOT_FOUND,
    407: Reason.FORBIDDEN,
    408: Reason.TIMEOUT,
    410: Reason.NOT_FOUND,
    413: Reason.TOO_LARGE,
    415: Reason.UNSUPPORTED,
    416: Reason.NOT_FOUND,
    484: Reason.NOT_FOUND,
    486: Reason.BUSY,
    487: Reason.CANCELLED,
    488: Reason.UNSUPPORTED,
    504: Reason.TIMEOUT,
    600: Reason.BUSY,
    603: Reason.DECLINED,
    604: Reason.NOT_FOUND,
    606: Reason.UNSUPPORTED,
    607: Reason.DECLINED,
    608: Reason.DECLINED,
}

# Causes of Q.850 that carriers give in the Reason field of a BYE or CANCEL (RFC 3326 §2).
_CAUSES: dict[int, Reason] = {
    1: Reason.NOT_FOUND,
    16: Reason.LEFT,
    17: Reason.BUSY,
    18: Reason.TIMEOUT,
    19: Reason.TIMEOUT,
    21: Reason.DECLINED,
    27: Reason.UNAVAILABLE,
    28: Reason.NOT_FOUND,
    31: Reason.LEFT,
    38: Reason.UNAVAILABLE,
}

_PHRASES: dict[int, str] = {
    100: "Trying",
    180: "Ringing",
    181: "Call Is Being Forwarded",
    182: "Queued",
    183: "Session Progress",
    200: "OK",
    202: "Accepted",
    204: "No Notification",
    302: "Moved Temporarily",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    410: "Gone",
    412: "Conditional Request Failed",
    413: "Request Entity Too Large",
    415: "Unsupported Media Type",
    420: "Bad Extension",
    421: "Extension Required",
    422: "Session Interval Too Small",
    423: "Interval Too Brief",
    469: "Bad Info Package",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    489: "Bad Event",
    491: "Request Pending",
    500: "Server Internal Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    600: "Busy Everywhere",
    603: "Decline",
}


def status_of(reason: Reason) -> int:
    """The final response that refuses a request for this reason."""
    return STATUS[reason]


def reason_of(status: int) -> Reason:
    """What a final response to our INVITE means."""
    return _REASONS.get(status, Reason.UNAVAILABLE)


def phrase(status: int) -> str:
    """The words that stand beside a status code."""
    return _PHRASES.get(status, "")


def ended_by(fields: list[str], otherwise: Reason) -> Reason:
    """Why the other side ended a call, by the Reason fields of its BYE or CANCEL (RFC 3326)."""
    try:
        values = [parse_reason(text) for text in elements(fields)]
    except MalformedError:
        return otherwise  # a field for people's information must not stop a call from ending
    for value in values:
        if value.protocol.upper() == "SIP" and value.cause >= 200:
            # RFC 3326 §2: 200 in a CANCEL means that the call was completed elsewhere.
            return Reason.ELSEWHERE if value.cause == 200 else reason_of(value.cause)
        if value.protocol.upper() == "Q.850" and value.cause in _CAUSES:
            return _CAUSES[value.cause]
    return otherwise


def reason_field(reason: Reason, text: str = "") -> ReasonValue:
    """The Reason of a BYE or CANCEL that ends a call (RFC 3326)."""
    if reason is Reason.ELSEWHERE:
        return ReasonValue("SIP", 200, text or "Call completed elsewhere")
    if reason in (Reason.LEFT, Reason.CLOSED, Reason.TRANSFERRED, Reason.REPLACED):
        return ReasonValue("Q.850", 16, text or "Normal call clearing")
    status = status_of(reason)
    return ReasonValue("SIP", status, text or phrase(status))
