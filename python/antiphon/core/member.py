"""Who is in a room and what they send: members and tracks, as values that may be shown to anybody
in the room.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from .address import Address
from .description import Codec, Description, Kind
from .event import Event
from .media import Endpoint
from .ports import Caller
from .standing import Affiliation, Role

__all__ = ["Info", "Member", "Outlet", "Receive", "Role", "Source", "Track"]


class Source(StrEnum):
    """What a track shows or sounds."""

    MICROPHONE = "microphone"
    CAMERA = "camera"
    SCREEN = "screen"
    SCREEN_AUDIO = "screen_audio"
    OTHER = "other"


class Receive(StrEnum):
    """What a member wants to receive."""

    ALL = "all"
    SPEAKER = "speaker"
    CHOSEN = "chosen"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """A member as the others see it.

    `joined_at`: seconds since 1970. `endpoint`: number in the media engine. `stream`: an encoder or
    a player, not a person. `phone`: a telephone, which takes one stream of each kind. `held`: has
    put the others on hold.
    """

    id: str
    address: Address
    name: str
    role: Role
    affiliation: Affiliation = Affiliation.NONE
    hand: bool = False
    present: bool = True
    joined_at: float
    endpoint: int | None = None
    stream: bool = False
    phone: bool = False
    held: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One media source of a member. `section`: where it arrives in its member's session."""

    id: str
    member: str
    kind: Kind
    source: Source
    section: str
    codecs: tuple[Codec, ...]
    muted: bool = False
    codec: str | None = None


class Outlet(Protocol):
    """Where news for an address or member goes: a browser tab, a phone, a stream, a recorder."""

    def deliver(self, event: Event) -> None:
        """Take one event, in order. Never blocks and never raises."""


@dataclass(slots=True, eq=False)
class Member:
    """An address present in one room through one outlet, with at most one endpoint; only its room
    changes it.
    """

    id: str
    caller: Caller
    info: Info
    outlet: Outlet
    receive: Receive = Receive.ALL
    chosen: frozenset[str] = frozenset()
    endpoint: Endpoint | None = None
    kinds: frozenset[Kind] = frozenset()
    tracks: dict[str, Track] = field(default_factory=dict)

    def measure(self) -> None:
        """Learn from the endpoint's description which kinds can be sent to it now."""
        described = self.endpoint.description if self.endpoint is not None else Description()
        self.kinds = frozenset(kind for kind in Kind if described.receives(kind))
