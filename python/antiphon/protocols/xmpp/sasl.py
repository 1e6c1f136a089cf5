"""SASL (RFC 4422) from the server's side: each mechanism is a generator that yields what it needs,
a response of the client or a look-up, is sent the answer, and returns who logged in.

So none of them does I/O, and each reads as its RFC does.
"""

import base64
import binascii
import json
import secrets
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

from antiphon.core.address import Address
from antiphon.core.ports import Caller

# Longest response in bytes; a token of ours has at most 8 KiB.
LIMIT = 16_384
# RFC 4505 §2: 255 characters of Unicode.
MAX_TRACE = 255 * 4


class SaslFailure(Exception):
    """The log-in fails: a condition of RFC 6120 §6.5, and words for people."""

    def __init__(self, condition: str, text: str = "") -> None:
        super().__init__(f"{condition}: {text}" if text else condition)
        self.condition = condition
        self.text = text


@dataclass(frozen=True, slots=True)
class Identity:
    """Who logged in. `sessions`: how many of these there may be at once; None: as configured.

    `stamp`: the account's at the log-in, None of those without one: under another the log-in is
    void. `expires_at`: until when it holds, in seconds since 1970; None: for ever.
    """

    caller: Caller
    sessions: int | None = None
    stamp: str | None = None
    expires_at: float | None = None


# what a mechanism yields


@dataclass(frozen=True, slots=True)
class Challenge:
    """Ask the client; the answer is its response, as bytes."""

    data: bytes


@dataclass(frozen=True, slots=True)
class AskKeys:
    """Look up SCRAM keys of an account; the answer is `ScramKeys`, true ones or a decoy's."""

    name: str
    hash: str  # sha1, sha256, sha512


@dataclass(frozen=True, slots=True)
class AskPassword:
    """Compare a password; the answer is an `Identity`."""

    name: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AskToken:
    """Verify a token; the answer is an `Identity`, or None if it is not valid."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AskGuest:
    """Let a stranger in; the answer is an `Identity`."""


@dataclass(frozen=True, slots=True)
class ScramKeys:
    """What is kept of a password for SCRAM (RFC 5802 §3). `identity` is None of a decoy's, which no
    proof opens.
    """

    identity: Identity | None
    salt: bytes
    iterations: int
    stored_key: bytes = field(repr=False)
    server_key: bytes = field(repr=False)


Question = AskKeys | AskPassword | AskToken | AskGuest
Step = Challenge | Question


@dataclass(frozen=True, slots=True)
class Success:
    """Log-in done; `data` goes to the client with the news."""

    identity: Identity
    data: bytes = b""


Exchange = Generator[Step, Any, Success]


@dataclass(frozen=True, slots=True)
class Setting:
    """What a mechanism knows of its stream. `bindings`: channel-binding type → data, none without
    TLS.
    """

    bindings: dict[str, bytes] = field(default_factory=dict[str, bytes], repr=False)
    nonce: Callable[[], str] = lambda: secrets.token_urlsafe(18)


def encode(data: bytes) -> str:
    """As it stands in an element; nothing is `=` (RFC 6120 §6.4.2)."""
    return base64.b64encode(data).decode() if data else "="


def decode(text: str) -> bytes:
    """What an element brings. Raises `SaslFailure(incorrect-encoding)`."""
    text = text.strip()
    if text == "=":
        return b""
    if len(text) > LIMIT:
        raise SaslFailure("malformed-request", "That is too long.")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise SaslFailure("incorrect-encoding") from None


def text_of(data: bytes) -> str:
    """UTF-8. Raises `SaslFailure(malformed-request)`."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise SaslFailure("malformed-request", "That is not UTF-8.") from None


def check_authorization(wanted: str, identity: Identity) -> None:
    """Nobody acts for another (RFC 6120 §6.3.8). Raises `SaslFailure(invalid-authzid)`."""
    if wanted and wanted.casefold() != str(_bare(identity)).casefold():
        raise SaslFailure("invalid-authzid")


def _bare(identity: Identity) -> Address:
    return identity.caller.address.bare


def initial_of(data: bytes | None) -> Generator[Step, Any, bytes]:
    """The client's first message, which is asked for where it did not come at once."""
    if data is not None:
        return data
    answer: bytes = yield Challenge(b"")
    return answer


def plain(_setting: Setting, data: bytes | None) -> Exchange:
    """PLAIN (RFC 4616)."""
    message = text_of((yield from initial_of(data)))
    parts = message.split("\0")
    if len(parts) != 3 or not parts[1] or not parts[2]:
        raise SaslFailure("malformed-request")
    wanted, name, password = parts
    identity: Identity = yield AskPassword(name, password)
    check_authorization(wanted, identity)
    return Success(identity)


def anonymous(_setting: Setting, data: bytes | None) -> Exchange:
    """ANONYMOUS (RFC 4505); what the client tells of itself is not kept."""
    if data is not None and len(data) > MAX_TRACE:
        raise SaslFailure("malformed-request")
    identity: Identity = yield AskGuest()
    return Success(identity)


def bearer(_setting: Setting, data: bytes | None) -> Exchange:
    """OAUTHBEARER (RFC 7628)."""
    message = text_of((yield from initial_of(data)))
    header, _, rest = message.partition("\x01")
    flag, *more = header.split(",")
    if flag not in ("n", "y") or len(more) != 2 or more[1] or not rest.endswith("\x01\x01"):
        raise SaslFailure("malformed-request")
    wanted = ""
    if more[0]:
        if not more[0].startswith("a="):
            raise SaslFailure("malformed-request")
        wanted = unescape_name(more[0][2:])
    pairs = dict(_pair(line) for line in rest[:-2].split("\x01"))
    scheme, _, token = pairs.get("auth", "").partition(" ")
    identity: Identity | None = None
    if scheme.lower() == "bearer" and token:
        identity = yield AskToken(token.strip())
    if identity is None:
        # RFC 7628 §3.2.2: the error is a challenge that the client answers by nothing.
        yield Challenge(json.dumps({"status": "invalid_token"}).encode())
        raise SaslFailure("not-authorized")
    check_authorization(wanted, identity)
    return Success(identity)


def _pair(line: str) -> tuple[str, str]:
    key, equals, value = line.partition("=")
    if not equals or not key.isalpha():
        raise SaslFailure("malformed-request")
    return key, value


def unescape_name(text: str) -> str:
    """A name as RFC 5801 §4 writes it. Raises `SaslFailure(malformed-request)`."""
    plain_text = text.replace("=2C", "").replace("=3D", "")
    if "=" in plain_text or "," in plain_text or "\0" in plain_text:
        raise SaslFailure("malformed-request")
    return text.replace("=2C", ",").replace("=3D", "=")
