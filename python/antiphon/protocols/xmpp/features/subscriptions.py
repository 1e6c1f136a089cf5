"""Who may see whose presence: asking, granting, refusing and ending it (RFC 6121 §3).

The states are those of the contacts, who keep both sides; here they are asked, and what they say is
told.
"""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from antiphon._native import Kid, Stanza
from antiphon.core.address import Address
from antiphon.core.event import ContactAnswered, ContactAsked, Event
from antiphon.core.people import Contacts
from antiphon.core.reason import Reason, Refused
from antiphon.protocols.xmpp.availability import is_available
from antiphon.protocols.xmpp.blocks import refused_by_block
from antiphon.protocols.xmpp.errands import Errands
from antiphon.protocols.xmpp.feature import Feature
from antiphon.protocols.xmpp.message import escape, stanza
from antiphon.protocols.xmpp.messaging import refuse
from antiphon.protocols.xmpp.session import Session

from .roster import is_interested

# Words that go with a request, in characters.
MAX_TEXT = 500


class Subscriptions(Feature):
    """Presence stanzas of types subscribe, subscribed, unsubscribe and unsubscribed."""

    xep = "RFC 6121 §3"

    def __init__(self, contacts: Contacts, errands: Errands) -> None:
        self._contacts = contacts
        self._errands = errands

    def offered(self) -> bytes:
        """RFC 6121 §3.4.1."""
        return b"<sub xmlns='urn:xmpp:features:pre-approval'/>"

    def received(self, session: Session, sent: Stanza, to: Address) -> None:
        """One of them, for an account here (bare)."""
        if to == session.account:
            return  # everybody sees their own
        refused = refused_by_block(self._contacts, session.account, to)
        if refused is not None and sent.type == "subscribe":
            refuse(session, sent, refused)
            return
        token = session.begin()

        async def errand() -> None:
            try:
                await self._verb(session, sent, to)
            except Refused as refused:
                self._refused(session, sent, to, refused)
            finally:
                session.finish(token)

        try:
            self._errands.add(session, errand)
        except Refused as full:
            refuse(session, sent, full)
            session.finish(token)

    def _verb(self, session: Session, sent: Stanza, to: Address) -> Coroutine[Any, Any, None]:
        own, contacts = session.account, self._contacts
        match sent.type:
            case "subscribe":
                text = (sent.text(Kid.STATUS) or "")[:MAX_TEXT]
                return contacts.ask(own, to, text)
            case "subscribed":
                return contacts.answer(own, to, True)
            case "unsubscribed":
                return contacts.answer(own, to, False)
            case _:
                return contacts.withdraw(own, to)

    def _refused(self, session: Session, sent: Stanza, to: Address, refused: Refused) -> None:
        """RFC 6121 §8.5.1: whoever asks for somebody who is not there is refused as by them."""
        if refused.reason is not Reason.NOT_FOUND:
            refuse(session, sent, refused)
        elif sent.type == "subscribe":
            session.send(stanza("presence", to=session.bare, from_=str(to), kind="unsubscribed"))

    # news

    def news(self) -> Mapping[type[Event], Callable[[Session, Any], None]]:
        """Others ask and answer."""
        return {ContactAsked: self._contact_asked, ContactAnswered: self._contact_answered}

    def _contact_asked(self, session: Session, event: ContactAsked) -> None:
        if is_available(session):
            self.asked(session, event.address, event.text)

    def asked(self, session: Session, address: Address, text: str) -> None:
        """Tell the client that somebody asks (RFC 6121 §3.1.3), again at each log-in until it is
        answered.
        """
        words = (f"<status>{escape(text)}</status>".encode(),) if text else ()
        session.send(
            stanza("presence", *words, to=session.bare, from_=str(address), kind="subscribe")
        )

    def _contact_answered(self, session: Session, event: ContactAnswered) -> None:
        """RFC 6121 §3.1.6: to the resources that know the list."""
        if is_interested(session):
            type_ = "subscribed" if event.granted else "unsubscribed"
            session.send(stanza("presence", to=session.bare, from_=str(event.address), kind=type_))
