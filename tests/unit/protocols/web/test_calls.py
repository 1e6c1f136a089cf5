"""Calls over the room WebSocket: sessions ring each other, among fakes of everything else."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from antiphon.core.calls import CallLimits
from antiphon.core.reason import Reason, Refused
from antiphon.protocols.web.config import WebConfig
from tests.support.fakes import account, house
from tests.unit.protocols.web.stand import Client, World


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = open_world(60.0)
    yield made
    await made.server.close()


def open_world(ring_time: float) -> World:
    made = World(house(call_limits=CallLimits(ring_time=ring_time)))
    made.house.directory.names |= {"ann", "bob", "eve"}
    return made


async def page(world: World, name: str) -> Client:
    """A page that can ring."""
    client = world.connect()
    welcome = await client.hello(name, reachable=True)
    assert welcome["device"].startswith(f"{welcome['address']}/web-")
    return client


async def calls(caller: Client, to: str, **fields: object) -> dict[str, Any]:
    called: dict[str, Any] = (await caller.ask("call", "called", to=to, **fields))["call"]
    return called


async def talk(ann: Client, bob: Client) -> dict[str, Any]:
    """Ann calls Bob, who answers; both are in the room."""
    call = await calls(ann, "bob")
    await ann.ask("join", "joined", room=call["room"])
    await bob.ask("accept", "called", call=call["id"])
    await bob.ask("join", "joined", room=call["room"])
    return call


async def test_a_call_rings_is_answered_and_ends(world: World) -> None:
    ann, bob = await page(world, "ann"), await page(world, "bob")
    call = await calls(ann, "bob", video=True)
    assert (call["caller"], call["caller_name"]) == ("ann@example.org", "Ann")
    assert (call["callee"], call["video"]) == ("bob@example.org", True)
    invited = (await bob.expect("invited"))["call"]
    assert (invited["id"], invited["room"]) == (call["id"], call["room"])
    ringing = await ann.expect("call_ringing")
    assert ringing["device"].startswith("bob@example.org/web-")
    accepted = await bob.ask("accept", "called", call=call["id"])
    assert accepted["call"]["state"] == "answered"
    answered = (await ann.expect("call_answered"))["call"]
    assert answered["by"] == ringing["device"]
    for client in (ann, bob):
        await client.ask("join", "joined", room=call["room"])
    await ann.ask("hang_up", call=call["id"])
    assert (await bob.expect("call_ended"))["call"]["reason"] == "left"
    await bob.expect("ended")


async def test_the_reply_comes_before_the_news(world: World) -> None:
    ann, bob = await page(world, "ann"), await page(world, "bob")
    ann.request("call", to="bob")
    await bob.expect("invited")
    first = await ann.received.get()
    assert first["type"] == "called"


async def test_every_reachable_session_rings_and_the_first_has_the_call(world: World) -> None:
    ann = await page(world, "ann")
    desk, tablet = await page(world, "bob"), await page(world, "bob")
    quiet = world.connect()
    assert "device" not in await quiet.hello("bob")
    call = await calls(ann, "bob")
    for device in (desk, tablet):
        await device.expect("invited")
    await desk.ask("accept", "called", call=call["id"])
    assert (await tablet.expect("call_ended"))["call"]["reason"] == "elsewhere"
    assert (await tablet.ask("accept", "refused", call=call["id"]))["reason"] == "gone"
    assert quiet.received.empty()


async def test_a_session_does_not_ring_itself(world: World) -> None:
    here, there = await page(world, "ann"), await page(world, "ann")
    await calls(here, "ann")
    await there.expect("invited")
    await here.expect("call_ringing")
    assert here.received.empty()


async def test_declining_and_busy(world: World) -> None:
    ann, bob = await page(world, "ann"), await page(world, "bob")
    for given, reason in (({}, "declined"), ({"reason": "busy"}, "busy")):
        call = await calls(ann, "bob")
        await bob.expect("invited")
        await bob.ask("decline", call=call["id"], **given)
        assert (await ann.expect("call_ended"))["call"]["reason"] == reason
        assert (await bob.ask("decline", "refused", call=call["id"]))["reason"] == "gone"


async def test_nobody_answers() -> None:
    world = open_world(1.0)
    ann, bob = await page(world, "ann"), await page(world, "bob")
    await calls(ann, "bob")
    assert (await ann.expect("call_ended"))["call"]["reason"] == "timeout"
    assert (await bob.expect("call_ended"))["call"]["reason"] == "cancelled"
    await world.server.close()


async def test_news_of_calls_outlives_a_join_that_fails(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob = await page(world, "ann"), await page(world, "bob")
    archive = world.house.messages

    async def broken(*_: object, **__: object) -> None:
        await calls(ann, "bob")  # while Bob's join is being done
        raise Refused(Reason.INTERNAL, "The archive is broken.")

    monkeypatch.setattr(archive, "read", broken)
    assert (await bob.ask("join", "refused", room="r"))["reason"] == "internal"
    await bob.expect("invited")


async def test_who_is_not_there_or_does_not_exist(world: World) -> None:
    ann = await page(world, "ann")
    assert (await ann.ask("call", "refused", to="eve"))["reason"] == "unavailable"
    assert (await ann.ask("call", "refused", to="nobody"))["reason"] == "not_found"
    assert (await ann.ask("call", "refused", to="<>@@"))["reason"] == "bad_request"


async def test_others_may_not_touch_a_call(world: World) -> None:
    ann, _, eve = await page(world, "ann"), await page(world, "bob"), await page(world, "eve")
    call = await calls(ann, "bob")
    for kind in ("accept", "decline", "hang_up"):
        assert (await eve.ask(kind, "refused", call=call["id"]))["reason"] == "gone"
    assert (await eve.ask("join", "refused", room=call["room"]))["reason"] == "forbidden"
    assert (await ann.ask("accept", "refused", call=call["id"]))["reason"] == "gone"


async def test_the_caller_gives_up(world: World) -> None:
    ann, bob = await page(world, "ann"), await page(world, "bob")
    call = await calls(ann, "bob")
    ann.request("hang_up", call=call["id"])
    assert (await bob.expect("call_ended"))["call"]["reason"] == "cancelled"
    assert (await ann.expect("call_ended"))["call"]["reason"] == "cancelled"


async def test_pages_that_close_let_go_of_their_calls(world: World) -> None:
    ann, bob = await page(world, "ann"), await page(world, "bob")
    await calls(ann, "bob")
    await bob.expect("invited")
    await ann.lose(1001)
    assert (await bob.expect("call_ended"))["call"]["reason"] == "cancelled"
    eve = await page(world, "eve")
    await calls(eve, "bob")
    await bob.expect("invited")
    await bob.lose(1001)
    assert (await eve.expect("call_ended"))["call"]["reason"] == "unavailable"
    assert (await eve.ask("call", "refused", to="bob"))["reason"] == "unavailable"


async def test_a_lost_connection_rings_again_when_it_is_back(world: World) -> None:
    ann, bob = await page(world, "ann"), world.connect()
    session = (await bob.hello("bob", reachable=True))["session"]
    await bob.lose()
    await calls(ann, "bob")
    await asyncio.sleep(0)
    assert ann.received.empty()  # nothing rings yet
    back = world.connect()
    assert (await back.hello("bob", resume=session, after=0))["device"]
    invited = await back.expect("invited")
    await ann.expect("call_ringing")
    await back.ask("accept", "called", call=invited["call"]["id"])
    await ann.expect("call_answered")


async def test_a_resumed_session_may_stop_to_be_reachable(world: World) -> None:
    ann, bob = await page(world, "ann"), world.connect()
    session = (await bob.hello("bob", reachable=True))["session"]
    await bob.lose()
    back = world.connect()
    assert "device" not in await back.hello("bob", resume=session, after=0, reachable=False)
    assert (await ann.ask("call", "refused", to="bob"))["reason"] == "unavailable"


async def test_inviting_makes_a_conference(world: World) -> None:
    ann, bob, eve = [await page(world, name) for name in ("ann", "bob", "eve")]
    assert (await ann.ask("invite", "refused", to="eve"))["reason"] == "conflict"
    call = await talk(ann, bob)
    invited = (await ann.ask("invite", "called", to="eve"))["call"]
    assert invited["room"] == call["room"]
    await eve.ask("accept", "called", call=invited["id"])
    room = (await eve.ask("join", "joined", room=invited["room"]))["room"]
    assert [one["name"] for one in room["members"]] == ["Ann", "Bob", "Eve"]


async def test_a_transfer_leaves_when_the_other_has_come(world: World) -> None:
    ann, bob, eve = [await page(world, name) for name in ("ann", "bob", "eve")]
    call = await talk(ann, bob)
    handed = (await ann.ask("transfer", "called", to="eve"))["call"]
    again = await ann.ask("transfer", "refused", to="eve")
    assert again["reason"] == "conflict"
    await eve.expect("invited")
    await eve.ask("accept", "called", call=handed["id"])
    await ann.expect("call_answered")
    await eve.ask("join", "joined", room=call["room"])
    assert (await ann.expect("ended"))["reason"] == "transferred"
    left = await bob.expect("member_left")
    assert left["reason"] == "transferred"
    room = world.house.switchboard.find(call["room"])
    assert room is not None
    assert [one.info.name for one in room.members.values()] == ["Bob", "Eve"]


async def test_a_transfer_that_is_declined_changes_nothing(world: World) -> None:
    ann, bob, eve = [await page(world, name) for name in ("ann", "bob", "eve")]
    call = await talk(ann, bob)
    handed = (await ann.ask("transfer", "called", to="eve"))["call"]
    await eve.expect("invited")
    await eve.ask("decline", call=handed["id"])
    assert (await ann.expect("call_ended"))["call"]["reason"] == "declined"
    room = world.house.switchboard.find(call["room"])
    assert room is not None
    assert len(room.members) == 2
    # And another one may be tried.
    await ann.ask("transfer", "called", to="eve")


async def test_hold_and_keys(world: World) -> None:
    ann, bob = await page(world, "ann"), await page(world, "bob")
    assert (await ann.ask("hold", "refused", held=True))["reason"] == "conflict"
    await talk(ann, bob)
    await ann.ask("hold", held=True)
    assert (await bob.expect("held"))["held"]
    late = await page(world, "eve")
    invited = (await ann.ask("invite", "called", to="eve"))["call"]
    await late.ask("accept", "called", call=invited["id"])
    room = (await late.ask("join", "joined", room=invited["room"]))["room"]
    assert [one.get("held", False) for one in room["members"]] == [True, False, False]
    await ann.ask("press", digits="4#", duration=200)
    pressed = [await bob.expect("digit_pressed") for _ in range(2)]
    assert [(one["digit"], one["duration"]) for one in pressed] == [("4", 0.2), ("#", 0.2)]
    assert (await ann.ask("press", "refused", digits="4x"))["reason"] == "bad_request"


async def test_one_session_calls_only_so_many_at_once(world: World) -> None:
    world.server = World(world.house, WebConfig(max_calls=1, resume_timeout=0.2)).server
    ann, _ = await page(world, "ann"), await page(world, "bob")
    await calls(ann, "bob")
    assert (await ann.ask("call", "refused", to="bob"))["reason"] == "too_many"
    await world.server.close()


async def test_direct_messages(world: World) -> None:
    ann = await page(world, "ann")
    bob, tablet = await page(world, "bob"), await page(world, "bob")
    sent = await ann.ask("send", "accepted", to="bob", text="Hello!", origin_id="o1")
    assert sent["message"]["room"] == "bob@example.org"
    for device in (bob, tablet):
        got = (await device.expect("direct_message"))["message"]
        assert (got["sender"], got["text"]) == ("ann@example.org", "Hello!")
    gone = await ann.ask("send", "refused", to="nobody", text="Hello?", origin_id="o2")
    assert gone["reason"] == "not_found"


async def test_guests_call_accounts_where_the_policy_lets_them(world: World) -> None:
    visitor, bob = await page(world, "gus"), await page(world, "bob")
    call = await calls(visitor, "bob")
    assert call["caller"] == "gus@guest.example.org"
    await bob.ask("accept", "called", call=call["id"])
    assert (await visitor.ask("call", "refused", to="+49 30 1234"))["reason"] in {
        "forbidden",
        "not_found",
    }


async def test_devices_come_and_go_with_their_sessions(world: World) -> None:
    reach, caller = world.server.reach, account("ann")
    bob = await page(world, "bob")
    address = account("bob").address
    (device,) = await reach.devices(caller, address)
    assert [await reach.devices(caller, device.address)] == [[device]]
    assert await reach.devices(caller, address.on("other")) == []
    await bob.lose(1000)
    assert await reach.devices(caller, address) == []
