"""Finds the devices of those who are called, and ends what takes too long.

The asynchronous side of calls: it asks policy and every reach, keeps the timers
of running calls, and ties calls to the rooms they lead into. Which protocols there are it learns
from nobody.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from .address import Address, Addresses
from .call import CallInfo, CallState, is_call_room
from .calls import CallBook, CallLimits
from .devices import Devices
from .event import Event
from .outlet import Outlet
from .policy import Policy
from .ports import Caller, Calls, Device, Directory, Reach
from .reason import Reason, Refused
from .room import Room

log = logging.getLogger(__name__)


class LivingRooms(Protocol):
    """The rooms of this node, as far as calls need them."""

    def find(self, room: str) -> Room | None:
        """The living room of that name."""

    def shut(self, room: Room, reason: Reason, text: str) -> None:
        """End a call's room for those who are left in it."""


class Exchange:
    """Calls of one node. `records` and `directory` may be missing: then nothing
    is remembered, and whoever cannot be reached is unknown.
    """

    def __init__(
        self,
        *,
        addresses: Addresses,
        policy: Policy,
        rooms: LivingRooms,
        watch: Callable[[Event], None],
        now: Callable[[], float],
        limits: CallLimits | None = None,
        records: Calls | None = None,
        directory: Directory | None = None,
    ) -> None:
        self.failures = 0
        self._addresses = addresses
        self._policy = policy
        self._rooms = rooms
        self._now = now
        self._limits = limits or CallLimits()
        self._records = records
        self._directory = directory
        self.devices = Devices()
        self._reaches: list[Reach] = []
        self._timers: dict[str, asyncio.TimerHandle] = {}
        # Answered calls whose answering side has been in the room.
        self._settled: set[str] = set()
        self._draining = False
        self.book = CallBook(
            self._limits, watch=watch, changed=self._changed, ended=self._ended, now=now
        )

    @property
    def broken(self) -> int:
        """How often a way to reach somebody, or a device, failed by an error of ours."""
        return self.failures + self.book.failures

    def add_reach(self, reach: Reach) -> Callable[[], None]:
        """Ask `reach` for devices from now on; the result ends that."""
        self._reaches.append(reach)
        self.devices.add(reach)

        def remove() -> None:
            with suppress(ValueError):
                self._reaches.remove(reach)
                self.devices.remove(reach)

        return remove

    # calls

    async def call(
        self,
        caller: Caller,
        callee: Address | str,
        outlet: Outlet,
        *,
        room: str | None,
        video: bool,
        name: str | None,
        id: str | None,
    ) -> CallInfo:
        """See `Switchboard.call`."""
        address = self._whom(callee)
        shown = self._addresses.nickname(name or caller.name or caller.address.local)
        into = None if room is None else self._may_invite(caller, room)
        account = await self._knows(address)
        self._policy.may_call(caller, address, account=account)
        self.must_take_calls()
        id = id or f"call_{secrets.token_urlsafe(12)}"
        self.book.begin(id, caller.address, address, outlet, name=shown, room=into, video=video)
        try:
            devices = await self.search(caller, address, outlet, account)
            if self.book.find(id) is None:
                raise Refused(Reason.CANCELLED, "The call was ended before anybody was rung.")
        except BaseException as error:
            reason = error.reason if isinstance(error, Refused) else Reason.CANCELLED
            self.book.end(id, reason, told=False)
            raise
        self._later(id, self._limits.ring_time, self._rung_long_enough)
        return self.book.invite(id, devices)

    def drain(self) -> None:
        """Take no calls any more; those that nobody has answered yet end."""
        self._draining = True
        for info in self.book.running:
            if info.unanswered:
                self.book.end(info.id, Reason.DRAINING)

    def close(self) -> None:
        """End all calls."""
        self._draining = True
        for info in self.book.running:
            self.book.end(info.id, Reason.DRAINING)

    # rooms that calls lead into

    def admit(self, caller: Caller, room: str) -> None:
        """Let only those into the room of a call who are called or call into it. Raises `Refused`:
        GONE when the call has ended, FORBIDDEN.
        """
        if not is_call_room(room):
            return
        calls = self.book.into(room)
        if not calls:
            raise Refused(Reason.GONE, "The call has ended.")
        own = caller.address.bare
        if not caller.grants.admin and not any(own in _parties(info) for info in calls):
            raise Refused(Reason.FORBIDDEN, "This is the call of others.")

    def joined(self, room: str, address: Address) -> None:
        """Somebody came into a room."""
        for info in self.book.into(room):
            if info.by is not None and info.by.bare == address.bare:
                self._settled.add(info.id)

    def left(self, room: str) -> None:
        """Somebody left a room: calls into it may be over."""
        calls = self.book.into(room)
        if not calls:
            return
        present = self._present(room)
        if is_call_room(room):
            # Whoever is left may be waiting for one who is called in, or is on the way.
            awaited = any(not self._is_settled(info) for info in calls)
            over = not present or (len(present) < 2 and not awaited)
            ending = calls if over else []
        else:
            here = {address.bare for address in present}
            ending = [c for c in calls if self._is_settled(c) and _answerer(c) not in here]
        for info in ending:
            self.book.end(info.id, Reason.LEFT)

    def closed(self, room: str, reason: Reason) -> None:
        """A room is gone, and what leads into it with it."""
        for info in self.book.into(room):
            self.book.end(info.id, reason)

    # within

    def _whom(self, callee: Address | str) -> Address:
        address = self._addresses.callee(callee) if isinstance(callee, str) else callee
        if address.is_room:
            raise Refused(Reason.BAD_REQUEST, "A room is not called: join it.")
        return address

    def _may_invite(self, caller: Caller, room: str) -> str:
        """The name of a room into which somebody wants to ring somebody else."""
        name = self._addresses.room(room).local
        if self._rooms.find(name) is None:
            raise Refused(Reason.NOT_FOUND, "There is no such room now.")
        inside = {address.bare for address in self._present(name)}
        if caller.address.bare not in inside and not caller.grants.admin:
            raise Refused(Reason.FORBIDDEN, "You are not in the room into which you call.")
        return name

    def must_take_calls(self) -> None:
        """Raises `Refused(DRAINING)`."""
        if self._draining:
            raise Refused(Reason.DRAINING, "This server is about to stop. Please try again.")

    async def _knows(self, address: Address) -> bool:
        return self._directory is not None and await self._directory.knows(address.bare)

    async def search(
        self, caller: Caller, callee: Address, outlet: Outlet | None, account: bool
    ) -> Sequence[Device]:
        """Devices of the callee but the caller's own, from all reaches. Raises `Refused`."""
        answers = await asyncio.gather(
            *(self._ask(reach, caller, callee) for reach in self._reaches)
        )
        found = [one for answer in answers if not isinstance(answer, Refused) for one in answer]
        wanted = [
            device
            for device in found
            if device is not outlet
            and not (device.address.device and device.address == caller.address)
            and (not callee.device or device.address == callee)
        ]
        if wanted:
            return wanted
        for answer in answers:
            if isinstance(answer, Refused) and answer.reason is not Reason.NOT_FOUND:
                raise answer
        if account or found:
            raise Refused(Reason.UNAVAILABLE, "Nobody can be reached there now.")
        raise Refused(Reason.NOT_FOUND, "There is no such account or number.")

    async def _ask(
        self, reach: Reach, caller: Caller, callee: Address
    ) -> Sequence[Device] | Refused:
        try:
            async with asyncio.timeout(self._limits.search_time):
                return await reach.devices(caller, callee)
        except Refused as refused:
            return refused
        except Exception:
            # One way that fails must not close the others.
            self.failures += 1
            log.exception("devices could not be found by %s", type(reach).__name__)
            return ()

    def _present(self, room: str) -> list[Address]:
        """The persons in a room; encoders and players are none."""
        if (living := self._rooms.find(room)) is None:
            return []
        members = living.members.values()
        return [one.caller.address for one in members if not one.info.stream]

    def _is_settled(self, info: CallInfo) -> bool:
        return info.state is CallState.ANSWERED and info.id in self._settled

    # timers, and what follows from news

    def _later(self, id: str, seconds: float, step: Callable[[str], None]) -> None:
        if (timer := self._timers.pop(id, None)) is not None:
            timer.cancel()
        self._timers[id] = asyncio.get_running_loop().call_later(seconds, step, id)

    def _rung_long_enough(self, id: str) -> None:
        self.book.end(id, Reason.TIMEOUT, "Nobody answered.")

    def _should_be_together(self, id: str) -> None:
        self._timers.pop(id, None)
        if (info := self.book.find(id)) is None:
            return
        alone = is_call_room(info.room) and len(self._present(info.room)) < 2
        if alone or id not in self._settled:
            self.book.end(id, Reason.LOST, "The call was answered, but they did not meet.")

    def _changed(self, info: CallInfo) -> None:
        if info.state is CallState.ANSWERED:
            if _answerer(info) in {address.bare for address in self._present(info.room)}:
                self._settled.add(info.id)
            self._later(info.id, self._limits.settle_time, self._should_be_together)
        elif not info.running:
            self._settled.discard(info.id)
            if (timer := self._timers.pop(info.id, None)) is not None:
                timer.cancel()
        if self._records is not None:
            self._records.record(info)

    def _ended(self, info: CallInfo) -> None:
        """All who were in the call know it. Its room ends with the last call that leads there."""
        if not is_call_room(info.room):
            return
        if self.book.into(info.room):
            self.left(info.room)
        elif (room := self._rooms.find(info.room)) is not None:
            self._rooms.shut(room, info.reason or Reason.CLOSED, info.text)


def _parties(info: CallInfo) -> set[Address]:
    return {one.bare for one in (info.caller, info.callee, info.by) if one is not None}


def _answerer(info: CallInfo) -> Address | None:
    return None if info.by is None else info.by.bare
