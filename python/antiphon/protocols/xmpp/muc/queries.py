"""IQ stanzas for rooms, their occupants and the service itself: found for each is who answers.

What is for an occupant goes on to its client, with its sender's address in the room
(XEP-0045 §17.1); the answer comes back the same way.
"""

from collections.abc import Iterable

from antiphon._native import Kid, Stanza
from antiphon.core.address import Address
from antiphon.protocols.xmpp.feature import Scope, Serve, StanzaError
from antiphon.protocols.xmpp.message import result
from antiphon.protocols.xmpp.requests import ANSWERS, Requests
from antiphon.protocols.xmpp.session import Session

from .foyer import Foyer


class Queries:
    """The service is `Scope.SERVER`, a room `Scope.OWN`."""

    def __init__(self, foyer: Foyer, requests: Requests, served: Iterable[Serve]) -> None:
        self._foyer = foyer
        self._requests = requests
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

    def _pass_on(self, session: Session, stanza: Stanza, to: Address) -> None:
        occupant = self._foyer.must_be_in(session, to.local)
        fan, seat = occupant.fan, occupant.seat
        other = None if fan is None else fan.nicks.find(to.device)
        if fan is None or seat is None or other is None:
            raise StanzaError("item-not-found", "Nobody has that name here.")
        if other is seat and stanza.kids & Kid.PING and stanza.type == "get":
            session.send(result(stanza, session.jid))  # XEP-0410 §3.3
            return
        found = fan.occupants.get(other.speaks_for.id)
        if found is None or not found.ready:
            raise StanzaError("service-unavailable", "They use no client that could answer.")
        found.session.forward(stanza, occupant.jid, address=found.session.jid)
