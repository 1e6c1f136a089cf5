"""The log-in of one stream (RFC 6120 §6): elements of SASL in, challenges, look-ups and one outcome
out. Mechanisms know how to prove something, the stream what becomes of it.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Protocol

from antiphon._native import Stanza, Verb
from antiphon.core.reason import Reason, Refused

from .mechanisms import Mechanism, offered
from .message import element, write
from .namespaces import SASL
from .offers import Channel
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
from .wire import Wire

log = logging.getLogger(__name__)

# RFC 6120 §6.4.5 recommends from 2 to 5.
MAX_FAILURES = 5


class Doorkeeper(Protocol):
    """What a log-in asks of its server."""

    @property
    def hashes(self) -> frozenset[str]:
        """Of SCRAM keys that are kept."""

    @property
    def voids(self) -> int:
        """How often log-ins were declared void."""

    def is_void(self, identity: Identity, began: int) -> bool:
        """Whether a log-in that began when `voids` was so high is not good any more."""

    def ask(self, question: Question, then: Callable[[object], None]) -> None:
        """Look something up, then call with the answer or an exception, once, perhaps at once."""

    def allows(self, peer: str, name: str) -> bool:
        """Whether there were not too many failures yet."""

    def tried(self, peer: str, name: str, done: bool) -> None:
        """A log-in failed for wrong credentials, or succeeded."""


class Applicant(Protocol):
    """The stream that is logged in to."""

    wire: Wire
    peer: str

    def logged_in(self, identity: Identity) -> None:
        """The client has been told that it is."""

    def close(self, condition: str = "", text: str = "") -> None:
        """It has failed too often."""


class Login:
    """One after another: a client may try again, with another mechanism. It is told each time by
    which stream, and keeps none.
    """

    def __init__(self, host: Doorkeeper) -> None:
        self._host = host
        self._mechanisms: Mapping[str, Mechanism] = {}
        self._bindings: dict[str, bytes] = {}
        self._exchange: Exchange | None = None
        self._name = ""
        self._failures = 0
        self._began = 0
        self.is_asking = False
        """Whether a look-up is under way: nothing may come meanwhile."""

    def offer(self, channel: Channel, guests: bool) -> list[str]:
        """Names of the mechanisms that may be used from now on; what was begun is forgotten."""
        self.end()
        self._bindings = channel.bindings
        self._mechanisms = offered(
            hashes=self._host.hashes, bound=bool(channel.bindings), exposed=True, guests=guests
        )
        return list(self._mechanisms)

    def received(self, stream: Applicant, stanza: Stanza) -> bool:
        """One element; False if it is none of SASL."""
        verb = stanza.verb
        if verb == Verb.AUTH:
            self._authenticate(stream, stanza)
        elif verb == Verb.RESPONSE:
            self._respond(stream, stanza)
        elif verb == Verb.ABORT:
            self._fail(stream, SaslFailure("aborted"))
        else:
            return False
        return True

    def refuse(self, stream: Applicant, condition: str) -> None:
        """Whoever wants to log in may not."""
        self._fail(stream, SaslFailure(condition))

    def is_void(self, identity: Identity) -> bool:
        """Whether what it came to is not good any more."""
        return self._host.is_void(identity, self._began)

    def end(self) -> None:
        """Forget what was begun. Idempotent."""
        self.is_asking = False
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.close()

    # within

    def _authenticate(self, stream: Applicant, stanza: Stanza) -> None:
        if self._exchange is not None and self._has_failed_again(stream):
            return  # whoever never comes to an end costs as much as who fails
        self.end()
        mechanism = self._mechanisms.get(stanza.get("mechanism") or "")
        if mechanism is None:
            self._fail(stream, SaslFailure("invalid-mechanism"))
            return
        text = stanza.text()
        try:
            data = decode(text) if text else None
        except SaslFailure as failure:
            self._fail(stream, failure)
            return
        self._name = ""
        self._exchange = mechanism(Setting(bindings=self._bindings), data)
        self._step(stream, None)

    def _respond(self, stream: Applicant, stanza: Stanza) -> None:
        if self._exchange is None:
            self._fail(
                stream, SaslFailure("malformed-request", "There is no log-in to respond to.")
            )
            return
        try:
            data = decode(stanza.text() or "")
        except SaslFailure as failure:
            self._fail(stream, failure)
        else:
            self._step(stream, data)

    def _step(self, stream: Applicant, answer: object) -> None:
        """Give the mechanism what it waits for, and do what it wants next."""
        exchange = self._exchange
        if exchange is None:
            return
        self.is_asking = False
        try:
            if isinstance(answer, Exception):
                step = exchange.throw(_failure_of(answer))
            else:
                step = exchange.send(answer)
        except StopIteration as done:
            self._exchange = None
            self._succeeded(stream, done.value.identity, done.value.data)
        except SaslFailure as failure:
            self._fail(stream, failure)
        else:
            if isinstance(step, Challenge):
                data = encode(step.data) if step.data else ""
                stream.wire.send(f"<challenge xmlns='{SASL}'>{data}</challenge>".encode())
                stream.wire.resume()
            else:
                self._ask(stream, step, exchange)

    def _ask(self, stream: Applicant, question: Question, exchange: Exchange) -> None:
        if isinstance(question, AskKeys | AskPassword):
            self._name = question.name
        if not self._host.allows(stream.peer, self._name):
            self._step(stream, Refused(Reason.TOO_MANY, "Too many log-ins failed. Please wait."))
            return
        self._began = self._host.voids
        self.is_asking = True

        def answered(answer: object) -> None:
            if self._exchange is exchange:  # not one that was ended meanwhile
                self._step(stream, answer)

        self._host.ask(question, answered)

    def _succeeded(self, stream: Applicant, identity: Identity, data: bytes) -> None:
        if self._host.is_void(identity, self._began):
            self._fail(stream, SaslFailure("not-authorized"))
            return
        self._host.tried(stream.peer, self._name, True)
        text = encode(data) if data else ""
        stream.wire.send(f"<success xmlns='{SASL}'>{text}</success>".encode())
        stream.logged_in(identity)

    def _fail(self, stream: Applicant, failure: SaslFailure) -> None:
        """RFC 6120 §6.4.5: the client may try again, but not for ever."""
        self.end()
        if failure.condition == "not-authorized":
            self._host.tried(stream.peer, self._name, False)
        log.debug("log-in of %r from %s failed: %s", self._name[:64], stream.peer, failure)
        text = [element("text", SASL, failure.text)] if failure.text else []
        failed = element("failure", SASL, element(failure.condition, SASL), *text)
        stream.wire.send(write(failed))
        if not self._has_failed_again(stream):
            stream.wire.resume()

    def _has_failed_again(self, stream: Applicant) -> bool:
        """Count one more; whether the stream has ended for it."""
        self._failures += 1
        if self._failures < MAX_FAILURES:
            return False
        stream.close("policy-violation", "Too many log-ins failed.")
        return True


def _failure_of(error: Exception) -> SaslFailure:
    if isinstance(error, SaslFailure):
        return error
    if isinstance(error, Refused) and error.reason in (Reason.UNAUTHORIZED, Reason.FORBIDDEN):
        return SaslFailure("not-authorized")
    text = error.text if isinstance(error, Refused) else ""
    return SaslFailure("temporary-auth-failure", text)
