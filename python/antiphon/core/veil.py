"""Rooms that do not show to everybody who is behind a name: what those are told who may not know.

Pure. An alias stands for the same person in the same room as long as the process lives.
"""

import hashlib
import secrets
from dataclasses import dataclass, replace
from typing import Protocol

from .address import Address
from .event import (
    Event,
    Marked,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    Said,
    SubjectChanged,
    Typed,
    Whispered,
)
from .member import Info
from .message import Message
from .ports import RoomSettings
from .standing import Role
from .thread import Shown, Thread

_KEY = secrets.token_bytes(32)


def hides(settings: RoomSettings, role: Role | None) -> bool:
    """Whether a room hides addresses from those of that role (None: they are not inside)."""
    needed = settings.addresses_for
    return not (role or Role.LISTENER).covers(needed)


def veil_for(room: "Seen", role: Role | None, own: Address) -> "Veil | None":
    """What somebody of that role is shown a room through; None: all as it is."""
    return Veil(room.address, own.bare) if hides(room.settings, role) else None


class Seen(Protocol):
    """A room, as far as this goes."""

    @property
    def address(self) -> Address:
        """Its own."""

    @property
    def settings(self) -> RoomSettings:
        """What is set."""


@dataclass(frozen=True, slots=True)
class Veil:
    """What `own` (bare) is told of a room that hides addresses: all but its own are aliases."""

    room: Address
    own: Address

    def address(self, address: Address) -> Address:
        """An address, or what stands for it."""
        if address.is_room or address.bare == self.own:
            return address
        text = f"{self.room.bare}\0{address.bare}".encode()
        digest = hashlib.blake2s(text, key=_KEY, digest_size=10).hexdigest()
        return Address(f"somebody-{digest}", self.room.domain)

    def info(self, info: Info) -> Info:
        """A member."""
        return replace(info, address=self.address(info.address))

    def message(self, message: Message) -> Message:
        """A message or a change."""
        to, sender = self.address(message.to), self.address(message.sender)
        return replace(message, to=to, sender=sender)

    def shown(self, shown: Shown) -> Shown:
        """A message with what was done to it."""
        retracted = shown.retracted
        if retracted is not None:
            retracted = replace(retracted, by=self.address(retracted.by))
        reactions = [replace(one, sender=self.address(one.sender)) for one in shown.reactions]
        return replace(
            shown,
            message=self.message(shown.message),
            retracted=retracted,
            reactions=tuple(reactions),
        )

    def thread(self, thread: Thread) -> Thread:
        """A page of the room's archive."""
        return replace(
            thread,
            shown=[self.shown(one) for one in thread.shown],
            changes=[self.message(one) for one in thread.changes],
        )

    def event(self, event: Event) -> Event:
        """News of the room."""
        match event:
            case MemberJoined() | MemberChanged() | MemberLeft():
                return replace(event, member=self.info(event.member))
            case Said() | Whispered():
                return replace(event, message=self.message(event.message))
            case SubjectChanged() | Typed() | Marked():
                return replace(event, sender=self.address(event.sender))
            case _:
                return event
