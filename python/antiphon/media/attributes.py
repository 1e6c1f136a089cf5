"""What the attributes of a session description say, as typed values: formats, directions, keys,
fingerprints, ICE. It reads; nothing is decided here. Malformed attributes count as absent.
"""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from antiphon.core.description import Direction

from .sdp import Attributed, MediaDescription, SessionDescription

# RFC 3551 §6: what these payload types mean where no rtpmap says it.
STATIC: Mapping[int, tuple[str, int, int]] = {
    0: ("pcmu", 8000, 1),
    3: ("gsm", 8000, 1),
    4: ("g723", 8000, 1),
    8: ("pcma", 8000, 1),
    9: ("g722", 8000, 1),
    10: ("l16", 44100, 2),
    11: ("l16", 44100, 1),
    13: ("cn", 8000, 1),
    15: ("g728", 8000, 1),
    18: ("g729", 8000, 1),
    26: ("jpeg", 90000, 1),
    31: ("h261", 90000, 1),
    34: ("h263", 90000, 1),
}
RTPMAP = re.compile(r"([0-9]{1,3})\s+([^/\s]{1,32})\s*/\s*([0-9]{1,6})(?:\s*/\s*([0-9]{1,2}))?")
NUMBERED = re.compile(r"([0-9]{1,3})\s+(.+)")
FEEDBACK = re.compile(r"([0-9]{1,3}|\*)\s+(.+)")
ICE_CHARACTERS = re.compile(r"[A-Za-z0-9+/=_-]{1,256}")
FINGERPRINT = re.compile(r"(?i:sha-256)\s+([0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){31})")
PTIME = re.compile(r"[0-9]{1,4}")
PACKET_TIMES = (10, 20, 40, 60)  # what any codec can do (RFC 7587 §6.1)
DIRECTIONS = frozenset(Direction)
MAX_FORMATS = 64
MAX_CANDIDATES = 128


@dataclass(frozen=True, slots=True)
class Format:
    """A payload type of a section: RTP encoding name in lower case, clock rate in Hz, channels.

    `fmtp`: its parameters as they stand there; `feedback`: what it may be told (RFC 4585).
    """

    number: int
    name: str
    rate: int
    channels: int = 1
    fmtp: str = ""
    feedback: tuple[str, ...] = ()

    @property
    def parameters(self) -> Mapping[str, str]:
        """The parameters by name, in lower case; those without a value are left out."""
        pairs = (item.partition("=") for item in self.fmtp.split(";"))
        return {name.strip().lower(): value.strip() for name, equals, value in pairs if equals}


@dataclass(frozen=True, slots=True)
class Ice:
    """ICE as one side announces it for a section (RFC 8839). `mismatch`: somebody on the way
    changed the address, so that ICE would choose another path than the one meant (§4.2.5).
    """

    fragment: str
    password: str
    lite: bool = False
    mismatch: bool = False


def formats(media: MediaDescription) -> tuple[Format, ...]:
    """The payload types of a section that are understood, in its order, each number once."""
    maps = {int(found[1]): found for found in _matches(RTPMAP, media, "rtpmap")}
    parameters = {int(found[1]): found[2] for found in _matches(NUMBERED, media, "fmtp")}
    feedback = [(found[1], found[2]) for found in _matches(FEEDBACK, media, "rtcp-fb")]
    result: dict[int, Format] = {}
    for text in media.formats[:MAX_FORMATS]:
        if not text.isascii() or not text.isdigit() or len(text) > 3 or int(text) > 127:
            continue
        number = int(text)
        if (found := maps.get(number)) is not None:
            name, rate, channels = found[2].lower(), int(found[3]), int(found[4] or 1)
        elif number in STATIC:
            name, rate, channels = STATIC[number]
        else:
            continue
        told = tuple(value for which, value in feedback if which in ("*", text))
        fmtp = parameters.get(number, "")
        result.setdefault(number, Format(number, name, rate, channels, fmtp, told))
    return tuple(result.values())


