"""A whole meeting of three in real browsers, wherever their network is."""

import json
from pathlib import Path
from typing import Any

from tests.support.participant import ROOM, Participant, everybody_meets
from tests.support.wait import until

# Some 0.8 s on a calm machine of two cores with three browsers; the figure is kept for people to
# look at. Without a keyframe on request it would be the encoder's own interval: a minute and more.
PICTURE_WITHIN = 20_000.0  # ms


async def two_meet(ann: Participant, ben: Participant, url: str, room: str) -> None:
    """They enter, see and hear each other, and write."""
    await ann.enter(url, room)
    await ben.enter(url, room)
    await everybody_meets([ann, ben])
    for one in (ann, ben):
        await one.browser.evaluate("probe.countLoads()")
        await one.open_chat()
    await ann.writes("Good morning, Ben")
    await ben.reads("Good morning, Ben")
    await ben.writes("Grüße, Ann ☕")
    await ann.reads("Grüße, Ann ☕")
    for one in (ann, ben):
        assert await one.browser.evaluate("probe.loads()") == 0, "pictures went black"


async def third_comes_late(
    late: Participant, others: list[Participant], url: str, room: str, artifacts: Path
) -> None:
    """Somebody enters a room where others are, and has a picture at once."""
    await late.enter(url, room)
    delay = await picture_delay(late)
    (artifacts / "late-joiner.txt").write_text(f"first picture after {delay:.0f} ms\n")
    assert delay <= PICTURE_WITHIN
    people = [*others, late]
    for one in people:
        await one.with_others([other for other in people if other is not one])
    await everybody_meets(people)
    for one in people:
        await one.browser.screenshot(artifacts / f"three-{one.name}.png")


async def picture_delay(late: Participant) -> float:
    """Milliseconds from asking for the room to the first remote picture shown."""
    times: dict[str, Any] = await until(
        f"first picture of {late.name}",
        lambda: late.browser.evaluate("probe.times()"),
        lambda times: times["frame"] is not None,
    )
    return float(times["frame"] - times["joining"])


async def shares_screen(presenter: Participant, others: list[Participant], artifacts: Path) -> None:
    """The presenter shares a tab of one hue; the others see it beside the presenter's camera."""
    hue = presenter.person.screen_hue
    style = f"margin:0;height:100vh;background:hsl({hue} 100% 50%)"
    bar = "position:absolute;top:0;height:100%;width:10%;background:white;animation:a 2s infinite"
    await presenter.browser.open_behind(
        f"<style>@keyframes a{{from{{left:0}}to{{left:80%}}}}</style>"
        f"<body style='{style}'><div style='{bar}'></div>"
    )
    await presenter.browser.click(ROOM + '[part~="screen"]')
    await screens(presenter, 1)
    await presenter.browser.to_front()
    for other in others:
        await other.sees(hue, f"probe.see({json.dumps(presenter.name)}, 'screen')")
        await other.meets(presenter)
        await other.browser.screenshot(artifacts / f"screen-{other.name}.png")
    await presenter.browser.click(ROOM + '[part~="screen"]')
    for other in others:
        await screens(other, 0)


async def screens(one: Participant, count: int) -> None:
    """Wait until so many shared screens are shown."""
    await until(
        f"{count} shared screens before {one.name}",
        lambda: one.browser.evaluate("probe.tiles()"),
        lambda tiles: sum(tile["kind"] == "screen" for tile in tiles) == count,
    )


async def all_leave(people: list[Participant], room: str, artifacts: Path) -> None:
    """Each presses the button; then there is no such room."""
    for one in people:
        await one.leaves()
    last = people[-1]
    await last.browser.screenshot(artifacts / "left.png")
    status = f"""(async () => {{
        const name = JSON.stringify({{name: "Look"}});
        const headers = {{"content-type": "application/json"}};
        const guest = await fetch("/api/v1/auth/guest", {{method: "POST", headers, body: name}});
        const authorization = `Bearer ${{(await guest.json()).token}}`;
        return (await fetch("/api/v1/rooms/{room}", {{headers: {{authorization}}}})).status;
    }})()"""
    await until(
        f"the end of room {room}",
        lambda: last.browser.evaluate(status),
        lambda code: code == 404,
        interval=0.5,
    )
