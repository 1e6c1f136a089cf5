"""A telephone that is called: a registered contact or a number behind a trunk, as a device.

The switchboard rings it; when it answers first, it comes into the call's room.
"""

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from antiphon.core import event as events
from antiphon.core.address import Address
from antiphon.core.call import CallInfo
from antiphon.core.description import Kind
from antiphon.core.ports import Caller, Device
from antiphon.core.reason import Reason, Refused

from .header import NameAddress
from .outgoing import OutgoingLeg, Way
from .party import Party
from .uri import Uri

if TYPE_CHECKING:
    from .agent import Agent

log = logging.getLogger(__name__)


class Rung(Party, Device):
    """One telephone, for one call or message; `ways` lead to it, and are tried in order.

    `caller` is who it is in the room, should it answer. `messages` brings it a text message.
    """

    def __init__(
        self,
        agent: "Agent",
        address: Address,
        caller: Caller,
        ways: Sequence[Way],
        *,
        messages: Callable[[events.MessageReceived], None] | None = None,
        outside: bool = False,
    ) -> None:
        super().__init__(agent.switchboard, caller, outside=outside)
        self._agent = agent
        self._address = address
        self._ways = tuple(ways)
        self._messages = messages
        self._info: CallInfo | None = None
        self._told = False
        self._answered = False

    @property
    def address(self) -> Address:
        """The account's address on this telephone."""
        return self._address

    @property
    def listens(self) -> bool:
        """Whether messages are brought to it."""
        return self._messages is not None

    # news of the call and the room

    def deliver(self, event: events.Event) -> None:
        """Take what happened."""
        match event:
            case events.Invited(call=info):
                self._invited(info)
            case events.CallEnded(call=info) if info.id == self.call:
                self._info, self.call, self._told = info, None, True
                if self.room in (None, info.room):
                    self.leg.end(info.reason or Reason.LEFT, info.text)
            case events.CallRinging() | events.CallAnswered() | events.CallEnded():
                pass
            case events.MessageReceived():
                if self._messages is not None:
                    self._messages(event)
            case _:
                super().deliver(event)

    def _invited(self, info: CallInfo) -> None:
        self._info, self.call = info, info.id
        try:
            self._agent.admit(self)
        except Refused as refused:
            log.warning("a telephone cannot be called: %s", refused.text)
            self._decline(refused.reason)
            return
        self.leg: OutgoingLeg = OutgoingLeg(
            self._agent.home,
            self,
            self._ways,
            local=_caller(info),
            remote=NameAddress(Uri("sip", info.callee.local, info.callee.domain)),
            contact_user=_user(info.caller),
            kinds=(Kind.AUDIO, Kind.VIDEO) if info.video else (Kind.AUDIO,),
        )
        self.leg.redirect = self._redirected
        self._agent.add(self)
        self.leg.start()

    # news of the leg

    def ringing(self) -> None:
        """The telephone rings."""
        if self.call is not None:
            self.switchboard.ringing(self.call, self._address)

    async def early(self) -> None:
        """There is something to be heard before the answer: the caller shall hear it."""
        if self._membership is None and self._info is not None and self.call is not None:
            await self.enter(self._info.room)
        else:
            await self.bring_media()

    async def answered(self) -> None:
        """Somebody took the call."""
        if self.call is None:
            self.leg.end(Reason.ELSEWHERE)
            return
        try:
            info = self.switchboard.answer(self.call, self._address)
            self._answered = True
            if self._membership is None:
                await self.enter(info.room)
            else:
                await self.bring_media()
        except Refused as refused:
            gone = refused.reason is Reason.GONE
            self.leg.end(Reason.ELSEWHERE if gone else refused.reason, refused.text)

    async def ended(self, reason: Reason, text: str) -> None:
        """It declined, was not reached, or hung up."""
        if not self._told and not self._answered:
            self._decline(reason)
        await super().ended(reason, text)

    def _decline(self, reason: Reason) -> None:
        call, self.call = self.call, None
        if call is not None:
            # RFC 3261 §21.6: who answers 6xx knows of all of the user's telephones.
            everywhere = self.leg_status >= 600
            self.switchboard.decline(call, self._address, reason, everywhere=everywhere)

    @property
    def leg_status(self) -> int:
        """The status with which the telephone refused; 0: it did not."""
        leg = getattr(self, "leg", None)
        return leg.status if isinstance(leg, OutgoingLeg) else 0

    async def _redirected(self, uris: list[Uri]) -> None:
        """The telephone sends its calls elsewhere (3xx): that is rung in its place."""
        if self.call is not None and self._info is not None:
            await self._agent.redirected(self._info, uris)


def _caller(info: CallInfo) -> NameAddress:
    """Who calls, as From shows it."""
    uri = Uri("sip", info.caller.local, info.caller.domain)
    return NameAddress(uri, info.caller_name)


def _user(address: Address) -> str:
    """An address's user part, escaped."""
    return str(Uri("sip", address.local, "host")).removeprefix("sip:").partition("@")[0]
