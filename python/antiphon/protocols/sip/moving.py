"""A telephone in a call as a device: when it is "rung", it answers at once by going into that room.

So a call can be taken along into another room by the same verb that invites anybody, and whoever
may call may do it.
"""

import logging

from antiphon.core import event as events
from antiphon.core.address import Address
from antiphon.core.call import CallInfo
from antiphon.core.ports import Device
from antiphon.core.reason import Reason, Refused
from antiphon.core.switchboard import Switchboard

from .incoming import IncomingLeg
from .party import Party

log = logging.getLogger(__name__)


class Mover(Device):
    """See the module. `place`: the address it is rung by."""

    def __init__(self, switchboard: Switchboard, party: Party, place: Address) -> None:
        self._switchboard = switchboard
        self._party = party
        self._place = place

    @property
    def address(self) -> Address:
        """The telephone in its present call."""
        return self._place

    @property
    def listens(self) -> bool:
        """It is there to be moved only."""
        return False

    def deliver(self, event: events.Event) -> None:
        """Take what happened."""
        match event:
            case events.Invited(call=info):
                self._party.leg.turns.add(lambda: self._answer(info))
            case events.CallEnded(call=info) if self._party.room == info.room:
                self._party.leg.end(info.reason or Reason.LEFT, info.text)

    async def _answer(self, info: CallInfo) -> None:
        party = self._party
        if party.leg.over:
            self._switchboard.decline(info.id, self._place, Reason.UNAVAILABLE)
            return
        try:
            self._switchboard.answer(info.id, self._place)
        except Refused as refused:
            # Somebody else was first: their call goes on.
            if party.room is None:
                party.leg.end(refused.reason, refused.text)
            return
        try:
            await party.move(info.room)
        except Refused as refused:
            log.info("a telephone could not go into another room: %s", refused)
            self._switchboard.hang_up(info.id, refused.reason, refused.text)
            if party.room is None:
                party.leg.end(refused.reason, refused.text)
            return
        if isinstance(party.leg, IncomingLeg):
            party.leg.accept()
