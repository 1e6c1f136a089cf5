"""Presence (RFC 6121 §4): clients come, say how their users are there, and go; others hear of it,
those whom they told directly as well.
"""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from antiphon._native import Stanza
from antiphon.core.address import Address
from antiphon.core.contact import Contact
from antiphon.core.event import ContactChanged, ContactRemoved, Event
from antiphon.core.people import Contacts
from antiphon.core.ports import Device, Presence
from antiphon.core.reason import Refused
from antiphon.protocols.xmpp.audiences import Audiences
from antiphon.protocols.xmpp.availability import Available
from antiphon.protocols.xmpp.blocks import refused_by_block
from antiphon.protocols.xmpp.device import device_of
from antiphon.protocols.xmpp.errands import Errands
from antiphon.protocols.xmpp.feature import Feature, StanzaError
from antiphon.protocols.xmpp.messaging import refuse
from antiphon.protocols.xmpp.session import Session
from antiphon.protocols.xmpp.sessions import Sessions
from antiphon.protocols.xmpp.spelling import state_of, unavailable

from .subscriptions import Subscriptions

# Whom a session may have told directly that it is there (RFC 6121 §4.6).
DIRECTED = 500
SUBSCRIPTION = frozenset({"subscribe", "subscribed", "unsubscribe", "unsubscribed"})


class Arrivals(Protocol):
    """What is asked of the switchboard."""

    def came(self, device: Device) -> None:
        """The device listens from now on: it is told what waits."""


class Observer(Protocol):
    """What other features have to do with presence."""

    async def come(self, session: Session) -> None:
        """A session's first presence is about to be dealt with."""

    def stamp(self, session: Session, sent: Stanza) -> bytes:
        """An available presence as others shall see it, without `to`."""

    def seen(self, session: Session, sent: Stanza) -> None:
        """An available presence was taken."""

    def left(self, session: Session, sent: Stanza | None) -> None:
        """A session is not available any more; `sent`: what it said at last."""


class _Directed(set[Address]):
    """Kept of a session: whom it told directly."""


class _Arriving:
    """Kept of a session while its contacts are looked up for its first presence."""


