"""The calls of one session: those it makes, those that ring on it, and the one it hands on.

Decisions are the switchboard's; this remembers what must be undone when the session ends.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import msgspec

from antiphon.core import event as events
from antiphon.core.address import Address
from antiphon.core.call import CallInfo
from antiphon.core.outlet import Outlet
from antiphon.core.ports import Caller
from antiphon.core.reason import Reason, Refused
from antiphon.core.switchboard import Membership, Switchboard

from . import message, spelling

log = logging.getLogger(__name__)

KEYS = frozenset("0123456789ABCD*#")
# How long a key sounds when the client does not say (s).
KEY_TIME = 0.16
# Somebody who answered, and to whom the room was to be handed, comes within this time or not (s).
COMES_WITHIN = 20.0

CallRequest = (
    message.PlaceCall
    | message.Invite
    | message.Transfer
    | message.AcceptCall
    | message.DeclineCall
    | message.HangUp
    | message.Hold
    | message.Press
)


class Session(Outlet, Protocol):
    """What the calls need of the session that has them."""

    @property
    def membership(self) -> Membership | None:
        """Where it is now."""

    def news_follows(self) -> None:
        """Hold news back until the request being done is replied to."""

    async def leave(self, reason: Reason) -> None:
        """Go out of the room."""


class SessionCalls:
    """`limit`: calls that one session may have ringing at once. `device`: its own address."""

    def __init__(
        self,
        caller: Caller,
        device: Address,
        session: Session,
        *,
        switchboard: Switchboard,
        limit: int,
    ) -> None:
        self.device = device
        # Who calls is known by device, so that calling one's own account rings the other ones.
        self._caller = replace(caller, address=device)
        self._session = session
        self._switchboard = switchboard
        self._limit = limit
        self._made: dict[str, bool] = {}  # call id → answered
        self._rung: dict[str, bool] = {}
        self._ringing: set[str] = set()
        self._handing: str | None = None
        self._awaited: Address | None = None
        self._waiting: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # requests

    async def do(self, request: CallRequest) -> message.ServerReply:
        """Do one of the requests that concern calls. Raises `Refused`."""
        match request:
            case message.PlaceCall():
                room = request.room if request.room is not msgspec.UNSET else None
                return await self._place(request, room)
            case message.Invite():
                return await self._place(request, self._room().room.name)
            case message.Transfer():
                return await self._transfer(request)
            case message.AcceptCall():
                return self._accept(request)
            case message.DeclineCall():
                self._decline(request)
            case message.HangUp():
                self._hang_up(request.call)
            case message.Hold():
                here = self._room()
                self._switchboard.hold(here.room.name, here.member.id, request.held)
            case message.Press():
                self._press(request)
        return message.Result(id=request.id)

    async def _place(
        self, request: message.PlaceCall | message.Invite | message.Transfer, room: str | None
    ) -> message.Called:
        if sum(not answered for answered in self._made.values()) >= self._limit:
            raise Refused(Reason.TOO_MANY, "You are calling too many at once.")
        self._session.news_follows()
        call = await self._switchboard.call(
            self._caller,
            request.to,
            self._session,
            room=room,
            video=request.video if request.video is not msgspec.UNSET else False,
        )
        self._made[call.id] = False
        return message.Called(id=request.id, call=spelling.call(call))

    async def _transfer(self, request: message.Transfer) -> message.Called:
        if self._handing is not None:
            raise Refused(Reason.CONFLICT, "You are transferring already.")
        called = await self._place(request, self._room().room.name)
        self._handing = called.call.id
        return called

    def _accept(self, request: message.AcceptCall) -> message.Called:
        self._known(request.call, self._rung)
        call = self._switchboard.answer(request.call, self.device)
        self._rung[request.call] = True
        return message.Called(id=request.id, call=spelling.call(call))

    def _decline(self, request: message.DeclineCall) -> None:
        self._known(request.call, self._rung)
        given = request.reason if request.reason is not msgspec.UNSET else "declined"
        self._rung.pop(request.call)
        self._ringing.discard(request.call)
        self._switchboard.decline(request.call, self.device, Reason(given))

    def _hang_up(self, call: str) -> None:
        if not self._rung.get(call):
            self._known(call, self._made)
        self._switchboard.hang_up(call)

    def _press(self, request: message.Press) -> None:
        here = self._room()
        if not KEYS.issuperset(request.digits):
            raise Refused(Reason.BAD_REQUEST, "A telephone's keys are 0-9, A-D, * and #.")
        duration = request.duration / 1000 if request.duration is not msgspec.UNSET else KEY_TIME
        for digit in request.digits:
            self._switchboard.press(here.room.name, here.member.id, digit, duration)

    # news

    def heard(self, event: events.Event) -> None:
        """Take notice of what the session is told."""
        match event:
            case events.Invited(call=call):
                self._rung[call.id] = False
            case events.CallAnswered(call=call):
                if call.id in self._made:
                    self._made[call.id] = True
                if call.id == self._handing:
                    self._hand_to(call)
            case events.CallEnded(call=call):
                self._made.pop(call.id, None)
                self._rung.pop(call.id, None)
                self._ringing.discard(call.id)
                if call.id == self._handing and self._awaited is None:
                    self._handing = None
            case events.MemberJoined(member=member):
                if self._awaited is not None and member.address.bare == self._awaited:
                    self._hand_over()
            case events.Ended():
                self._keep_room()

    def ring(self) -> None:
        """The client is there to ring: tell the callers, of what does not ring yet."""
        for call in self._rung.keys() - self._ringing:
            self._ringing.add(call)
            self._tell(lambda id: self._switchboard.ringing(id, self.device), call)

    def close(self) -> None:
        """The session ends: nobody is there to answer, or to wait for an answer."""
        self._keep_room()
        rung, self._rung = self._rung, {}
        made, self._made = self._made, {}
        for call, answered in rung.items():
            if not answered:
                self._tell(self._nobody_here, call)
        for call, answered in made.items():
            if not answered:
                self._tell(self._switchboard.hang_up, call)

    # within

    def _hand_to(self, call: CallInfo) -> None:
        """Somebody answered, and takes over the room as soon as they are in it."""
        self._awaited = (call.by or call.callee).bare
        here = self._session.membership
        present = here.room.members.values() if here is not None else ()
        if any(member.info.address.bare == self._awaited for member in present):
            self._hand_over()
            return
        loop = asyncio.get_running_loop()
        self._waiting = loop.call_later(COMES_WITHIN, self._keep_room)

    def _hand_over(self) -> None:
        self._keep_room()
        task = asyncio.create_task(self._session.leave(Reason.TRANSFERRED))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _keep_room(self) -> None:
        self._handing = self._awaited = None
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _nobody_here(self, call: str) -> None:
        self._switchboard.decline(call, self.device, Reason.UNAVAILABLE)

    @staticmethod
    def _tell(verb: Callable[[str], None], call: str) -> None:
        try:
            verb(call)
        except Refused as refused:
            log.debug("a call was over already: %s", refused)

    def _known(self, call: str, calls: dict[str, bool]) -> None:
        if call not in calls:
            raise Refused(Reason.GONE, "This call is over.")

    def _room(self) -> Membership:
        if (here := self._session.membership) is None:
            raise Refused(Reason.CONFLICT, "You are in no room: join one first.")
        return here
