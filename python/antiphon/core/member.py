"""Who is in a room and what they send: members and tracks, as values that may be shown to anybody
in the room.
"""

from dataclasses import dataclass
from enum import StrEnum

from .address import Address
from .description import Codec, Kind
from .standing import Affiliation, Role

__all__ = ["Info", "Receive", "Role", "Source", "Track"]


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
