"""The bare HTML page with a telephone in it, on an origin of its own: the help desk is called."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.support.page import example
from tests.support.person import ANN, BEN, Person
from tests.support.telephone import talk, telephone
from tests.support.wait import until

DESK = Person("Desk", BEN.hue, BEN.frequency)


@pytest.mark.browser
async def test_a_page_with_a_telephone_in_it(sound: None, tmp_path: Path, artifacts: Path) -> None:
    async with AsyncExitStack() as stack:
        node, page = await stack.enter_async_context(example("calls.html", tmp_path, artifacts))
        desk = await stack.enter_async_context(telephone(DESK, tmp_path, artifacts))
        await desk.registers(node.url)
        ann = await stack.enter_async_context(telephone(ANN, tmp_path, artifacts))
        await ann.browser.open(f"{page.origin}/index.html")
        await ann.makes_account()
        await ann.browser.screenshot(artifacts / "signed-in.png")
        await ann.browser.click("#ask")
        await desk.call_state("incoming")
        await desk.presses("answer")
        await talk(ann, desk)
        await ann.browser.screenshot(artifacts / "talking.png")
        await desk.presses("hang-up")
        await until(
            "the page says how the call ended",
            lambda: ann.browser.evaluate('document.querySelector("#last").textContent'),
            lambda text: "desk@localhost ended: left" in text,
        )
