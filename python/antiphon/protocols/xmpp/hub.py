"""What all streams and sessions of this node share: who is connected, who may log in, what must
end after a time. It opens no listener: `listener`, `websocket` and `bosh` bring streams.
"""

import asyncio
import logging
import secrets
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from antiphon._native import Kept, Stanza
from antiphon.core.address import Address, Addresses
from antiphon.core.reason import Reason, Refused

from .attempts import Attempts
from .config import STRANGERS_ELEMENT, XmppLimits
from .jid import Jids
from .management import Management, number
from .message import element, stanza
from .namespaces import PING
from .negotiation import Negotiation
from .sasl import Identity, Question, ScramKeys
from .session import Router, Session
from .sessions import Sessions
from .voids import Voids
from .wire import Bounds

log = logging.getLogger(__name__)

# How often acknowledgements are asked for (s), and how often silence is looked for.
ASK_TIME = 1.0
LOOK_TIME = 5.0
# How long a log-in may be under way beyond its own limit: TLS is negotiated before (s).
LOGIN_SLACK = 60.0
# Look-ups of log-ins that may be under way; a client has one at a time.
MAX_QUESTIONS = 5000


class Directory(Protocol):
    """Who may log in, as `sasl` asks it."""

    @property
    def hashes(self) -> frozenset[str]:
        """Hash functions that SCRAM keys are kept for: of sha1, sha256, sha512."""

    async def answer(self, question: Question) -> Identity | ScramKeys | None:
        """See the questions. Raises `Refused`."""


class Registrar(Protocol):
    """Makes accounts before log-in (XEP-0077)."""

    def requested(self, stream: Negotiation, stanza: Stanza) -> None:
        """Answer, and let the stream go on."""


