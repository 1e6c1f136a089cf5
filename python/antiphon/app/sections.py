"""The sections of the configuration that belong to no package but to the node as a whole."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeConfig:
    """Section `[node]`: what this process is called, where it keeps things, how it logs."""

    domain: str = "localhost"
    """Domain of accounts and rooms: `alice@domain`, `standup@rooms.domain`."""

    name: str = ""
    """Name of this node in logs and figures. Empty: the name of the machine."""

    data: Path = Path("data")
    """Folder of the database, of secrets and of what else lasts."""

    public_address: tuple[str, ...] = ()
    """IP addresses at which a one-to-one NAT or load balancer shows this node."""

    workers: int = 0
    """Media threads, each with a UDP port of its own. 0: as many as the machine has cores, less
    one.
    """

    log: Literal["text", "json"] = "text"
    """How log lines are written."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Log lines of less weight are left out."""

    def __post_init__(self) -> None:
        if not 0 <= self.workers <= 256:
            raise ValueError("workers must be from 0 to 256")


@dataclass(frozen=True, slots=True, kw_only=True)
class IceServerConfig:
    """A STUN or TURN server that browsers are told of, as `RTCIceServer` of the WebRTC API spells
    it.
    """

    urls: tuple[str, ...]
    username: str | None = None
    credential: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebrtcConfig:
    """Section `[webrtc]`: media of browsers."""

    udp_port: str = ":7882"
    """UDP port of the first media thread, the others take the following ones; before the colon, the
    only address to be used. Port 0: any free ones."""

    ice_servers: tuple[IceServerConfig, ...] = ()
    """STUN and TURN servers that browsers are told of: tables of `urls`, `username`, `credential`.
    """

    max_peers: int = 4096
    """Media sessions of one media thread."""

    estimate_bandwidth: bool = True
    """Whether the capacity towards each browser is estimated."""

    def __post_init__(self) -> None:
        if not 1 <= self.max_peers <= 65_536:
            raise ValueError("max_peers must be from 1 to 65536")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthConfig:
    """The part of `[auth]` that the node decides: who may come in."""

    guests: bool = False
    """Whether people without an account may enter rooms and do everything but administer."""

    registration: bool = False
    """Whether anybody may make an account."""

    secret: str = field(default="", repr=False)
    """What tokens are signed with, 32 bytes or more. Empty: made at the first start and kept in the
    data folder."""

    def __post_init__(self) -> None:
        # RFC 7518 §3.2: an HS256 key has at least 256 bits.
        if self.secret and len(self.secret.encode()) < 32:
            raise ValueError("secret must have at least 32 bytes")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomLimits:
    """The part of `[limits]` that rooms keep."""

    rooms: int = 10_000
    """Rooms that live at once."""

    members: int = 500
    """Members of a room."""

    tracks: int = 8
    """Tracks that a member may publish at once."""

    owned: int = 100
    """Rooms that last which an account may make."""

    def __post_init__(self) -> None:
        if min(self.rooms, self.members, self.tracks) < 1:
            raise ValueError("rooms, members and tracks must be at least 1")
        if self.owned < 0:
            raise ValueError("owned must not be negative")
