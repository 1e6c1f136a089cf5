"""Session descriptions (RFC 8866) as text and as frozen values. It knows lines, sections and
limits; what an attribute means is said elsewhere.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# What a stranger may send. A browser's longest offer has some 10 KB and 250 lines.
MAX_BYTES = 65_536
MAX_LINES = 1_000
MAX_LINE = 4_096
MAX_MEDIA = 16

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
NUMBER = re.compile(r"[0-9]{1,5}")
PROTOCOL = re.compile(r"[!-~]{1,32}")
FORMAT = re.compile(r"[!-~]{1,64}")
LINE_END = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Attribute:
    """An `a=` line: its name in lower case, None for `value` where there is no colon."""

    name: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """The `o=` line (RFC 8866 §5.2): who made the session, and which version of it this is."""

    session: str = "0"
    version: str = "0"
    address: str = "0.0.0.0"
    username: str = "-"


class Attributed:
    """Looks up attributes by name."""

    __slots__ = ()

    attributes: tuple[Attribute, ...]

    def values(self, name: str) -> Iterator[str]:
        """The values of all attributes of a name (empty where it has none)."""
        for attribute in self.attributes:
            if attribute.name == name:
                yield attribute.value or ""

    def value(self, name: str) -> str | None:
        """The first one's value; None when there is no such attribute."""
        for attribute in self.attributes:
            if attribute.name == name:
                return attribute.value or ""
        return None

    def has(self, name: str) -> bool:
        """Whether there is such an attribute."""
        return self.value(name) is not None


@dataclass(frozen=True, slots=True)
class MediaDescription(Attributed):
    """An `m=` line and what follows it. Port 0: refused, or not used (RFC 3264 §6).

    `address`: of its own `c=` line, without a time to live; None: the session's counts.
    """

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    address: str | None = None
    attributes: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class SessionDescription(Attributed):
    """A whole description. Lines of no use to a telephone (`i= u= e= p= b= t= r= z= k=`) are not
    kept.
    """

    origin: Origin = Origin()
    name: str = "-"
    address: str | None = None
    attributes: tuple[Attribute, ...] = ()
    media: tuple[MediaDescription, ...] = ()

    def address_of(self, media: MediaDescription) -> str | None:
        """The address that counts for a section."""
        return media.address or self.address


def parse(text: str) -> SessionDescription:
    """Read a description, forgiving what phones get wrong: the order of lines, their ends, lines
    nobody knows. Raises ValueError for what cannot be understood or is over a limit.
    """
    head, *sections = _sections(_lines(text))
    if not any(kind == "v" and value.strip() == "0" for kind, value in head):
        raise ValueError("the description does not begin with v=0 (RFC 8866 section 5.1)")
    origin = next((value for kind, value in head if kind == "o"), "")
    name = next((value for kind, value in head if kind == "s"), "-")
    return SessionDescription(
        origin=_origin(origin),
        name=name or "-",
        address=_address(head),
        attributes=_attributes(head),
        media=tuple(_media(section) for section in sections),
    )


def spell(description: SessionDescription) -> str:
    """The text of a description, in the order of RFC 8866 §5. Raises ValueError for a value that
    would break a line.
    """
    lines = [
        "v=0",
        _spell_origin(description.origin),
        f"s={description.name}",
        *_spell_address(description.address),
        "t=0 0",
        *_spell_attributes(description.attributes),
    ]
    for media in description.media:
        formats = " ".join(media.formats)
        lines.append(f"m={media.kind} {media.port} {media.protocol} {formats}")
        if media.address != description.address:
            lines += _spell_address(media.address)
        lines += _spell_attributes(media.attributes)
    for line in lines:
        if CONTROL.search(line) or "\r" in line or "\n" in line:
            raise ValueError(f"not one line of a description: {line!r}")
    return "".join(f"{line}\r\n" for line in lines)


Line = tuple[str, str]  # its letter, its value


def _lines(text: str) -> Iterator[Line]:
    if len(text) > MAX_BYTES or len(text.encode(errors="replace")) > MAX_BYTES:
        raise ValueError(f"the description is longer than {MAX_BYTES} bytes")
    if CONTROL.search(text):
        raise ValueError("the description has control characters in it")
    lines = LINE_END.split(text.removeprefix("\ufeff"))
    if len(lines) > MAX_LINES:
        raise ValueError(f"the description has more than {MAX_LINES} lines")
    for line in lines:
        line = line.strip()
        if len(line) > MAX_LINE:
            raise ValueError(f"a line of the description is longer than {MAX_LINE} characters")
        if len(line) >= 2 and line[1] == "=":
            yield line[0].lower(), line[2:].strip()


def _sections(lines: Iterable[Line]) -> list[list[Line]]:
    """The session's lines, then those of each section."""
    sections: list[list[Line]] = [[]]
    for kind, value in lines:
        if kind == "m":
            sections.append([])
        sections[-1].append((kind, value))
    if len(sections) > MAX_MEDIA + 1:
        raise ValueError(f"the description has more than {MAX_MEDIA} media sections")
    return sections


def _origin(value: str) -> Origin:
    match value.split():
        case [username, session, version, _, _, address, *_]:
            return Origin(session, version, address, username)
        case _:
            return Origin()


def _address(lines: list[Line]) -> str | None:
    for kind, value in lines:
        if kind == "c":
            match value.split():
                case [_, _, address, *_]:
                    return address.partition("/")[0]
                case _:
                    raise ValueError(f"not a connection line: c={value}")
    return None


def _attributes(lines: list[Line]) -> tuple[Attribute, ...]:
    found = []
    for kind, text in lines:
        if kind == "a":
            name, colon, value = text.partition(":")
            found.append(Attribute(name.strip().lower(), value.strip() if colon else None))
    return tuple(found)


def _media(lines: list[Line]) -> MediaDescription:
    _, value = lines[0]
    match value.split():
        case [kind, port, protocol, *formats]:
            pass
        case _:
            raise ValueError(f"not a media line: m={value}")
    number = port.partition("/")[0]
    if not NUMBER.fullmatch(number) or int(number) > 65_535:
        raise ValueError(f"not a port: m={value}")
    if not PROTOCOL.fullmatch(protocol) or not FORMAT.fullmatch(kind):
        raise ValueError(f"not a media line: m={value}")
    return MediaDescription(
        kind=kind.lower(),
        port=int(number),
        protocol=protocol,
        formats=tuple(item for item in formats if FORMAT.fullmatch(item)),
        address=_address(lines),
        attributes=_attributes(lines),
    )


def _spell_origin(origin: Origin) -> str:
    family = "IP6" if ":" in origin.address else "IP4"
    return f"o={origin.username} {origin.session} {origin.version} IN {family} {origin.address}"


def _spell_address(address: str | None) -> list[str]:
    if address is None:
        return []
    return [f"c=IN {'IP6' if ':' in address else 'IP4'} {address}"]


def _spell_attributes(attributes: Iterable[Attribute]) -> list[str]:
    return [
        f"a={one.name}" if one.value is None else f"a={one.name}:{one.value}" for one in attributes
    ]
