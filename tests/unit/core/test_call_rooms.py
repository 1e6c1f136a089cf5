"""Calls and the rooms they lead into: who may come in, and what ends with what."""

import asyncio

import pytest

from antiphon.core.call import CallInfo
from antiphon.core.calls import CallLimits
from antiphon.core.event import CallEnded
from antiphon.core.ports import Caller
from antiphon.core.reason import Reason, Refused
from antiphon.core.switchboard import Membership
from tests.support.fakes import House, Recorder, account, house

ANN = account("ann")
BOB = account("bob")


def ends(outlet: Recorder) -> list[Reason | None]:
    return [event.call.reason for event in outlet.events if isinstance(event, CallEnded)]


async def refusal(reason: Reason, verb: object) -> None:
    with pytest.raises(Refused) as refused:
        await verb  # type: ignore[misc]
    assert refused.value.reason is reason


async def meet(here: House, call: CallInfo, *callers: Caller) -> list[Membership]:
    return [await here.switchboard.join(one, call.room, Recorder()) for one in callers]


async def test_the_room_of_a_call_is_for_those_who_are_in_it() -> None:
    here = house()
    here.reach.add("bob", "desk")
    call = await here.switchboard.call(account("ann", create=False), "bob", Recorder())
    await refusal(Reason.FORBIDDEN, here.switchboard.join(account("eve"), call.room, Recorder()))
    (ann,) = await meet(here, call, account("ann", create=False))
    await refusal(Reason.FORBIDDEN, here.switchboard.join(account("eve"), call.room, Recorder()))
    await here.switchboard.leave(call.room, ann.member.id)
    assert here.switchboard.call_info(call.id) is None, "who called has gone"
    await refusal(Reason.GONE, here.switchboard.join(BOB, call.room, Recorder()))


async def test_a_call_ends_with_the_last_but_one() -> None:
    here = house()
    desk = here.reach.add("bob", "desk")
    ann = Recorder()
    call = await here.switchboard.call(ANN, "bob", ann)
    here.switchboard.answer(call.id, desk.address)
    there, _ = await meet(here, call, ANN, BOB)
    await here.switchboard.leave(call.room, there.member.id)
    assert ends(ann) == ends(desk) == [Reason.LEFT]
    assert here.switchboard.find(call.room) is None
    await refusal(Reason.GONE, here.switchboard.join(ANN, call.room, Recorder()))


async def test_who_answers_but_does_not_come_is_not_waited_for_for_ever() -> None:
    here = house(call_limits=CallLimits(settle_time=0.05))
    desk = here.reach.add("bob", "desk")
    ann = Recorder()
    call = await here.switchboard.call(ANN, "bob", ann)
    await meet(here, call, ANN)
    here.switchboard.answer(call.id, desk.address)
    await asyncio.sleep(0.1)
    assert ends(ann) == ends(desk) == [Reason.LOST]
    together = await here.switchboard.call(ANN, "bob", ann)
    here.switchboard.answer(together.id, desk.address)
    await meet(here, together, ANN, BOB)
    await asyncio.sleep(0.1)
    assert here.switchboard.call_info(together.id) is not None


async def test_somebody_is_called_into_a_room() -> None:
    here = house()
    desk = here.reach.add("bob", "desk")
    await refusal(Reason.NOT_FOUND, here.switchboard.call(ANN, "bob", Recorder(), room="standup"))
    cy = await here.switchboard.join(account("cy"), "standup", Recorder())
    await refusal(Reason.FORBIDDEN, here.switchboard.call(ANN, "bob", Recorder(), room="standup"))
    first = await here.switchboard.call(cy.member.caller, "bob", Recorder(), room="standup")
    here.switchboard.decline(first.id, desk.address)
    assert here.switchboard.find("standup") is cy.room
    outlet = Recorder()
    call = await here.switchboard.call(cy.member.caller, "bob", outlet, room="standup")
    here.switchboard.answer(call.id, desk.address)
    (bob,) = await meet(here, call, BOB)
    (dee,) = await meet(here, call, account("dee"))
    await here.switchboard.leave("standup", dee.member.id)
    assert here.switchboard.call_info(call.id) is not None
    await here.switchboard.leave("standup", bob.member.id)
    assert ends(outlet) == [Reason.LEFT]
    assert here.switchboard.find("standup") is cy.room


