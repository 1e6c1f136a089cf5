"""Converse.js, a chat client in a browser, against a node: it logs in over the WebSocket, talks to
somebody on the web, and sits in the same room.
"""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.browser import Browser, browse
from tests.support.node import Node
from tests.support.page import bare_page
from tests.support.person import BEN
from tests.support.stage.web import WebActor
from tests.support.telephony import PASSWORD, make_account
from tests.support.wait import until
from tests.support.xmpp_libraries import converse as fetch

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

PAGE = """<!doctype html><meta charset=utf-8><title>Converse</title>
<link rel=stylesheet href=dist/converse.min.css>
<script type=module src=dist/converse.min.js></script><body class=converse-fullscreen>
<script type=module>converse.initialize(%s)</script>"""


class Converse:
    """The client in its page. What it shows is read from its texts."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser

    async def shows(self, text: str, within: float = 20.0) -> None:
        """A text comes up somewhere on the page."""

        async def look() -> str:
            return str(await self.browser.evaluate("document.body.innerText"))

        await until(f"{text!r} in the page", look, lambda shown: text in shown, within)

    async def open(self, what: str, address: str) -> None:
        """A `chat` or a `room`."""
        await self.browser.evaluate(f"void (location.hash = '#converse/{what}?jid={address}')")

    async def write(self, text: str) -> None:
        """Into the chat that is open."""
        await self.browser.click(".chat-textarea")
        await self.browser.type(".chat-textarea", text)
        await self.browser.press("Enter")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a page needs of it."""
    return fetch(tmp_path_factory.mktemp("converse"))


@pytest_asyncio.fixture
async def converse(
    browser_driver: None, node: Node, files: Path, tmp_path: Path, artifacts: Path
) -> AsyncIterator[Converse]:
    """Ben's, logged in."""
    await make_account(node, "ben")
    await make_account(node, "ann", "Ann")
    settings = {
        "websocket_url": node.url.replace("http", "ws", 1) + "/xmpp-websocket",
        "authentication": "login",
        "auto_login": True,
        "jid": "ben@localhost",
        "password": PASSWORD,
        "view_mode": "fullscreen",
        "assets_path": "/dist/",
        "i18n": "en",
        "discover_connection_methods": False,
        "auto_reconnect": False,
        "theme": "classic",
        "loglevel": "warn",
    }
    async with AsyncExitStack() as stack:
        page = stack.enter_context(bare_page(tmp_path / "page"))
        (page.folder / "dist").symlink_to(files)
        (page.folder / "index.html").write_text(PAGE % json.dumps(settings))
        browser = await stack.enter_async_context(
            browse("chrome", BEN, tmp_path / "ben", log=artifacts / "converse.log")
        )
        await browser.open(f"{page.origin}/index.html")
        client = Converse(browser)
        await client.shows("I am online", within=30)
        yield client
        await browser.screenshot(artifacts / "converse.png")


async def test_it_talks_to_somebody_on_the_web(converse: Converse, node: Node) -> None:
    ann = WebActor(node, "Ann")
    await ann.comes()
    try:
        await ann.writes("Ben", "Do you use Converse?")
        await converse.open("chat", "ann@localhost")
        await converse.shows("Do you use Converse?")
        await converse.write("Yes, and you?")
        await ann.reads("Ben", "Yes, and you?")
    finally:
        await ann.goes()


async def test_it_sits_in_a_room_with_somebody_on_the_web(converse: Converse, node: Node) -> None:
    ann = WebActor(node, "Ann")
    await ann.comes()
    try:
        await ann.enters("standup")
        await converse.open("room", "standup@rooms.localhost")
        await ann.sees_in("Ben", "standup")
        await ann.says("standup", "Good morning, Converse")
        await converse.shows("Good morning, Converse")
        await converse.write("Good morning, page")
        await ann.hears("Ben", "standup", "Good morning, page")
        await ann.names("standup", "Browsers of all kinds")
        await converse.shows("Browsers of all kinds")
    finally:
        await ann.goes()
