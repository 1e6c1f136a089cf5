"""Rooms, and occupants of rooms, that accounts block (XEP-0191 §5): to a room's occupants they are
`room@domain/nick`, whoever is behind that name.

Blocking an account does not silence it in rooms: there it speaks as an occupant.
"""

from collections.abc import Callable, Mapping
from typing import Any

from antiphon._native import Stanza
from antiphon.core.address import Address
from antiphon.core.event import BlockingChanged, Event
from antiphon.protocols.xmpp.blocks import BlockList, own_block
from antiphon.protocols.xmpp.feature import Feature
from antiphon.protocols.xmpp.requests import ANSWERS
from antiphon.protocols.xmpp.session import Session

from .foyer import Foyer
from .occupant import Occupant

Leave = Callable[[Session, Occupant], None]


class RoomBlocking(Feature):
    """Whoever blocks a room is in it no more."""

    xep = "XEP-0191 §5"

    def __init__(self, foyer: Foyer, leave: Leave) -> None:
        self._foyer = foyer
        self._leave = leave

    def news(self) -> Mapping[type[Event], Callable[[Session, Any], None]]:
        """The list changed."""
        return {BlockingChanged: self._changed}

    def _changed(self, session: Session, event: BlockingChanged) -> None:
        if event.blocked:
            for occupant in list(self._foyer.joined(session).rooms.values()):
                if self._foyer.blocks.blocks(session.account, occupant.member_room.address):
                    self._leave(session, occupant)


def refused_by_own_block(blocks: BlockList, session: Session, stanza: Stanza, to: Address) -> bool:
    """Whether a stanza must not go to the rooms' domain. Raises `StanzaError` to tell so; leaving
    is always allowed.
    """
    if not blocks.blocks(session.account, to):
        return False
    if stanza.kind == Stanza.PRESENCE and stanza.type == "unavailable":
        return False
    if stanza.type in ANSWERS:
        return True
    raise own_block()
