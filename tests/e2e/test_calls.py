"""People call each other by `<antiphon-call>` on the start page."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.support.node import Node, run_node
from tests.support.person import ANN, BEN, CLEO, Person
from tests.support.telephone import Telephone, part, talk, telephone

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

CARLA = Person("Carla", CLEO.hue, CLEO.frequency)


async def test_a_call_is_heard_held_and_ended(
    node: Node, sound: None, tmp_path: Path, artifacts: Path
) -> None:
    async with (
        telephone(ANN, tmp_path, artifacts) as ann,
        telephone(BEN, tmp_path, artifacts) as ben,
    ):
        await ann.open(node.url)
        await ann.browser.screenshot(artifacts / "sign-in.png")
        await ann.registers(node.url)
        await ben.registers(node.url)
        await ann.dials("ben")
        await ben.call_state("incoming")
        await ann.call_state("ringing")
        await ann.browser.screenshot(artifacts / "ringing.png")
        await ben.browser.screenshot(artifacts / "incoming.png")
        await ben.presses("answer")
        await talk(ann, ben)
        await ann.browser.screenshot(artifacts / "talking.png")
        assert await ann.browser.evaluate(NO_CAMERA), "a call without pictures opened the camera"
        await ann.presses("hold")
        await asyncio.gather(ben.hears_nothing_of(ann), ann.call_state("talking"))
        await ben.reads_in("call-state", "put you on hold")
        await ben.browser.screenshot(artifacts / "held.png")
        await ann.presses("hold")
        await talk(ann, ben)
        await ben.presses("hang-up")
        await ann.call_state("idle")
        await ben.call_state("idle")
        await ann.reads_in("past-call", "Outgoing, 00:")
        await ben.reads_in("past-call", "Incoming, 00:")
        await ann.browser.screenshot(artifacts / "ended.png")


NO_CAMERA = "document.querySelector('antiphon-call').session.camera.track === null"


async def test_a_call_outlives_its_connections(
    node: Node, sound: None, tmp_path: Path, artifacts: Path
) -> None:
    async with (
        telephone(ANN, tmp_path, artifacts) as ann,
        telephone(BEN, tmp_path, artifacts) as ben,
    ):
        await ann.registers(node.url)
        await ben.registers(node.url)
        await ann.dials("ben")
        await ben.call_state("incoming")
        for one in (ann, ben):  # while it rings
            await one.browser.evaluate("probe.cut()")
        await ben.presses("answer")
        await talk(ann, ben)
        for one in (ann, ben):  # and while they talk
            await one.browser.evaluate("probe.cut()")
        await talk(ann, ben)
        await ann.presses("hold")
        await ben.reads_in("call-state", "put you on hold")
        await ben.presses("hang-up")
        await ann.call_state("idle")


async def test_a_guest_calls_from_a_page(
    node: Node, sound: None, tmp_path: Path, artifacts: Path
) -> None:
    async with (
        telephone(ANN, tmp_path, artifacts) as visitor,
        telephone(BEN, tmp_path, artifacts) as ben,
    ):
        await ben.registers(node.url)
        await visitor.browser.open(f"{node.url}/")
        await visitor.browser.evaluate(
            """(() => {
                const telephone = document.createElement("antiphon-call");
                Object.assign(telephone, {guest: true, name: "Ann", to: "ben", video: "off"});
                document.body.replaceChildren(telephone);
            })()"""
        )
        await visitor.call_state("idle")
        await visitor.presses("call")
        await ben.call_state("incoming")
        await ben.reads_in("peer", "Ann")
        await ben.presses("answer")
        await talk(visitor, ben)
        await visitor.presses("hang-up")
        await ben.call_state("idle")
        # A number might cost money.
        await visitor.dials("+49 30 1234567")
        await visitor.reads_in("problem", "You may not call there")


async def test_with_pictures(node: Node, sound: None, tmp_path: Path, artifacts: Path) -> None:
    async with (
        telephone(ANN, tmp_path, artifacts) as ann,
        telephone(BEN, tmp_path, artifacts, kind="firefox") as ben,
    ):
        await ann.registers(node.url)
        await ben.registers(node.url)
        await ann.dials("ben", video=True)
        await ben.call_state("incoming")
        await ben.browser.screenshot(artifacts / "incoming.png")
        await ben.presses("answer-video")
        await talk(ann, ben)
        for one, other in ((ann, ben), (ben, ann)):
            await one.sees(other.person.hue, f"probe.see({other.name!r})")
        await ann.browser.screenshot(artifacts / "pictures.png")
        await ann.browser.viewport(400, 780)
        await ann.browser.screenshot(artifacts / "pictures-small.png")
        await ann.presses("hang-up")
        await ben.call_state("idle")


async def test_what_may_become_of_a_call(sound: None, tmp_path: Path, artifacts: Path) -> None:
    (tmp_path / "data").mkdir()
    async with AsyncExitStack() as stack:
        short = {"ANTIPHON_CALLS_RING_TIME": "3"}
        node = await stack.enter_async_context(
            run_node(tmp_path / "data", artifacts / "node.log", environment=short)
        )
        enter = stack.enter_async_context
        ann = await enter(telephone(ANN, tmp_path, artifacts))
        ben = await enter(telephone(BEN, tmp_path, artifacts))
        await ann.registers(node.url)
        await ben.registers(node.url)
        await declined(ann, ben)
        await not_answered(ann, ben, artifacts)
        await nobody_there(ann, artifacts)
        await first_tab_wins(ann, ben, node, artifacts, stack, tmp_path)


async def declined(ann: Telephone, ben: Telephone) -> None:
    await ann.dials("ben")
    await ben.call_state("incoming")
    await ben.presses("decline")
    await ann.reads_in("last", "declined")
    await ben.call_state("idle")


async def not_answered(ann: Telephone, ben: Telephone, artifacts: Path) -> None:
    await ann.dials("ben")
    await ben.call_state("incoming")
    await ann.reads_in("last", "did not answer")
    await ben.reads_in("last", "Missed call from Ann")
    await ben.reads_in("past-call", "Missed")
    await ben.browser.screenshot(artifacts / "missed.png")


async def nobody_there(ann: Telephone, artifacts: Path) -> None:
    await ann.dials("nobody")
    await ann.reads_in("problem", "Nobody has this address")
    await ann.browser.screenshot(artifacts / "problem.png")


async def first_tab_wins(
    ann: Telephone,
    ben: Telephone,
    node: Node,
    artifacts: Path,
    stack: AsyncExitStack,
    folder: Path,
) -> None:
    tablet = await stack.enter_async_context(telephone(BEN, folder, artifacts, "-tablet"))
    await tablet.signs_in(node.url)
    await ann.dials("ben")
    await ben.call_state("incoming")
    await tablet.call_state("incoming")
    await tablet.presses("answer")
    await ben.reads_in("last", "Answered on another device")
    await talk(ann, tablet)
    await tablet.presses("hang-up")
    await ann.call_state("idle")


async def test_a_third_is_added_and_another_is_given_the_call(
    node: Node, sound: None, tmp_path: Path, artifacts: Path
) -> None:
    async with (
        telephone(ANN, tmp_path, artifacts) as ann,
        telephone(BEN, tmp_path, artifacts) as ben,
        telephone(CARLA, tmp_path, artifacts) as carla,
    ):
        for one in (ann, ben, carla):
            await one.registers(node.url)
        await calls(ann, ben)
        await asks_for(ann, "add", "carla")
        await carla.call_state("incoming")
        await ann.browser.screenshot(artifacts / "adding.png")
        await carla.presses("answer")
        await talk(ann, ben, carla)
        await ann.browser.screenshot(artifacts / "conference.png")
        await carla.presses("hang-up")
        await talk(ann, ben)
        await asks_for(ann, "transfer", "carla")
        await carla.call_state("incoming")
        await carla.presses("answer")
        await ann.call_state("idle")
        await ann.reads_in("last", "The call was transferred")
        await talk(ben, carla)
        await ben.presses("hang-up")
        await carla.call_state("idle")


async def test_somebody_calls_during_a_call(
    node: Node, sound: None, tmp_path: Path, artifacts: Path
) -> None:
    async with (
        telephone(ANN, tmp_path, artifacts) as ann,
        telephone(BEN, tmp_path, artifacts) as ben,
        telephone(CARLA, tmp_path, artifacts) as carla,
    ):
        for one in (ann, ben, carla):
            await one.registers(node.url)
        await calls(ann, ben)
        await carla.dials("ann")
        await ann.reads_in("waiting", "Carla is calling")
        await ann.browser.screenshot(artifacts / "waiting.png")
        await ann.presses("answer-waiting")
        await ben.call_state("idle")
        await talk(ann, carla)


async def calls(one: Telephone, other: Telephone) -> None:
    """One calls the other, who answers."""
    await one.dials(other.account)
    await other.call_state("incoming")
    await other.presses("answer")
    await talk(one, other)


async def asks_for(one: Telephone, what: str, whom: str) -> None:
    """Press a button in the call, and name somebody."""
    await one.presses(what)
    await one.browser.type(part("whom"), whom)
    await one.browser.press("Enter")
