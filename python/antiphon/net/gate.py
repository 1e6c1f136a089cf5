"""How many connections there may be, in all and from one network address; time and sockets are not
its business.
"""

import itertools
import sys
from collections import Counter
from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address, ip_network


class Lease:
    """The place of one connection."""

    __slots__ = ("_gate", "_network", "_number", "peer")

    def __init__(self, gate: "Gate", network: str, number: int, peer: str) -> None:
        self._gate: Gate | None = gate
        self._network = network
        self._number = number
        self.peer = peer

    @property
    def id(self) -> str:
        """Names the connection in log lines."""
        return f"c{self._number}"

    def release(self) -> None:
        """Give the place back. Idempotent."""
        if self._gate is not None:
            self._gate.leave(self._network)
            self._gate = None

    def refuse(self, reason: str) -> None:
        """Count that this connection was ended because of what its peer did."""
        if self._gate is not None:
            self._gate.refused[reason] += 1


class Gate:
    """Admits connections as long as there is place. `refused` counts, by reason, those it or others
    turned away. `proxies` (addresses or networks) bring many people each: only the sum limits them.
    """

    def __init__(self, limit: int, limit_per_address: int, proxies: Sequence[str] = ()) -> None:
        self.refused: Counter[str] = Counter()
        self._limit = limit
        self._limit_per_address = limit_per_address
        self._open: Counter[str] = Counter()
        self._total = 0
        self._proxies = [ip_network(proxy, strict=False) for proxy in proxies]
        self._numbers = itertools.count(1)

    @property
    def open(self) -> int:
        """Connections now."""
        return self._total

    def admit(self, host: str) -> Lease | None:
        """A place for a connection from `host`; None when there is none, which is counted."""
        network = network_of(host)
        if self._total >= self._limit:
            self.refused["connections"] += 1
            return None
        if self._open[network] >= self._limit_per_address and not self._is_proxy(host):
            self.refused["connections_per_address"] += 1
            return None
        self._open[network] += 1
        self._total += 1
        # One text for all of a network, which are many behind a proxy.
        network = sys.intern(network)
        peer = network if host == network else host
        return Lease(self, network, next(self._numbers), peer)

    def _is_proxy(self, host: str) -> bool:
        if not self._proxies:
            return False
        address = ip_address(host.partition("%")[0])
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._proxies)

    def leave(self, network: str) -> None:
        """A connection from that network ended."""
        self._total -= 1
        self._open[network] -= 1
        if self._open[network] <= 0:
            del self._open[network]


def network_of(host: str | None) -> str:
    """IPv4 addresses count for themselves, IPv6 by their /64: one customer (RFC 6177 §2).

    A Unix socket's peer has no address.
    """
    if host is None:
        return "local"
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host[:64]
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(IPv6Address(int(address) >> 64 << 64)) + "/64"
    return str(address)
