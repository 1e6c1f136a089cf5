"""Addresses to listen on, as the configuration spells them, and the sockets bound to them."""

import errno
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address


class PortTaken(OSError):
    """Something else listens there, or the node may not."""


@dataclass(frozen=True, slots=True)
class Listen:
    """Where to listen. `host` is empty for all addresses (or, in development, for loopback)."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_listen(text: str) -> Listen:
    """Read `:8080`, `127.0.0.1:8080`, `[::]:8080` or `8080`. Raises ValueError."""
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host or "[" in text or "]" in text:
        raise ValueError(f"an IPv6 address is written in brackets: [{host}]:{port}")
    if not (port.isascii() and port.isdecimal()) or int(port) > 65535:
        raise ValueError(
            f"expected ADDRESS:PORT or :PORT with a port up to 65535, got {text[:80]!r}"
        )
    if host == "localhost":
        host = "127.0.0.1"
    if host:
        try:
            ip_address(host.partition("%")[0])
        except ValueError:
            raise ValueError(f"expected an IP address before the port, got {host[:80]!r}") from None
    return Listen(host if colon else "", int(port))


def bind(
    listen: Listen,
    hosts: Sequence[str] = (),
    *,
    backlog: int = 1024,
    kinds: Sequence[socket.SocketKind] = (socket.SOCK_STREAM,),
    apart: bool = False,
) -> list[socket.socket]:
    """Sockets bound to all of `hosts` at one port, or to the host of `listen`, or to every address.

    With port 0 the first one chooses the port and the others take the same. `kinds`: those of each
    host, in this order (TCP alone if not given). `apart`: IPv4 and IPv6 have sockets of their own.
    Raises `PortTaken` or OSError.
    """
    if listen.host:
        hosts = (listen.host,)
    elif not hosts:
        hosts = ("::",) if _has_ipv6() else ("0.0.0.0",)
        hosts = ("0.0.0.0", *hosts) if apart and hosts == ("::",) else hosts
    wanted = [(host, kind) for host in hosts for kind in kinds]
    attempts = 10 if listen.port == 0 and len(wanted) > 1 else 1
    for attempt in range(attempts):
        sockets: list[socket.socket] = []
        try:
            port = listen.port
            for host, kind in wanted:
                sockets.append(_bind_one(host, port, backlog, kind, apart))
                port = sockets[0].getsockname()[1]
        except OSError as error:
            for opened in sockets:
                opened.close()
            # The port that the first address chose may be taken on the second: choose again.
            if attempt + 1 < attempts and error.errno == errno.EADDRINUSE:
                continue
            raise
        return sockets
    raise AssertionError("unreachable")


def _bind_one(
    host: str, port: int, backlog: int, kind: socket.SocketKind, apart: bool
) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.socket(family, kind)
    stream = kind is socket.SOCK_STREAM
    try:
        if stream:
            # With UDP it would let another program take our port.
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # `[::]` means everybody; any other address means itself.
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(apart or host != "::"))
        opened.bind((host, port))
        if stream:
            opened.listen(backlog)
        opened.setblocking(False)
    except OSError as error:
        opened.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL):
            text = f"{Listen(host, port)}: {os.strerror(error.errno)}"
            raise PortTaken(error.errno, text) from None
        raise
    return opened


def address_of(opened: socket.socket) -> str:
    """The bound address as it is written in a URL."""
    host, port = opened.getsockname()[:2]
    return str(Listen(host, port))


def loopback() -> tuple[str, ...]:
    """The loopback addresses that this machine has."""
    return ("127.0.0.1", "::1") if _can_bind("::1") else ("127.0.0.1",)


def _has_ipv6() -> bool:
    return _can_bind("::")


def _can_bind(host: str) -> bool:
    if not socket.has_ipv6:
        return False
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind((host, 0))
    except OSError:
        return False
    return True
