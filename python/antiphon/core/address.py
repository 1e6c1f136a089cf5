"""Whom or what can be reached: `user@domain/device` and `room@domain`, spelled alike for every
protocol.

Each protocol spells an Address in its own way. It is not a socket address.
Normalization (PRECIS, IDNA) comes through a port: one implementation serves all protocols.
"""

import re
from dataclasses import dataclass, field
from typing import Protocol

from .reason import Reason, Refused

# RFC 7622 §3.2–§3.4: each part at most 1023 octets; ours are shorter because they are keys and are
# shown to people.
PART_LIMIT = 255

# A telephone number as people write it, and what stands in it for the eye only.
_NUMBER = re.compile(r"\+?[0-9*#][0-9*# ()./-]*")
_FOR_THE_EYE = str.maketrans("", "", " ()./-")

ROOMS = "rooms."
GUESTS = "guest."


class Normalizer(Protocol):
    """Brings the parts of an address into their one canonical form; raises ValueError for what has
    none.
    """

    def local(self, text: str) -> str:
        """Local part: PRECIS UsernameCaseMapped (RFC 8265 §3.3)."""

    def domain(self, text: str) -> str:
        """Domain: IDNA 2008 U-labels, lower case (RFC 5891), or an IP address literal."""

    def device(self, text: str) -> str:
        """Device: PRECIS OpaqueString (RFC 8265 §4.2)."""

    def nickname(self, text: str) -> str:
        """A name to be shown: PRECIS Nickname (RFC 8266)."""


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """A canonical address. `device` is empty in a bare address. Make them from text with
    `Addresses.parse`.
    """

    local: str
    domain: str
    device: str = ""
    # Asked for many times a message: made once, as the number is that dictionaries go by.
    _bare: "Address | None" = field(default=None, init=False, repr=False, compare=False)
    _hash: int = field(default=0, init=False, repr=False, compare=False)

    def __hash__(self) -> int:
        return self._hash or self._hashed()

    def _hashed(self) -> int:
        made = hash((self.local, self.domain, self.device)) or 1
        object.__setattr__(self, "_hash", made)
        return made

    @property
    def bare(self) -> "Address":
        """The same without its device."""
        if not self.device:
            return self
        if (bare := self._bare) is None:
            bare = Address(self.local, self.domain)
            object.__setattr__(self, "_bare", bare)
        return bare

    def on(self, device: str) -> "Address":
        """The same on a device."""
        made = Address(self.local, self.domain, device)
        if device:
            object.__setattr__(made, "_bare", self.bare)
        return made

    @property
    def is_guest(self) -> bool:
        """Whether this is somebody without an account."""
        return self.domain.startswith(GUESTS)

    @property
    def is_room(self) -> bool:
        """Whether this names a room."""
        return self.domain.startswith(ROOMS)

    def __str__(self) -> str:
        bare = f"{self.local}@{self.domain}" if self.local else self.domain
        return f"{bare}/{self.device}" if self.device else bare


class Addresses:
    """Reads addresses from text and names rooms and guests of one domain."""

    def __init__(self, domain: str, normalizer: Normalizer) -> None:
        self.domain = normalizer.domain(domain)
        self._normalizer = normalizer

    def parse(self, text: str) -> Address:
        """Read `local@domain/device`; without a domain it is one of this domain. Raises
        `Refused(BAD_REQUEST)`.
        """
        bare, _, device = text.partition("/")
        local, at, domain = bare.rpartition("@")
        if not at:
            local, domain = bare, self.domain
        try:
            return Address(
                self._part(self._normalizer.local(local)),
                self._part(self._normalizer.domain(domain)),
                self._part(self._normalizer.device(device)) if device else "",
            )
        except ValueError as error:
            raise Refused(Reason.BAD_REQUEST, f"not an address: {text[:80]!r} ({error})") from None

    def callee(self, text: str) -> Address:
        """Read whom somebody wants to call: an address, or a telephone number as people write it
        (`+49 (30) 12-34` is `+49301234` of this domain). Raises `Refused(BAD_REQUEST)`.
        """
        text = text.strip()
        return self.parse(text.translate(_FOR_THE_EYE) if _NUMBER.fullmatch(text) else text)

    def room(self, name: str) -> Address:
        """The address of the room `name` (a bare name, or `name@rooms.domain`)."""
        address = self.parse(name if "@" in name else f"{name}@{ROOMS}{self.domain}")
        if address.domain != ROOMS + self.domain or address.device:
            raise Refused(Reason.NOT_FOUND, f"no room of this server: {name[:80]!r}")
        return address

    def guest(self, unique: str) -> Address:
        """The address of a guest; `unique` tells guests apart."""
        return self.parse(f"{unique}@{GUESTS}{self.domain}")

    def nickname(self, text: str) -> str:
        """A name to be shown in its canonical form. Raises `Refused(BAD_REQUEST)`."""
        try:
            return self._part(self._normalizer.nickname(text))
        except ValueError as error:
            raise Refused(Reason.BAD_REQUEST, f"not a name: {text[:80]!r} ({error})") from None

    @staticmethod
    def _part(text: str) -> str:
        if not text or len(text.encode()) > PART_LIMIT:
            raise ValueError(f"must have 1 to {PART_LIMIT} bytes")
        return text
