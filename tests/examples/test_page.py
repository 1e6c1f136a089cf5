"""The bare HTML page, on an origin of its own, in a real browser with a real room in it."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.support.page import example
from tests.support.participant import participate
from tests.support.person import ANN
from tests.support.wait import until


@pytest.mark.browser
async def test_a_page_with_a_room_in_it(sound: None, tmp_path: Path, artifacts: Path) -> None:
    def enters(html: str) -> str:
        return html.replace(" style=", ' name="Ann" join style=')

    async with AsyncExitStack() as stack:
        opened = example("page.html", tmp_path, artifacts, enters)
        _, page = await stack.enter_async_context(opened)
        ann = await stack.enter_async_context(participate("chrome", ANN, tmp_path, artifacts))
        await ann.browser.open(f"{page.origin}/index.html")
        await ann.state("joined")
        await ann.browser.evaluate(
            'document.querySelector("antiphon-room").controller.say("It works.")'
        )
        await until(
            "the page shows what was said",
            lambda: ann.browser.evaluate('document.querySelector("#said").textContent'),
            lambda text: text == "It works.",
        )
        await ann.browser.screenshot(artifacts / "page.png")