def direction(session: SessionDescription, media: MediaDescription) -> Direction:
    """Which way media flows, as the describing side sees it (RFC 8866 §6.7)."""
    for level in (media, session):
        for attribute in level.attributes:
            if attribute.value is None and attribute.name in DIRECTIONS:
                return Direction(attribute.name)
    return Direction.SENDRECV


def ip_address(session: SessionDescription, media: MediaDescription) -> str | None:
    """The unicast address media is to be sent to; "" where it must not be sent anywhere (RFC 3264
    §8.4, RFC 6157 §4.2). None: it is no address that we could send to.
    """
    text = session.address_of(media)
    if text is None:
        return None
    if text.lower().rstrip(".").endswith(".invalid"):
        return ""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if address.is_unspecified:
        return ""
    if address.is_multicast or str(address) == "255.255.255.255":
        return None
    return str(address)


def rtcp(media: MediaDescription) -> tuple[str | None, int] | None:
    """Where RTCP is to go by `a=rtcp` (RFC 3605): (address or None for that of the media, port)."""
    if (value := media.value("rtcp")) is None:
        return None
    port, *rest = value.split() or [""]
    if not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65_536):
        return None
    if len(rest) < 3:
        return None, int(port)
    try:
        address = ipaddress.ip_address(rest[2])
    except ValueError:
        return None, int(port)
    return (None if address.is_unspecified or address.is_multicast else str(address)), int(port)


def packet_time(media: MediaDescription) -> int:
    """How much sound they want in a packet, in ms (RFC 8866 §6.4): 20 unless they say otherwise."""
    wanted, most = (_milliseconds(media.value(name)) for name in ("ptime", "maxptime"))
    limit = min(wanted or 20, most or PACKET_TIMES[-1])
    return max((time for time in PACKET_TIMES if time <= limit), default=PACKET_TIMES[0])


def _milliseconds(value: str | None) -> int | None:
    found = PTIME.match(value or "")
    return int(found[0]) or None if found else None


def fingerprint(session: SessionDescription, media: MediaDescription) -> str | None:
    """The certificate's fingerprint by SHA-256 (RFC 8122 §5), as `sha-256 AA:BB:…`."""
    for level in (media, session):
        for value in level.values("fingerprint"):
            if found := FINGERPRINT.fullmatch(value):
                return f"sha-256 {found[1].upper()}"
    return None


def setup(session: SessionDescription, media: MediaDescription) -> str | None:
    """Who begins DTLS: `active`, `passive`, `actpass` or `holdconn` (RFC 4145 §4)."""
    value = media.value("setup") or session.value("setup")
    return value.lower() if value else None


def ice(session: SessionDescription, media: MediaDescription) -> Ice | None:
    """ICE credentials of a section, its own or the session's."""
    fragment = media.value("ice-ufrag") or session.value("ice-ufrag")
    password = media.value("ice-pwd") or session.value("ice-pwd")
    if fragment is None or password is None:
        return None
    if not ICE_CHARACTERS.fullmatch(fragment) or not ICE_CHARACTERS.fullmatch(password):
        return None
    if len(fragment) < 4 or len(password) < 22:  # RFC 8839 §5.4
        return None
    return Ice(fragment, password, session.has("ice-lite"), _mismatch(session, media))


def _mismatch(session: SessionDescription, media: MediaDescription) -> bool:
    """RFC 8839 §4.2.5: the default address is none of the candidates. A browser that has none yet,
    or hides them behind names, gives the unspecified address or port 9.
    """
    candidates = [value.split() for value in media.values("candidate")][:MAX_CANDIDATES]
    default = ip_address(session, media)
    if not default or media.port in (0, 9) or not candidates:
        return False
    places = {tuple(fields[4:6]) for fields in candidates if len(fields) >= 6}
    if any(address.endswith(".local") for address, _ in places):
        return False
    return not any(_same(address, default) and port == str(media.port) for address, port in places)


def _same(one: str, other: str) -> bool:
    try:
        return ipaddress.ip_address(one) == ipaddress.ip_address(other)
    except ValueError:
        return False


def _matches(pattern: re.Pattern[str], level: Attributed, name: str) -> Iterator[re.Match[str]]:
    for value in level.values(name):
        if found := pattern.fullmatch(value):
            yield found
