"""Telephones that are not ours (baresip): they register, call each other, and hear each other."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.baresip import missing
from tests.support.fixtures import unavailable
from tests.support.node import Node, run_node
from tests.support.telephony import registered, talk

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ANN, BEN = 440, 700


@pytest.fixture(autouse=True)
def telephones() -> None:
    """baresip is here."""
    if reason := missing():
        unavailable(reason)


@pytest_asyncio.fixture
async def relaying_node(tmp_path: Path, artifacts: Path) -> AsyncIterator[Node]:
    """A node through which the media of all calls goes."""
    data = tmp_path / "relaying"
    data.mkdir()
    through = {"ANTIPHON_SIP_MEDIA": "relay"}
    async with run_node(data, artifacts / "node.log", environment=through) as running:
        yield running


async def pair(node: Node, folder: Path, one: dict[str, str], other: dict[str, str]) -> None:
    """Two telephones talk, then hang up, and both know."""
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        ann = await enter(registered(node, "ann", folder, tone=ANN, **one))  # type: ignore[arg-type]
        ben = await enter(registered(node, "ben", folder, tone=BEN, **other))  # type: ignore[arg-type]
        await talk(ann, ben)
        await ann.hang_up()
        await ben.event("CALL_CLOSED")
        await ben.dial("sip:ann@localhost")
        await ann.event("CALL_INCOMING")
        await ann.accept()
        await ben.event("CALL_ESTABLISHED")
        await ben.hang_up()
        await ann.event("CALL_CLOSED", 2)


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
async def test_telephones_talk_over_each_transport(
    node: Node, tmp_path: Path, transport: str
) -> None:
    way = {"transport": transport}
    await pair(node, tmp_path, way, way)


@pytest.mark.parametrize("codec", ["opus/48000/2", "G722/16000/1", "PCMU/8000/1"])
async def test_telephones_of_one_codec(node: Node, tmp_path: Path, codec: str) -> None:
    way = {"codecs": codec}
    await pair(node, tmp_path, way, way)


@pytest.mark.parametrize(
    ("one", "other"),
    [("opus/48000/2", "PCMU/8000/1"), ("G722/16000/1", "opus/48000/2")],
)
async def test_telephones_of_different_codecs(
    relaying_node: Node, tmp_path: Path, one: str, other: str
) -> None:
    await pair(relaying_node, tmp_path, {"codecs": one}, {"codecs": other})


# By DTLS these telephones show RSA certificates.
@pytest.mark.parametrize("encryption", ["srtp", "srtp-mand", "dtls_srtp"])
async def test_encrypted_media_through_the_server(
    relaying_node: Node, tmp_path: Path, encryption: str
) -> None:
    way = {"encryption": encryption}
    await pair(relaying_node, tmp_path, way, way)


async def test_an_encrypted_telephone_calls_a_plain_one(
    relaying_node: Node, tmp_path: Path
) -> None:
    await pair(relaying_node, tmp_path, {"encryption": "srtp-mand", "transport": "tls"}, {})
