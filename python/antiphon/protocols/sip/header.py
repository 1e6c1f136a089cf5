"""Values of SIP header fields: lists, parameters, name-addresses and what dialogs and calls need.

Text in, frozen values out and back; nothing here knows a message, a dialog or a clock.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Protocol
from urllib.parse import unquote

from .uri import NOTHING, MalformedError, Uri, parse_uri

# More elements than this in one field are nobody's honest list.
LIST_LIMIT = 64

_TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")  # RFC 3261 §25.1
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_TAKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[^<"]*?)\s*<([^<>]*)>\s*(.*)', re.DOTALL)


class Headers(Protocol):
    """The header fields of a message."""

    def get(self, name: str) -> str | None:
        """The first field of that name; None: there is none."""

    def all(self, name: str) -> list[str]:
        """All fields of that name, in order."""


@dataclass(frozen=True, slots=True)
class NameAddress:
    """`"Display" <uri>;parameters`: what From, To, Contact, Refer-To and their like hold."""

    uri: Uri
    display: str = ""
    parameters: Mapping[str, str] = field(default_factory=lambda: NOTHING)

    @property
    def tag(self) -> str:
        """Its tag; empty where there is none."""
        return self.parameters.get("tag", "")

    @property
    def bare(self) -> "NameAddress":
        """Without the parameters of the field."""
        return replace(self, parameters=NOTHING)

    def with_tag(self, tag: str) -> "NameAddress":
        """With this tag as its only parameter."""
        return replace(self, parameters=MappingProxyType({"tag": tag}) if tag else NOTHING)

    def __str__(self) -> str:
        display = f"{quoted(self.display)} " if self.display else ""
        return f"{display}<{self.uri}>{written(self.parameters)}"


@dataclass(frozen=True, slots=True)
class Replaces:
    """Which dialog a call shall replace (RFC 3891 §6.1), or join (RFC 3911)."""

    call_id: str
    to_tag: str
    from_tag: str
    early_only: bool = False

    def __str__(self) -> str:
        early = ";early-only" if self.early_only else ""
        return f"{self.call_id};to-tag={self.to_tag};from-tag={self.from_tag}{early}"


@dataclass(frozen=True, slots=True)
class SessionExpires:
    """How long a session lasts without a refresh, in seconds, and who refreshes (RFC 4028 §4)."""

    seconds: int
    refresher: str = ""  # "uac", "uas" or not said

    def __str__(self) -> str:
        return f"{self.seconds};refresher={self.refresher}" if self.refresher else str(self.seconds)


@dataclass(frozen=True, slots=True)
class ReasonValue:
    """Why a request was sent (RFC 3326)."""

    protocol: str
    cause: int
    text: str = ""

    def __str__(self) -> str:
        text = f";text={quoted(self.text)}" if self.text else ""
        return f"{self.protocol};cause={self.cause}{text}"


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Which reliable provisional response a PRACK acknowledges (RFC 3262 §7.2)."""

    rseq: int
    cseq: int
    method: str

    def __str__(self) -> str:
        return f"{self.rseq} {self.cseq} {self.method}"


def parse_name_address(text: str) -> NameAddress:
    """Read one. Raises `MalformedError`."""
    if (match := _TAKEN.fullmatch(text)) is not None:
        display, uri, rest = match.groups()
        shown = unquoted(display) if display.startswith('"') else " ".join(display.split())
        return NameAddress(parse_uri(uri.strip()), shown, parameters_of(rest))
    # RFC 3261 §20.10: without brackets, parameters belong to the field, not to the URI.
    uri, semicolon, rest = text.strip().partition(";")
    if "?" in uri or "<" in text:
        raise MalformedError(f"not an address: {text[:80]!r}")
    return NameAddress(parse_uri(uri.strip()), "", parameters_of(semicolon + rest))


def name_addresses(headers: Headers, name: str) -> list[NameAddress]:
    """All in the fields of that name. Raises `MalformedError`."""
    return [parse_name_address(text) for text in elements(headers.all(name))]


def elements(fields: Iterable[str]) -> list[str]:
    """The elements of comma-separated fields, in order. Raises `MalformedError` for too many."""
    found = [element for one in fields for element in _split(one, ",") if element]
    if len(found) > LIST_LIMIT:
        raise MalformedError(f"a list of more than {LIST_LIMIT}")
    return found


