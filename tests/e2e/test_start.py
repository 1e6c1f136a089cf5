"""What a newcomer does first: open the printed address, name a room, look at oneself, join."""

from pathlib import Path

import pytest

from tests.support.browser import browse
from tests.support.node import Node
from tests.support.participant import ROOM, Participant, everybody_meets, participate
from tests.support.person import ANN, BEN
from tests.support.wait import until

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

PHONE = (390, 844)
LOBBY = "antiphon-lobby >>> "


async def looks_at_self(one: Participant) -> None:
    """The preview before the room shows one's own picture."""
    await one.sees(one.person.hue, "probe.seeAny()")


async def test_from_the_start_page_into_a_room(
    node: Node, sound: None, tmp_path: Path, artifacts: Path
) -> None:
    async with (
        participate("chrome", ANN, tmp_path, artifacts) as ann,
        participate("firefox", BEN, tmp_path, artifacts) as ben,
    ):
        await ann.browser.open(f"{node.url}/")
        await until("the start page", lambda: ann.browser.evaluate("document.title"))
        await ann.browser.type(LOBBY + '[part~="room-input"]', "first room")
        await ann.browser.screenshot(artifacts / "start.png")
        await ann.browser.press("Enter")
        await ann.state("prejoin")
        await looks_at_self(ann)
        await ann.browser.screenshot(artifacts / "before.png")
        await ann.joins()

        address = await ann.browser.evaluate("location.origin + location.pathname")
        await ben.browser.open(address)
        await ben.state("prejoin")
        await looks_at_self(ben)
        await ben.joins()
        await everybody_meets([ann, ben])
        await pictures(ann, artifacts)


async def pictures(one: Participant, artifacts: Path) -> None:
    """The room as it looks in the dark, on a telephone, and with its panels open."""
    await one.browser.click(ROOM + '[part~="people"]')
    await one.browser.screenshot(artifacts / "people.png")
    await one.browser.scheme("dark")
    await one.browser.screenshot(artifacts / "dark.png")
    await one.browser.click(ROOM + '[part~="people"]')
    await one.browser.viewport(*PHONE)
    await one.browser.screenshot(artifacts / "phone-dark.png")
    await one.browser.scheme("light")
    await one.browser.screenshot(artifacts / "phone.png")
    await one.open_chat()
    await one.browser.screenshot(artifacts / "phone-chat.png")


async def test_without_camera_and_microphone_one_is_told_and_may_still_come(
    node: Node, tmp_path: Path, artifacts: Path, browser_driver: None
) -> None:
    log = artifacts / "browser.log"
    flags = ("--deny-permission-prompts",)
    async with browse(
        "chrome", ANN, tmp_path / "ann", flags=flags, log=log, allowed=False
    ) as browser:
        ann = Participant(ANN, browser)
        await browser.open(f"{node.url}/r/denied")
        problem = """document.querySelector('antiphon-room')?.shadowRoot?.querySelector(
            '[part~="problem"]')?.textContent.toLowerCase() ?? ''"""
        await until(
            "words about camera and microphone",
            lambda: browser.evaluate(problem),
            lambda text: "camera" in text and "microphone" in text,
        )
        await browser.screenshot(artifacts / "denied.png")
        await ann.joins()
        await browser.screenshot(artifacts / "viewer.png")
