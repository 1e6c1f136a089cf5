"""What one side offers to send and receive, neutrally; each protocol spells it in its own way."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Kind of media."""

    AUDIO = "audio"
    VIDEO = "video"
    DATA = "data"


class Direction(StrEnum):
    """As the described side sees it (RFC 8866 §6.7)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @staticmethod
    def of(sends: bool, receives: bool) -> "Direction":
        """The direction of a side that sends and receives so."""
        if sends:
            return Direction.SENDRECV if receives else Direction.SENDONLY
        return Direction.RECVONLY if receives else Direction.INACTIVE

    @property
    def sends(self) -> bool:
        """Whether the described side sends."""
        return self in (Direction.SENDRECV, Direction.SENDONLY)

    @property
    def receives(self) -> bool:
        """Whether the described side receives."""
        return self in (Direction.SENDRECV, Direction.RECVONLY)


@dataclass(frozen=True, slots=True)
class Codec:
    """A way to encode media: lower-case name (`opus`, `vp8`) and clock rate in Hz (0: the name's
    usual one).
    """

    name: str
    rate: int = 0


@dataclass(frozen=True, slots=True)
class Section:
    """One stream in each direction at most. Codecs stand in order of preference."""

    id: str
    kind: Kind
    direction: Direction
    codecs: tuple[Codec, ...] = ()


@dataclass(frozen=True, slots=True)
class Description:
    """All sections of one side. `open_ended`: the other side may add sections of any kind later.

    `mixed`: it takes one stream of each kind, so what several members say must be mixed for it.
    """

    sections: tuple[Section, ...] = ()
    open_ended: bool = False
    mixed: bool = False

    def section(self, id: str) -> Section | None:
        """The section of that id."""
        return next((section for section in self.sections if section.id == id), None)

    def receives(self, kind: Kind) -> bool:
        """Whether this side can be sent media of a kind."""
        if self.open_ended and kind is not Kind.DATA:
            return True
        return any(s.kind is kind and s.direction.receives for s in self.sections)
