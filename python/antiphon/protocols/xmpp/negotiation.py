"""One stream from its header to a bound session (RFC 6120 §4 to §7) as a state machine: elements
in, verbs of its wire out. It opens no socket, knows no clock, and ends where the session begins.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol

from antiphon._native import Kid, Stanza, Verb
from antiphon.core.address import Address
from antiphon.core.reason import Reason, Refused

from .management import Management, number, too_high
from .mechanisms import Mechanism, offered
from .message import element, parse, refusal, result, stream_error, text_of, write
from .namespaces import (
    BIND,
    CHANNEL_BINDING,
    CLIENT,
    CLIENT_STATE,
    MANAGEMENT,
    REGISTER_FEATURE,
    SASL,
    SESSION,
    TLS,
)
from .sasl import (
    AskKeys,
    AskPassword,
    Challenge,
    Exchange,
    Identity,
    Question,
    SaslFailure,
    Setting,
    decode,
    encode,
)
from .session import Session
from .wire import Header, Wire

log = logging.getLogger(__name__)

# RFC 6120 §6.4.5 recommends from 2 to 5.
MAX_FAILURES = 5
# Requests that a stream may make before anybody has logged in: forms of registration.
MAX_REQUESTS = 20
PROCEED = f"<proceed xmlns='{TLS}'/>".encode()


class Host(Protocol):
    """What a stream asks of its server."""

    @property
    def draining(self) -> bool:
        """Whether nobody is taken in any more."""

    def serves(self, domain: str) -> bool:
        """Whether these are our accounts' domain."""

    @property
    def hashes(self) -> frozenset[str]:
        """Of SCRAM keys that are kept."""

    def ask(self, question: Question, then: Callable[[object], None]) -> None:
        """Look something up, then call with the answer or an exception, once, perhaps at once."""

    def allows(self, peer: str, name: str) -> bool:
        """Whether there were not too many failures yet."""

    def tried(self, peer: str, name: str, done: bool) -> None:
        """A log-in failed for wrong credentials, or succeeded."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How streams of one listener are served. `starttls`: TLS can be had by asking; `encrypted`: it
    must be had before anybody logs in; `guests`, `registration`: whether strangers are welcome.
    """

    starttls: bool
    encrypted: bool = True
    guests: bool = False
    registration: bool = False


class State(Enum):
    """Where a stream is."""

    HEADER = auto()  # a header comes next
    OPEN = auto()  # features have been told
    TLS = auto()  # a handshake is under way
    LOGGING_IN = auto()  # a challenge waits for a response
    ASKING = auto()  # a look-up is under way, nothing is read
    RESUMING = auto()
    OVER = auto()


