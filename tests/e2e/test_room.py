"""People in real browsers meet on the room's page; knows what they see, hear and press there."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.node import Node
from tests.support.participant import Participant, everybody_meets, participate
from tests.support.person import ANN, BEN, CLEO
from tests.support.wait import until

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(180)]

# One second is promised; a machine of two cores runs three browsers and the node here.
PICTURE_WITHIN = 1000.0  # ms
BUSY_MACHINE = 1.5


async def picture_delay(late: Participant) -> float:
    """Milliseconds from asking for the room to the first remote picture shown."""
    times: dict[str, Any] = await until(
        f"first picture of {late.name}",
        lambda: late.browser.evaluate("probe.times()"),
        lambda times: times["frame"] is not None,
    )
    return float(times["frame"] - times["joining"])


async def is_gone(node: Node, room: str) -> None:
    async with httpx.AsyncClient(base_url=node.url) as client:
        token = (await client.post("/api/v1/auth/guest", json={"name": "Look"})).json()["token"]
        headers = {"Authorization": f"Bearer {token}"}

        async def status() -> int:
            return (await client.get(f"/api/v1/rooms/{room}", headers=headers)).status_code

        await until(f"the end of room {room}", status, lambda code: code == 404)


async def test_people_meet_chat_share_and_leave(
    node: Node, sound: None, tmp_path: Path, artifacts: Path
) -> None:
    async with AsyncExitStack() as stack:

        async def arrives(kind: Any, person: Any) -> Participant:
            return await stack.enter_async_context(participate(kind, person, tmp_path, artifacts))

        ann = await arrives("chrome", ANN)
        ben = await arrives("firefox", BEN)
        cleo = await arrives("chrome", CLEO)

        await ann.enter(node.url, "standup")
        await ben.enter(node.url, "standup")
        await everybody_meets([ann, ben])

        for one in (ann, ben):
            await one.open_chat()
        await ann.writes("Good morning, Ben")
        await ben.reads("Good morning, Ben")
        await ben.writes("Grüße, Ann ☕")
        await ann.reads("Grüße, Ann ☕")
        await ann.browser.screenshot(artifacts / "two-chat.png")

        await cleo.enter(node.url, "standup")
        delay = await picture_delay(cleo)
        (artifacts / "late-joiner.txt").write_text(f"first picture after {delay:.0f} ms\n")
        assert delay <= PICTURE_WITHIN * BUSY_MACHINE
        people = [ann, ben, cleo]
        for one in people:
            await one.with_others([other for other in people if other is not one])
        await everybody_meets(people)
        for one in people:
            await one.browser.screenshot(artifacts / f"three-{one.name}.png")

        await shares_screen(ann, [ben, cleo], artifacts)

        for one in people:
            await one.leaves()
        await ann.browser.screenshot(artifacts / "left.png")
    await is_gone(node, "standup")


async def shares_screen(presenter: Participant, others: list[Participant], artifacts: Path) -> None:
    """The presenter shares a tab of one hue; the others see it beside the presenter's camera."""
    hue = presenter.person.screen_hue
    style = f"margin:0;height:100vh;background:hsl({hue} 100% 50%)"
    bar = "position:absolute;top:0;height:100%;width:10%;background:white;animation:a 2s infinite"
    await presenter.browser.open_behind(
        f"<style>@keyframes a{{from{{left:0}}to{{left:80%}}}}</style>"
        f"<body style='{style}'><div style='{bar}'></div>"
    )
    await presenter.browser.click('antiphon-room >>> [part~="screen"]')
    await until(
        "the screen's tile",
        lambda: presenter.browser.evaluate("probe.tiles()"),
        lambda tiles: any(tile["kind"] == "screen" for tile in tiles),
    )
    await presenter.browser.to_front()
    for other in others:
        await other.sees(hue, f"probe.see({presenter.name!r}, 'screen')")
        await other.meets(presenter)
        await other.browser.screenshot(artifacts / f"screen-{other.name}.png")
    await presenter.browser.click('antiphon-room >>> [part~="screen"]')
    for other in others:
        await until(
            "the end of the screen's tile",
            lambda other=other: other.browser.evaluate("probe.tiles()"),  # type: ignore[misc]
            lambda tiles: all(tile["kind"] == "person" for tile in tiles),
        )
