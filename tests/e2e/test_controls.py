"""The buttons of the room: microphone, camera, hand, and what a moderator may do."""

from pathlib import Path

import pytest

from tests.support.node import Node
from tests.support.participant import ROOM, Participant, everybody_meets, participate
from tests.support.person import ANN, BEN
from tests.support.wait import until

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]


def part(name: str) -> str:
    """Selector of a part of the room."""
    return f'{ROOM}[part~="{name}"]'


async def shown(one: Participant, what: str, selector: str, there: bool = True) -> None:
    """Wait until the room's tree has such an element (or has none any more)."""
    query = f"document.querySelector('antiphon-room').shadowRoot.querySelector(`{selector}`)"
    await until(what, lambda: one.browser.evaluate(f"{query} !== null"), lambda is_: is_ == there)


async def loses_sight(one: Participant, other: Participant) -> None:
    """The other's tile stands there, without a picture."""
    await until(
        f"{one.name} sees no picture of {other.name}",
        lambda: one.browser.evaluate(
            f"(document.querySelector('antiphon-room').shadowRoot.querySelector("
            f"'[part~=tile][data-name={other.name}] video')?.hidden ?? true)"
        ),
    )


async def test_mute_camera_hand_and_moderation(
    node: Node, sound: None, tmp_path: Path, artifacts: Path
) -> None:
    async with (
        participate("chrome", ANN, tmp_path, artifacts) as ann,
        participate("firefox", BEN, tmp_path, artifacts) as ben,
    ):
        await ann.enter(node.url, "controls")  # who opens a room moderates it
        await ben.enter(node.url, "controls")
        await everybody_meets([ann, ben])

        await ben.browser.click(part("microphone"))
        await ann.hears_nothing_of(ben)
        await ben.browser.click(part("microphone"))
        await ann.meets(ben)

        await ben.browser.click(part("camera"))
        await loses_sight(ann, ben)
        await ann.browser.screenshot(artifacts / "camera-off.png")
        await ben.browser.click(part("camera"))
        await ann.meets(ben)

        await ben.browser.click(part("hand"))
        await shown(ann, "Ben's hand", "[part~=tile][data-name=Ben] [part~=hand]")

        await ann.browser.click(part("people"))
        await moderate(ann, "lower_hand")
        await shown(ann, "no hand", "[part~=tile][data-name=Ben] [part~=hand]", there=False)
        await moderate(ann, "mute")
        await ann.hears_nothing_of(ben)
        await ben.browser.click(part("microphone"))
        await ann.meets(ben)

        await moderate(ann, "remove")
        await ann.browser.screenshot(artifacts / "remove.png")
        await ann.browser.click(part("confirm-remove"))
        await ben.state("ended")
        await ben.browser.screenshot(artifacts / "removed.png")
        await ann.with_others([])


async def moderate(moderator: Participant, action: str) -> None:
    """Choose an action in the only other person's menu."""
    await moderator.browser.click(part("moderate"))
    await moderator.browser.click(f'{part("menu-item")}[data-action="{action}"]')
