"""The bare HTML page with contacts and a conversation in it, on an origin of its own."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.support.correspondent import CONTACTS, Correspondent, correspond
from tests.support.page import example
from tests.support.person import ANN, BEN
from tests.support.telephone import PASSWORD

LOGIN = "antiphon-login >>> "


async def signs_in(one: Correspondent) -> None:
    """Make an account by the form of the page."""
    await one.browser.click(LOGIN + '[part~="register"]')
    await one.browser.type(LOGIN + '[part~="address-input"]', one.account)
    await one.browser.type(LOGIN + '[part~="name-input"]', one.name)
    await one.browser.type(LOGIN + '[part~="password-input"]', PASSWORD)
    await one.browser.click(LOGIN + '[part~="login-submit"]')
    await one.call_state("idle")


@pytest.mark.browser
async def test_a_page_with_conversations_in_it(
    tmp_path: Path, artifacts: Path, browser_driver: None
) -> None:
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        node, page = await enter(example("messages.html", tmp_path, artifacts))
        ann = await enter(correspond("chrome", ANN, tmp_path, artifacts))
        ben = await enter(correspond("chrome", BEN, tmp_path, artifacts))
        await ben.registers(node.url)
        await ann.browser.open(f"{page.origin}/index.html")
        await signs_in(ann)
        await ann.browser.type(CONTACTS + '[part~="search"]', "ben")
        await ann.browser.click(CONTACTS + '[part~="write-to"]')
        await ann.says("From another page")
        await ann.sends_file("notes.txt", "text/plain", b"Twelve lines.")
        await ben.waits_for("a conversation", "contacts", '[part~="contact"]', bool)
        await ben.browser.click(CONTACTS + '[part~="open-contact"]')
        await ben.sees_messages("From another page", "notes.txt")
        await ann.browser.screenshot(artifacts / "written.png")
