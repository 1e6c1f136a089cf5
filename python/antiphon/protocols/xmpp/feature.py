"""What a feature is: one small file that names the standard it obeys, and what it answers or
watches.

The router asks features; they know each other by the values that they are given, never by the
router. Plug-ins add their own.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Flag, auto
from typing import Any, ClassVar, TypeVar
from xml.etree.ElementTree import Element

from antiphon._native import Stanza
from antiphon.core.address import Address
from antiphon.core.event import Event
from antiphon.core.reason import Refused

from .message import Malformed, error, parse
from .reasons import condition_of
from .session import Session

T = TypeVar("T")


class Scope(Flag):
    """Whom a request is addressed to."""

    OWN = auto()  # nobody (RFC 6120 §8.1.1.1), or the sender's own account
    SERVER = auto()  # the domain
    OTHER = auto()  # another account of this domain
    ANY = OWN | SERVER | OTHER


class StanzaError(Exception):
    """What was asked for is not done: a condition of RFC 6120 §8.3.3, words for people, a type that
    is not the condition's usual one, and an application's own condition (XML).
    """

    def __init__(
        self, condition: str, text: str = "", *, kind: str | None = None, extra: bytes = b""
    ) -> None:
        super().__init__(f"{condition}: {text}")
        self.condition = condition
        self.text = text
        self.kind = kind
        self.extra = extra

    def xml(self) -> bytes:
        """The error element."""
        return error(self.condition, self.text, kind=self.kind, extra=self.extra)


def error_of(refused: Refused | StanzaError) -> bytes:
    """The error element that says why something was refused."""
    if isinstance(refused, StanzaError):
        return refused.xml()
    return error(condition_of(refused.reason), refused.text)


@dataclass(frozen=True, slots=True)
class Request:
    """An IQ of type get or set that the server answers.

    `account`: whom it is about (bare), None when it is for the domain.
    """

    session: Session
    stanza: Stanza
    scope: Scope
    account: Address | None

    def payload(self) -> Element:
        """The element within. Raises `StanzaError` unless there is one (RFC 6120 §8.2.3)."""
        children = self.stanza.children()
        if len(children) != 1:
            raise StanzaError("bad-request", "There must be exactly one element in a request.")
        try:
            return parse(children[0])
        except Malformed as malformed:
            raise StanzaError("bad-request", str(malformed)) from None

    @property
    def own(self) -> Address:
        """The bare address of the one who asks."""
        return self.session.account


Reply = Element | bytes | None
Handler = Callable[[Request], Any]
# A `Reply`, or a coroutine that gives one.


@dataclass(frozen=True, slots=True)
class Serve:
    """Requests that a feature answers: type (get or set), name and namespace of what is asked.
    `guests`: whether those without an account may set something of theirs.

    The handler gives the payload of the result, None for an empty one; it raises `StanzaError` or
    `Refused`. What an asynchronous one is asked by a session is done in order.
    """

    type: str
    name: str
    namespace: str
    handler: Handler
    scope: Scope = Scope.OWN
    guests: bool = False


class Feature:
    """Base of all; override what is needed.

    `xep`: the standard. `namespaces`: what the server says that it supports (XEP-0030);
    `account_namespaces`: what it says so of accounts.
    """

    xep: ClassVar[str] = ""
    namespaces: tuple[str, ...] = ()
    account_namespaces: tuple[str, ...] = ()
    message_kids: int = 0
    """Bits of `Kid`: `message_in` is asked about messages that have any of them."""

    def offered(self) -> bytes:
        """Stream features for those who have logged in."""
        return b""

    def requests(self) -> Iterable[Serve]:
        """What it answers."""
        return ()

    def news(self) -> Mapping[type[Event], Callable[[Session, Any], None]]:
        """What of the core's events it tells a session's client."""
        return {}

    def message_in(self, session: Session, stanza: Stanza) -> bool:
        """A client sent a message with one of `message_kids`; True: it is done with."""
        return False

    def bound(self, session: Session) -> None:
        """A session begins."""

    def moved(self, session: Session) -> None:
        """The connection of a session is another, or none."""

    def activity(self, session: Session) -> None:
        """`session.active` changed."""

    def gone(self, session: Session) -> None:
        """A session has ended."""

    def undelivered(self, session: Session, unacked: Sequence[Stanza]) -> None:
        """It ended without having acknowledged these, oldest first."""


def remembered(session: Session, kind: type[T]) -> T:
    """What a feature remembers of a session, made at the first time."""
    found = session.features.get(kind)
    if found is None:
        found = session.features[kind] = kind()
    return found
