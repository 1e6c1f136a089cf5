"""The bare HTML page, on an origin of its own, in a real browser with a real room in it."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.support.node import ROOT, run_node
from tests.support.page import bare_page
from tests.support.participant import participate
from tests.support.person import ANN
from tests.support.wait import until


@pytest.mark.browser
async def test_a_page_with_a_room_in_it(sound: None, tmp_path: Path, artifacts: Path) -> None:
    (tmp_path / "data").mkdir()
    async with AsyncExitStack() as stack:
        page = stack.enter_context(bare_page(tmp_path / "page"))
        origins = {"ANTIPHON_HTTP_CORS_ORIGINS": page.origin}
        log = artifacts / "node.log"
        node = await stack.enter_async_context(
            run_node(tmp_path / "data", log, environment=origins)
        )
        html = (ROOT / "examples" / "page.html").read_text()
        html = html.replace("http://localhost:8080", node.url)
        (page.folder / "index.html").write_text(html.replace(" style=", ' name="Ann" join style='))
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
