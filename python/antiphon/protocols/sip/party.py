"""A telephone as a member of rooms: what its call does there, and what the room tells it.

It joins a leg to the switchboard. How the call came about is said by those who extend it: `calling`
(the telephone called) and `rung` (it was called).
"""

import logging
from collections.abc import Callable
from contextlib import suppress

from antiphon._native import SipRequest
from antiphon.core import change as changes
from antiphon.core import event as events
from antiphon.core.call import is_call_room
from antiphon.core.description import Description, Kind
from antiphon.core.media import Endpoint, PhoneSession
from antiphon.core.member import Source, Track
from antiphon.core.message import Message
from antiphon.core.ports import Caller
from antiphon.core.reason import Reason, Refused
from antiphon.core.switchboard import Membership, Switchboard

from .leg import Leg
from .owner import Owner

log = logging.getLogger(__name__)

SOURCES = {Kind.AUDIO: Source.MICROPHONE, Kind.VIDEO: Source.CAMERA}


class Seat(Endpoint):
    """A telephone's media session as a room has it: leaving the room does not end the session."""

    def __init__(self, session: PhoneSession) -> None:
        self._session = session

    @property
    def number(self) -> int:
        """Of the session in the media engine."""
        return self._session.number

    @property
    def description(self) -> Description:
        """What the telephone sends and receives, as negotiated last."""
        return self._session.description

    def bind(self, section: str, track: str) -> None:
        """Name the media that arrives in `section`."""
        self._session.bind(section, track)

    def release(self, track: str) -> None:
        """The media named `track` is no track any more."""
        self._session.release(track)

    def close(self) -> None:
        """Nothing: the session ends with its call, which may go on in another room."""


