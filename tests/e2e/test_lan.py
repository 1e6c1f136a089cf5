"""`serve --dev --lan`: another device of the network joins at the address that is printed."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.support import network
from tests.support.node import run_node
from tests.support.participant import everybody_meets, participate
from tests.support.person import ANN, BEN

pytestmark = [
    pytest.mark.browser,
    pytest.mark.network,
    pytest.mark.slow,
    pytest.mark.timeout(300),
]


async def test_a_telephone_joins_at_the_printed_address(
    namespaces: None, sound: None, tmp_path: Path, artifacts: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    listen = {"ANTIPHON_HTTP_LISTEN": ":0", "ANTIPHON_HTTP_TLS_LISTEN": ":0"}
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        nat = stack.enter_context(network.behind_nat(2, tmp_path))
        running = run_node(
            data, artifacts / "node.log", "--lan", environment=listen, inside=nat.server.inside
        )
        node = await enter(running)
        assert node.url.startswith(f"https://{nat.server.address}:")
        assert any(block in node.printed for block in "▀▄█"), "no QR code"
        inside = [client.inside for client in nat.clients]
        ann = await enter(participate("chrome", ANN, tmp_path, artifacts, inside=inside[0]))
        ben = await enter(participate("firefox", BEN, tmp_path, artifacts, inside=inside[1]))
        await ann.enter(node.url, "lan")
        await ben.enter(node.url, "lan")
        await everybody_meets([ann, ben])
