"""Copies of one's messages for one's other devices (XEP-0280), wrapped as XEP-0297 has it."""

from collections.abc import Iterable
from typing import Literal

from antiphon.protocols.xmpp.adapter import forwarded
from antiphon.protocols.xmpp.feature import Feature, Request, Serve
from antiphon.protocols.xmpp.message import stanza
from antiphon.protocols.xmpp.session import Session

CARBONS = "urn:xmpp:carbons:2"
RULES = "urn:xmpp:carbons:rules:0"


class Wanted:
    """A session has it that asked for copies."""

    __slots__ = ()


_WANTED = Wanted()


class Carbons(Feature):
    """Turning copies on and off; they are made where messages are delivered."""

    xep = "XEP-0280"
    namespaces = (CARBONS, RULES)
    account_namespaces = (CARBONS, RULES)

    def requests(self) -> Iterable[Serve]:
        """Enable and disable."""
        yield Serve("set", "enable", CARBONS, _enable, guests=True)
        yield Serve("set", "disable", CARBONS, _disable, guests=True)


def _enable(request: Request) -> None:
    request.session.features[Wanted] = _WANTED


def _disable(request: Request) -> None:
    request.session.features.pop(Wanted, None)


def wants(session: Session) -> bool:
    """Whether it gets copies."""
    return Wanted in session.features


def copy(session: Session, direction: Literal["sent", "received"], data: bytes) -> bytes:
    """The copy of a message for one session (XEP-0280 §6). It comes from the account itself: who
    gets it must not believe others.
    """
    head = f"<{direction} xmlns='{CARBONS}'>".encode()
    tail = f"</{direction}>".encode()
    return stanza(
        "message",
        head + forwarded(data) + tail,
        to=session.jid,
        from_=session.bare,
        kind="chat",
    )
