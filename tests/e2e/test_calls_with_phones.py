"""A page and a telephone (baresip) call each other."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.baresip import Phone, missing
from tests.support.fixtures import unavailable
from tests.support.node import Node
from tests.support.person import ANN, BEN
from tests.support.telephone import Telephone, part, talk, telephone
from tests.support.telephony import registered
from tests.support.wait import until

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

DESK = 700


@pytest.fixture(autouse=True)
def telephones() -> None:
    """baresip is here."""
    if reason := missing():
        unavailable(reason)


@pytest_asyncio.fixture
async def ann(node: Node, sound: None, tmp_path: Path, artifacts: Path) -> AsyncIterator[Telephone]:
    """Ann, signed in on a page."""
    async with telephone(ANN, tmp_path, artifacts) as page:
        await page.registers(node.url)
        yield page


@pytest_asyncio.fixture
async def desk(node: Node, tmp_path: Path) -> AsyncIterator[Phone]:
    """The telephone on a desk."""
    async with registered(node, "desk", tmp_path, tone=DESK) as phone:
        yield phone


async def hear_each_other(page: Telephone, phone: Phone) -> None:
    await page.call_state("talking")
    await page.hears(phone.tone, "probe.hearAny()")
    await phone.hears(round(page.person.frequency))


async def test_a_page_calls_a_telephone(ann: Telephone, desk: Phone, artifacts: Path) -> None:
    await ann.dials("desk")
    await desk.event("CALL_INCOMING")
    await ann.call_state("ringing")
    await desk.accept()
    await hear_each_other(ann, desk)
    await until(
        "the telephone is shown as one",
        lambda: ann.browser.evaluate(
            "document.querySelector('antiphon-call').shadowRoot"
            ".querySelector('[part~=tile]')?.getAttribute('aria-label') ?? ''"
        ),
        lambda label: "Telephone" in label,
    )
    await ann.presses("keypad")
    await ann.browser.click(f'{part("key")}[data-digit="5"]')
    await desk.event("CALL_DTMF_START")
    await ann.browser.screenshot(artifacts / "telephone.png")
    await ann.presses("hang-up")
    await desk.event("CALL_CLOSED")
    await ann.call_state("idle")


async def test_a_telephone_calls_a_page(ann: Telephone, desk: Phone, artifacts: Path) -> None:
    await desk.dial("sip:ann@localhost")
    await ann.call_state("incoming")
    await ann.reads_in("call-state", "Incoming call")
    await ann.browser.screenshot(artifacts / "incoming.png")
    await ann.presses("answer")
    await hear_each_other(ann, desk)
    await desk.command("hold")
    await ann.reads_in("call-state", "put you on hold")
    await desk.command("resume")
    await hear_each_other(ann, desk)
    await desk.hang_up()
    await ann.call_state("idle")
    await ann.reads_in("past-call", "Incoming, 00:")


async def test_a_telephone_gives_up_or_is_declined(ann: Telephone, desk: Phone) -> None:
    await desk.dial("sip:ann@localhost")
    await ann.call_state("incoming")
    await desk.hang_up()
    await ann.reads_in("last", "Missed call")
    await desk.dial("sip:ann@localhost")
    await ann.call_state("incoming")
    await ann.presses("decline")
    await desk.event("CALL_CLOSED", 2)


async def test_a_telephone_is_added_to_a_call_of_pages(
    node: Node, ann: Telephone, desk: Phone, tmp_path: Path, artifacts: Path
) -> None:
    async with telephone(BEN, tmp_path, artifacts) as ben:
        await ben.registers(node.url)
        await ann.dials("ben")
        await ben.call_state("incoming")
        await ben.presses("answer")
        await talk(ann, ben)
        await ann.presses("add")
        await ann.browser.type(part("whom"), "desk")
        await ann.browser.press("Enter")
        await desk.event("CALL_INCOMING")
        await desk.accept()
        for page in (ann, ben):
            await page.hears(DESK, "probe.hear('Desk')")
            await desk.hears(round(page.person.frequency))
        await talk(ann, ben)
        await ann.browser.screenshot(artifacts / "conference.png")
        await ann.presses("hang-up")
        await ben.hears(DESK, "probe.hear('Desk')")
        await desk.hang_up()
        await ben.call_state("idle")
