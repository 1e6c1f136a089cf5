"""Finds out where a SIP URI's requests go (RFC 3263): transport, address and port, in the order in
which to try them. It opens no connection to them.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from typing import Protocol

# A stranger's zone may have as many records as it likes.
MAX_TARGETS = 12
MAX_RECORDS = 32
MAX_LOOKUPS = 256
LIFETIME = 8.0

UDP, TCP, TLS, WS, WSS = "udp", "tcp", "tls", "ws", "wss"
PORTS = {UDP: 5060, TCP: 5060, TLS: 5061, WS: 80, WSS: 443}

# RFC 3263 §4.1; the service that is asked for in a NAPTR record → transport.
SERVICES = {"sip+d2u": UDP, "sip+d2t": TCP, "sips+d2t": TLS}
SRV_NAMES = {UDP: "_sip._udp", TCP: "_sip._tcp", TLS: "_sips._tcp"}


# An IP address; raises `ValueError`. Telephones tell theirs again and again.
address_of = lru_cache(4096)(ip_address)


class Unresolved(Exception):
    """There is no way to that host; the text says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to send to. `name`: the host as it was asked for, which a certificate must name."""

    transport: str
    host: str
    port: int
    name: str


@dataclass(frozen=True, slots=True)
class Naptr:
    """A NAPTR record (RFC 3403 §4.1) without regular expression."""

    order: int
    preference: int
    service: str
    replacement: str


@dataclass(frozen=True, slots=True)
class Srv:
    """An SRV record (RFC 2782)."""

    priority: int
    weight: int
    port: int
    host: str


class Records(Protocol):
    """Asks the DNS; an empty answer where there are no such records, `Unresolved` if it fails."""

    async def naptr(self, name: str) -> Sequence[Naptr]:
        """NAPTR records of a domain."""

    async def srv(self, name: str) -> Sequence[Srv]:
        """SRV records of a name such as `_sip._udp.example.org`."""

    async def addresses(self, name: str) -> Sequence[str]:
        """IP addresses of a host, in the order in which to try them."""


Choose = Callable[[int], int]


class Resolver:
    """Asks for each host once at a time, whoever waits. `choose(n)`: a random number below n."""

    def __init__(
        self,
        records: Records,
        *,
        transports: Sequence[str] = (UDP, TCP, TLS),
        choose: Choose = random.randrange,
    ) -> None:
        self._records = records
        self._transports = tuple(transports)
        self._choose = choose
        self._running: dict[tuple[str, int, str, bool], asyncio.Task[Sequence[Target]]] = {}

    def numeric(
        self, host: str, port: int = 0, transport: str = "", secure: bool = False
    ) -> Target | None:
        """The target of an IP address, at once; None if `host` is a name."""
        if host.startswith("["):
            host = host[1:-1]
        elif not host[-1:].isdigit():
            return None
        try:
            found = str(address_of(host))
        except ValueError:
            return None
        chosen = _secured(transport or UDP, secure)
        return Target(chosen, found, port or PORTS[chosen], found)

    async def resolve(
        self, host: str, port: int = 0, transport: str = "", secure: bool = False
    ) -> Sequence[Target]:
        """Targets of a host, the one to try first in front. Raises `Unresolved`.

        `port` 0 and `transport` "": not given in the URI. `secure`: the URI is a `sips:` one.
        """
        transport = transport.lower()
        if transport and transport not in PORTS:
            raise Unresolved(f"no such transport: {transport[:40]}")
        if (target := self.numeric(host, port, transport, secure)) is not None:
            return [target]
        key = (host.lower().rstrip("."), port, transport, secure)
        if (task := self._running.get(key)) is None:
            if len(self._running) >= MAX_LOOKUPS:
                raise Unresolved("too many names are being looked up")
            task = asyncio.create_task(self._look_up(*key), name="resolve")
            self._running[key] = task
            task.add_done_callback(lambda done: self._looked_up(key, done))
        # One of those who wait may go away; the others still want to know.
        return await asyncio.shield(task)

    async def close(self) -> None:
        """End look-ups that are under way."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _looked_up(
        self, key: tuple[str, int, str, bool], task: asyncio.Task[Sequence[Target]]
    ) -> None:
        self._running.pop(key, None)
        if not task.cancelled():
            task.exception()  # those who wait have it, if anybody still does

    async def _look_up(
        self, host: str, port: int, transport: str, secure: bool
    ) -> Sequence[Target]:
        try:
            async with asyncio.timeout(LIFETIME):
                found = await self._find(host, port, transport, secure)
        except TimeoutError:
            raise Unresolved(f"{host}: the DNS did not answer in time") from None
        if not found:
            raise Unresolved(f"{host}: there is no such host")
        return found[:MAX_TARGETS]

    async def _find(self, host: str, port: int, transport: str, secure: bool) -> list[Target]:
        if port:
            chosen = _secured(transport or UDP, secure)
            return await self._at(host, port, chosen, host)
        if transport:
            return await self._by_srv(host, [_secured(transport, secure)])
        # RFC 3263 §4.1: first NAPTR, then SRV for each transport, then addresses.
        if found := await self._by_naptr(host, secure):
            return found
        usable = [one for one in self._transports if one in SRV_NAMES]
        return await self._by_srv(host, [TLS] if secure else usable)

    async def _by_naptr(self, host: str, secure: bool) -> list[Target]:
        records = list(await self._records.naptr(host))[:MAX_RECORDS]
        records.sort(key=lambda record: (record.order, record.preference))
        found: list[Target] = []
        for record in records:
            transport = SERVICES.get(record.service.lower())
            if transport not in self._transports or (secure and transport != TLS):
                continue
            found += await self._of_srv(record.replacement, transport, host)
        return found

    async def _by_srv(self, host: str, transports: Sequence[str]) -> list[Target]:
        found: list[Target] = []
        refused = False
        for transport in transports:
            if (prefix := SRV_NAMES.get(transport)) is None:
                continue
            records = await self._records.srv(f"{prefix}.{host}")
            # RFC 2782: a target of "." says that there is no such service.
            refused = refused or any(not record.host.strip(".") for record in records)
            found += await self._targets(records, transport, host)
        if found:
            return found
        if refused:
            raise Unresolved(f"{host} does not serve SIP")
        first = transports[0] if transports else UDP
        return await self._at(host, PORTS[first], first, host)

    async def _of_srv(self, name: str, transport: str, host: str) -> list[Target]:
        return await self._targets(await self._records.srv(name), transport, host)

    async def _targets(self, records: Sequence[Srv], transport: str, name: str) -> list[Target]:
        found: list[Target] = []
        for record in by_weight(list(records)[:MAX_RECORDS], self._choose):
            if record.host.strip(".") and len(found) < MAX_TARGETS:
                found += await self._at(record.host.rstrip("."), record.port, transport, name)
        return found

    async def _at(self, host: str, port: int, transport: str, name: str) -> list[Target]:
        addresses = await self._records.addresses(host)
        return [Target(transport, address, port, name) for address in addresses]


def by_weight(records: Sequence[Srv], choose: Choose) -> list[Srv]:
    """In the order in which to try them: by priority, at random by weight (RFC 2782)."""
    found: list[Srv] = []
    for priority in sorted({record.priority for record in records}):
        # Those of weight 0 first, so that they have a small chance.
        rest = sorted((r for r in records if r.priority == priority), key=lambda r: r.weight > 0)
        while rest:
            limit = choose(sum(record.weight for record in rest) + 1)
            total = 0
            for record in rest:
                total += record.weight
                if total >= limit:
                    break
            found.append(record)
            rest.remove(record)
    return found


def _secured(transport: str, secure: bool) -> str:
    """The transport of a `sips:` URI is TLS (RFC 5630 §3.1.3)."""
    if not secure:
        return transport
    return WSS if transport in (WS, WSS) else TLS