async def test_a_blind_transfer() -> None:
    here = house()
    bob, cy = here.reach.add("bob", "desk"), here.reach.add("cy", "desk")
    first = await here.switchboard.call(ANN, "bob", Recorder())
    here.switchboard.answer(first.id, bob.address)
    ann, _ = await meet(here, first, ANN, BOB)
    second = await here.switchboard.call(ANN, "cy", Recorder(), room=first.room)
    await here.switchboard.leave(first.room, ann.member.id)
    assert here.switchboard.call_info(first.id) is not None, "somebody is awaited"
    here.switchboard.answer(second.id, cy.address)
    (there,) = await meet(here, second, account("cy"))
    here.switchboard.hang_up(first.id, Reason.TRANSFERRED)
    assert ends(bob) == [Reason.TRANSFERRED]
    assert here.switchboard.find(first.room) is not None
    await here.switchboard.leave(first.room, there.member.id)
    assert ends(cy) == [Reason.LEFT]
    assert here.switchboard.find(first.room) is None


async def test_a_transfer_that_nobody_answers_ends_both() -> None:
    here = house()
    bob, cy = here.reach.add("bob", "desk"), here.reach.add("cy", "desk")
    first = await here.switchboard.call(ANN, "bob", Recorder())
    here.switchboard.answer(first.id, bob.address)
    ann, _ = await meet(here, first, ANN, BOB)
    second = await here.switchboard.call(ANN, "cy", Recorder(), room=first.room)
    await here.switchboard.leave(first.room, ann.member.id)
    here.switchboard.decline(second.id, cy.address)
    assert ends(bob) == [Reason.LEFT]
    assert here.switchboard.find(first.room) is None


async def test_a_room_that_breaks_ends_its_calls() -> None:
    here = house()
    desk = here.reach.add("bob", "desk")
    ann = Recorder()
    call = await here.switchboard.call(ANN, "bob", ann)
    here.switchboard.answer(call.id, desk.address)
    await meet(here, call, ANN, BOB)
    here.media.rooms[call.room].events.failed("broke")
    assert ends(ann) == ends(desk) == [Reason.INTERNAL]


async def test_streams_are_nobody() -> None:
    here = house()
    desk = here.reach.add("bob", "desk")
    call = await here.switchboard.call(ANN, "bob", Recorder())
    here.switchboard.answer(call.id, desk.address)
    ann, _ = await meet(here, call, ANN, BOB)
    await here.switchboard.join(BOB, call.room, Recorder(), stream=True)
    await here.switchboard.leave(call.room, ann.member.id)
    assert here.switchboard.call_info(call.id) is None


async def test_a_node_that_stops_ends_its_calls() -> None:
    here = house()
    bob, cy = here.reach.add("bob", "desk"), here.reach.add("cy", "desk")
    running = await here.switchboard.call(ANN, "bob", Recorder())
    here.switchboard.answer(running.id, bob.address)
    members = await meet(here, running, ANN, BOB)
    waiting = await here.switchboard.call(ANN, "cy", Recorder())
    await here.switchboard.drain()
    assert here.calls.stored[waiting.id].reason is Reason.DRAINING
    assert ends(cy) == [Reason.CANCELLED]
    assert here.switchboard.call_info(running.id) is not None
    assert "Draining" in members[0].member.outlet.names()  # type: ignore[attr-defined]
    await refusal(Reason.DRAINING, here.switchboard.call(ANN, "bob", Recorder()))
    await refusal(Reason.DRAINING, here.switchboard.send(ANN, "bob", "hello"))
    await here.switchboard.close()
    assert ends(bob) == [Reason.DRAINING]


async def test_what_was_said_in_a_call_goes_with_it() -> None:
    here = house()
    desk = here.reach.add("bob", "desk")
    call = await here.switchboard.call(ANN, "bob", Recorder())
    here.switchboard.answer(call.id, desk.address)
    await meet(here, call, ANN, BOB)
    await here.switchboard.say(ANN, call.room, "hello")
    here.switchboard.hang_up(call.id)
    await here.switchboard.close()
    assert here.messages.stored == []


async def test_news_of_a_leave_come_before_the_end_of_the_call() -> None:
    here = house()
    desk = here.reach.add("bob", "desk")
    call = await here.switchboard.call(ANN, "bob", Recorder())
    here.switchboard.answer(call.id, desk.address)
    ann, bob = await meet(here, call, ANN, BOB)
    watcher = Recorder()
    here.switchboard.watch(watcher)
    await here.switchboard.leave(call.room, ann.member.id)
    assert watcher.names() == ["MemberLeft", "CallEnded", "RoomClosed"]
    assert bob.member.outlet.names() == ["MemberLeft", "Ended"]  # type: ignore[attr-defined]
