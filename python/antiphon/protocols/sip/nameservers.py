"""The DNS, asked without blocking: NAPTR, SRV, addresses, kept as long as their records say."""

import asyncio
import socket
from collections.abc import Sequence
from typing import Any

import dns.asyncresolver
import dns.exception
import dns.rdatatype
import dns.resolver

from .resolve import Naptr, Srv, Unresolved

QUERY_TIME = 4.0
CACHED_NAMES = 4096
# RFC 6761 §6.3: never asked of the DNS.
LOCALHOST = ("127.0.0.1", "::1")


class DnsRecords:
    """Implements `resolve.Records` with the name servers of this machine."""

    def __init__(self, resolver: dns.asyncresolver.Resolver | None = None) -> None:
        self._resolver = resolver

    async def naptr(self, name: str) -> Sequence[Naptr]:
        """NAPTR records of a domain; those with a regular expression are of no use to SIP."""
        found = await self._ask(name, "NAPTR")
        return [
            Naptr(
                record.order,
                record.preference,
                record.service.decode("ascii", "replace"),
                record.replacement.to_text(omit_final_dot=True),
            )
            for record in found
            if not record.regexp
        ]

    async def srv(self, name: str) -> Sequence[Srv]:
        """SRV records of a name."""
        found = await self._ask(name, "SRV")
        return [
            Srv(record.priority, record.weight, record.port, record.target.to_text())
            for record in found
        ]

    async def addresses(self, name: str) -> Sequence[str]:
        """Addresses of a host, IPv6 behind IPv4; of names that only this machine knows, too."""
        if name == "localhost" or name.endswith(".localhost"):
            return LOCALHOST
        asked = await asyncio.gather(
            self._ask(name, "A"), self._ask(name, "AAAA"), return_exceptions=True
        )
        if found := [record.address for one in asked if isinstance(one, tuple) for record in one]:
            return found
        if found := await _of_this_machine(name):
            return found
        for one in asked:
            if isinstance(one, BaseException):
                raise one
        return ()

    async def _ask(self, name: str, kind: str) -> tuple[Any, ...]:
        if self._resolver is None:
            self._resolver = _system_resolver()
        try:
            answer = await self._resolver.resolve(
                name, dns.rdatatype.from_text(kind), raise_on_no_answer=False, search=False
            )
        except (dns.resolver.NXDOMAIN, dns.resolver.YXDOMAIN):
            return ()
        except (dns.resolver.NoNameservers, dns.exception.Timeout, OSError) as error:
            raise Unresolved(f"{name}: {error}") from None
        except (dns.exception.DNSException, UnicodeError, ValueError) as error:
            raise Unresolved(f"{name[:80]!r} is no host name: {error}") from None
        return tuple(answer.rrset or ())


async def _of_this_machine(name: str) -> list[str]:
    """What /etc/hosts and other sources of the system say."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):  # the latter for what is no name at all
        return []
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _system_resolver() -> dns.asyncresolver.Resolver:
    try:
        resolver = dns.asyncresolver.Resolver()
    except dns.resolver.NoResolverConfiguration:
        # No name server: everything is what the system knows by itself.
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
    resolver.lifetime = QUERY_TIME
    resolver.cache = dns.resolver.LRUCache(CACHED_NAMES)
    return resolver
