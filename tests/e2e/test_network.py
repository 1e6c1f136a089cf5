"""The room over networks joined by a router with NAT, and a network that is gone for a while."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path

import pytest

from tests.support import network
from tests.support.browser import Kind
from tests.support.meeting import all_leave, shares_screen, third_comes_late, two_meet
from tests.support.network import Network
from tests.support.node import Node, run_node
from tests.support.participant import Participant, everybody_meets, participate
from tests.support.person import ANN, BEN, CLEO

pytestmark = [
    pytest.mark.browser,
    pytest.mark.network,
    pytest.mark.slow,
    pytest.mark.timeout(300),
]

ABSENCE = 5.0  # seconds without network
# Usually 0.1 to 3 s; a busy machine can miss a restart of ICE, and the next one comes later.
AGAIN = 70.0
# A page keeps this mark only while it is not loaded again.
MARK = "globalThis.sameDocument = true"


@pytest.fixture
def nat(namespaces: None, tmp_path: Path) -> Iterator[Network]:
    with network.behind_nat(3, tmp_path) as made:
        yield made


def https_address(node: Node) -> str:
    return f"https://{node.listening['https'][0]}"


async def still_picture(watcher: Participant, other: Participant) -> bool:
    """Whether the other's picture does not move for a second, as without network."""
    look = f"probe.see({json.dumps(other.name)})?.bar ?? null"
    first = await watcher.browser.evaluate(look)
    await asyncio.sleep(1)
    return bool(first == await watcher.browser.evaluate(look))


async def test_rooms_work_through_nat_and_survive_five_seconds_without_network(
    nat: Network, sound: None, tmp_path: Path, artifacts: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    listen = {
        "ANTIPHON_HTTP_LISTEN": f"{nat.server.address}:0",
        "ANTIPHON_HTTP_TLS_LISTEN": f"{nat.server.address}:0",
    }
    async with AsyncExitStack() as stack:
        node = await stack.enter_async_context(
            run_node(data, artifacts / "node.log", environment=listen, inside=nat.server.inside)
        )
        kinds: tuple[Kind, ...] = ("chrome", "firefox", "chrome")
        ann, ben, cleo = [
            await stack.enter_async_context(
                participate(kind, person, tmp_path, artifacts, inside=client.inside)
            )
            for kind, person, client in zip(kinds, (ANN, BEN, CLEO), nat.clients, strict=True)
        ]
        url = https_address(node)
        await two_meet(ann, ben, url, "far")
        await third_comes_late(cleo, [ann, ben], url, "far", artifacts)
        await shares_screen(ann, [ben, cleo], artifacts)
        await is_away(ann, ben, nat.clients[0].unplugged(), artifacts, told=True)
        await everybody_meets([ann, ben, cleo])
        await is_away(ben, ann, nat.clients[1].swallowed(), artifacts)
        await everybody_meets([ann, ben, cleo])
        await cleo.with_others([ann, ben])
        await all_leave([ann, ben, cleo], "far", artifacts)


async def is_away(
    one: Participant,
    other: Participant,
    without_network: AbstractAsyncContextManager[None],
    artifacts: Path,
    told: bool = False,
) -> None:
    """One loses the network for a while, and misses nothing of the chat; no page is reloaded.

    `told`: the system tells the browser of it, and so the page must tell the person.
    """
    await one.browser.evaluate(MARK)
    text = f"{one.name} is away"
    async with without_network:
        if told:
            await one.state("reconnecting", ABSENCE / 2)
        await other.writes(text)
        await other.reads(text)
        await asyncio.sleep(ABSENCE - 1)
        assert await still_picture(one, other)
        await one.browser.screenshot(artifacts / f"away-{one.name}.png")
    await one.state("joined", AGAIN)
    await one.meets(other, AGAIN)
    await one.reads(text)
    assert await one.browser.evaluate("globalThis.sameDocument") is True
    await one.writes(f"{one.name} is back")
    await other.reads(f"{one.name} is back")
