"""What the other side says in one section of its description, understood as far as a telephone's
media needs it. Decides nothing but whether a section can be used at all.
"""

from dataclasses import dataclass

from antiphon.core.description import Direction, Kind

from .attributes import (
    Format,
    Ice,
    direction,
    fingerprint,
    formats,
    ice,
    ip_address,
    packet_time,
    rtcp,
    setup,
)
from .sdp import MediaDescription, SessionDescription

PLAIN = frozenset({"RTP/AVP", "RTP/AVPF"})
SECURE = frozenset({"RTP/SAVP", "RTP/SAVPF", "UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF"})
KINDS = {"audio": Kind.AUDIO, "video": Kind.VIDEO}
MAX_CRYPTO = 16


class Unusable(Exception):
    """A section cannot be used, for a reason in words."""


@dataclass(frozen=True, slots=True)
class Theirs:
    """One section of theirs. `direction`: as they see it; one that must not be sent to does not
    receive. `remote`: where media goes, None where it goes nowhere or ICE will say it.
    `packet_time`: ms of sound that they want in a packet.
    """

    kind: Kind
    protocol: str
    formats: tuple[Format, ...]
    direction: Direction
    remote: tuple[str, int] | None
    remote_rtcp: tuple[str, int] | None = None
    mux: bool = False
    packet_time: int = 20
    crypto: tuple[str, ...] = ()
    fingerprint: str | None = None
    setup: str | None = None
    ice: Ice | None = None
    mid: str | None = None

    @property
    def secure(self) -> bool:
        """Whether plain RTP is out of the question."""
        return self.protocol in SECURE

    @property
    def address(self) -> str | None:
        """Of their media, as far as it is known."""
        return self.remote[0] if self.remote else None


def read(session: SessionDescription, media: MediaDescription) -> Theirs:
    """Understand a section. Raises `Unusable`."""
    protocol = media.protocol.upper()
    if (kind := KINDS.get(media.kind)) is None:
        raise Unusable(f"{media.kind} is not for telephones here")
    if media.port == 0:
        raise Unusable(f"{media.kind} is refused")
    if protocol not in PLAIN | SECURE:
        raise Unusable(f"{media.kind} over {media.protocol} is not supported")
    address = ip_address(session, media)
    credentials = ice(session, media)
    if credentials is not None and credentials.lite:
        # Two lite agents send no checks (RFC 8445 §6.1.1): what is left of ICE is the address.
        credentials = None
    if address is None and credentials is None:
        raise Unusable(f"{media.kind} has no address that can be sent to")
    checked = credentials is not None and not credentials.mismatch
    way = direction(session, media)
    if not address and not checked:
        way = Direction.of(sends=way.sends, receives=False)
    remote = (address, media.port) if address and not checked else None
    return Theirs(
        kind=kind,
        protocol=protocol,
        formats=formats(media),
        direction=way,
        remote=remote,
        remote_rtcp=_rtcp(media, remote),
        mux=media.has("rtcp-mux"),
        packet_time=packet_time(media),
        crypto=tuple(media.values("crypto"))[:MAX_CRYPTO],
        fingerprint=fingerprint(session, media),
        setup=setup(session, media),
        ice=credentials,
        mid=media.value("mid"),
    )


def _rtcp(media: MediaDescription, remote: tuple[str, int] | None) -> tuple[str, int] | None:
    found = rtcp(media)
    if found is None or remote is None:
        return None
    address, port = found
    return (address or remote[0], port)