@dataclass(slots=True)
class Channel:
    """What protects a stream: nothing, or TLS with data to bind log-ins to."""

    secure: bool = False
    bindings: dict[str, bytes] = field(default_factory=dict[str, bytes])


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
        self._mechanisms: dict[str, Mechanism] = {}
        self._exchange: Exchange | None = None
        self._name = ""
        self._failures = 0
        self._requests = 0

    # what its connection tells

    def secured(self, bindings: dict[str, bytes]) -> None:
        """TLS is there; a new stream follows (RFC 6120 §5.4.3.3)."""
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
        state = self._state
        if state is State.OVER:
            return
        if state not in (State.OPEN, State.LOGGING_IN):
            self.close("not-authorized")
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
        if self._exchange is not None:
            self._exchange.close()
            self._exchange = None

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
        inside = self._session_features() if self.identity is not None else self._login_features()
        return b"<stream:features>" + inside + b"</stream:features>"

    def _login_features(self) -> bytes:
        terms, channel = self.terms, self.channel
        features = b""
        if terms.starttls and not channel.secure:
            if terms.encrypted:
                return f"<starttls xmlns='{TLS}'><required/></starttls>".encode()
            features += f"<starttls xmlns='{TLS}'/>".encode()
        if not channel.secure and terms.encrypted:
            return features
        self._mechanisms = dict(
            offered(
                hashes=self._host.hashes,
                bound=bool(channel.bindings),
                exposed=True,
                guests=terms.guests,
            )
        )
        names = "".join(f"<mechanism>{name}</mechanism>" for name in self._mechanisms)
        features += f"<mechanisms xmlns='{SASL}'>{names}</mechanisms>".encode()
        if channel.bindings:  # XEP-0440
            kinds = "".join(f"<channel-binding type='{kind}'/>" for kind in channel.bindings)
            features += (
                f"<sasl-channel-binding xmlns='{CHANNEL_BINDING}'>{kinds}</sasl-channel-binding>"
            ).encode()
        if terms.registration:
            features += f"<register xmlns='{REGISTER_FEATURE}'/>".encode()
        return features

    def _session_features(self) -> bytes:
        assert self.identity is not None
        features = f"<bind xmlns='{BIND}'/><session xmlns='{SESSION}'><optional/></session>"
        if self.wire.keeps:
            features += f"<sm xmlns='{MANAGEMENT}'/>"
        features += f"<csi xmlns='{CLIENT_STATE}'/>"
        return features.encode() + self._host.features(self.identity.caller.address)

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
            self._state = State.TLS
            self.wire.send(PROCEED)
            self.wire.resume(starttls=True)
        elif verb == Verb.AUTH:
            self._authenticate(stanza)
        elif verb == Verb.RESPONSE and self._exchange is not None:
            self._respond(stanza)
        elif verb == Verb.ABORT:
            self._fail(SaslFailure("aborted"))
        elif verb == Verb.RESPONSE:
            self._fail(SaslFailure("malformed-request", "There is no log-in to respond to."))
        else:
            self.close("not-authorized")

    # log-in

    def _authenticate(self, stanza: Stanza) -> None:
        if not self.channel.secure and self.terms.encrypted:
            self._fail(SaslFailure("encryption-required"))
            return
        mechanism = self._mechanisms.get(stanza.get("mechanism") or "")
        if mechanism is None:
            self._fail(SaslFailure("invalid-mechanism"))
            return
        text = stanza.text()
        try:
            data = decode(text) if text else None
        except SaslFailure as failure:
            self._fail(failure)
            return
        self._end_exchange()
        self._name = ""
        setting = Setting(bindings=self.channel.bindings)
        self._exchange = mechanism(setting, data)
        self._step(None)

    def _respond(self, stanza: Stanza) -> None:
        try:
            data = decode(stanza.text() or "")
        except SaslFailure as failure:
            self._fail(failure)
        else:
            self._step(data)

    def _step(self, answer: object) -> None:
        """Give the mechanism what it waits for, and do what it wants next."""
        exchange = self._exchange
        if exchange is None or self._state is State.OVER:
            return
        try:
            if isinstance(answer, Exception):
                step = exchange.throw(_failure_of(answer))
            else:
                step = exchange.send(answer)
        except StopIteration as done:
            self._exchange = None
            self._succeeded(done.value.identity, done.value.data)
        except SaslFailure as failure:
            self._fail(failure)
        else:
            if isinstance(step, Challenge):
                self._state = State.LOGGING_IN
                data = encode(step.data) if step.data else ""
                self.wire.send(f"<challenge xmlns='{SASL}'>{data}</challenge>".encode())
                self.wire.resume()
            else:
                self._ask(step)

    def _ask(self, question: Question) -> None:
        if isinstance(question, AskKeys | AskPassword):
            self._name = question.name
        if not self._host.allows(self.peer, self._name):
            self._step(Refused(Reason.TOO_MANY, "Too many log-ins failed. Please wait."))
            return
        self._state = State.ASKING
        self._host.ask(question, self._step)

    def _succeeded(self, identity: Identity, data: bytes) -> None:
        self._host.tried(self.peer, self._name, True)
        self.identity = identity
        text = encode(data) if data else ""
        self._state = State.HEADER
        self.wire.send(f"<success xmlns='{SASL}'>{text}</success>".encode())
        self.wire.resume(restart=True)

    def _fail(self, failure: SaslFailure) -> None:
        """RFC 6120 §6.4.5: the client may try again, but not for ever."""
        self._end_exchange()
        self._state = State.OPEN
        self._failures += 1
        if failure.condition == "not-authorized":
            self._host.tried(self.peer, self._name, False)
        log.debug("log-in of %r from %s failed: %s", self._name[:64], self.peer, failure)
        text = [element("text", SASL, failure.text)] if failure.text else []
        self.wire.send(write(element("failure", SASL, element(failure.condition, SASL), *text)))
        if self._failures >= MAX_FAILURES:
            self.close("policy-violation", "Too many log-ins failed.")
        else:
            self.wire.resume()

    def _end_exchange(self) -> None:
        if self._exchange is not None:
            self._exchange.close()
            self._exchange = None

    # registration

    def _may_register(self, stanza: Stanza) -> bool:
        return (
            self.terms.registration
            and self.identity is None
            and (self.channel.secure or not self.terms.encrypted)
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
        handled = number(stanza.get("h"))
        if session is None or session.management is None or handled is None:
            self._not_resumed("item-not-found")
        elif session.account != identity.caller.address:
            log.warning("%s tried to resume a session of another", identity.caller.address)
            self._not_resumed("item-not-found")
        elif not session.management.kept.acked(handled):
            self._over()
            self.wire.close(too_high(handled, session.management.kept.sent))
        else:
            self._state = State.RESUMING
            session.management.when_finished(lambda: self._resumed(session))

    def _not_resumed(self, condition: str) -> None:
        self.wire.send(Management.refusal(condition))
        self.wire.resume()

    def _resumed(self, session: Session) -> None:
        management = session.management
        if self._state is not State.RESUMING:
            return
        if management is None:
            self._state = State.OPEN
            self._not_resumed("item-not-found")
            return
        self._state = State.OVER
        former = session.attach(self.wire)
        if former is not None:
            former.keep(None)
            former.close(stream_error("conflict", "The session goes on elsewhere."))
        self._host.takes_over(self, session)
        self.wire.send(management.resumed())
        for data in management.kept.unacked():
            self.wire.send(data)
        self.wire.keep(management.kept)
        self.wire.resume(free=True)
        session.settled()


def _failure_of(error: Exception) -> SaslFailure:
    if isinstance(error, SaslFailure):
        return error
    if isinstance(error, Refused) and error.reason in (Reason.UNAUTHORIZED, Reason.FORBIDDEN):
        return SaslFailure("not-authorized")
    text = error.text if isinstance(error, Refused) else ""
    return SaslFailure("temporary-auth-failure", text)
