"""Calls that end at this server, played by SIPp over UDP and TCP: into rooms, to a person in a
browser's place, and everything that may happen within a call.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.support.fixtures import unavailable
from tests.support.node import Node
from tests.support.scenario import Scenario, audio
from tests.support.signalling import Signalling, signalling
from tests.support.sipp import Sipp, missing, run_scenario
from tests.support.telephony import PASSWORD, make_account
from tests.support.wait import soon

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

TRANSPORTS = pytest.mark.parametrize("transport", ["udp", "tcp"])


@pytest.fixture(autouse=True)
def sipp() -> None:
    """SIPp is here."""
    if reason := missing():
        unavailable(reason)


@contextlib.asynccontextmanager
async def playing(
    node: Node, folder: Path, scenario: Scenario, transport: str, user: str
) -> AsyncIterator[Sipp]:
    """The scenario runs, by a telephone of another domain."""
    async with run_scenario(
        scenario.write(folder),
        folder,
        server=f"127.0.0.1:{node.port('sip')}",
        transport=transport,
        user=user,
    ) as running:
        yield running


async def play(node: Node, folder: Path, scenario: Scenario, transport: str, user: str) -> None:
    async with playing(node, folder, scenario, transport, user) as running:
        await running.succeed()


@contextlib.asynccontextmanager
async def at_a_browser(node: Node, user: str) -> AsyncIterator[Signalling]:
    """Somebody with an account, whom calls reach."""
    address = await make_account(node, user)
    async with httpx.AsyncClient(base_url=node.url) as http:
        login = {"address": address, "password": PASSWORD}
        token = (await http.post("/api/v1/auth/login", json=login)).json()["token"]
    async with signalling(node.url) as client:
        await client.hello(token, reachable=True)
        yield client


async def answer(browser: Signalling) -> str:
    """Take the call that rings and go into its room; the call."""
    call = (await browser.event("invited"))["call"]
    for request in ({"type": "accept", "call": call["id"]}, {"type": "join", "room": call["room"]}):
        reply = await browser.request(**request)
        assert reply["type"] != "refused", reply
    return str(call["id"])


def room(name: str) -> str:
    return f"sip:{name}@rooms.localhost"


ANSWERED = "m=audio [1-9]"


@TRANSPORTS
async def test_into_a_room(node: Node, tmp_path: Path, transport: str) -> None:
    scenario = Scenario("into a room", room("standup"))
    scenario.call(audio()).expect(200, 100, 180, holding=ANSWERED).ack().wait(0.3).hang_up()
    await play(node, tmp_path, scenario, transport, f"room-{transport}")


@TRANSPORTS
async def test_a_late_offer(node: Node, tmp_path: Path, transport: str) -> None:
    scenario = Scenario("late offer", room("late"))
    scenario.call().expect(200, 100, holding=ANSWERED).ack(audio()).wait(0.3).hang_up()
    await play(node, tmp_path, scenario, transport, f"late-{transport}")


@TRANSPORTS
async def test_hold_and_resume(node: Node, tmp_path: Path, transport: str) -> None:
    scenario = Scenario("hold", room("hold"))
    scenario.call(audio()).expect(200, 100, holding="a=sendrecv").ack()
    scenario.request("INVITE", audio("sendonly")).expect(200, 100, holding="a=recvonly").ack()
    scenario.request("INVITE", audio("inactive")).expect(200, 100, holding="a=inactive").ack()
    scenario.request("INVITE", audio()).expect(200, 100, holding="a=sendrecv").ack().hang_up()
    await play(node, tmp_path, scenario, transport, f"hold-{transport}")


@TRANSPORTS
async def test_an_update_changes_codec_and_port(node: Node, tmp_path: Path, transport: str) -> None:
    scenario = Scenario("update", room("update"))
    scenario.call(audio()).expect(200, 100, holding="PCMU").ack()
    other = audio(port=40002, codec="8 PCMA/8000")
    scenario.request("UPDATE", other).expect(200, holding="PCMA").hang_up()
    await play(node, tmp_path, scenario, transport, f"update-{transport}")


@TRANSPORTS
async def test_a_change_that_nobody_understands(node: Node, tmp_path: Path, transport: str) -> None:
    scenario = Scenario("no codec", room("nocodec"))
    scenario.call(audio()).expect(200, 100).ack()
    scenario.request("UPDATE", audio(codec="99 X-NOBODY/8000")).expect(488)
    scenario.request("OPTIONS").expect(200, holding="Allow:.*UPDATE").hang_up()
    await play(node, tmp_path, scenario, transport, f"nocodec-{transport}")


@TRANSPORTS
async def test_a_session_timer(node: Node, tmp_path: Path, transport: str) -> None:
    timer = ("Supported: timer", "Session-Expires: 90;refresher=uac")
    scenario = Scenario("session timer", room("timer"))
    scenario.call(audio(), *timer).expect(200, 100, holding="Session-Expires: 90;refresher=uac")
    scenario.ack().request("UPDATE", "", *timer).expect(200, holding="Session-Expires: 90")
    scenario.hang_up()
    await play(node, tmp_path, scenario, transport, f"timer-{transport}")


@TRANSPORTS
async def test_an_interval_that_is_too_small(node: Node, tmp_path: Path, transport: str) -> None:
    scenario = Scenario("too small", room("small"))
    scenario.call(audio(), "Supported: timer", "Session-Expires: 30")
    scenario.expect(422, 100, holding="Min-SE: 90").ack_refusal()
    await play(node, tmp_path, scenario, transport, f"small-{transport}")


@TRANSPORTS
async def test_keys_by_info(node: Node, tmp_path: Path, transport: str) -> None:
    scenario = Scenario("info", room("info"))
    scenario.call(audio()).expect(200, 100).ack()
    signal = "Signal=5\nDuration=160"
    scenario.request("INFO", signal, kind="application/dtmf-relay").expect(200)
    scenario.request("INFO", "<x/>", kind="application/media_control+xml").expect(415).hang_up()
    await play(node, tmp_path, scenario, transport, f"info-{transport}")


@TRANSPORTS
async def test_somebody_in_a_browsers_place_answers(
    node: Node, tmp_path: Path, transport: str
) -> None:
    user = f"web-{transport}"
    scenario = Scenario("to a browser", f"sip:{user}@localhost")
    scenario.call(audio()).expect(180, 100).expect(200, holding=ANSWERED).ack().be_hung_up()
    async with (
        at_a_browser(node, user) as browser,
        playing(node, tmp_path, scenario, transport, f"ann-{transport}") as running,
    ):
        invited = await browser.event("invited")
        assert invited["call"]["caller_name"] == "Ann"
        browser.events.insert(0, invited)
        await answer(browser)
        await soon("it is answered", lambda: "\nACK " in running.traffic())
        await browser.request("hang_up", call=invited["call"]["id"])
        await running.succeed()


@TRANSPORTS
@pytest.mark.parametrize(("reason", "status"), [("busy", 486), ("declined", 603)])
async def test_somebody_in_a_browsers_place_does_not(
    node: Node, tmp_path: Path, transport: str, reason: str, status: int
) -> None:
    user = f"web-{reason}-{transport}"
    scenario = Scenario(reason, f"sip:{user}@localhost")
    scenario.call(audio()).expect(status, 100, 180).ack_refusal()
    async with (
        at_a_browser(node, user) as browser,
        playing(node, tmp_path, scenario, transport, f"ann-{reason}-{transport}") as running,
    ):
        invited = await browser.event("invited")
        await browser.request("decline", call=invited["call"]["id"], reason=reason)
        await running.succeed()


@TRANSPORTS
async def test_the_caller_gives_up(node: Node, tmp_path: Path, transport: str) -> None:
    user = f"web-cancel-{transport}"
    scenario = Scenario("cancel", f"sip:{user}@localhost")
    scenario.call(audio()).expect(180, 100).cancel().expect(200).expect(487).ack_refusal()
    async with (
        at_a_browser(node, user) as browser,
        playing(node, tmp_path, scenario, transport, f"ann-cancel-{transport}") as running,
    ):
        await browser.event("invited")
        await running.succeed()
        ended = await browser.event("call_ended")
        assert ended["call"]["reason"] == "cancelled"


@TRANSPORTS
async def test_reliable_ringing(node: Node, tmp_path: Path, transport: str) -> None:
    user = f"web-prack-{transport}"
    scenario = Scenario("prack", f"sip:{user}@localhost")
    scenario.call(audio(), "Require: 100rel").expect(180, 100)
    scenario.prack().expect(200, holding="CSeq: [0-9]+ PRACK")
    scenario.expect(200, holding="CSeq: [0-9]+ INVITE").ack().be_hung_up()
    async with (
        at_a_browser(node, user) as browser,
        playing(node, tmp_path, scenario, transport, f"ann-prack-{transport}") as running,
    ):
        await soon("it was acknowledged", lambda: "\nPRACK " in running.traffic())
        call = await answer(browser)
        await soon("it is answered", lambda: "\nACK " in running.traffic())
        await browser.request("hang_up", call=call)
        await running.succeed()


@TRANSPORTS
async def test_a_blind_transfer(node: Node, tmp_path: Path, transport: str) -> None:
    ben, cat = f"ben-{transport}", f"cat-{transport}"
    scenario = Scenario("refer", f"sip:{ben}@localhost")
    scenario.call(audio()).expect(200, 100, 180).ack().wait(0.5)
    scenario.request("REFER", "", f"Refer-To: <sip:{cat}@localhost>").expect(202)
    scenario.expect_request("NOTIFY", "SIP/2.0 100").reply()
    scenario.expect_request("NOTIFY", "SIP/2.0 180").reply()
    scenario.expect_request("NOTIFY", "SIP/2.0 200").reply().hang_up()
    async with (
        at_a_browser(node, ben) as first,
        at_a_browser(node, cat) as second,
        playing(node, tmp_path, scenario, transport, f"ann-refer-{transport}") as running,
    ):
        await answer(first)
        ringing = "\nNOTIFY sip:"
        await soon("it is told", lambda: running.traffic().count(ringing) >= 2)
        await answer(second)
        await running.succeed()


@TRANSPORTS
async def test_the_node_stops(node: Node, tmp_path: Path, transport: str) -> None:
    scenario = Scenario("sigterm", room("stop"))
    scenario.call(audio()).expect(200, 100).ack().be_hung_up()
    async with playing(node, tmp_path, scenario, transport, f"stop-{transport}") as running:
        await soon("it is in the room", lambda: "\nACK " in running.traffic())
        _, code = await asyncio.gather(running.succeed(), node.terminate())
        assert code == 0
