"""Gives the stanzas of sessions their meaning (RFC 6121 §8): messages, presence and requests go to
whoever is responsible for the address that they are for.

It knows addresses and kinds of stanzas; what is in them, features and hosts know.
"""

import logging
from collections.abc import Callable, Collection, Sequence
from typing import Any, Protocol

from antiphon._native import Stanza
from antiphon.core.address import GUESTS, Address
from antiphon.core.event import Event, MessageReceived, MessageSent
from antiphon.core.reason import Refused

from .blocks import BlockList, refused_by_block
from .delivery import Delivery
from .device import SessionDevice, XmppReach, device_of
from .errands import Errands
from .feature import Feature, Scope, StanzaError, error_of
from .jid import Jids
from .messaging import Messaging, refuse
from .questions import Questions
from .requests import ANSWERS, QUESTIONS, Requests
from .session import Session
from .sessions import Sessions

log = logging.getLogger(__name__)


class Host(Protocol):
    """Answers for a domain beside the server's own: rooms, a component."""

    @property
    def title(self) -> str:
        """What it is called in the list of services (XEP-0030)."""

    def received(self, session: Session, stanza: Stanza, to: Address) -> None:
        """A stanza for an address of that domain."""

    def moved(self, session: Session) -> None:
        """The connection of a session is another, or none."""

    def left(self, session: Session) -> None:
        """A session says that its user is there no more (RFC 6121 §4.5)."""

    def gone(self, session: Session) -> None:
        """A session has ended."""


class Presences(Protocol):
    """Takes presence stanzas."""

    def received(self, session: Session, stanza: Stanza, to: Address | None) -> None:
        """To everybody (None), or to an account of this domain."""


