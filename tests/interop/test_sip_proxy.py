"""Telephones played by SIPp: they register and call each other through the proxy, by UDP and TCP,
and by a network that loses datagrams.
"""

from pathlib import Path

import httpx
import pytest

from tests.support.fixtures import unavailable
from tests.support.lossy import lossy
from tests.support.node import Node
from tests.support.ports import free_ports
from tests.support.sipp import missing, play, run_scenario
from tests.support.telephony import PASSWORD, make_account

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

TRANSPORTS = pytest.mark.parametrize("transport", ["udp", "tcp"])


@pytest.fixture(autouse=True)
def sipp() -> None:
    """SIPp is here."""
    if reason := missing():
        unavailable(reason)


def server(node: Node) -> str:
    return f"127.0.0.1:{node.port('sip')}"


async def register(node: Node, user: str, folder: Path, port: int, transport: str) -> None:
    """An account whose telephone listens at `port`."""
    await make_account(node, user)
    await play(
        "register",
        folder / f"register-{user}",
        server(node),
        transport=transport,
        user=user,
        password=PASSWORD,
        keys={"contact_port": str(port)},
    )


@TRANSPORTS
@pytest.mark.parametrize(
    "scenario", ["register", "register_refresh", "register_all_removed", "register_brief"]
)
async def test_registrations(node: Node, tmp_path: Path, transport: str, scenario: str) -> None:
    user = f"reg-{scenario.replace('_', '-')}-{transport}"
    await make_account(node, user)
    await play(
        scenario,
        tmp_path,
        server(node),
        transport=transport,
        user=user,
        password=PASSWORD,
        keys={"contact_port": "5999"},
    )


@TRANSPORTS
async def test_wrong_passwords_and_unknown_users_are_told_the_same(
    node: Node, tmp_path: Path, transport: str
) -> None:
    await make_account(node, f"known-{transport}")
    for user in (f"known-{transport}", "nobody-at-all"):
        await play(
            "register_wrong",
            tmp_path / user,
            server(node),
            transport=transport,
            user=user,
            password="not this one",
            keys={"contact_port": "5999"},
        )


@TRANSPORTS
async def test_options(node: Node, tmp_path: Path, transport: str) -> None:
    await play("options", tmp_path, server(node), transport=transport)


@TRANSPORTS
@pytest.mark.parametrize(
    ("callee", "caller"),
    [
        ("answer", "call"),
        ("ring", "call_cancelled"),
        ("busy", "call_busy"),
        ("decline", "call_declined"),
        ("redirect", "call_moved"),
    ],
)
async def test_calls_between_telephones(
    node: Node, tmp_path: Path, transport: str, callee: str, caller: str
) -> None:
    ann, ben = f"ann-{callee}-{transport}", f"ben-{callee}-{transport}"
    (port,) = free_ports(1)
    await make_account(node, ann)
    await register(node, ben, tmp_path, port, transport)
    async with run_scenario(
        callee, tmp_path / "callee", transport=transport, user=ben, port=port
    ) as called:
        await play(
            caller,
            tmp_path / "caller",
            server(node),
            transport=transport,
            user=ann,
            password=PASSWORD,
            keys={"called": ben},
        )
        await called.succeed()
    async with httpx.AsyncClient(base_url=node.url) as client:
        counted = (await client.get("/metrics")).text
    assert "antiphon_sip_routing_relayed_total" in counted


@TRANSPORTS
async def test_whoever_is_not_there(node: Node, tmp_path: Path, transport: str) -> None:
    ann, ben = f"ann-away-{transport}", f"ben-away-{transport}"
    await make_account(node, ann)
    await make_account(node, ben)
    for user, scenario in ((ben, "call_unavailable"), ("nobody-at-all", "call_not_found")):
        await play(
            scenario,
            tmp_path / user,
            server(node),
            transport=transport,
            user=ann,
            password=PASSWORD,
            keys={"called": user},
        )


async def test_calls_get_through_when_five_of_a_hundred_datagrams_are_lost(
    node: Node, tmp_path: Path
) -> None:
    calls = 20
    (port,) = free_ports(1)
    await make_account(node, "ann-lossy")
    await make_account(node, "ben-lossy")
    async with (
        lossy(("127.0.0.1", node.port("sip")), 0.05) as relay,
        lossy(("127.0.0.1", port), 0.05, seed=2) as towards,
    ):
        through = f"127.0.0.1:{relay.port}"
        registering = {"contact_port": str(towards.port)}
        async with run_scenario(
            "register",
            tmp_path / "register",
            server=through,
            user="ben-lossy",
            password=PASSWORD,
            keys=registering,
            calls=calls,
        ) as running:
            registered, _ = await running.results()
        async with (
            run_scenario("answer", tmp_path / "callee", user="ben-lossy", port=port, calls=calls),
            run_scenario(
                "call",
                tmp_path / "caller",
                server=through,
                user="ann-lossy",
                password=PASSWORD,
                keys={"called": "ben-lossy"},
                calls=calls,
                # A lost ACK must have its second chance before the call ends (RFC 3261 §13.3.1.4).
                options=("-r", "5", "-d", "4000"),
            ) as calling,
        ):
            succeeded, _ = await calling.results()
        assert relay.lost > 0
        assert towards.lost > 0
    # SIPp gives a call up when what it has answered comes again, as it must where answers get lost.
    assert registered >= calls * 0.9
    assert succeeded >= calls * 0.7
