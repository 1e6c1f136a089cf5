"""What a member asks of its room: frozen commands for `Switchboard.update`."""

from dataclasses import dataclass
from enum import StrEnum

from .media import Endpoint
from .member import Receive, Role, Source
from .outlet import Outlet


@dataclass(frozen=True, slots=True)
class Attach:
    """The member's media goes through this endpoint now; None: it has none."""

    endpoint: Endpoint | None


@dataclass(frozen=True, slots=True)
class Renegotiated:
    """The endpoint's description changed."""


@dataclass(frozen=True, slots=True)
class Publish:
    """Make what arrives in `section` of the endpoint a track. Answered with the `Track`."""

    section: str
    source: Source
    muted: bool = False


@dataclass(frozen=True, slots=True)
class Unpublish:
    """Take an own track away."""

    track: str


@dataclass(frozen=True, slots=True)
class Mute:
    """Mute or unmute an own track at the server."""

    track: str
    muted: bool


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Choose what to receive; `tracks` with `Receive.CHOSEN`."""

    receive: Receive
    tracks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RaiseHand:
    """Raise or lower the own hand."""

    raised: bool


@dataclass(frozen=True, slots=True)
class Rename:
    """Take another name to be shown."""

    name: str


@dataclass(frozen=True, slots=True)
class Present:
    """The member's connection was lost (it may come back), or is back, perhaps through another
    outlet.
    """

    present: bool
    outlet: Outlet | None = None


class Act(StrEnum):
    """What a moderator may do to another member."""

    MUTE = "mute"
    REMOVE = "remove"
    LOWER_HAND = "lower_hand"
    PROMOTE = "promote"
    DEMOTE = "demote"
    SET_ROLE = "set_role"


@dataclass(frozen=True, slots=True)
class Moderate:
    """Act on another member. `track` with `Act.MUTE`: only that one, else all its audio. `role`
    with `Act.SET_ROLE`. `reason`: for those who are told, in words.
    """

    member: str
    act: Act
    track: str | None = None
    role: Role | None = None
    reason: str = ""


Update = (
    Attach
    | Renegotiated
    | Publish
    | Unpublish
    | Mute
    | Subscribe
    | RaiseHand
    | Rename
    | Present
    | Moderate
)
