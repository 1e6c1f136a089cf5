"""SIP and telephone URIs as values: read, compared and written (RFC 3261 §19.1, RFC 3966).

It knows neither messages nor accounts.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import unquote_to_bytes

# Longer ones are no address of anybody; the whole header line has a limit of its own.
URI_LIMIT = 2048
# The same few come again and again: with each request of a telephone, with each call to it.
REMEMBERED = 4096
REMEMBERED_LENGTH = 128

_SIP = re.compile(r"(?i)(sips?):(?:([^@]*)@)?(\[[0-9a-fA-F:.]+\]|[^:;?\[\]]+)(?::(\d{1,5}))?(.*)")
_HOST = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9.])?|\[[0-9a-f:.]+\]")
_NUMBER = re.compile(r"\+?[0-9A-Fa-f*#]+")
_ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}")
_SEPARATORS = str.maketrans("", "", "-.()")

_UNRESERVED = "A-Za-z0-9\\-_.!~*'()"  # RFC 3261 §25.1
_USER = re.compile(rf"[^{_UNRESERVED}&=+$,;?/]")
_PASSWORD = re.compile(rf"[^{_UNRESERVED}&=+$,]")
_PARAMETER = re.compile(rf"[^{_UNRESERVED}\[\]/:&+$]")
_HEADER = re.compile(rf"[^{_UNRESERVED}\[\]/?:+$]")

NOTHING: Mapping[str, str] = MappingProxyType({})
# These must be in both URIs or in none for them to be equal (RFC 3261 §19.1.4).
_DECISIVE = frozenset({"user", "ttl", "method", "maddr", "transport"})


class MalformedError(ValueError):
    """A URI or a header's value cannot be understood; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Uri:
    """A `sip`, `sips` or `tel` URI with nothing escaped in its fields.

    `host`: lower case, IPv6 in brackets; empty in a `tel` URI. `user`: None where there is none;
    the digits of a `tel` URI. `parameters` and `headers`: names in lower case; a parameter without
    a value has "".
    """

    scheme: str
    user: str | None
    host: str
    port: int | None = None
    parameters: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    headers: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    password: str | None = None

    @property
    def secure(self) -> bool:
        """Whether every hop must be protected (`sips`)."""
        return self.scheme == "sips"

    @property
    def number(self) -> str | None:
        """The telephone number it names: of a `tel` URI, or a user part that is one."""
        if self.user is None:
            return None
        digits = self.user.partition(";")[0].translate(_SEPARATORS)
        return digits if _NUMBER.fullmatch(digits) else None

    @property
    def plain(self) -> "Uri":
        """Without parameters and headers: what a From or To field shows of it."""
        return replace(self, parameters=NOTHING, headers=NOTHING, password=None)

    @property
    def request(self) -> "Uri":
        """As a Request-URI: without headers and `method` (RFC 3261 §19.1.1)."""
        kept = {name: value for name, value in self.parameters.items() if name != "method"}
        return replace(self, headers=NOTHING, parameters=MappingProxyType(kept))

    def with_parameters(self, **parameters: str) -> "Uri":
        """The same with these parameters added; an underscore in a name stands for a hyphen."""
        more = {name.replace("_", "-"): value for name, value in parameters.items()}
        return replace(self, parameters=MappingProxyType({**self.parameters, **more}))

    def same(self, other: "Uri") -> bool:
        """Whether both name the same resource (RFC 3261 §19.1.4)."""
        mine, theirs = self.parameters, other.parameters
        return (
            (self.scheme, self.user, self.password, self.host, self.port)
            == (other.scheme, other.user, other.password, other.host, other.port)
            and self.headers == other.headers
            and not _DECISIVE & (mine.keys() ^ theirs.keys())
            and all(mine[name].lower() == theirs[name].lower() for name in mine.keys() & theirs)
        )

    def __str__(self) -> str:
        if self.scheme == "tel":
            return f"tel:{self.user}{_written(self.parameters)}"
        user = ""
        if self.user is not None:
            password = f":{_escaped(self.password, _PASSWORD)}" if self.password is not None else ""
            user = f"{_escaped(self.user, _USER)}{password}@"
        port = f":{self.port}" if self.port is not None else ""
        headers = "&".join(
            f"{_escaped(name, _HEADER)}={_escaped(value, _HEADER)}"
            for name, value in self.headers.items()
        )
        query = f"?{headers}" if headers else ""
        return f"{self.scheme}:{user}{self.host}{port}{_written(self.parameters)}{query}"


