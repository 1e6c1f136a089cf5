"""Telephones that are not ours (baresip) hold and transfer calls through the server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.baresip import Phone, missing
from tests.support.fixtures import unavailable
from tests.support.node import Node, run_node
from tests.support.telephony import registered, talk
from tests.support.wait import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ANN, BEN, CAT = 440, 700, 1100
# A telephone that is to be recorded must have one codec: its recording ends when that changes.
OPUS, PCMU = "opus/48000/2", "PCMU/8000/1"


@pytest.fixture(autouse=True)
def telephones() -> None:
    """baresip is here."""
    if reason := missing():
        unavailable(reason)


@pytest_asyncio.fixture
async def relaying(tmp_path: Path, artifacts: Path) -> AsyncIterator[Node]:
    """A node through which the media of all calls goes."""
    data = tmp_path / "relaying"
    data.mkdir()
    through = {"ANTIPHON_SIP_MEDIA": "relay"}
    async with run_node(data, artifacts / "node.log", environment=through) as running:
        yield running


async def three(stack: AsyncExitStack, node: Node, folder: Path) -> tuple[Phone, Phone, Phone]:
    """Ann by UDP, Ben by TCP, Cat by UDP, with other codecs."""
    enter = stack.enter_async_context
    return (
        await enter(registered(node, "ann", folder, tone=ANN, codecs=PCMU)),
        await enter(registered(node, "ben", folder, tone=BEN, transport="tcp", codecs=OPUS)),
        await enter(registered(node, "cat", folder, tone=CAT, codecs=PCMU)),
    )


async def growth(phone: Phone) -> int:
    """Samples that a telephone hears within a second: none of one who is held."""
    before = len(phone.heard())
    await asyncio.sleep(1.0)
    return len(phone.heard()) - before


async def test_hold_and_resume(relaying: Node, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        ann, ben, _ = await three(stack, relaying, tmp_path)
        for phone in (ann, ben):
            await phone.dial("sip:standup@rooms.localhost")
            await phone.event("CALL_ESTABLISHED")
        await ben.hears(ANN)
        await ann.command("hold")
        await until("silence", partial(growth, ben), lambda more: more == 0, 15.0, 0.0)
        await ann.command("resume")
        await until("sound", partial(growth, ben), bool, 15.0, 0.0)
        await ben.hears(ANN)


async def test_the_other_one_is_held_as_well(relaying: Node, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        ann, ben, _ = await three(stack, relaying, tmp_path)
        await talk(ann, ben, cleanly=False)
        await ann.command("hold")
        for phone in (ann, ben):
            await until("silence", partial(growth, phone), lambda more: more == 0, 15.0, 0.0)
        await ann.command("resume")
        await ann.hang_up()
        await ben.event("CALL_CLOSED")


async def test_a_blind_transfer(relaying: Node, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        ann, ben, cat = await three(stack, relaying, tmp_path)
        await talk(ann, ben, cleanly=False)
        await ann.command("transfer", "sip:cat@localhost")
        await cat.event("CALL_INCOMING")
        await cat.accept()
        await cat.hears(BEN)
        await ben.hears(CAT)
        await ann.event("CALL_CLOSED")
        await cat.hang_up()
        await ben.event("CALL_CLOSED")


async def test_the_called_one_transfers(relaying: Node, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        ann, ben, cat = await three(stack, relaying, tmp_path)
        await talk(ann, ben, cleanly=False)
        await ben.command("transfer", "sip:cat@localhost")
        await cat.event("CALL_INCOMING")
        await cat.accept()
        await cat.hears(ANN)
        await ann.hears(CAT)
        await ben.event("CALL_CLOSED")


async def test_into_a_conference(relaying: Node, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        ann, ben, cat = await three(stack, relaying, tmp_path)
        await cat.dial("sip:standup@rooms.localhost")
        await cat.event("CALL_ESTABLISHED")
        await talk(ann, ben, cleanly=False)
        await ann.command("transfer", "sip:standup@rooms.localhost")
        await ann.event("CALL_CLOSED")
        await ben.hears(CAT)
        await cat.hears(BEN)
