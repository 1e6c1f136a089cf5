"""The sockets of SIP as they are given to it, and the addresses that it tells others for them."""

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address

from antiphon.net.interfaces import lan_addresses
from antiphon.net.listen import address_of, loopback


@dataclass(slots=True)
class Doors:
    """Bound sockets: `plain` has UDP and TCP, `secure` those of TLS, whose context is `tls`."""

    plain: list[socket.socket] = field(default_factory=list[socket.socket])
    secure: list[socket.socket] = field(default_factory=list[socket.socket])
    tls: Callable[[], ssl.SSLContext] | None = None

    @property
    def listening(self) -> list[tuple[str, str]]:
        """(protocol, address) of each; `sip` is UDP and TCP at one port."""
        plain = dict.fromkeys(address_of(opened) for opened in self.plain)
        secure = [("sips", address_of(opened)) for opened in self.secure]
        return [("sip", address) for address in plain] + secure

    def close(self) -> None:
        """Close the sockets. Idempotent."""
        for opened in [*self.plain, *self.secure]:
            opened.close()


def reachable() -> frozenset[str]:
    """The IP addresses of this machine."""
    return frozenset({*loopback(), *lan_addresses()})


def shown(bound: str, transport: str, domain: str, public: tuple[str, ...]) -> str:
    """What others are told to reach a socket bound to the address `bound`.

    Of TLS the domain, which the certificate names; else an address of the same family: the public
    one of a NAT, the socket's own, or where that means every one, the first of this machine.
    """
    address = ip_address(bound)
    if address.is_loopback:
        return bound
    if transport == "tls" and domain != "localhost":
        return domain
    same = [one for one in public if ip_address(one).version == address.version]
    if same:
        return same[0]
    if not address.is_unspecified:
        return bound
    own = [one for one in lan_addresses() if ip_address(one).version == address.version]
    return own[0] if own else ("127.0.0.1" if address.version == 4 else "::1")