class Router:
    """`presences` and `messaging` take what their names say; the table of features the rest."""

    def __init__(
        self,
        *,
        jids: Jids,
        sessions: Sessions,
        blocks: BlockList,
        messaging: Messaging,
        presences: Presences,
        delivery: Delivery,
        errands: Errands,
        questions: Questions,
        reach: XmppReach,
    ) -> None:
        self._jids = jids
        self._guests = GUESTS + jids.domain
        self._sessions = sessions
        self._blocks = blocks
        self._messaging = messaging
        self._presences = presences
        self._reach = reach
        self._requests = Requests(errands, questions)
        self._hosts: dict[str, Host] = {}
        self._features: list[Feature] = []
        self._watching: list[tuple[int, Feature]] = []
        self._news: dict[type[Event], list[Callable[[Session, Any], None]]] = {
            MessageReceived: [delivery.received],
            MessageSent: [delivery.sent],
        }

    # what it is made of

    @property
    def features_served(self) -> Sequence[Feature]:
        """All features."""
        return self._features

    @property
    def served(self) -> Collection[tuple[str, str, str]]:
        """Type, name and namespace of all requests that features answer."""
        return self._requests.served

    @property
    def hosts(self) -> dict[str, Host]:
        """Domain → who answers for it."""
        return self._hosts

    def add(self, *features: Feature) -> None:
        """Serve these features from now on."""
        for feature in features:
            self._features.append(feature)
            self._requests.add(feature.requests())
            if feature.message_kids:
                self._watching.append((feature.message_kids, feature))
            for event, tell in feature.news().items():
                self._news.setdefault(event, []).append(tell)

    def add_host(self, domain: str, host: Host) -> Callable[[], None]:
        """Hand what is for a domain to this host; the result ends that."""
        self._hosts[domain] = host

        def remove() -> None:
            if self._hosts.get(domain) is host:
                del self._hosts[domain]

        return remove

    # protocols.xmpp.session.Router

    def features(self, account: Address) -> bytes:
        """Stream features of the features."""
        return b"".join(feature.offered() for feature in self._features)

    def bound(self, session: Session) -> None:
        """A session begins."""
        device = session.features[SessionDevice] = SessionDevice(session, self._news)
        self._reach.add(device)
        for feature in self._features:
            feature.bound(session)

    def received(self, session: Session, stanza: Stanza) -> None:
        """One stanza of a session."""
        to = stanza.to
        if to is None:
            address = session.account
        else:
            try:
                address = self._jids.parse(to)
            except Refused:
                self._malformed(session, stanza)
                return
        kind = stanza.kind
        if kind == Stanza.MESSAGE:
            self._message(session, stanza, address)
        elif kind == Stanza.PRESENCE:
            self._presence(session, stanza, None if to is None else address)
        else:
            self._request(session, stanza, address)

    def activity(self, session: Session) -> None:
        """Its client is looked at, or is not."""
        for feature in self._features:
            feature.activity(session)
        self._moved(session)

    def hibernated(self, session: Session) -> None:
        """Its connection is lost."""
        self.activity(session)

    def resumed(self, session: Session) -> None:
        """Its connection is back."""
        self.activity(session)

    def gone(self, session: Session, unacked: Sequence[Stanza]) -> None:
        """It has ended: what it was never seen to get goes another way."""
        self._reach.remove(device_of(session))
        for feature in self._features:
            self._safely(feature.gone, session)
        for host in list(self._hosts.values()):
            self._safely(host.gone, session)
        for feature in self._features:
            feature.undelivered(session, unacked)
        for stanza in unacked:
            self._undelivered(session, stanza)

    def answer_for(self, session: Session, asked: Stanza, account: Address) -> None:
        """Answer what is asked of an account (bare) by another of its names, as in a room; its
        owner is treated as anybody.
        """
        refused = refused_by_block(self._blocks, session.address, account)
        if refused is not None:
            self._refuse_request(session, asked, refused)
        else:
            self._requests.answer(session, asked, Scope.OTHER, account)

    # within

    def _safely(self, tell: Callable[[Session], None], session: Session) -> None:
        try:
            tell(session)
        except Exception:
            log.exception("the end of %s could not be handled", session.jid)

    def _moved(self, session: Session) -> None:
        for feature in self._features:
            feature.moved(session)
        for host in list(self._hosts.values()):
            host.moved(session)

    def _message(self, session: Session, stanza: Stanza, to: Address) -> None:
        kids = stanza.kids
        for mask, feature in self._watching:
            if kids & mask and feature.message_in(session, stanza):
                return
        if self._is_here(to):
            if to.local:
                self._messaging.received(session, stanza, to)
            else:
                # RFC 6121 §8.5 has no rule for messages to the server: nobody reads them.
                refuse(session, stanza, StanzaError("service-unavailable"))
        elif (host := self._hosts.get(to.domain)) is not None:
            host.received(session, stanza, to)
        else:
            refuse(session, stanza, StanzaError("remote-server-not-found"))

    def _presence(self, session: Session, stanza: Stanza, to: Address | None) -> None:
        if to is None or self._is_here(to):
            self._presences.received(session, stanza, to)
        elif (host := self._hosts.get(to.domain)) is not None:
            host.received(session, stanza, to)
        elif stanza.type not in ("error", "unavailable", "unsubscribe", "unsubscribed"):
            refuse(session, stanza, StanzaError("remote-server-not-found"))

    def _request(self, session: Session, stanza: Stanza, to: Address) -> None:
        if stanza.type not in QUESTIONS and stanza.type not in ANSWERS:
            refuse(session, stanza, StanzaError("bad-request"))  # RFC 6120 §8.2.3
        elif not self._is_here(to):
            self._elsewhere(session, stanza, to)
        elif not to.local and not to.device:
            self._requests.answer(session, stanza, Scope.SERVER, None)
        elif to == session.account:
            self._requests.answer(session, stanza, Scope.OWN, to)
        elif (refused := refused_by_block(self._blocks, session.address, to)) is not None:
            self._refuse_request(session, stanza, refused)
        elif not to.device:
            self._requests.answer(session, stanza, Scope.OTHER, to)
        elif (other := self._sessions.find(str(to))) is not None:
            other.forward(stanza, session.jid)
        else:
            self._refuse_request(session, stanza, StanzaError("service-unavailable"))

    def _is_here(self, to: Address) -> bool:
        """Whether it is this server, an account, or a guest of it."""
        return to.domain == self._jids.domain or (to.domain == self._guests and bool(to.local))

    def _elsewhere(self, session: Session, stanza: Stanza, to: Address) -> None:
        if (host := self._hosts.get(to.domain)) is not None:
            host.received(session, stanza, to)
        else:
            self._refuse_request(session, stanza, StanzaError("remote-server-not-found"))

    def _refuse_request(self, session: Session, stanza: Stanza, refused: StanzaError) -> None:
        """Answers are not answered (RFC 6120 §8.3.1)."""
        if stanza.type in QUESTIONS:
            refuse(session, stanza, refused)

    def _malformed(self, session: Session, stanza: Stanza) -> None:
        if stanza.type not in ("error", "result"):
            # RFC 6120 §8.3.3.8. From the server: nobody has the address that it was for.
            session.send(
                stanza.stamp(
                    self._jids.domain,
                    to=session.jid,
                    type_="error",
                    extra=error_of(StanzaError("jid-malformed")),
                )
            )

    def _undelivered(self, session: Session, stanza: Stanza) -> None:
        """XEP-0198 §5: as if the session had ended before the stanza came."""
        sender = stanza.from_ and self._sessions.find(stanza.from_)
        if not sender or stanza.type not in QUESTIONS or stanza.kind != Stanza.IQ:
            return
        error = error_of(StanzaError("recipient-unavailable"))
        sender.send(stanza.stamp(session.jid, to=sender.jid, type_="error", extra=error))
