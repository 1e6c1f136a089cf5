"""XMPP streams without sockets: a wire that remembers what it was told, and a hub around it."""

import asyncio
import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from antiphon._native import Kept, Stanza
from antiphon.core.address import Address, Addresses
from antiphon.core.ports import Caller
from antiphon.core.reason import Reason, Refused
from antiphon.protocols.xmpp.config import XmppLimits
from antiphon.protocols.xmpp.hub import Hub
from antiphon.protocols.xmpp.negotiation import Negotiation
from antiphon.protocols.xmpp.offers import Channel, Terms
from antiphon.protocols.xmpp.sasl import (
    AskGuest,
    AskKeys,
    AskPassword,
    AskToken,
    Identity,
    Question,
    ScramKeys,
)
from antiphon.protocols.xmpp.session import Session
from antiphon.protocols.xmpp.wire import Bounds, End, Header
from antiphon.services.normalize import PrecisNormalizer

DOMAIN = "example.org"
PEER = "192.0.2.7"


class FakeWire:
    """A wire whose other end is the test: `sent` is what went out, `said` what it was told."""

    def __init__(self, connection: int | None = 1, *, keeps: bool = True) -> None:
        self.connection = connection
        self.keeps = keeps
        self.end: End | None = None
        self.sent: list[bytes] = []
        self.said: list[str] = []
        self.named = ""
        self.kept: Kept | None = None
        self.bounds: Bounds | None = None
        self.silence = 0.0
        self.is_closed = False
        self.is_aborted = False

    def carry(self, end: End) -> None:
        self.end = end

    def open(self, to: str | None, *, from_: str | None = None) -> str:
        self.sent.append(f"<header to='{to}'/>".encode())
        return "stream-id"

    def send(self, data: bytes) -> None:
        if not self.is_closed:
            self.sent.append(data)

    def forward(
        self,
        stanza: Stanza,
        from_: str | None,
        *,
        address: str | None = None,
        extra: bytes = b"",
        drop: int = 0,
        by: str = "",
    ) -> None:
        self.send(stanza.stamp(from_, to=address, extra=extra, drop=drop, by=by))

    def resume(self, *, restart: bool = False, starttls: bool = False, free: bool = False) -> None:
        flags = {"restart": restart, "starttls": starttls, "free": free}
        self.said.append("+".join(name for name, on in flags.items() if on) or "resume")

    def keep(self, kept: Kept | None) -> None:
        self.kept = kept

    def name(self, address: str) -> None:
        self.named = address

    def limit(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.said.append("limits")

    def idle(self) -> float:
        return self.silence

    def close(self, error: bytes = b"") -> None:
        if error:
            self.send(error)
        self.is_closed = True
        self.end = None

    def abort(self) -> None:
        self.is_aborted = True
        if self.end is not None:
            self.end.lost()

    def take(self) -> str:
        """What was sent since the last time."""
        text = b"".join(self.sent).decode()
        self.sent.clear()
        return text


@dataclass
class FakeDirectory:
    """Accounts whose passwords are known; answers at once, or when `release` is called."""

    passwords: dict[str, str] = field(default_factory=lambda: {"alice": "secret", "bob": "hidden"})
    keys: Callable[[AskKeys], ScramKeys] | None = None
    hashes: frozenset[str] = frozenset({"sha1", "sha256"})
    limit: int | None = None
    stamp: str | None = "first"
    expires_at: float | None = None
    failure: Exception | None = None
    asked: list[Question] = field(default_factory=list)

    async def answer(self, question: Question) -> Identity | ScramKeys | None:
        self.asked.append(question)
        if self.failure is not None:
            raise self.failure
        match question:
            case AskPassword(name, password):
                if self.passwords.get(name) != password:
                    raise Refused(Reason.UNAUTHORIZED, "wrong")
                return self.identity(name)
            case AskToken(token):
                return self.identity("alice") if token == "good" else None
            case AskGuest():
                guest = Address("stranger", f"guest.{DOMAIN}")
                return Identity(Caller(address=guest, name="Stranger"))
            case _:
                assert self.keys is not None
                return self.keys(question)

    def identity(self, name: str) -> Identity:
        caller = Caller(address=Address(name, DOMAIN), name=name.title())
        return Identity(caller, self.limit, self.stamp, self.expires_at)


@dataclass
class FakeRouter:
    """Remembers what it is told."""

    received_: list[tuple[str, Stanza]] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    returned: dict[str, list[bytes]] = field(default_factory=dict)
    on_stanza: Callable[[Session, Stanza], None] = lambda session, stanza: None

    def features(self, account: Address) -> bytes:
        return b"<ver xmlns='urn:xmpp:features:rosterver'/>"

    def bound(self, session: Session) -> None:
        self.events.append(f"bound {session.jid}")

    def received(self, session: Session, stanza: Stanza) -> None:
        self.received_.append((session.jid, stanza))
        self.on_stanza(session, stanza)

    def activity(self, session: Session) -> None:
        self.events.append(f"{'active' if session.active else 'inactive'} {session.jid}")

    def hibernated(self, session: Session) -> None:
        self.events.append(f"hibernated {session.jid}")

    def resumed(self, session: Session) -> None:
        self.events.append(f"resumed {session.jid}")

    def gone(self, session: Session, unacked: Sequence[Stanza]) -> None:
        self.events.append(f"gone {session.jid}")
        self.returned[session.jid] = [stanza.raw for stanza in unacked]


class Site:
    """A hub, and streams of it."""

    def __init__(self, limits: XmppLimits | None = None) -> None:
        self.directory = FakeDirectory()
        self.router = FakeRouter()
        self.now = 1_000_000.0
        self.hub = Hub(
            addresses=Addresses(DOMAIN, PrecisNormalizer()),
            directory=self.directory,
            limits=limits or XmppLimits(),
            loop=asyncio.get_running_loop(),
            touched=lambda: None,
            clock=lambda: self.now,
        )
        self.hub.router = self.router

    def stream(
        self,
        *,
        starttls: bool = True,
        encrypted: bool = True,
        guests: bool = False,
        registration: bool = False,
        secure: bool = True,
        bindings: dict[str, bytes] | None = None,
        keeps: bool = True,
        connection: int = 1,
    ) -> tuple[Negotiation, FakeWire]:
        """A new stream; unless told otherwise TLS is there."""
        wire = FakeWire(connection, keeps=keeps)
        terms = Terms(
            starttls=starttls, encrypted=encrypted, guests=guests, registration=registration
        )
        channel = Channel(secure=secure, bindings=bindings or {})
        stream = Negotiation(self.hub, wire, terms, PEER, channel)
        wire.carry(stream)
        return stream, wire

    async def log_in(
        self, name: str = "alice", *, keeps: bool = True, connection: int = 1
    ) -> tuple[Negotiation, FakeWire]:
        """A stream whose client has proved who it is, and has its second header."""
        stream, wire = self.stream(keeps=keeps, connection=connection)
        stream.opened(header())
        password = self.directory.passwords[name]
        stream.received(plain(name, password))
        await settle()
        assert "<success" in wire.take()
        stream.opened(header())
        wire.take()
        wire.said.clear()
        return stream, wire

    async def session(
        self, name: str = "alice", resource: str = "desk", *, connection: int = 1
    ) -> tuple[Session, FakeWire]:
        """A bound session."""
        stream, wire = await self.log_in(name, connection=connection)
        stream.received(bind(resource))
        assert isinstance(wire.end, Session)
        wire.take()
        return wire.end, wire


def header(**values: str | None) -> Header:
    return Header(**({"to": DOMAIN, "version": "1.0"} | values))  # type: ignore[arg-type]


def xml(text: str) -> Stanza:
    return Stanza(text.encode())


def auth(mechanism: str, data: bytes | None = None) -> Stanza:
    text = "" if data is None else base64.b64encode(data).decode() or "="
    return xml(
        f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='{mechanism}'>{text}</auth>"
    )


def response(data: bytes) -> Stanza:
    text = base64.b64encode(data).decode() or "="
    return xml(f"<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{text}</response>")


def plain(name: str, password: str) -> Stanza:
    return auth("PLAIN", f"\0{name}\0{password}".encode())


def bind(resource: str = "", id: str = "b1") -> Stanza:
    inside = f"<resource>{resource}</resource>" if resource else ""
    asked = f"<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>{inside}</bind>"
    return xml(f"<iq type='set' id='{id}'>{asked}</iq>")


async def settle() -> None:
    """Let tasks do what they can."""
    for _ in range(10):
        await asyncio.sleep(0)
