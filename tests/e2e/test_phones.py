"""Telephones and browsers in one room: each hears each of the others by a tone of its own."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.support.baresip import Phone, missing
from tests.support.fixtures import unavailable
from tests.support.node import Node
from tests.support.participant import Participant, participate
from tests.support.person import ANN, BEN
from tests.support.telephony import PASSWORD, make_account, registered
from tests.support.webphone import Library, run_web_phone

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

ROOM = "standup"
CARL, DORA = 310, 1250  # tones of the telephones, apart from those of the browsers
SILENT = 0.004


@pytest.fixture(autouse=True)
def telephones() -> None:
    """baresip is here."""
    if reason := missing():
        unavailable(reason)


async def dial_in(phone: Phone) -> None:
    """Into the room, which answers at once."""
    await phone.dial(f"sip:{ROOM}@rooms.localhost")
    await phone.event("CALL_ESTABLISHED")


async def test_two_browsers_and_two_telephones(
    sound: None, node: Node, tmp_path: Path, artifacts: Path
) -> None:
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        ann = await enter(participate("chrome", ANN, tmp_path, artifacts))
        ben = await enter(participate("firefox", BEN, tmp_path, artifacts))
        carl = await enter(registered(node, "carl", tmp_path, tone=CARL, codecs="opus/48000/2"))
        dora = await enter(registered(node, "dora", tmp_path, tone=DORA, codecs="PCMU/8000/1"))
        await ann.enter(node.url, ROOM)
        await dial_in(carl)
        # A room of two becomes one that mixes, and nobody is interrupted.
        await carl.hears(int(ANN.frequency))
        await ben.enter(node.url, ROOM)
        await dial_in(dora)
        await everybody_hears([ann, ben], [carl, dora])
        for browser in (ann, ben):
            await browser.browser.screenshot(artifacts / f"{browser.name}.png")
        await carl.hang_up()
        await dora.hang_up()
        await ann.with_others([ben])


async def everybody_hears(browsers: list[Participant], phones: list[Phone]) -> None:
    """A matrix of four by four, with silence in its diagonal."""
    async with asyncio.TaskGroup() as group:
        for browser in browsers:
            for other in browsers:
                if other is not browser:
                    group.create_task(browser.meets(other, 30))
            for phone in phones:
                name = phone.name.title()
                hear = f"probe.hear({name!r})"
                group.create_task(browser.hears(phone.tone, hear, 30))
        for phone in phones:
            tones = [int(one.person.frequency) for one in browsers]
            tones += [one.tone for one in phones if one is not phone]
            for tone in tones:
                group.create_task(phone.hears(tone, 30, 0.01))
    for phone in phones:
        assert phone.loudness(phone.tone, 3) < SILENT, f"{phone.name} hears itself"


@pytest.mark.parametrize("library", ["sipjs", "jssip"])
async def test_a_telephone_in_a_browser(
    sound: None, node: Node, tmp_path: Path, artifacts: Path, library: Library
) -> None:
    """By WebSocket and WebRTC: registers, calls a telephone, is called by it."""
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        carl = await enter(registered(node, "carl", tmp_path, tone=CARL))
        await make_account(node, "ann")
        web = await enter(run_web_phone(library, ANN, tmp_path, artifacts))
        await web.register(node.url.replace("http", "ws") + "/sip", "ann@localhost", PASSWORD)
        await web.call("sip:carl@localhost")
        await carl.event("CALL_INCOMING")
        await carl.accept()
        await web.becomes("state", "established")
        await web.hears(CARL)
        await carl.hears(int(ANN.frequency), 20, 0.01)
        await web.hang_up()
        await carl.event("CALL_CLOSED")
        await carl.dial("sip:ann@localhost")
        await web.becomes("state", "incoming")
        await web.answer()
        await carl.event("CALL_ESTABLISHED", 2)
        await web.hears(CARL)
        await carl.hears(int(ANN.frequency), 20, 0.01)
        await carl.hang_up()
        await web.becomes("state", "terminated")
