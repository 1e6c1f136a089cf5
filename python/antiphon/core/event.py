"""What happened in a room, in the past tense: frozen records that adapters spell in their
protocol's words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .reason import Reason

if TYPE_CHECKING:
    from .address import Address
    from .call import CallInfo
    from .member import Info, Track
    from .ports import Message, PresenceState


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all. `room`: the room's name."""

    room: str


@dataclass(frozen=True, slots=True)
class RoomOpened(Event):
    """The room came to life here (told to watchers only)."""


@dataclass(frozen=True, slots=True)
class RoomClosed(Event):
    """The room is gone from here (told to watchers only)."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class MemberJoined(Event):
    """Somebody entered."""

    member: Info


@dataclass(frozen=True, slots=True)
class MemberChanged(Event):
    """A member's name, role, hand, presence or endpoint changed."""

    member: Info


@dataclass(frozen=True, slots=True)
class MemberLeft(Event):
    """Somebody left; their tracks were removed before."""

    member: Info
    reason: Reason


@dataclass(frozen=True, slots=True)
class TrackAdded(Event):
    """A member publishes a track."""

    track: Track


@dataclass(frozen=True, slots=True)
class TrackChanged(Event):
    """A track was muted or unmuted, or its codec is known."""

    track: Track


@dataclass(frozen=True, slots=True)
class TrackRemoved(Event):
    """A track is no more."""

    track: Track


@dataclass(frozen=True, slots=True)
class Said(Event):
    """A message was said in the room and is stored."""

    message: Message


@dataclass(frozen=True, slots=True)
class SpeakerChanged(Event):
    """The dominant speaker changed; None: nobody speaks."""

    member: str | None


@dataclass(frozen=True, slots=True)
class Ended(Event):
    """The addressee's own membership ended."""

    member: str
    reason: Reason
    text: str


@dataclass(frozen=True, slots=True)
class Draining(Event):
    """The node will stop soon."""

    text: str


@dataclass(frozen=True, slots=True)
class DigitPressed(Event):
    """A member pressed a key of a telephone's pad: one of 0-9, A-D, *, #. `duration` in seconds.

    `carried`: it came with the media, which bring it to the other one in a room of two as well.
    """

    member: str
    digit: str
    duration: float
    carried: bool = False


@dataclass(frozen=True, slots=True)
class Held(Event):
    """A member put the others on hold (neither sends nor wants media), or came back."""

    member: str
    held: bool


# Of calls: told to devices, not to rooms (`room` is the one that the call leads into).


@dataclass(frozen=True, slots=True)
class Invited(Event):
    """Told to a device: it is called, and may ring, answer or decline."""

    call: CallInfo


@dataclass(frozen=True, slots=True)
class CallRinging(Event):
    """Told to the caller: this device rings."""

    call: CallInfo
    device: Address


@dataclass(frozen=True, slots=True)
class CallAnswered(Event):
    """Told to the caller and to whoever watches: `call.by` answered."""

    call: CallInfo


@dataclass(frozen=True, slots=True)
class CallEnded(Event):
    """Told to the caller, to each device that was rung but did not decline, and to whoever watches.

    `call.reason` says why; for a device that was rung in vain: `ELSEWHERE`, when the call was
    answered or declined on another one, else `CANCELLED`.
    """

    call: CallInfo


@dataclass(frozen=True, slots=True)
class MessageReceived(Event):
    """Told to a device: a message for its account (`message.room` is the account it was sent to;
    the event's `room` is empty).
    """

    message: Message


@dataclass(frozen=True, slots=True)
class PresenceChanged(Event):
    """Told to those who watch an account's presence (`room` is empty)."""

    account: Address
    devices: tuple[PresenceState, ...]
