"""People call each other by `<antiphon-call>` on the start page."""

from pathlib import Path

import pytest

from tests.support.node import Node
from tests.support.person import ANN, BEN
from tests.support.telephone import talk, telephone

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(180)]


async def test_a_call(node: Node, sound: None, tmp_path: Path, artifacts: Path) -> None:
    async with (
        telephone(ANN, tmp_path, artifacts) as ann,
        telephone(BEN, tmp_path, artifacts) as ben,
    ):
        await ann.open(node.url)
        await ann.browser.screenshot(artifacts / "sign-in.png")
        await ann.registers(node.url)
        await ben.registers(node.url)
        await ann.browser.screenshot(artifacts / "idle.png")
        await ann.dials("ben")
        await ben.call_state("incoming")
        await ann.call_state("ringing")
        await ann.browser.screenshot(artifacts / "ringing.png")
        await ben.browser.screenshot(artifacts / "incoming.png")
        await ben.presses("answer")
        await talk(ann, ben)
        await ann.browser.screenshot(artifacts / "talking.png")
        await ann.presses("hold")
        await ben.hears_nothing_of(ann)
        await ben.reads_in("call-state", "hold")
        await ben.browser.screenshot(artifacts / "held.png")
        await ann.presses("hold")
        await talk(ann, ben)
        await ben.presses("hang-up")
        await ann.call_state("idle")
        await ben.call_state("idle")
        await ann.reads_in("past-call", "ben")
        await ann.browser.screenshot(artifacts / "ended.png")
