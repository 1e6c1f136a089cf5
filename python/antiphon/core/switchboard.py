"""The one door to rooms and calls: asks policy, finds the place of a room, stores what must last,
and calls the room.

With `exchange`, which finds the devices of a callee, the asynchronous side of the core. It does not
know which protocols there are, nor whether the
node is alone.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from . import change as changes
from .address import Addresses
from .call import is_call_room
from .calls import CallLimits
from .delivery import Delivery
from .event import Event, RoomClosed, RoomOpened
from .exchange import Exchange
from .guesses import Guesses
from .media import Media
from .member import Receive, Role, Track
from .outlet import Outlet
from .people import Contacts, Messages
from .policy import Policy
from .ports import Caller, Calls, Directory, Presence, Rooms, RoomSettings
from .post import Post, PostLimits
from .reason import Reason, Refused
from .room import Room
from .room_member import Member
from .room_verbs import RoomVerbs, room_at_stake, short
from .watching import Watching

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Membership:
    """What `join` gives: the member, and its room when that is on this node."""

    room: Room
    member: Member


class Place(Protocol):
    """Where a room is kept: this node, or (later) another one."""

    async def join(
        self,
        caller: Caller,
        room: str,
        outlet: Outlet,
        *,
        name: str,
        receive: Receive,
        stream: bool,
        password: str | None,
        locked: bool,
    ) -> Membership:
        """Enter a room that is kept there."""


class Locator(Protocol):
    """Knows which node keeps which room."""

    async def locate(self, room: str) -> Place | None:
        """The place of a room; None: this node."""


class Here:
    """The locator of a node that is alone."""

    async def locate(self, room: str) -> Place | None:
        """Every room is on this node."""
        return None


class Switchboard(RoomVerbs):
    """Rooms, who is in them, and the verbs: join, update, say, watch, those of rooms as such, and
    those of calls.
    """

    def __init__(
        self,
        *,
        rooms: Rooms,
        messages: Messages,
        media: Media,
        addresses: Addresses,
        policy: Policy,
        locator: Locator | None = None,
        max_rooms: int = 10_000,
        max_owned: int = 100,
        calls: Calls | None = None,
        directory: Directory | None = None,
        call_limits: CallLimits | None = None,
        contacts: Contacts | None = None,
        presence: Presence | None = None,
        post_limits: PostLimits | None = None,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._media = media
        self._locator = locator or Here()
        self._max_rooms = max_rooms
        self._watchers: list[Outlet] = []
        self._draining = False
        self._errands: set[asyncio.Task[None]] = set()
        self._clock = clock
        self._guesses = Guesses()
        exchange = Exchange(
            addresses=addresses,
            policy=policy,
            rooms=self,
            watch=self._told,
            now=now,
            limits=call_limits,
            records=calls,
            directory=directory,
        )
        post = Post(
            exchange=exchange,
            delivery=Delivery(exchange.devices, messages),
            policy=policy,
            messages=messages,
            contacts=contacts,
            directory=directory,
            limits=post_limits,
            watch=self._told,
            now=now,
            clock=clock,
        )
        super().__init__(
            post=post,
            watching=None if presence is None else Watching(presence, policy, contacts),
            addresses=addresses,
            exchange=exchange,
            policy=policy,
            rooms=rooms,
            messages=messages,
            max_owned=max_owned,
            now=now,
        )

    # looking

    @property
    def draining(self) -> bool:
        """Whether the node takes nobody in any more."""
        return self._draining

    def watch(self, outlet: Outlet) -> Callable[[], None]:
        """Tell `outlet` every event of every room from now on; the result ends that."""
        self._watchers.append(outlet)

        def unwatch() -> None:
            with suppress(ValueError):
                self._watchers.remove(outlet)

        return unwatch

    def may_enter(
        self,
        caller: Caller,
        settings: RoomSettings,
        present: int = 0,
        *,
        password: str | None = None,
    ) -> None:
        """Come into a room that has `present` members, or see what is in it. Raises `Refused`."""
        self._exchange.admit(caller, settings.name)
        self.policy.may_join(caller, settings, present)
        if self._member(settings.name, caller) is None:
            self._pass(caller, settings, password)

    def _pass(self, caller: Caller, settings: RoomSettings, password: str | None) -> None:
        if password is None or not settings.password:
            self.policy.may_pass(caller, settings, password)
            return
        who, room, now = caller.address, settings.name, self._clock()
        self._guesses.must_be_few(who, room, now)
        try:
            self.policy.may_pass(caller, settings, password)
        except Refused as refused:
            if refused.reason is Reason.PASSWORD:
                self._guesses.wrong(who, room, now)
            raise

    # coming and going

    async def join(
        self,
        caller: Caller,
        room: str,
        outlet: Outlet,
        *,
        name: str | None = None,
        receive: Receive = Receive.ALL,
        stream: bool = False,
        password: str | None = None,
        locked: bool = False,
    ) -> Membership:
        """Enter a room, opening it if need be. Raises `Refused`.

        `stream`: not a person but an encoder or a player (shown as such, never a moderator merely
        by being the first, nor the owner). `locked`: if this makes the room, nobody else comes in
        until its owner has `set` it.
        """
        if self._draining:
            raise Refused(Reason.DRAINING, "This server is about to stop. Please try again.")
        address = self.addresses.room(room)
        shown = self.addresses.nickname(name or caller.name)
        if (place := await self._locator.locate(address.local)) is not None:
            return await place.join(
                caller,
                address.local,
                outlet,
                name=shown,
                receive=receive,
                stream=stream,
                password=password,
                locked=locked,
            )
        # Two who come at once must not open the room twice: one at a time through each door.
        async with self._doors.through(address.local):
            found = self._rooms.get(address.local)
            if found is None:
                made = await self._settings_for(caller, address.local, stream, locked)
                found = await self._open(caller, made, password)
            self.may_enter(caller, found.settings, len(found.members), password=password)
            with room_at_stake(found):
                membership = self._enter(found, caller, outlet, shown, receive, stream)
        self._exchange.joined(found.name, caller.address)
        return membership

    # within a room

    async def update(self, room: str, member: str, change: changes.Update) -> Track | None:
        """Do what a member asks of its room; `Publish` gives the track. Raises `Refused`."""
        found = self._room(room)
        with room_at_stake(found):
            return await self._update(found, member, change)

    async def _update(self, found: Room, member: str, change: changes.Update) -> Track | None:
        actor = found.member(member)
        match change:
            case changes.Publish(section, source, muted):
                self.policy.may_publish(actor, source)
                return found.publish(member, section, source, muted)
            case changes.Attach(endpoint):
                found.attach(member, endpoint)
            case changes.Renegotiated():
                found.renegotiated(member)
            case changes.Unpublish(track):
                found.unpublish(member, track)
            case changes.Mute(track, muted):
                found.mute(found.track(track, owner=member).id, muted)
            case changes.Subscribe(receive, tracks):
                found.subscribe(member, receive, tracks)
            case changes.RaiseHand(raised):
                found.raise_hand(member, raised)
            case changes.Rename(name):
                found.rename(member, self.addresses.nickname(name))
            case changes.Present(present, outlet):
                found.set_present(member, present, outlet)
            case changes.Moderate():
                await self._moderate(found, actor, change)
        return None

    def press(
        self, room: str, member: str, digit: str, duration: float, *, carried: bool = False
    ) -> None:
        """A member pressed a key of a telephone's pad (0-9, A-D, *, #; seconds); `carried` by its
        media. Raises `Refused`.
        """
        self._room(room).press(member, digit, duration, carried=carried)

    def hold(self, room: str, member: str, held: bool) -> None:
        """A member put the others on hold, or is back. Raises `Refused`."""
        self._room(room).hold(member, held)

    async def drain(self, text: str = "The server stops in a moment.") -> None:
        """Take nobody in any more and tell everybody."""
        self._draining = True
        self._exchange.drain()
        for room in list(self._rooms.values()):
            room.drain(text)

    async def close(self) -> None:
        """End every room on this node; what is stored stays."""
        self._draining = True
        await self._post.close()
        self._exchange.close()
        for room in list(self._rooms.values()):
            self._shut(room, Reason.DRAINING, "The server stops.")
        if self._errands:
            await asyncio.wait(self._errands)

    # within

    async def _settings_for(
        self, caller: Caller, name: str, stream: bool, locked: bool
    ) -> RoomSettings:
        """Of a room that is about to be opened: what is stored of it, or of an ad-hoc one, which
        belongs to whoever opens it.
        """
        if (stored := await self._stored.find(name)) is not None:
            return stored
        is_call = is_call_room(name)
        if not is_call:
            self.policy.may_create(caller, name)
        nobody = is_call or stream or caller.address.is_guest
        return RoomSettings(
            name=name,
            lasting=False,
            locked=locked and not nobody,
            owner=None if nobody else caller.address.bare,
            # Who may come into the room of a call was asked before.
            guests=True if is_call else None,
            created_at=self._now(),
        )

    async def _open(self, caller: Caller, settings: RoomSettings, password: str | None) -> Room:
        # Whoever may not come in must not open the room either.
        self.may_enter(caller, settings, password=password)
        name = settings.name
        address = self.addresses.room(name)
        if not settings.lasting and not is_call_room(name):
            # What others said here before a crash, or while the store failed, is not for these.
            await self._messages.forget(address)
        if len(self._rooms) >= self._max_rooms:
            raise Refused(Reason.TOO_MANY, "This server has no place for another room.")
        room = Room(
            address,
            settings,
            self._media,
            watch=self._told,
            new_id=lambda prefix: f"{prefix}_{secrets.token_urlsafe(9)}",
            now=self._now,
        )
        self._rooms[name] = room
        self._told(RoomOpened(name))
        log.info("room opened", extra={"room": name})
        return room

    def _enter(
        self,
        room: Room,
        caller: Caller,
        outlet: Outlet,
        name: str,
        receive: Receive,
        stream: bool,
    ) -> Membership:
        opens = not stream and all(member.info.stream for member in room.members.values())
        role = self.policy.role(caller, room.settings, opens=opens)
        member = room.join(caller, name, role, outlet, receive, stream=stream)
        log.info("member joined", extra={"room": room.name, "member": member.id})
        return Membership(room, member)

    def shut(self, room: Room, reason: Reason, text: str) -> None:
        """End the room of a call, with what was said in it (exchange.LivingRooms)."""
        self._shut(room, reason, text)
        self._begin(self._messages.forget(room.address))

    async def _moderate(self, room: Room, actor: Member, change: changes.Moderate) -> None:
        other = room.member(change.member)
        self.policy.may_moderate(actor, other)
        match change.act:
            case changes.Act.MUTE:
                muted = (
                    [room.track(change.track, owner=other.id)]
                    if change.track is not None
                    else [track for track in other.tracks.values() if track.kind == "audio"]
                )
                for track in muted:
                    room.mute(track.id, True)
            case changes.Act.REMOVE:
                words = short(change.reason) or "A moderator removed you from the room."
                await self.leave(room.name, other.id, Reason.REMOVED, words)
            case changes.Act.LOWER_HAND:
                room.raise_hand(other.id, False)
            case changes.Act.PROMOTE:
                raised = Role.SPEAKER if other.info.role is Role.LISTENER else Role.MODERATOR
                room.set_role(other.id, raised)
            case changes.Act.DEMOTE:
                lowered = Role.SPEAKER if other.info.role is Role.MODERATOR else Role.LISTENER
                room.set_role(other.id, lowered)
            case changes.Act.SET_ROLE:
                room.set_role(other.id, change.role or other.info.role)

    def _begin(self, errand: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(errand)
        self._errands.add(task)
        task.add_done_callback(self._errand_done)

    def _errand_done(self, task: "asyncio.Task[None]") -> None:
        self._errands.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("messages of a call could not be deleted: %s", error)

    def _told(self, event: Event) -> None:
        if isinstance(event, RoomClosed):
            self._rooms.pop(event.room, None)
            self._exchange.closed(event.room, event.reason)
        for outlet in list(self._watchers):
            outlet.deliver(event)
