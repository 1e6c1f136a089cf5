"""What a Contact and a Path of REGISTER say, checked; bindings are made of it elsewhere."""

import re
from dataclasses import dataclass

from antiphon._native import SipRequest

from .uri import MalformedError, parse_uri

MAX_URI = 512
MAX_INSTANCE = 128
MAX_PATH = 5
MAX_PATH_SIZE = 1024
MAX_REG_ID = 2**31 - 1
# What may stand between angle brackets or quotes of ours.
UNQUOTED = re.compile(r"[!#-;=?-~]+")


class Refusal(Exception):
    """A request is refused with this status."""

    def __init__(self, status: int, reason: str = "", headers: bytes = b"") -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason
        self.headers = headers


@dataclass(frozen=True, slots=True)
class Wanted:
    """A contact that shall be bound. `host`: IP address or name, IPv6 without brackets."""

    uri: str
    host: str
    q: float
    instance: str
    reg_id: int


def wanted(uri: str, parameters: dict[str, str], outbound: bool, domain: str) -> Wanted:
    """Check one contact. Raises `Refusal`."""
    if len(uri) > MAX_URI:
        raise Refusal(400, "Contact Too Long")
    if not UNQUOTED.fullmatch(uri):
        raise Refusal(400, "Bad Contact")
    try:
        parsed = parse_uri(uri)
    except MalformedError as error:
        raise Refusal(400, "Bad Contact") from error
    if not parsed.host:
        raise Refusal(400, "Not A SIP Contact")
    if parsed.host == domain and parsed.port is None:
        raise Refusal(403, "A Contact Of This Server Would Be A Loop")
    instance = parameters.get("+sip.instance", "").strip("<>")
    if len(instance) > MAX_INSTANCE or (instance and not UNQUOTED.fullmatch(instance)):
        raise Refusal(400, "Bad Instance")
    return Wanted(
        uri,
        parsed.host.strip("[]"),
        quality(parameters.get("q")),
        instance,
        _reg_id(parameters.get("reg-id"), bool(instance)) if outbound else 0,
    )


def route_of(request: SipRequest) -> tuple[str, ...]:
    """URIs of the proxies on the way, for Route in this order (RFC 3327 §5.3)."""
    found = request.all("path")
    if not found:
        return ()
    path = request.addresses("path")
    if len(path) > MAX_PATH or sum(len(uri) for _, uri, _ in path) > MAX_PATH_SIZE:
        raise Refusal(400, "Path Too Long")
    if len(path) != len(request.all("path", True)) or not all(
        UNQUOTED.fullmatch(uri) for _, uri, _ in path
    ):
        raise Refusal(400, "Bad Path")
    return tuple(uri for _, uri, _ in path)


def quality(text: str | None) -> float:
    """RFC 3261 §25.1 `qvalue`. Raises `Refusal`."""
    if text is None:
        return 1.0
    try:
        value = float(text)
    except ValueError:
        raise Refusal(400, "Bad Contact") from None
    if not 0.0 <= value <= 1.0:
        raise Refusal(400, "Bad Contact")
    return round(value, 3)


def _reg_id(text: str | None, has_instance: bool) -> int:
    # RFC 5626 §6: without an instance it means nothing.
    if text is None or not has_instance:
        return 0
    is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_REG_ID))
    if not is_number or not 1 <= int(text) <= MAX_REG_ID:
        raise Refusal(400, "Bad Contact")
    return int(text)
