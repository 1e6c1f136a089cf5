"""IQ stanzas for rooms, their occupants and the service itself: found for each is who answers.

What is for an occupant goes on to its client, with its sender's address in the room
(XEP-0045 §17.2); what an account says of itself and publishes its server knows better (§17.4).
"""

from collections.abc import Iterable
from typing import Protocol

from antiphon._native import Kid, Stanza
from antiphon.core.address import Address
from antiphon.protocols.xmpp.feature import Scope, Serve, StanzaError
from antiphon.protocols.xmpp.features.pep import PUBSUB
from antiphon.protocols.xmpp.message import result
from antiphon.protocols.xmpp.requests import ANSWERS, Requests
from antiphon.protocols.xmpp.session import Session
from antiphon.protocols.xmpp.vcards import TEMP, VCARD4

from .foyer import Foyer
from .nicks import Seat
from .occupant import Occupant
from .passing import Passing

# What is asked of accounts, not of clients: profiles, pictures, published nodes.
OF_ACCOUNTS = frozenset({("vCard", TEMP), ("vcard", VCARD4), ("pubsub", PUBSUB)})


class Accounts(Protocol):
    """Answers for accounts here (`protocols.xmpp.router.Router`)."""

    def answer_for(self, session: Session, asked: Stanza, account: Address) -> None:
        """Answer what somebody asks of an account (bare) that may be another's."""


class Queries:
    """The service is `Scope.SERVER`, a room `Scope.OWN`."""

    def __init__(
        self,
        foyer: Foyer,
        requests: Requests,
        served: Iterable[Serve],
        accounts: Accounts | None = None,
    ) -> None:
        self._foyer = foyer
        self._requests = requests
        self._accounts = accounts
        self._passing = Passing()
        requests.add(served)

    def received(self, session: Session, stanza: Stanza, to: Address) -> None:
        """One IQ."""
        try:
            if not to.local:
                self._requests.answer(session, stanza, Scope.SERVER, None)
            elif to.device:
                self._pass_on(session, stanza, to)
            else:
                self._requests.answer(session, stanza, Scope.OWN, to)
        except StanzaError as refused:
            if stanza.type not in ANSWERS:
                self._foyer.refuse(session, stanza, refused)

    def gone(self, session: Session) -> None:
        """A session has ended."""
        self._passing.gone(session)

    def _pass_on(self, session: Session, stanza: Stanza, to: Address) -> None:
        if stanza.type in ANSWERS:
            self._passing.answered(session, stanza, to.local)
            return
        occupant = self._foyer.must_be_in(session, to.local)
        fan, seat = occupant.fan, occupant.seat
        other = None if fan is None else fan.nicks.find(to.device)
        if fan is None or seat is None or other is None:
            raise StanzaError("item-not-found", "Nobody has that name here.")
        if other is seat and stanza.kids & Kid.PING and stanza.type == "get":
            session.send(result(stanza, session.jid))  # XEP-0410 §3.3
            return
        if stanza.type == "get" and stanza.payload in OF_ACCOUNTS:
            self._ask_account(occupant, stanza, other)
            return
        found = fan.occupants.get(other.speaks_for.id)
        if found is None or not found.ready or not fan.hears(found.session, seat.nick):
            raise StanzaError("service-unavailable", "They use no client that could answer.")
        self._passing.ask(session, found.session, stanza, to.local, occupant.jid)

    def _ask_account(self, occupant: Occupant, stanza: Stanza, other: Seat) -> None:
        """What an account shows tells who it is: only where the room tells it as well."""
        hidden = other is not occupant.seat and not occupant.sees_addresses
        here = other.account.domain == self._foyer.jids.domain
        if self._accounts is None or hidden or not here:
            raise StanzaError("service-unavailable", "There is nothing to be known of them here.")
        self._accounts.answer_for(occupant.session, stanza, other.account)
