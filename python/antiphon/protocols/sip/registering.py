"""What a REGISTER asks for, what it would change, and which bindings its contacts mean (RFC 3261
§10.3, RFC 5626 §6). Nothing is changed here.
"""

from typing import NamedTuple

from antiphon._native import SipFlow, SipRequest

from .contacts import Refusal, quality
from .location import Binding
from .uri import MalformedError, parse_uri


class Registering(NamedTuple):
    """What a REGISTER asks for, apart from its contacts. `outbound`: RFC 5626 §6 holds for it."""

    request: SipRequest
    flow: SipFlow
    local: str
    call_id: str
    cseq: int
    now: float
    supported: frozenset[str]
    path: tuple[str, ...]
    outbound: bool


class Plan:
    """What a REGISTER does. `longer`: bindings that stay, and until when; `refresh`: nothing else
    changes. `moved`: flows by which telephones were reached, and those by which they came back.
    `until`: when the last of its contacts ends.
    """

    __slots__ = ("left", "longer", "moved", "refresh", "until")

    def __init__(self, left: list[Binding]) -> None:
        self.left = left
        self.longer: list[tuple[Binding, float]] = []
        self.moved: list[tuple[SipFlow, SipFlow]] = []
        self.refresh = True
        self.until = 0.0


def find(
    present: list[Binding], uri: str, parameters: dict[str, str], outbound: bool
) -> Binding | None:
    """The binding that a contact is about: by instance and flow (RFC 5626 §6), else by its URI."""
    reg_id = parameters.get("reg-id") if outbound else None
    if reg_id is not None and (instance := parameters.get("+sip.instance")):
        instance = instance.strip("<>")
        for one in present:
            if one.instance == instance and str(one.reg_id) == reg_id:
                return one
        return None
    for one in present:
        if one.uri == uri:
            return one
    return _equal_contact(present, uri) if present else None


def _equal_contact(present: list[Binding], uri: str) -> Binding | None:
    """The binding whose URI is equal though written otherwise (RFC 3261 §19.1.4)."""
    try:
        found = parse_uri(uri)
        return next((one for one in present if found.same(parse_uri(one.uri))), None)
    except MalformedError:
        return None


def is_same(
    old: Binding, uri: str, parameters: dict[str, str], flow: SipFlow, path: tuple[str, ...]
) -> bool:
    """Whether a refresh changes nothing but the time. Raises `Refusal`."""
    if old.uri != uri or old.path != path:
        return False
    if parameters.get("+sip.instance", "").strip("<>") != old.instance:
        return False
    if quality(parameters.get("q")) != old.q:
        return False
    if old.flow == flow:
        return True
    # A contact that is dialled by itself need not come from the same port each time.
    return (
        not old.nat
        and not flow.reliable
        and not old.flow.reliable
        and not old.path
        and old.flow.remote[0] == flow.remote[0]
    )


def check_order(asked: Registering, binding: Binding) -> None:
    """RFC 3261 §10.3 step 7; the same number again is a request that was sent twice. Raises
    `Refusal`.
    """
    if binding.call_id == asked.call_id and asked.cseq < binding.cseq:
        raise Refusal(500, "CSeq Out Of Order")


def seconds_of(text: str | None, default: int) -> int:
    """RFC 3261 §10.2.1.1: what cannot be read counts as the default."""
    if text is None or not (text := text.strip()).isdecimal() or len(text) > 10:
        return default
    return int(text)
