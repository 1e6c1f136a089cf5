"""A telephone that calls: into a room, to an account or a number, or to the menu.

What is allowed and who is rung is the switchboard's to say; this spells it for the telephone.
"""

import logging
import secrets
from functools import partial
from typing import TYPE_CHECKING

from antiphon.core import event as events
from antiphon.core.address import Address
from antiphon.core.call import CallInfo
from antiphon.core.ports import Caller, RoomSettings
from antiphon.core.reason import Reason, Refused

from . import fields
from .header import parse_name_address
from .incoming import IncomingLeg
from .menu import Menu
from .party import Party
from .reason import status_of
from .renegotiation import acceptable
from .replacing import NoSuchDialog
from .session_timer import TooSmallError
from .uri import MalformedError

if TYPE_CHECKING:
    from .agent import Agent
    from .asked import Asked

log = logging.getLogger(__name__)


class Calling(Party):
    """One call of one telephone. Raises `MalformedError` for an INVITE that makes no dialog."""

    def __init__(self, agent: "Agent", asked: "Asked", caller: Caller) -> None:
        request = asked.request
        super().__init__(agent.switchboard, caller, _display(asked), outside=bool(asked.trunk))
        self._agent = agent
        self._info: CallInfo | None = None
        self._menu: Menu | None = None
        self.leg: IncomingLeg = IncomingLeg(agent.home, self, request, _contact_user(asked))

    def begin(self, asked: "Asked") -> None:
        """Do what the INVITE asks."""
        self.leg.turns.add(partial(self._begin, asked))

    async def _begin(self, asked: "Asked") -> None:
        leg, invite = self.leg, asked.request
        try:
            if not acceptable(leg, invite):
                leg.hung_up(Reason.UNSUPPORTED)
                return
            await leg.open()
            await self._connect(asked)
        except TooSmallError as error:
            leg.refuse(422, Reason.BAD_REQUEST, more=[("Min-SE", str(error.minimum))])
        except MalformedError as error:
            leg.refuse(400, Reason.BAD_REQUEST, str(error), fields.warning(error))
        except Refused as refused:
            log.info("call refused: %s", refused)
            status = 481 if isinstance(refused, NoSuchDialog) else status_of(refused.reason)
            leg.refuse(status, refused.reason, refused.text, fields.warning(refused))

    async def _connect(self, asked: "Asked") -> None:
        if (taken := self._agent.replaced_by(asked.request)) is not None:
            if self.outside:
                raise Refused(Reason.FORBIDDEN, "Calls here are not for those outside.")
            await taken(self)
        elif self._agent.is_menu(asked):
            self._ask_for("")
        elif (target := asked.target) is not None and target.is_room:
            await self._visit(target.local)
        else:
            await self._call(asked)

    # rooms

    async def _visit(self, room: str) -> None:
        """Come into a room, at once or after its PIN."""
        settings = await self._agent.room_settings(room)
        if settings.pin and not self._needs_no_pin(settings):
            self._ask_for(settings.name)
            return
        self.leg.focus = True
        await self.enter(room)
        self.leg.accept()
        self.greet()

    def greet(self) -> None:
        """Tell who is alone that it is so."""
        membership = self._membership
        if membership is not None and len(membership.room.members) == 1:
            self.announce("alone")

    def _needs_no_pin(self, settings: RoomSettings) -> bool:
        grants = self.caller.grants
        owns = settings.owner is not None and settings.owner == self.caller.address.bare
        return owns or grants.admin or grants.moderate

    def _ask_for(self, room: str) -> None:
        """Answer, and ask for the PIN of a room, or for a room's number and then its PIN."""
        self.leg.focus = True
        self._menu = Menu(self, self._agent, room)
        self.leg.accept()
        if self.leg.has_offer:
            self._menu.begin()

    async def admitted(self, room: str) -> None:
        """The menu is done: into the room. Raises `Refused`."""
        self._menu = None
        await self.enter(room)
        self.greet()

    # calls

    async def _call(self, asked: "Asked") -> None:
        target = asked.target
        callee: Address | str | None = target or asked.uri.number
        if target is not None and asked.instance:
            callee = self._agent.telephone(target, asked.instance)
        if callee is None:
            raise Refused(Reason.NOT_FOUND, "There is nobody of that name here.")
        self.call = f"call_{secrets.token_urlsafe(12)}"
        try:
            info = await self.switchboard.call(
                self.caller,
                callee,
                self,
                video=b"m=video" in asked.request.body,
                name=self.name,
                id=self.call,
            )
        except Refused as refused:
            self.call = None
            if refused.reason is not Reason.NOT_FOUND or target is None:
                raise
            if not await self._agent.is_room(target.local):
                raise
            await self._visit(target.local)
            return
        self.leg.try_on()
        self._info = self._info or info
        if self._info.running and self.leg.has_offer:
            await self.enter(info.room)

    # news of the leg

    def pressed(self, digit: str, duration: float, *, carried: bool) -> None:
        """A key: for the menu, as long as there is one."""
        if self._menu is not None:
            self._menu.pressed(digit)
        else:
            super().pressed(digit, duration, carried=carried)

    async def renegotiated(self) -> None:
        """The media session changed: or, where the INVITE had no offer, it begins now."""
        if self._menu is not None:
            self._menu.begin()
        elif self._membership is None and self._info is not None and self._info.running:
            await self.enter(self._info.room)
        else:
            await super().renegotiated()

    def played(self) -> None:
        """Prompts have been sounded."""
        if self._menu is not None:
            self._menu.played()

    async def ended(self, reason: Reason, text: str) -> None:
        """The call is over."""
        if self._menu is not None:
            self._menu.close()
        if self.call is not None and (self._info is None or self._info.unanswered):
            self.switchboard.hang_up(self.call, Reason.CANCELLED)
        await super().ended(reason, text)

    # news of the call and the room

    def deliver(self, event: events.Event) -> None:
        """Take what happened."""
        match event:
            case events.CallRinging(call=info) if info.id == self.call:
                self._info = info
                self.leg.ring()
            case events.CallAnswered(call=info) if info.id == self.call:
                self._info = info
                self.leg.accept()
            case events.CallEnded(call=info) if info.id == self.call:
                self._info, self.call = info, None
                if self.room in (None, info.room):
                    self.leg.end(info.reason or Reason.LEFT, info.text)
            case events.TrackAdded(track=track) if self._is_early and track.member != self.member:
                self.leg.progress()
            case _:
                super().deliver(event)

    @property
    def _is_early(self) -> bool:
        return self.call is not None and (self._info is None or self._info.unanswered)


def _display(asked: "Asked") -> str:
    """The name that a telephone or, for a trunk's callers, its carrier says."""
    fields = ("p-asserted-identity", "from") if asked.trunk else ("from",)
    for name in fields:
        try:
            if (text := asked.request.get(name)) and (said := parse_name_address(text).display):
                return said
        except MalformedError:
            continue
    return ""


def _contact_user(asked: "Asked") -> str:
    """As which user we are reached in the dialog: the room or account that was called."""
    return str(asked.uri.plain).partition(":")[2].partition("@")[0] if asked.uri.user else ""