class Hub:
    """See the module. It is the `Host` of streams and the `Home` of sessions.

    `router` is set by whoever joins the parts, before the first stream comes.
    """

    router: Router
    registrar: Registrar

    def __init__(
        self,
        *,
        addresses: Addresses,
        directory: Directory,
        limits: XmppLimits,
        loop: asyncio.AbstractEventLoop,
        touched: Callable[[], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`touched` is called when something was sent outside of an event of the engine. `clock`:
        seconds since 1970.
        """
        self.jids = Jids(addresses)
        self.limits = limits
        self.sessions = Sessions()
        self.counters: Counter[str] = Counter()
        self.draining = False
        self.attempts = Attempts(limits.failures, limits.failure_time)
        # Sessions that `void` is not for: they themselves asked for the change.
        self.leaving: set[Session] = set()
        self._voids = Voids(limits.login_time + LOGIN_SLACK)
        self._clock = clock
        self._directory = directory
        self._loop = loop
        self._touched = touched
        self._tokens: dict[str, Session] = {}
        self._pinged: dict[Session, float] = {}
        self._expiring: dict[Session, asyncio.TimerHandle] = {}
        self._good_until: dict[Session, float] = {}
        self._questions: set[asyncio.Task[None]] = set()
        self._look_at = 0.0
        self._bounds = Bounds(
            element=limits.element_size,
            outbox=limits.write_buffer,
            bytes_per_s=limits.byte_rate,
            elements_per_s=limits.stanza_rate,
        )

    @property
    def stranger_bounds(self) -> Bounds:
        """Of everybody until they have logged in."""
        return replace(self._bounds, element=STRANGERS_ELEMENT)

    @property
    def component_bounds(self) -> Bounds:
        """Of components, which speak for many: their elements and buffers are limited, their rates
        are not.
        """
        return Bounds(element=self._bounds.element, outbox=self._bounds.outbox)

    async def close(self) -> None:
        """End all sessions: the node stops."""
        for session in list(self.sessions):
            session.close("system-shutdown")
        for handle in self._expiring.values():
            handle.cancel()
        self._expiring.clear()
        tasks = list(self._questions)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # the host of streams that log in

    @property
    def hashes(self) -> frozenset[str]:
        """Of SCRAM keys that are kept."""
        return self._directory.hashes

    def serves(self, domain: str) -> bool:
        """Whether these are our accounts' domain."""
        address = self.jids.find(domain)
        return address is not None and address == Address("", self.jids.domain)

    def ask(self, question: Question, then: Callable[[object], None]) -> None:
        """Look something up, in a task of its own."""
        if len(self._questions) >= MAX_QUESTIONS:
            then(Refused(Reason.BUSY, "Too many log-ins at once. Please try again."))
            return
        task = self._loop.create_task(self._answer(question, then))
        self._questions.add(task)
        task.add_done_callback(self._questions.discard)

    async def _answer(self, question: Question, then: Callable[[object], None]) -> None:
        answer: object
        try:
            answer = await self._directory.answer(question)
        except Refused as refused:
            answer = refused
        except Exception as error:
            log.exception("a log-in could not be looked up")
            answer = error
        then(answer)
        self._touched()

    def allows(self, peer: str, name: str) -> bool:
        """Whether there were not too many failures yet."""
        return self.attempts.allows(peer, name, self._loop.time())

    def tried(self, peer: str, name: str, done: bool) -> None:
        """A log-in failed for wrong credentials, or succeeded."""
        if done:
            self.counters["logins"] += 1
            self.attempts.succeeded(peer, name)
        else:
            log.info("log-in by XMPP failed: %r from %s", name[:64], peer)
            self.attempts.failed(peer, name, self._loop.time())

    @property
    def voids(self) -> int:
        """How often log-ins were declared void."""
        return self._voids.count

    def is_void(self, identity: Identity, began: int) -> bool:
        """Whether a log-in that began when `voids` was so high is not good any more."""
        over = identity.expires_at is not None and identity.expires_at <= self._clock()
        return over or self._voids.cover(identity, began)

    def void(self, account: Address, stamp: str | None) -> None:
        """All log-ins of an account (bare) under another stamp are void, whether they have led to a
        session or not; None: all there are, since nobody may log in any more.
        """
        self._voids.add(account, stamp, self._loop.time())
        for session in list(self.sessions.of(account).values()):
            if session in self.leaving:
                session.stamp = stamp or session.stamp
            elif stamp is None:
                session.close("not-authorized", "The account is locked or gone.")
            elif session.stamp is not None and session.stamp != stamp:
                # RFC 6120 §4.9.3.16: clients may log in anew.
                session.close("reset", "Your password or your role has changed.")

    def features(self, account: Address) -> bytes:
        """Stream features of those that serve sessions."""
        return self.router.features(account)

    def resource(self, account: Address, wanted: str) -> Address:
        """A full address; one of our own making where none is wanted."""
        device = wanted or secrets.token_urlsafe(9)
        return account.on(self.jids.read(f"{account}/{device}").device)  # one account for all

    def bind(self, stream: Negotiation, identity: Identity, address: Address) -> Session:
        """A session at that address. RFC 6120 §7.7.2.2: one that has it already ends."""
        if (former := self.sessions.find(str(address))) is not None:
            self.counters["replaced"] += 1
            former.close("conflict", "The resource was bound by another.")
        limit = identity.sessions
        self._make_room(address.bare, self.limits.sessions_per_account if limit is None else limit)
        session = Session(self, stream.wire, identity.caller, address, stream.language)
        self.sessions.add(session)
        self.counters["sessions"] += 1
        self._identify(session, identity)
        stream.wire.carry(session)
        self._set_up(stream, session)
        return session

    def _identify(self, session: Session, identity: Identity) -> None:
        """By which log-in it goes on, and until when."""
        session.stamp = identity.stamp
        self._good_until.pop(session, None)
        if identity.expires_at is not None:
            self._good_until[session] = identity.expires_at

    def _make_room(self, account: Address, limit: int) -> None:
        """Those that lost their connection go first. Raises `Refused(TOO_MANY)`."""
        mine = list(self.sessions.of(account).values())
        for session in mine:
            if len(mine) < limit:
                return
            if session.hibernating:
                session.close()
                mine = list(self.sessions.of(account).values())
        if len(mine) >= limit:
            raise Refused(Reason.TOO_MANY, "Too many devices of this account are connected.")

    def _set_up(self, stream: Negotiation, session: Session) -> None:
        stream.wire.name(session.jid)
        stream.wire.limit(self._bounds)

    def began(self, session: Session) -> None:
        """The client knows its address."""
        self.router.bound(session)

    def find(self, token: str) -> Session | None:
        """The session of a token of XEP-0198."""
        return self._tokens.get(token)

    def takes_over(self, stream: Negotiation, session: Session) -> None:
        """A session goes on over a stream's wire."""
        self.counters["resumed"] += 1
        if (handle := self._expiring.pop(session, None)) is not None:
            handle.cancel()
        self._pinged.pop(session, None)
        if stream.identity is not None:
            self._identify(session, stream.identity)
        stream.wire.carry(session)
        self._set_up(stream, session)

    def register(self, stream: Negotiation, stanza: Stanza) -> None:
        """A request of XEP-0077 before log-in."""
        self.registrar.requested(stream, stanza)

    # the home of sessions

    def regroup(self) -> None:
        """A session was given, or lost, its connection."""
        self.sessions.moves += 1

    def ended(self, session: Session) -> None:
        """It has ended for good."""
        self.sessions.remove(session)
        self._good_until.pop(session, None)
        self._pinged.pop(session, None)
        if session.management is not None:
            self._tokens.pop(session.management.token, None)
        if (handle := self._expiring.pop(session, None)) is not None:
            handle.cancel()

    def expire(self, session: Session, after: float) -> None:
        """Call `session.expire()` then, unless it goes on before."""
        self.counters["hibernated"] += 1
        self._pinged.pop(session, None)
        self._expiring[session] = self._loop.call_later(after, session.expire)

    def manage(self, session: Session, resumable: bool, wanted: str | None) -> Management:
        """XEP-0198 begins."""
        limits = self.limits
        kept = Kept(stanzas=limits.unacknowledged, octets=limits.unacknowledged_size)
        time = min(limits.resume_time, float(number(wanted) or limits.resume_time))
        token = secrets.token_urlsafe(18) if resumable and time >= 1 else ""
        if token:
            self._tokens[token] = session
        return Management(kept, token, time)

    # time

    async def run(self) -> None:
        """Look for ever after acknowledgements and silence."""
        while True:
            await asyncio.sleep(ASK_TIME)
            self.look()
            self._touched()

    def look(self) -> None:
        """What `run` does each time."""
        now = self._loop.time()
        for session in self.sessions:
            if session.management is not None and not session.hibernating:
                session.management.ask(now, session.send)
        if now >= self._look_at:
            self._look_at = now + LOOK_TIME
            self._end_expired()
            for session in list(self.sessions):
                self._listen(session, now)

    def _end_expired(self) -> None:
        """A session is good as long as the token that it began with."""
        now = self._clock()
        for session in [one for one, until in self._good_until.items() if until <= now]:
            self.counters["expired"] += 1
            session.close("not-authorized", "The token has expired. Please log in again.")

    def _listen(self, session: Session, now: float) -> None:
        """Ask a silent client for life, and give up one that does not answer."""
        limits = self.limits
        idle, asked = session.idle, self._pinged.get(session)
        if asked is not None and idle < now - asked:  # something came since
            del self._pinged[session]
            asked = None
        if idle < limits.ping_interval:
            return
        if asked is None:
            self._pinged[session] = now
            ping = stanza(
                "iq",
                element("ping", PING),
                to=session.jid,
                from_=self.jids.domain,
                id=f"ping-{secrets.token_hex(4)}",
                kind="get",
            )
            session.send(ping)
        elif now - asked >= limits.ping_timeout:
            self.counters["silent"] += 1
            session.abandon()