def tokens(headers: Headers, name: str) -> frozenset[str]:
    """A set of option tags, methods or the like, in lower case."""
    return frozenset(element.lower() for element in elements(headers.all(name)))


def parameters_of(text: str) -> Mapping[str, str]:
    """`;name=value;flag` as a mapping: names in lower case, values without quotes.

    Raises `MalformedError`.
    """
    found: dict[str, str] = {}
    first, *parts = _split(text, ";")
    if first:
        raise MalformedError(f"unexpected {first[:40]!r} before parameters")
    for part in parts:
        name, _, value = part.partition("=")
        name, value = name.strip().lower(), value.strip()
        if not _TOKEN.fullmatch(name) or name in found:
            raise MalformedError(f"not a parameter, or twice: {part[:40]!r}")
        found[name] = unquoted(value) if value.startswith('"') else value
    return MappingProxyType(found) if found else NOTHING


def value_and_parameters(text: str) -> tuple[str, Mapping[str, str]]:
    """`value;name=value` in two. Raises `MalformedError`."""
    value, *parts = _split(text, ";")
    return value, parameters_of("".join(f";{part}" for part in parts))


def parse_replaces(text: str) -> Replaces:
    """Read Replaces or Join. Raises `MalformedError`."""
    call_id, parameters = value_and_parameters(text)
    try:
        to_tag, from_tag = parameters["to-tag"], parameters["from-tag"]
    except KeyError:
        raise MalformedError("Replaces needs to-tag and from-tag") from None
    return Replaces(call_id, to_tag, from_tag, "early-only" in parameters)


def replaces_of(uri: Uri) -> Replaces | None:
    """The Replaces that a Refer-To carries in its URI (RFC 3891 §3). Raises `MalformedError`."""
    text = uri.headers.get("replaces")
    return parse_replaces(unquote(text)) if text is not None else None


def parse_session_expires(text: str) -> SessionExpires:
    """Read Session-Expires or Min-SE. Raises `MalformedError`."""
    value, parameters = value_and_parameters(text)
    return SessionExpires(number(value), parameters.get("refresher", "").lower())


def parse_reason(text: str) -> ReasonValue:
    """Read one Reason value. Raises `MalformedError`."""
    protocol, parameters = value_and_parameters(text)
    return ReasonValue(protocol, number(parameters.get("cause", "0")), parameters.get("text", ""))


def parse_acknowledged(text: str) -> Acknowledged:
    """Read RAck. Raises `MalformedError`."""
    parts = text.split()
    if len(parts) != 3:
        raise MalformedError(f"not a RAck: {text[:40]!r}")
    return Acknowledged(number(parts[0]), number(parts[1]), parts[2])


def number(text: str) -> int:
    """A number of at most 32 bits. Raises `MalformedError`."""
    text = text.strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 10 or int(text) >= 1 << 32:
        raise MalformedError(f"not a number: {text[:20]!r}")
    return int(text)


def written(parameters: Mapping[str, str]) -> str:
    """Parameters as `;name=value;flag`."""
    return "".join(
        f";{name}" + (f"={_parameter(value)}" if value else "")
        for name, value in parameters.items()
    )


def quoted(text: str) -> str:
    """As a quoted string; control characters, which none may hold, become spaces."""
    escaped = _CONTROL.sub(" ", text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def unquoted(text: str) -> str:
    """What a quoted string says. Raises `MalformedError`."""
    if len(text) < 2 or not text.endswith('"'):
        raise MalformedError(f"an open quotation: {text[:40]!r}")
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def _parameter(value: str) -> str:
    # Hosts stand unquoted too (RFC 3261 §25.1, gen-value).
    return value if re.fullmatch(r"[A-Za-z0-9\-.!%*_+`'~:\[\]]+", value) else quoted(value)


def _split(text: str, separator: str) -> list[str]:
    """Split outside of quotations and angle brackets."""
    if '"' not in text and "<" not in text:
        return [part.strip() for part in text.split(separator)]
    parts: list[str] = []
    begin, place, in_quotes, in_brackets = 0, 0, False, False
    while place < len(text):
        char = text[place]
        if in_quotes:
            if char == "\\":
                place += 1
            in_quotes = char != '"'
        elif char == '"':
            in_quotes = True
        elif char in "<>":
            in_brackets = char == "<"
        elif char == separator and not in_brackets:
            parts.append(text[begin:place].strip())
            begin = place + 1
        place += 1
    parts.append(text[begin:].strip())
    return parts
