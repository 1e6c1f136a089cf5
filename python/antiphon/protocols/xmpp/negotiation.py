"""One stream from its header to a bound session (RFC 6120 §4 to §7) as a state machine: elements
in, verbs of its wire out. It opens no socket, knows no clock, and ends where the session begins.
"""

import logging
from enum import Enum, auto
from typing import Protocol

from antiphon._native import Kid, Stanza, Verb
from antiphon.core.address import Address
from antiphon.core.reason import Reason, Refused

from .login import Doorkeeper, Login
from .management import Management, number, too_high
from .message import element, parse, refusal, result, stream_error, text_of
from .namespaces import BIND, CLIENT, TLS
from .offers import Channel, Terms, login_features, may_log_in, session_features
from .sasl import Identity
from .session import Session
from .wire import Header, Wire

log = logging.getLogger(__name__)

# Requests that a stream may make before anybody has logged in: forms of registration.
MAX_REQUESTS = 20
PROCEED = f"<proceed xmlns='{TLS}'/>".encode()


class Host(Doorkeeper, Protocol):
    """What a stream asks of its server."""

    @property
    def draining(self) -> bool:
        """Whether nobody is taken in any more."""

    def serves(self, domain: str) -> bool:
        """Whether these are our accounts' domain."""

    def features(self, account: Address) -> bytes:
        """Stream features to be told after log-in, of those that serve sessions."""

    def resource(self, account: Address, wanted: str) -> Address:
        """A full address of an account; `wanted` may be empty. Raises `Refused(BAD_REQUEST)`."""

    def bind(self, stream: "Negotiation", identity: Identity, address: Address) -> Session:
        """Make a session of it, which takes the stream's place. Raises `Refused(TOO_MANY)`."""

    def began(self, session: Session) -> None:
        """The client knows its address: stanzas follow."""

    def find(self, token: str) -> Session | None:
        """The session that XEP-0198 knows by this token."""

    def takes_over(self, stream: "Negotiation", session: Session) -> None:
        """A session goes on over a stream's wire, in the stream's place."""

    def register(self, stream: "Negotiation", stanza: Stanza) -> None:
        """A request of XEP-0077 before log-in: answer it, and let the stream go on."""


class State(Enum):
    """Where a stream is."""

    HEADER = auto()  # a header comes next
    OPEN = auto()  # features have been told
    TLS = auto()  # a handshake is under way
    RESUMING = auto()  # a session finishes what it received before
    OVER = auto()


