"""Where requests go by the DNS: orders, weights, defaults and failures, with a DNS of our own."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import pytest

from antiphon.protocols.sip.nameservers import _of_this_machine
from antiphon.protocols.sip.resolve import (
    MAX_TARGETS,
    Naptr,
    Resolver,
    Srv,
    Target,
    Unresolved,
    by_weight,
)


@dataclass
class Zone:
    """Implements `resolve.Records`."""

    naptrs: dict[str, list[Naptr]] = field(default_factory=dict)
    srvs: dict[str, list[Srv]] = field(default_factory=dict)
    hosts: dict[str, list[str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    failing: bool = False
    gate: asyncio.Event | None = None

    async def naptr(self, name: str) -> Sequence[Naptr]:
        self.asked.append(f"NAPTR {name}")
        if self.gate is not None:
            await self.gate.wait()
        if self.failing:
            raise Unresolved("no name server answers")
        return self.naptrs.get(name, [])

    async def srv(self, name: str) -> Sequence[Srv]:
        self.asked.append(f"SRV {name}")
        return self.srvs.get(name, [])

    async def addresses(self, name: str) -> Sequence[str]:
        self.asked.append(f"A {name}")
        return self.hosts.get(name, [])


def shown(targets: Sequence[Target]) -> list[str]:
    return [f"{target.transport} {target.host} {target.port}" for target in targets]


@pytest.mark.parametrize(
    ("host", "port", "transport", "secure", "expected"),
    [
        ("192.0.2.1", 0, "", False, "udp 192.0.2.1 5060"),
        ("192.0.2.1", 5080, "TCP", False, "tcp 192.0.2.1 5080"),
        ("192.0.2.1", 0, "tls", False, "tls 192.0.2.1 5061"),
        ("192.0.2.1", 0, "", True, "tls 192.0.2.1 5061"),
        ("[2001:DB8::1]", 0, "", False, "udp 2001:db8::1 5060"),
        ("192.0.2.1", 0, "ws", True, "wss 192.0.2.1 443"),
    ],
)
async def test_an_address_needs_no_dns(
    host: str, port: int, transport: str, secure: bool, expected: str
) -> None:
    zone = Zone()
    assert shown(await Resolver(zone).resolve(host, port, transport, secure)) == [expected]
    assert not zone.asked


async def test_naptr_then_srv_then_addresses() -> None:
    zone = Zone(
        naptrs={
            "example.org": [
                Naptr(50, 60, "SIP+D2U", "_sip._udp.example.org"),
                Naptr(50, 50, "SIP+D2T", "_sip._tcp.other.example"),
                Naptr(10, 10, "E2U+sip", "nobody.example"),
            ]
        },
        srvs={
            "_sip._udp.example.org": [Srv(1, 0, 5060, "a.example.org.")],
            "_sip._tcp.other.example": [
                Srv(2, 0, 5062, "b.example.org."),
                Srv(1, 0, 5061, "a.example.org."),
            ],
        },
        hosts={"a.example.org": ["192.0.2.1", "2001:db8::1"], "b.example.org": ["192.0.2.2"]},
    )
    found = await Resolver(zone).resolve("example.org")
    assert shown(found) == [
        "tcp 192.0.2.1 5061",
        "tcp 2001:db8::1 5061",
        "tcp 192.0.2.2 5062",
        "udp 192.0.2.1 5060",
        "udp 2001:db8::1 5060",
    ]
    assert {target.name for target in found} == {"example.org"}


async def test_without_naptr_the_transports_are_asked_for() -> None:
    zone = Zone(
        srvs={"_sip._tcp.example.org": [Srv(1, 0, 5070, "t.example.org.")]},
        hosts={"t.example.org": ["192.0.2.3"]},
    )
    assert shown(await Resolver(zone).resolve("Example.org.")) == ["tcp 192.0.2.3 5070"]


async def test_without_srv_the_address_and_the_default_port() -> None:
    zone = Zone(hosts={"example.org": ["192.0.2.4"]})
    resolver = Resolver(zone)
    assert shown(await resolver.resolve("example.org")) == ["udp 192.0.2.4 5060"]
    assert shown(await resolver.resolve("example.org", secure=True)) == ["tls 192.0.2.4 5061"]
    assert shown(await resolver.resolve("example.org", 0, "tcp")) == ["tcp 192.0.2.4 5060"]


async def test_a_port_means_no_srv() -> None:
    zone = Zone(
        srvs={"_sip._udp.example.org": [Srv(1, 0, 1, "x.example.org.")]},
        hosts={"example.org": ["192.0.2.4"]},
    )
    assert shown(await Resolver(zone).resolve("example.org", 5070)) == ["udp 192.0.2.4 5070"]
    assert zone.asked == ["A example.org"]


async def test_secure_never_goes_without_tls() -> None:
    zone = Zone(
        naptrs={"example.org": [Naptr(1, 1, "SIP+D2U", "_sip._udp.example.org")]},
        srvs={"_sip._udp.example.org": [Srv(1, 0, 5060, "a.example.org.")]},
        hosts={"a.example.org": ["192.0.2.1"], "example.org": ["192.0.2.9"]},
    )
    assert shown(await Resolver(zone).resolve("example.org", secure=True)) == ["tls 192.0.2.9 5061"]


async def test_a_domain_that_says_it_has_no_sip() -> None:
    zone = Zone(
        srvs={"_sip._udp.example.org": [Srv(0, 0, 0, ".")]}, hosts={"example.org": ["192.0.2.1"]}
    )
    with pytest.raises(Unresolved, match="does not serve SIP"):
        await Resolver(zone).resolve("example.org")


@pytest.mark.parametrize("host", ["nowhere.example", "192.0.2.1.example"])
async def test_hosts_that_are_not_there(host: str) -> None:
    with pytest.raises(Unresolved, match="no such host"):
        await Resolver(Zone()).resolve(host)


async def test_what_is_no_name_at_all_has_no_address() -> None:
    for name in ("a" * 70 + ".example", "a..example", "\udcff"):
        assert await _of_this_machine(name) == []


async def test_failures_and_nonsense_are_told() -> None:
    with pytest.raises(Unresolved, match="no name server"):
        await Resolver(Zone(failing=True)).resolve("example.org")
    with pytest.raises(Unresolved, match="no such transport"):
        await Resolver(Zone()).resolve("example.org", 0, "pigeon")


async def test_a_zone_cannot_make_us_try_for_ever() -> None:
    many = [Srv(1, 0, 5060, "a.example.org.") for _ in range(10_000)]
    zone = Zone(
        srvs={"_sip._udp.example.org": many},
        hosts={"a.example.org": [f"192.0.2.{last}" for last in range(9)]},
    )
    found = await Resolver(zone).resolve("example.org", transport="udp")
    assert len(found) == MAX_TARGETS
    assert len(zone.asked) < 10


async def test_those_who_wait_share_one_look_up_and_one_may_go() -> None:
    zone = Zone(hosts={"example.org": ["192.0.2.4"]}, gate=asyncio.Event())
    resolver = Resolver(zone)
    waiting = [asyncio.create_task(resolver.resolve("example.org")) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    assert zone.gate is not None
    zone.gate.set()
    assert shown(await waiting[1]) == shown(await waiting[2]) == ["udp 192.0.2.4 5060"]
    assert zone.asked.count("NAPTR example.org") == 1
    zone.gate.clear()
    last = asyncio.create_task(resolver.resolve("example.org"))
    await asyncio.sleep(0)
    await resolver.close()
    with pytest.raises(asyncio.CancelledError):
        await last


def test_weights_decide_how_often_a_record_comes_first() -> None:
    light, heavy = Srv(1, 1, 1, "light"), Srv(1, 9, 1, "heavy")
    backup, free = Srv(2, 100, 1, "backup"), Srv(1, 0, 1, "free")
    records = [backup, light, heavy, free]
    for number in range(11):  # RFC 2782: the running sums are 0 (free), 1 (light), 10 (heavy)
        order = by_weight(records, partial(_choose, number))
        assert order[0] is ([free, light] + [heavy] * 9)[number]
        assert order[-1] is backup
        assert len(order) == 4


def _choose(wanted: int, below: int) -> int:
    return min(wanted, below - 1)
