"""What we say in one section of a description, and its spelling."""

from collections.abc import Iterator
from dataclasses import dataclass

from antiphon.core.description import Direction, Kind

from .attributes import Format
from .codecs import EVENTS
from .sdp import Attribute, MediaDescription

PTIME = 20  # ms of audio in each packet
# RFC 8445 §5.1.2.1: host candidates; the address first thought of is preferred.
HOST, MOST_PREFERRED = 126 << 24, 65_535


@dataclass(frozen=True, slots=True)
class Place:
    """Where a section of ours is reached: an address and the ports bound for it.

    `others`: addresses of the same family that some may reach as well; for ICE to find out.
    """

    address: str
    port: int
    rtcp_port: int
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ours:
    """One section of ours. `formats`: what they may send us, with our numbers.

    `crypto`: values of `a=crypto`. `setup`: our side of DTLS, whose certificate has `fingerprint`.
    `ice`: our username fragment and password. `mismatch`: their ICE was of no use (RFC 8839 §5.3).
    """

    kind: Kind
    protocol: str
    place: Place
    formats: tuple[Format, ...]
    direction: Direction
    mux: bool = False
    crypto: tuple[str, ...] = ()
    fingerprint: str | None = None
    setup: str | None = None
    ice: tuple[str, str] | None = None
    mismatch: bool = False
    mid: str | None = None

    def spelled(self) -> MediaDescription:
        """As a section of a description."""
        return MediaDescription(
            kind=self.kind.value,
            port=self.place.port,
            protocol=self.protocol,
            formats=tuple(str(one.number) for one in self.formats),
            address=self.place.address,
            attributes=tuple(self._attributes()),
        )

    def _attributes(self) -> Iterator[Attribute]:
        if self.mid is not None:
            yield Attribute("mid", self.mid)
        for one in self.formats:
            yield from _format(one)
        if self.kind is Kind.AUDIO:
            yield Attribute("ptime", str(PTIME))
        yield Attribute(self.direction.value)
        if self.mux:
            yield Attribute("rtcp-mux")
        elif self.place.rtcp_port != self.place.port + 1:
            yield Attribute("rtcp", str(self.place.rtcp_port))
        for value in self.crypto:
            yield Attribute("crypto", value)
        if self.fingerprint is not None and self.setup is not None:
            yield Attribute("fingerprint", self.fingerprint)
            yield Attribute("setup", self.setup)
        if self.mismatch:
            yield Attribute("ice-mismatch")
        if self.ice is not None:
            yield from self._ice(*self.ice)

    def _ice(self, fragment: str, password: str) -> Iterator[Attribute]:
        yield Attribute("ice-ufrag", fragment)
        yield Attribute("ice-pwd", password)
        ports = (self.place.port,) if self.mux else (self.place.port, self.place.rtcp_port)
        for rank, address in enumerate((self.place.address, *self.place.others)):
            for component, port in enumerate(ports, 1):
                priority = HOST + (MOST_PREFERRED - rank << 8) + 256 - component
                text = f"{rank + 1} {component} udp {priority} {address} {port} typ host"
                yield Attribute("candidate", text)
        yield Attribute("end-of-candidates")
        # Programs in browsers look for the stream that a track belongs to (RFC 8830).
        yield Attribute("msid", f"phone {self.kind.value}")


def _format(one: Format) -> Iterator[Attribute]:
    name = one.name if one.name in (EVENTS, "opus") else one.name.upper()
    channels = f"/{one.channels}" if one.channels > 1 else ""
    yield Attribute("rtpmap", f"{one.number} {name}/{one.rate}{channels}")
    if one.fmtp:
        yield Attribute("fmtp", f"{one.number} {one.fmtp}")
    for value in one.feedback:
        yield Attribute("rtcp-fb", f"{one.number} {value}")


def refused(media: MediaDescription) -> MediaDescription:
    """A section with port 0, as it was offered otherwise (RFC 3264 §6)."""
    formats = media.formats[:1] or ("0",)
    mid = tuple(Attribute("mid", value) for value in media.values("mid"))[:1]
    return MediaDescription(media.kind, 0, media.protocol, formats, attributes=mid)