def parse_uri(text: str) -> Uri:
    """Read a URI. Raises `MalformedError`, also for a scheme that is neither SIP's nor `tel`."""
    if len(text) > URI_LIMIT:
        raise MalformedError(f"a URI of more than {URI_LIMIT} characters")
    return _read(text) if len(text) > REMEMBERED_LENGTH else _remembered(text)


def _read(text: str) -> Uri:
    if text[:4].lower() == "tel:":
        return _telephone(text[4:])
    if (match := _SIP.fullmatch(text)) is None:
        raise MalformedError(f"not a SIP URI: {text[:80]!r}")
    scheme, userinfo, host, port, rest = match.groups()
    host = host.lower()
    if not _HOST.fullmatch(host):
        raise MalformedError(f"no host in {text[:80]!r}")
    if port is not None and not 0 < int(port) < 65536:
        raise MalformedError(f"no port: {port}")
    if rest and rest[0] not in ";?":
        raise MalformedError(f"not a SIP URI: {text[:80]!r}")
    parameters, _, query = rest.partition("?")
    user, colon, password = (userinfo or "").partition(":")
    if userinfo is not None and not user:
        raise MalformedError(f"no user before @ in {text[:80]!r}")
    return Uri(
        scheme.lower(),
        _unescaped(user) if userinfo is not None else None,
        host,
        int(port) if port is not None else None,
        _parameters(parameters),
        _headers(query),
        _unescaped(password) if colon else None,
    )


_remembered = lru_cache(REMEMBERED)(_read)


def _telephone(text: str) -> Uri:
    number, semicolon, rest = text.partition(";")
    digits = number.translate(_SEPARATORS)
    if not _NUMBER.fullmatch(digits):
        raise MalformedError(f"not a telephone number: {number[:40]!r}")
    return Uri("tel", digits, "", parameters=_parameters(semicolon + rest))


def _parameters(text: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for part in text.split(";")[1:]:
        name, _, value = part.partition("=")
        name = _unescaped(name).lower()
        if not name or name in found:
            raise MalformedError(f"a URI parameter without a name, or twice: {part[:40]!r}")
        found[name] = _unescaped(value)
    return MappingProxyType(found) if found else NOTHING


def _headers(text: str) -> Mapping[str, str]:
    if not text:
        return NOTHING
    found: dict[str, str] = {}
    for part in text.split("&"):
        name, equals, value = part.partition("=")
        if not name or not equals:
            raise MalformedError(f"not a header of a URI: {part[:40]!r}")
        found[_unescaped(name).lower()] = _unescaped(value)
    return MappingProxyType(found)


def _written(parameters: Mapping[str, str]) -> str:
    return "".join(
        f";{_escaped(name, _PARAMETER)}" + (f"={_escaped(value, _PARAMETER)}" if value else "")
        for name, value in parameters.items()
    )


def _unescaped(text: str) -> str:
    if "%" not in text:
        return text
    if "%" in _ESCAPED.sub("", text):
        raise MalformedError(f"a stray % in {text[:80]!r}")
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeError:
        raise MalformedError(f"escaped bytes that are not UTF-8 in {text[:80]!r}") from None


def _escaped(text: str, forbidden: re.Pattern[str]) -> str:
    return forbidden.sub(lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), text)
