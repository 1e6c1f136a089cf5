"""Transfers by REFER (RFC 3515, RFC 5589): to somebody who is then rung, or to a call that the
telephone has on another line.

A call of two is a room, so whoever it is transferred to is called into that room, and the one who
transferred leaves it.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from antiphon._native import SipRequest, SipResponse
from antiphon.core import event as events
from antiphon.core.address import Address
from antiphon.core.call import is_call_room
from antiphon.core.reason import Reason, Refused

from . import fields
from .dialog import DialogId
from .header import Replaces, elements, parse_name_address, replaces_of
from .party import Party
from .reason import phrase, status_of
from .uri import MalformedError, Uri

if TYPE_CHECKING:
    from .agent import Agent

log = logging.getLogger(__name__)

EXPIRES = 60
FRAGMENT = "message/sipfrag;version=2.0"


class Transfers:
    """Takes REFER from parties."""

    def __init__(self, agent: "Agent") -> None:
        self._agent = agent

    def referred(self, party: Party, request: SipRequest) -> bool:
        """A telephone wants to be transferred away from its call."""
        stack = self._agent.home.stack
        try:
            target = _target(request)
            replaces = replaces_of(target)
        except MalformedError as error:
            stack.reply(request, 400, headers=fields.warning(error))
            return True
        if party.outside:
            stack.reply(request, 403)
            return True
        if party.room is None or target.parameters.get("method", "INVITE") != "INVITE":
            stack.reply(request, 603)
            return True
        quiet = (request.get("refer-sub") or "").strip().lower() == "false"  # RFC 4488
        more = [("Refer-Sub", "false")] if quiet else []
        party.leg.reply(request, 202, more)
        referral = Referral(self._agent, party, request.cseq, quiet=quiet)
        self._agent.counters["transfers"] += 1
        party.leg.turns.add(partial(referral.begin, target, replaces))
        return True


def _target(request: SipRequest) -> Uri:
    targets = elements(request.all("refer-to"))
    if len(targets) != 1:
        raise MalformedError("exactly one Refer-To is needed")
    return parse_name_address(targets[0]).uri


class Referral:
    """One transfer: the outlet of the calls that it makes. The referrer is told by NOTIFY how it
    goes, as an implicit subscription (RFC 3515 §2.4.4) says.
    """

    def __init__(self, agent: "Agent", referrer: Party, cseq: int, *, quiet: bool) -> None:
        self._agent = agent
        self._referrer = referrer
        self._cseq = cseq
        self._quiet = quiet
        self._done = False
        self._unanswered = False
        self._next: tuple[int, bool] | None = None
        self._then: Callable[[], None] | None = None  # to be done when all has been told
        self._leaving: list[Party] = [referrer]

    async def begin(self, target: Uri, replaces: Replaces | None) -> None:
        """Do it."""
        self._notify(100)
        try:
            if replaces is None:
                await self._blind(target)
            else:
                await self._attended(target, replaces)
        except Refused as refused:
            log.info("a transfer was refused: %s", refused)
            self._finish(status_of(refused.reason))

    def deliver(self, event: events.Event) -> None:
        """Take news of the call to whom it is transferred."""
        match event:
            case events.CallRinging():
                self._notify(180)
            case events.CallAnswered():
                self._finish(200)
            case events.CallEnded(call=info):
                self._finish(status_of(info.reason or Reason.UNAVAILABLE))

    # to somebody who is rung

    async def _blind(self, target: Uri) -> None:
        referrer, addresses = self._referrer, self._agent.switchboard.addresses
        room = referrer.room
        if room is None:
            raise Refused(Reason.GONE, "The call is in no room any more.")
        callee: Address | str = target.number or ""
        if not callee and not self._agent.is_here(target):
            raise Refused(Reason.FORBIDDEN, "Calls are transferred to people of this server only.")
        if self._agent.is_here(target):
            callee = addresses.parse(f"{target.user or ''}@{self._agent.domain_of(target)}")
            if callee.is_room:
                await self._into_room(room, callee.local)
                return
        await self._agent.switchboard.call(
            referrer.caller, callee, self, room=room, name=self._other_name(room)
        )

    async def _into_room(self, room: str, conference: str) -> None:
        """Transferred to a conference: those who are telephones go there by their own right."""
        movers = self._telephones(room, self._referrer)
        if not movers:
            raise Refused(Reason.UNSUPPORTED, "Only telephones can be sent into a room.")
        settings = await self._agent.room_settings(conference)
        if settings.pin:
            raise Refused(Reason.FORBIDDEN, "That room asks for a PIN.")
        for party in movers:
            self._agent.switchboard.may_enter(party.caller, settings)
        # The call ends as soon as they go: the referrer must know before.
        self._then = partial(self._move_all, movers, conference)
        self._finish(200)

    def _move_all(self, movers: list[Party], conference: str) -> None:
        for party in movers:
            party.leg.turns.add(partial(self._move, party, conference))

    async def _move(self, party: Party, conference: str) -> None:
        try:
            await party.move(conference)
        except Refused as refused:
            log.info("a telephone could not go into a conference: %s", refused)
            if party.room is None:
                party.leg.end(refused.reason, refused.text)

    # to a call on another line

    async def _attended(self, target: Uri, replaces: Replaces) -> None:
        # The tags are seen from whom the INVITE would go to (RFC 3891 §3): from our side.
        dialog = DialogId(replaces.call_id, replaces.to_tag, replaces.from_tag)
        other, room = self._agent.find(dialog), self._referrer.room
        if other is None or other.room is None or room is None:
            raise Refused(Reason.GONE, "The other call is not there any more.")
        if other.caller.address.bare != self._referrer.caller.address.bare:
            raise Refused(Reason.FORBIDDEN, "The other call is somebody else's.")
        if not other.leg.dialog.confirmed:
            other.leg.end(Reason.CANCELLED)
            await self._blind(target)
            return
        self._leaving.append(other)
        await self._join(room, other, other.room)

    async def _join(self, room: str, other: Party, other_room: str) -> None:
        """Bring those of both rooms into one."""
        here, there = self._referrer, other
        for mover, away_from, into in ((here, room, other_room), (there, other_room, room)):
            movers = self._telephones(away_from, mover)
            if movers and is_call_room(away_from):
                for party in movers:
                    place = self._agent.place_of(party)
                    await self._call(place, into, party.name)
                return
        rest = self._others(room, here)
        if not rest:
            raise Refused(Reason.GONE, "There is nobody to be transferred.")
        for address, name in rest:
            await self._call(address.bare, other_room, name)

    async def _call(self, whom: Address, into: str, name: str) -> None:
        caller = self._referrer.caller
        await self._agent.switchboard.call(caller, whom, self, room=into, name=name)

    def _others(self, room: str, party: Party) -> list[tuple[Address, str]]:
        """Who is in a room besides a party: addresses and names."""
        living = self._agent.switchboard.find(room)
        members = living.members.values() if living is not None else ()
        return [
            (member.caller.address, member.info.name)
            for member in members
            if member.id != party.member and not member.info.stream
        ]

    def _telephones(self, room: str, party: Party) -> list[Party]:
        """The others of a room, if all of them are telephones of ours."""
        living = self._agent.switchboard.find(room)
        if living is None:
            return []
        found = [
            member.outlet
            for member in living.members.values()
            if member.id != party.member and not member.info.stream
        ]
        parties = [one for one in found if isinstance(one, Party)]
        return parties if len(parties) == len(found) else []

    def _other_name(self, room: str) -> str:
        """Whom the one who is rung will talk to."""
        others = self._others(room, self._referrer)
        return others[0][1] if len(others) == 1 else self._referrer.name

    # telling the referrer

    def _finish(self, status: int) -> None:
        if self._done:
            return
        self._notify(status, last=True)
        self._done = True
        room = self._referrer.room
        # RFC 4579: who refers a conference to somebody wants them added, and stays.
        if status < 300 and room is not None and is_call_room(room):
            wait = self._agent.home.times.referrer
            asyncio.get_running_loop().call_later(wait, self._leave)

    def _leave(self) -> None:
        """One who has transferred a call hangs up itself; who does not is hung up on."""
        for party in self._leaving:
            party.leg.end(Reason.TRANSFERRED)

    def _notify(self, status: int, *, last: bool = False) -> None:
        """Tell how it goes; one after the other, or a slow network could turn them round."""
        if self._quiet or self._done or self._referrer.leg.over:
            if last:
                self._all_told()
            return
        if self._unanswered:
            self._next = status, last
            return
        self._unanswered = True
        self._send(status, last)

    def _send(self, status: int, last: bool) -> None:
        leg = self._referrer.leg
        state = "terminated;reason=noresource" if last else f"active;expires={EXPIRES}"
        more = [
            ("Event", f"refer;id={self._cseq}"),
            ("Subscription-State", state),
            *fields.contact(leg.contact),
            *fields.content(FRAGMENT),
        ]
        body = f"SIP/2.0 {status} {phrase(status) or 'Progress'}\r\n"
        leg.request("NOTIFY", more, body.encode(), heard=self._notified)

    def _notified(self, response: SipResponse) -> None:
        if response.status < 200:
            return
        self._unanswered = False
        if response.status >= 300:
            self._quiet = True  # the referrer does not want to know
            self._next = None
        if self._next is not None and not self._referrer.leg.over:
            (status, last), self._next = self._next, None
            self._unanswered = True
            self._send(status, last)
        elif self._done:
            self._all_told()

    def _all_told(self) -> None:
        then, self._then = self._then, None
        if then is not None:
            then()