class Party(Owner):
    """See the module. It is the outlet of its member; `leg` is set before anything happens.

    `outside`: it is in the telephone network, whose callers may not call on at our expense.
    """

    leg: Leg

    def __init__(
        self, switchboard: Switchboard, caller: Caller, name: str = "", *, outside: bool = False
    ) -> None:
        self.switchboard = switchboard
        self.caller = caller
        self.name = shown(switchboard, name) or caller.name
        self.outside = outside
        self.password = ""  # of the room that it may enter
        self.refers: Callable[[Party, SipRequest], bool] = lambda _party, _request: False
        self.gone: Callable[[Party], None] = lambda _party: None
        self.says: Callable[[Party, Message], None] = lambda _party, _message: None
        self.recalled: Callable[[Party, str | None], None] = lambda _party, _former: None
        self._in_call: str | None = None
        self._membership: Membership | None = None
        self._attached = False
        self._holders: set[str] = set()
        self._muted: dict[str, bool] = {}

    @property
    def call(self) -> str | None:
        """The call that brings or brought it into its room, if one does."""
        return self._in_call

    @call.setter
    def call(self, call: str | None) -> None:
        former, self._in_call = self._in_call, call
        self.recalled(self, former)

    @property
    def room(self) -> str | None:
        """The room it is in."""
        return self._membership.room.name if self._membership is not None else None

    @property
    def member(self) -> str | None:
        """What it is in its room."""
        return self._membership.member.id if self._membership is not None else None

    # into rooms and out of them

    async def enter(self, room: str) -> None:
        """Join a room and bring the media there, as far as it is agreed on. Raises `Refused`."""
        self._membership = await self.switchboard.join(
            self.caller, room, self, name=self.name, password=self.password
        )
        if self.leg.over:
            await self.leave(Reason.LEFT)
            raise Refused(Reason.GONE, "The call has ended.")
        try:
            self.leg.session.enter(self._membership.room.name, self._membership.member.id)
            await self.bring_media()
        except Refused:
            await self.leave(Reason.INTERNAL)
            raise

    async def move(self, room: str) -> None:
        """Go into another room; the call is not interrupted. Raises `Refused`."""
        former = self._membership
        entered = await self.switchboard.join(self.caller, room, self, name=self.name)
        self._membership, self._attached = entered, False
        self._holders.clear()
        if former is not None:
            await self.switchboard.leave(former.room.name, former.member.id, Reason.TRANSFERRED)
        self.leg.session.enter(entered.room.name, entered.member.id)
        await self.bring_media()
        self._hold_as_others_do()

    async def leave(self, reason: Reason) -> None:
        """Go out of the room, if in one."""
        membership, self._membership, self._attached = self._membership, None, False
        if membership is not None:
            await self.switchboard.leave(membership.room.name, membership.member.id, reason)

    async def bring_media(self) -> None:
        """Attach what is agreed on, and publish what the telephone sends."""
        if self._membership is None or not self.leg.session.description.sections:
            return
        if self._attached:
            await self._update(changes.Renegotiated())
        else:
            await self._update(changes.Attach(Seat(self.leg.session)))
            self._attached = True
        await self._publish()

    async def _publish(self) -> None:
        membership = self._membership
        if membership is None:
            return
        tracks = {track.section: track for track in membership.member.tracks.values()}
        for section in self.leg.session.description.sections:
            published = section.id in tracks
            if section.kind in SOURCES and section.direction.sends and not published:
                # Who may only listen does so.
                with suppress(Refused):
                    await self._update(changes.Publish(section.id, SOURCES[section.kind]))
            elif section.kind is Kind.VIDEO and not section.direction.sends and published:
                await self._update(changes.Unpublish(tracks[section.id].id))

    async def _update(self, change: changes.Update) -> Track | None:
        membership = self._membership
        if membership is None:
            raise Refused(Reason.GONE, "The call is in no room any more.")
        return await self.switchboard.update(membership.room.name, membership.member.id, change)

    # news of the leg (owner.Owner)

    def ringing(self) -> None:
        """The telephone rings."""

    async def early(self) -> None:
        """Media is agreed on before the call is answered."""
        await self.bring_media()

    async def answered(self) -> None:
        """The call is answered."""

    async def renegotiated(self) -> None:
        """The media session changed."""
        await self.bring_media()

    def held(self, held: bool) -> None:
        """The telephone put the others on hold, or came back."""
        if self._membership is not None:
            with suppress(Refused):
                self.switchboard.hold(self._membership.room.name, self._membership.member.id, held)

    def pressed(self, digit: str, duration: float, *, carried: bool) -> None:
        """A key was pressed."""
        if self._membership is not None:
            with suppress(Refused):
                room, member = self._membership.room.name, self._membership.member.id
                self.switchboard.press(room, member, digit, duration, carried=carried)

    def played(self) -> None:
        """All prompts have been sounded."""

    async def requested(self, request: SipRequest) -> bool:
        """Something else in the dialog: a wish to be transferred."""
        return request.method == "REFER" and self.refers(self, request)

    async def ended(self, reason: Reason, text: str) -> None:
        """The call is over."""
        try:
            self.gone(self)
        finally:
            await self.leave(Reason.LOST if reason is Reason.LOST else Reason.LEFT)

    # news of the room (core.member.Outlet)

    def deliver(self, event: events.Event) -> None:
        """Take what happened."""
        membership = self._membership
        match event:
            case events.Ended(member=member, reason=reason, text=text):
                if membership is not None and member == membership.member.id:
                    self._membership, self._attached = None, False
                    self.left(reason, text)
            case events.TrackChanged(track=track):
                self._track_changed(track)
            case events.DigitPressed(member=member, digit=digit, carried=carried):
                if member != self.member and self._is_call and not (carried and self._of_two):
                    self._press(digit)
            case events.Held(member=member, held=held):
                if member != self.member and self._is_call:
                    self._hold(member, held)
            case events.Said(message=message):
                self._said(message)
            case events.MemberLeft(member=info):
                self._hold(info.id, held=False)
                self.announce("left")
            case events.MemberJoined():
                self.announce("joined")
            case _:
                pass

    def left(self, reason: Reason, text: str) -> None:
        """The membership ended: so does the call."""
        self.leg.end(reason, text)

    @property
    def _is_call(self) -> bool:
        """Whether this is a call of two, in which keys and hold are meant for the other one."""
        return self._membership is not None and is_call_room(self._membership.room.name)

    @property
    def _of_two(self) -> bool:
        """Whether what the other one sends comes here straight."""
        return self._membership is not None and len(self._membership.room.members) == 2

    def announce(self, prompt: str) -> None:
        """Sound a prompt to this telephone, in a conference."""
        if self._membership is not None and not self._is_call and not self.leg.over:
            try:
                self.leg.session.play(prompt)
            except Refused as refused:
                log.warning("the prompt %s cannot be played: %s", prompt, refused.text)

    def _track_changed(self, track: Track) -> None:
        membership = self._membership
        if membership is None or track.member != membership.member.id:
            return
        before = self._muted.get(track.id, False)
        if track.muted != before and track.kind is Kind.AUDIO:
            self._muted[track.id] = track.muted
            self.announce("muted" if track.muted else "unmuted")

    def _said(self, message: Message) -> None:
        """Somebody wrote in the room: the telephone shows it, if it can."""
        own = message.sender.bare == self.caller.address.bare
        if not own and not self.leg.over and self.leg.renegotiation.takes_messages:
            self.says(self, message)

    def _press(self, digit: str) -> None:
        with suppress(Refused):
            self.leg.session.press(digit)

    def _hold(self, member: str, held: bool) -> None:
        """Another one put us on hold: the telephone shows it."""
        before = bool(self._holders)
        if held:
            self._holders.add(member)
        else:
            self._holders.discard(member)
        if bool(self._holders) != before and not self.leg.over:
            with suppress(Refused):
                self.leg.session.hold(bool(self._holders))
                self.leg.renegotiation.want()

    def _hold_as_others_do(self) -> None:
        """In a room we came to: who holds there holds us as well; who held us before does not."""
        membership = self._membership
        if membership is None:
            return
        holding = {
            id
            for id, member in membership.room.members.items()
            if member.info.held and id != membership.member.id
        }
        if self._is_call:
            self._holders = holding
        with suppress(Refused):
            self.leg.session.hold(bool(self._holders))
            self.leg.renegotiation.want()


def shown(switchboard: Switchboard, name: str) -> str:
    """A name that a telephone gives, as it may be shown; empty if it may not."""
    try:
        return switchboard.addresses.nickname(name) if name else ""
    except Refused:
        return ""
