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
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol

from . import change as changes
from .address import Addresses
from .call import is_call_room
from .call_verbs import CallVerbs
from .calls import CallLimits
from .doors import Doors
from .event import Event, RoomClosed, RoomOpened
from .exchange import Exchange
from .member import Member, Outlet, Receive, Role, Track
from .message import Draft, Message, drafted
from .policy import Policy
from .ports import (
    Caller,
    Calls,
    Directory,
    Media,
    Messages,
    Rooms,
    RoomSettings,
)
from .reason import Reason, Refused
from .room import Room

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


class Switchboard(CallVerbs):
    """Rooms, who is in them, and the verbs: join, leave, update, say, set, watch, and those of
    calls.
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
        calls: Calls | None = None,
        directory: Directory | None = None,
        call_limits: CallLimits | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.policy = policy
        self._stored = rooms
        self._messages = messages
        self._media = media
        self._locator = locator or Here()
        self._max_rooms = max_rooms
        self._now = now
        self._rooms: dict[str, Room] = {}
        self._watchers: list[Outlet] = []
        self._doors = Doors()
        self._draining = False
        self._errands: set[asyncio.Task[None]] = set()
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
        super().__init__(addresses, exchange)

    # looking

    @property
    def rooms(self) -> Iterable[Room]:
        """The rooms that live on this node now."""
        return self._rooms.values()

    @property
    def draining(self) -> bool:
        """Whether the node takes nobody in any more."""
        return self._draining

    def find(self, room: str) -> Room | None:
        """The living room of that (canonical) name."""
        return self._rooms.get(room)

    def watch(self, outlet: Outlet) -> Callable[[], None]:
        """Tell `outlet` every event of every room from now on; the result ends that."""
        self._watchers.append(outlet)

        def unwatch() -> None:
            with suppress(ValueError):
                self._watchers.remove(outlet)

        return unwatch

    def may_enter(self, caller: Caller, settings: RoomSettings, present: int = 0) -> None:
        """Come into a room that has `present` members, or see that it is there. Raises
        `Refused`.
        """
        self._exchange.admit(caller, settings.name)
        self.policy.may_join(caller, settings, present)

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
    ) -> Membership:
        """Enter a room, opening it if need be. Raises `Refused`.

        `stream`: not a person but an encoder or a player (shown as such, never a moderator merely
        by being the first).
        """
        if self._draining:
            raise Refused(Reason.DRAINING, "This server is about to stop. Please try again.")
        address = self.addresses.room(room)
        shown = self.addresses.nickname(name or caller.name)
        if (place := await self._locator.locate(address.local)) is not None:
            return await place.join(
                caller, address.local, outlet, name=shown, receive=receive, stream=stream
            )
        # Two who come at once must not open the room twice: one at a time through each door.
        async with self._doors.through(address.local):
            found = self._rooms.get(address.local) or await self._open(caller, address.local)
            with _room_at_stake(found):
                membership = self._enter(found, caller, outlet, shown, receive, stream)
        self._exchange.joined(found.name, caller.address)
        return membership

    async def leave(
        self, room: str, member: str, reason: Reason = Reason.LEFT, text: str = ""
    ) -> None:
        """Go out of a room. An ad-hoc room ends with its last member."""
        if (found := self._rooms.get(room)) is None or member not in found.members:
            return
        with _room_at_stake(found):
            found.leave(member, reason, text)
        log.info("member left: %s", reason, extra={"room": room, "member": member})
        self._exchange.left(room)
        await self._close_if_empty(found)

    # within a room

    async def update(self, room: str, member: str, change: changes.Update) -> Track | None:
        """Do what a member asks of its room; `Publish` gives the track. Raises `Refused`."""
        found = self._room(room)
        with _room_at_stake(found):
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

    async def say(self, caller: Caller, room: str, draft: Draft | str) -> Message:
        """Store a message of somebody in the room, pass it on, and return it. Raises `Refused`."""
        address = self.addresses.room(room)
        living = self._rooms.get(address.local)
        if living is None and await self._stored.find(address.local) is None:
            raise Refused(Reason.NOT_FOUND, "There is no such room now.")
        member = living.member_of(caller.address) if living is not None else None
        self.policy.may_say(caller, address.local, member)
        name = member.info.name if member is not None else caller.name
        message, new = await self._messages.append(address, caller.address, name, drafted(draft))
        # The room may have ended, or begun, while the message was written.
        if new and (living := self._rooms.get(address.local)) is not None:
            living.say(message)
        return message

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

    # lasting rooms

    async def set(self, caller: Caller, settings: RoomSettings) -> RoomSettings:
        """Store a room, or change a stored one. Raises `Refused`."""
        name = self.addresses.room(settings.name).local
        async with self._doors.through(name):
            before = await self._stored.find(name)
            if is_call_room(name):
                raise Refused(Reason.FORBIDDEN, "The room of a call cannot be kept.")
            if before is None:
                self.policy.may_create(caller, name)
                stored = replace(settings, owner=caller.address.bare, created_at=self._now())
            else:
                self.policy.may_administer(caller, before)
                stored = replace(settings, owner=before.owner, created_at=before.created_at)
            stored = replace(stored, name=name)
            await self._stored.save(stored)
            if (living := self._rooms.get(name)) is not None:
                living.configure(stored)
            return stored

    async def remove(self, caller: Caller, room: str) -> None:
        """End a room for good, with its messages; those inside are told. Raises `Refused`."""
        address = self.addresses.room(room)
        async with self._doors.through(address.local):
            settings = await self._stored.find(address.local)
            living = self._rooms.get(address.local)
            if settings is None and living is None:
                raise Refused(Reason.NOT_FOUND, "There is no such room.")
            self.policy.may_administer(caller, settings or RoomSettings(name=address.local))
            await self._stored.remove(address.local)
            if living is not None:
                self._shut(living, Reason.CLOSED, "The room was closed.")
            await self._messages.forget(address)

    async def drain(self, text: str = "The server stops in a moment.") -> None:
        """Take nobody in any more and tell everybody."""
        self._draining = True
        self._exchange.drain()
        for room in list(self._rooms.values()):
            room.drain(text)

    async def close(self) -> None:
        """End every room on this node; what is stored stays."""
        self._draining = True
        self._exchange.close()
        for room in list(self._rooms.values()):
            self._shut(room, Reason.DRAINING, "The server stops.")
        if self._errands:
            await asyncio.wait(self._errands)

    # within

    async def _open(self, caller: Caller, name: str) -> Room:
        settings = await self._stored.find(name)
        is_stored = settings is not None
        if settings is None:
            if not is_call_room(name):
                self.policy.may_create(caller, name)
            settings = RoomSettings(name=name, guests=_welcome(name), created_at=self._now())
        # Whoever may not come in must not open the room either.
        self.may_enter(caller, settings)
        address = self.addresses.room(name)
        if not is_stored and not is_call_room(name):
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
        self.may_enter(caller, room.settings, len(room.members))
        opens = not stream and all(member.info.stream for member in room.members.values())
        role = self.policy.role(caller, room.settings, opens=opens)
        member = room.join(caller, name, role, outlet, receive, stream=stream)
        log.info("member joined", extra={"room": room.name, "member": member.id})
        return Membership(room, member)

    async def _close_if_empty(self, room: Room) -> None:
        if room.members or self._rooms.get(room.name) is not room:
            return
        async with self._doors.through(room.name):
            # Somebody may have come in while we waited at the door.
            if room.members or self._rooms.get(room.name) is not room:
                return
            self._shut(room, Reason.CLOSED, "")
            if await self._stored.find(room.name) is None:
                # The next ones to use this name must not read what was said here.
                await self._messages.forget(room.address)

    def shut(self, room: Room, reason: Reason, text: str) -> None:
        """End the room of a call, with what was said in it (exchange.LivingRooms)."""
        self._shut(room, reason, text)
        self._begin(self._messages.forget(room.address))

    def _shut(self, room: Room, reason: Reason, text: str) -> None:
        self._rooms.pop(room.name, None)
        room.close(reason, text)
        log.info("room closed", extra={"room": room.name})

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
                await self.leave(
                    room.name,
                    other.id,
                    Reason.REMOVED,
                    "A moderator removed you from the room.",
                )
            case changes.Act.LOWER_HAND:
                room.raise_hand(other.id, False)
            case changes.Act.PROMOTE:
                raised = Role.SPEAKER if other.info.role is Role.LISTENER else Role.MODERATOR
                room.set_role(other.id, raised)
            case changes.Act.DEMOTE:
                lowered = Role.SPEAKER if other.info.role is Role.MODERATOR else Role.LISTENER
                room.set_role(other.id, lowered)

    def _begin(self, errand: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(errand)
        self._errands.add(task)
        task.add_done_callback(self._errand_done)

    def _errand_done(self, task: "asyncio.Task[None]") -> None:
        self._errands.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("messages of a call could not be deleted: %s", error)

    def _room(self, name: str) -> Room:
        if (room := self._rooms.get(name)) is None:
            raise Refused(Reason.NOT_FOUND, "There is no such room now.")
        return room

    def _told(self, event: Event) -> None:
        if isinstance(event, RoomClosed):
            self._rooms.pop(event.room, None)
            self._exchange.closed(event.room, event.reason)
        for outlet in list(self._watchers):
            outlet.deliver(event)


def _welcome(name: str) -> bool | None:
    """Whether guests are welcome in a room that is not stored; who may call was asked before."""
    return True if is_call_room(name) else None


@contextmanager
def _room_at_stake(room: Room) -> Iterator[None]:
    """A broken invariant ends the room it broke in, and no other."""
    try:
        yield
    except Refused:
        raise
    except Exception:
        log.exception("the room broke and is closed", extra={"room": room.name})
        room.close(
            Reason.INTERNAL,
            "The room had to be closed because of an error of the server.",
        )
        raise Refused(Reason.INTERNAL, "The room broke. Please join again.") from None