class PresenceFeature(Feature):
    """Takes presence of clients, and tells them that of others."""

    xep = "RFC 6121 §4"

    def __init__(
        self,
        *,
        sessions: Sessions,
        presence: Presence,
        contacts: Contacts,
        audiences: Audiences,
        subscriptions: Subscriptions,
        arrivals: Arrivals,
        errands: Errands,
        observer: Observer,
    ) -> None:
        self._sessions = sessions
        self._presence = presence
        self._contacts = contacts
        self._audiences = audiences
        self._subscriptions = subscriptions
        self._arrivals = arrivals
        self._errands = errands
        self._observer = observer

    # stanzas

    def received(self, session: Session, sent: Stanza, to: Address | None) -> None:
        """To everybody, or to an account here."""
        type_ = sent.type
        if to is None:
            if type_ is None:
                self._available(session, sent)
            elif type_ == "unavailable":
                self._in_order(session, lambda: self._unavailable(session, sent))
            elif type_ != "probe":
                refuse(session, sent, StanzaError("bad-request"))
        elif type_ in SUBSCRIPTION:
            self._subscriptions.received(session, sent, to.bare)
        elif type_ is None or type_ in ("unavailable", "error"):
            self._directed(session, sent, to)
        elif type_ == "probe":
            self._probed(session, to.bare)
        else:
            refuse(session, sent, StanzaError("bad-request"))

    def _available(self, session: Session, sent: Stanza) -> None:
        presence = self._observer.stamp(session, sent)
        try:
            state = state_of(sent, session.address, presence)
        except ValueError as error:
            refuse(session, sent, StanzaError("bad-request", str(error)))
            return
        available = session.features.get(Available)
        if available is None and _Arriving not in session.features:
            session.features[_Arriving] = _Arriving()
            self._later(session, sent, lambda: self._arrive(session, sent))
        elif available is None:
            # It comes: what it says meanwhile is taken when it is there.
            self._in_order(session, lambda: self._available(session, sent))
        else:
            try:
                self._presence.publish(state)
            except Refused as refused:
                refuse(session, sent, refused)
                return
            listened = available.priority >= 0
            available.sent, available.priority = sent, state.priority
            self._observer.seen(session, sent)
            if not listened and state.priority >= 0:
                self._arrivals.came(device_of(session))

    async def _arrive(self, session: Session, sent: Stanza) -> None:
        """Initial presence (RFC 6121 §4.2)."""
        try:
            await self._observer.come(session)
            # Last: what changes while something else is waited for would not be seen.
            contacts = await self._contacts_of(session.account)
            if session.ended:
                return
            presence = self._observer.stamp(session, sent)
            state = state_of(sent, session.address, presence)
            session.features[Available] = Available(sent, state.priority)
            for contact in contacts:
                if contact.sees:
                    self._audiences.see(session, contact.address)
            self._audiences.see(session, session.account)
            self._presence.publish(state)
            self._observer.seen(session, sent)
            for contact in contacts:
                if contact.asking:
                    self._subscriptions.asked(session, contact.address, contact.request)
            if state.priority >= 0:
                self._arrivals.came(device_of(session))
        finally:
            session.features.pop(_Arriving, None)

    async def _contacts_of(self, account: Address) -> Sequence[Contact]:
        """Guests have none."""
        if account.is_guest:
            return ()
        await self._contacts.blocked(account)
        return await self._contacts.of(account)

    def again(self, session: Session) -> None:
        """Tell the others once more how a session's user is there: what others see of it is
        another.
        """
        available = session.features.get(Available)
        if available is not None:
            presence = self._observer.stamp(session, available.sent)
            self._presence.publish(state_of(available.sent, session.address, presence))

    def _unavailable(self, session: Session, sent: Stanza) -> None:
        words = sent.stamp(session.jid)
        if session.features.pop(Available, None) is not None:
            self._audiences.withdraw(session.address, words)
            self._audiences.unsee_all(session)
        self._say_goodbye(session, words)
        self._observer.left(session, sent)

    def _directed(self, session: Session, sent: Stanza, to: Address) -> None:
        """RFC 6121 §4.6: for those who do not see it, or before others do."""
        if refused_by_block(self._contacts, session.address, to) is not None:
            return
        data = self._observer.stamp(session, sent) if sent.type is None else sent.stamp(session.jid)
        told_now = Stanza(data)
        for other in self._meant(to):
            other.forward(told_now, session.jid, address=other.jid)
        told = session.features.setdefault(_Directed, _Directed())
        if sent.type is None and len(told) < DIRECTED:
            told.add(to)
        elif sent.type == "unavailable":
            told.discard(to)

    def _probed(self, session: Session, account: Address) -> None:
        """RFC 6121 §4.3: a client may ask for the presence that it sees anyway."""
        if account == session.account or self._audiences.sees(session, account):
            self._audiences.show(session, account)

    # the ends of sessions

    def gone(self, session: Session) -> None:
        """RFC 6121 §4.5.3: whoever does not say goodbye is said goodbye for."""
        words = unavailable(session.address)
        self._audiences.unsee_all(session)
        if session.features.pop(Available, None) is not None:
            self._audiences.withdraw(session.address, words)
            self._observer.left(session, None)
        self._say_goodbye(session, words)

    def _say_goodbye(self, session: Session, words: bytes) -> None:
        told = session.features.pop(_Directed, None)
        if not told:
            return
        last = Stanza(words)
        for address in told:
            for other in self._meant(address):
                if not self._audiences.sees(other, session.account):
                    other.forward(last, session.jid, address=other.jid)

    def _meant(self, to: Address) -> list[Session]:
        if to.device:
            found = self._sessions.find(str(to))
            return [] if found is None else [found]
        there = list(self._sessions.of(to).values())
        return [session for session in there if Available in session.features]

    # news

    def news(self) -> Mapping[type[Event], Callable[[Session, Any], None]]:
        """Who sees whom changes."""
        return {
            ContactChanged: self._contact_changed,
            ContactRemoved: self._contact_removed,
        }

    def _contact_changed(self, session: Session, event: ContactChanged) -> None:
        if Available not in session.features:
            return
        if event.contact.sees:
            self._audiences.see(session, event.contact.address)
        else:
            self._audiences.unsee(session, event.contact.address)

    def _contact_removed(self, session: Session, event: ContactRemoved) -> None:
        self._audiences.unsee(session, event.address)

    def sight_changed(self, watcher: Address, account: Address) -> None:
        """What the one may see of the other may be otherwise now, as when one of them blocks the
        other (XEP-0191 §3.5). An address without a local part is everybody of that domain.
        """
        for session in self._those(watcher):
            if Available not in session.features:
                continue
            known = self._contacts.sees(session.account, account) is not None
            if account.local and known:
                self._look(session, account)
            else:
                look = partial(self._look_at_all, session, account.domain)
                self._errands.add(session, look, always=True)

    def _those(self, watcher: Address) -> list[Session]:
        if watcher.local:
            return list(self._sessions.of(watcher).values())
        return [one for one in self._sessions if one.account.domain == watcher.domain]

    def _look(self, session: Session, account: Address) -> None:
        own, contacts = session.account, self._contacts
        hidden = contacts.blocks(own, account) or contacts.blocks(account, own)
        if hidden or not contacts.sees(own, account):
            self._audiences.unsee(session, account)
        else:
            self._audiences.see(session, account)

    async def _look_at_all(self, session: Session, domain: str) -> None:
        for contact in await self._contacts.of(session.account):
            if contact.address.domain == domain and not session.ended:
                self._look(session, contact.address)

    # order

    def _in_order(self, session: Session, step: Callable[[], None]) -> None:
        """At once, unless its first presence is being dealt with."""
        if _Arriving not in session.features:
            step()
            return

        async def errand() -> None:
            step()

        self._errands.add(session, errand)

    def _later(
        self,
        session: Session,
        sent: Stanza | None,
        errand: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        token = session.begin()

        async def run() -> None:
            try:
                await errand()
            except Refused as refused:
                if sent is not None:
                    refuse(session, sent, refused)
            finally:
                session.finish(token)

        try:
            self._errands.add(session, run)
        except Refused as full:
            session.features.pop(_Arriving, None)  # it may come when it waits for less
            if sent is not None:
                refuse(session, sent, full)
            session.finish(token)
