"""Where telephones find our media: which of our addresses, which ports; and keys that nobody can
guess.
"""

import contextlib
import ipaddress
import secrets
import socket
import string
from collections.abc import Sequence
from dataclasses import dataclass

from antiphon import _native
from antiphon.core.reason import Reason, Refused

from .ours import Place
from .security import Ground

LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class MediaAddresses:
    """The machine's own addresses, as far as others can reach them, and those that a one-to-one NAT
    shows instead.
    """

    own: Sequence[str] = ("127.0.0.1",)
    public: Sequence[str] = ()

    def towards(self, peer: str | None) -> str:
        """The address at which `peer` reaches us, of its family where there is one."""
        if peer is None:
            return (*self.public, *self.own)[0]
        local = _local(peer)
        if local is not None and (_reach(peer) < GLOBAL or _reach(local) == GLOBAL):
            return local
        shown = (one for one in self.public if (":" in one) == (":" in peer))
        return next(shown, local) or self.towards(None)

    def others(self, address: str) -> tuple[str, ...]:
        """All but this one, of its family."""
        alike = (one for one in (*self.own, *self.public) if (":" in one) == (":" in address))
        return tuple(one for one in dict.fromkeys(alike) if one != address)


LOOPBACK, PRIVATE, GLOBAL = range(3)


def _reach(text: str) -> int:
    """How far away an address can be meant."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if address.is_loopback:
        return LOOPBACK
    return GLOBAL if address.is_global else PRIVATE


def farthest(near: str | None, media: str | None) -> str | None:
    """Whom our address is for: where signalling comes from, or where media is to go.

    The one that is farther away: a phone behind NAT names an address of its home, a proxy beside us
    speaks for others. The media's family counts in any case.
    """
    if near is None or media is None:
        return near or media
    if (":" in near) != (":" in media):
        return media
    return media if _reach(media) > _reach(near) else near


def unmapped(text: str | None) -> str | None:
    """The IPv4 address that a socket for both families shows as `::ffff:…`; others unchanged."""
    if text is None or not text.startswith("::ffff:"):
        return text
    mapped = ipaddress.IPv6Address(text).ipv4_mapped
    return str(mapped) if mapped is not None else text


def _local(peer: str) -> str | None:
    """The address the system would send from; nothing is sent."""
    family = socket.AF_INET6 if ":" in peer else socket.AF_INET
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((peer, 9))
        return str(probe.getsockname()[0])
    return None


class PhoneGround(Ground):
    """The ports of one telephone in the engine."""

    def __init__(
        self, native: _native.Engine, peer: int, addresses: MediaAddresses, near: str | None
    ) -> None:
        self._native = native
        self._peer = peer
        self._addresses = addresses
        self._near = near
        self._places: dict[str, Place] = {}

    @property
    def fingerprint(self) -> str:
        """Of the engine's certificate."""
        return self._native.fingerprint()

    def place(self, section: str, towards: str | None) -> Place:
        """The ports of a section, bound when it is first asked for, and again when the other side
        goes over to the other family of addresses. Raises `Refused(TOO_MANY)`.
        """
        place = self._places.get(section)
        if place is not None and (towards is None or (":" in towards) == (":" in place.address)):
            return place
        if place is not None:
            self.free(section)
        address = self._addresses.towards(farthest(self._near, towards))
        try:
            port, rtcp = self._native.bind_phone(self._peer, section, section, ipv6=":" in address)
        except OSError as error:
            text = f"No port is free for another telephone ({error.strerror or error})."
            raise Refused(Reason.TOO_MANY, text) from None
        except LookupError:
            raise Refused(Reason.GONE, "The media session was closed.") from None
        place = Place(address, port, rtcp, self._addresses.others(address))
        self._places[section] = place
        return place

    def free(self, section: str) -> None:
        """Give the ports of a section back."""
        if self._places.pop(section, None) is not None:
            self._native.close_phone_section(self._peer, section)

    def new_key(self, tag: int, suite: str) -> str:
        """A fresh key (RFC 4568)."""
        return _native.sdes_new(tag, suite)

    def suite(self, crypto: str) -> tuple[int, str]:
        """Tag and suite. Raises ValueError."""
        return _native.sdes_suite(crypto)

    def secret(self, length: int) -> str:
        """Some 6 bits for each letter."""
        return "".join(secrets.choice(LETTERS) for _ in range(length))