class Negotiation:
    """See the module. `peer`: the address of whoever connects."""

    def __init__(
        self, host: Host, wire: Wire, terms: Terms, peer: str, channel: Channel | None = None
    ) -> None:
        self.wire = wire
        self.peer = peer
        self.language = ""
        self.channel = channel or Channel()
        self.terms = terms
        self.identity: Identity | None = None
        self._host = host
        self._state = State.HEADER
        self._login = Login(host)
        self._requests = 0

    # what its connection tells

    def secured(self, bindings: dict[str, bytes]) -> None:
        """TLS is there; a new stream follows (RFC 6120 §5.4.3.3), for which nothing holds that was
        said before.
        """
        self._login.end()
        self.channel = Channel(secure=True, bindings=bindings)
        self._state = State.HEADER

    def forwarded(self, peer: str, secure: bool) -> None:
        """A proxy that is believed says who the peer is, and whether TLS ends there."""
        self.peer = peer
        self.channel.secure = self.channel.secure or secure

    def opened(self, header: Header) -> None:
        """A stream's header came (RFC 6120 §4.7)."""
        if self._state is State.OVER:
            return
        if self._state is not State.HEADER:
            self.close("invalid-xml", "There is a stream already.")
            return
        self.language = header.language
        self.wire.open(header.from_)
        if (condition := self._wrong(header)) is not None:
            self.close(condition)
            return
        self._state = State.OPEN
        self.wire.send(self._features())
        self.wire.resume()

    def received(self, stanza: Stanza) -> None:
        """One element. The next one comes when the wire has been told to resume."""
        if self._state is State.OVER:
            return
        if self._state is not State.OPEN or self._login.is_asking:
            self.close("not-authorized")
        elif self.identity is not None and self._login.is_void(self.identity):
            self.close("not-authorized", "Please log in again.")
        elif stanza.kind == Stanza.OTHER:
            self._told(stanza)
        elif self.identity is not None and stanza.kind == Stanza.IQ and stanza.kids & Kid.BIND:
            self._bind(stanza, self.identity)
        elif self._may_register(stanza):
            self._requests += 1
            self._host.register(self, stanza)
        else:
            self.close("not-authorized")  # RFC 6120 §4.9.3.12

    def ended_by_peer(self) -> None:
        """The client ended its stream."""
        self.close()

    def failed(self, condition: str) -> None:
        """What came was no stream, or beyond a limit."""
        if self._state is State.HEADER:
            self.wire.open(None)  # RFC 6120 §4.9.1.2: an error stands in a stream
        self.close(condition)

    def lost(self) -> None:
        """The connection is gone."""
        self._over()

    def close(self, condition: str = "", text: str = "") -> None:
        """End the stream."""
        if self._state is not State.OVER:
            self._over()
            self.wire.close(stream_error(condition, text) if condition else b"")

    def _over(self) -> None:
        self._state = State.OVER
        self._login.end()

    # the header and features

    def _wrong(self, header: Header) -> str | None:
        """What is wrong with a header, as a stream error."""
        major, _, minor = (header.version or "").partition(".")
        if self._host.draining:
            return "system-shutdown"
        if header.content not in (None, CLIENT):
            return "invalid-namespace"
        if not header.to:
            return "improper-addressing"
        if not self._host.serves(header.to):
            return "host-unknown"
        if not (major.isdecimal() and minor.isdecimal()) or int(major[:9]) < 1:
            return "unsupported-version"
        return None

    def _features(self) -> bytes:
        if self.identity is not None:
            others = self._host.features(self.identity.caller.address)
            return session_features(self.wire.keeps, others)
        terms, channel = self.terms, self.channel
        return login_features(terms, channel, self._login.offer(channel, terms.guests))

    # elements that are no stanzas

    def _told(self, stanza: Stanza) -> None:
        verb = stanza.verb
        if self.identity is not None:
            if verb == Verb.RESUME:
                self._resume(stanza, self.identity)
            elif verb == Verb.ENABLE:  # XEP-0198 §3: not before a resource is bound
                self.wire.send(Management.refusal("unexpected-request"))
                self.wire.resume()
            else:
                self.close("not-authorized")
        elif verb == Verb.STARTTLS and self.terms.starttls and not self.channel.secure:
            self._login.end()
            self._state = State.TLS
            self.wire.send(PROCEED)
            self.wire.resume(starttls=True)
        elif verb == Verb.AUTH and not may_log_in(self.terms, self.channel):
            self._login.refuse(self, "encryption-required")
        elif not self._login.received(self, stanza):
            self.close("not-authorized")

    def logged_in(self, identity: Identity) -> None:
        """A new stream follows (RFC 6120 §6.4.6)."""
        self.identity = identity
        self._state = State.HEADER
        self.wire.resume(restart=True)

    # registration

    def _may_register(self, stanza: Stanza) -> bool:
        return (
            self.terms.registration
            and self.identity is None
            and may_log_in(self.terms, self.channel)
            and stanza.kind == Stanza.IQ
            and bool(stanza.kids & Kid.REGISTER)
            and self._requests < MAX_REQUESTS
        )

    # the session

    def _bind(self, stanza: Stanza, identity: Identity) -> None:
        """RFC 6120 §7."""
        try:
            if stanza.type != "set" or not stanza.id:
                raise Refused(Reason.BAD_REQUEST, "To bind a resource is a set with an id.")
            asked = parse(stanza.child(Kid.BIND) or b"")
            wanted = text_of(asked, "resource") or ""
            address = self._host.resource(identity.caller.address, wanted)
            session = self._host.bind(self, identity, address)
        except Refused as refused:
            condition = (
                "bad-request" if refused.reason is Reason.BAD_REQUEST else "resource-constraint"
            )
            self.wire.send(refusal(stanza, None, condition, refused.text))
            self.wire.resume()
            return
        self._state = State.OVER
        self.wire.send(
            result(stanza, None, element("bind", BIND, element("jid", BIND, session.jid)))
        )
        self._host.began(session)
        self.wire.resume(free=True)

    def _resume(self, stanza: Stanza, identity: Identity) -> None:
        """XEP-0198 §5: go on with a session that lost its connection, or is about to."""
        session = self._host.find(stanza.get("previd") or "")
        management = session.management if session is not None else None
        handled = number(stanza.get("h"))
        if session is None or management is None or handled is None:
            self._not_resumed("item-not-found")
        elif session.account != identity.caller.address:
            log.warning("%s tried to resume a session of another", identity.caller.address)
            self._not_resumed("item-not-found")
        elif not management.kept.acked(handled):
            self._over()
            self.wire.close(too_high(handled, management.kept.sent))
        else:
            self._state = State.RESUMING
            session.displace()  # what comes over the former connection would be waited for, too
            management.when_finished(lambda ours: self._resumed(session, ours))

    def _not_resumed(self, condition: str) -> None:
        self.wire.send(Management.refusal(condition))
        self.wire.resume()

    def _resumed(self, session: Session, ours: bool) -> None:
        """Everything is finished that it received; not `ours`: another one resumes it meanwhile."""
        management = session.management
        if self._state is not State.RESUMING:
            return
        if not ours:
            self.close("conflict", "The session goes on elsewhere.")
            return
        if management is None:
            self._state = State.OPEN
            self._not_resumed("item-not-found")
            return
        self._state = State.OVER
        session.attach(self.wire)
        self._host.takes_over(self, session)
        self.wire.send(management.resumed())
        for data in management.kept.unacked():
            self.wire.send(data)
        self.wire.keep(management.kept)
        self.wire.resume(free=True)
        session.settled()
