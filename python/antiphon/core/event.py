"""What happened in a room, in the past tense: frozen records that adapters spell in their
protocol's words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .reason import Reason

if TYPE_CHECKING:
    from .member import Info, Track
    from .ports import Message


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
