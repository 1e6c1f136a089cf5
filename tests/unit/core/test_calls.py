"""Calls among fakes: who is rung, who answers first, and what everybody hears of it."""

import asyncio

import pytest

from antiphon.core.address import Address
from antiphon.core.call import CallInfo, CallState, is_call_room
from antiphon.core.calls import CallLimits
from antiphon.core.event import (
    CallAnswered,
    CallEnded,
    CallRinging,
    Event,
    Invited,
    MessageReceived,
)
from antiphon.core.policy import Policy, WrappedPolicy
from antiphon.core.ports import Caller
from antiphon.core.reason import Reason, Refused
from antiphon.core.switchboard import Membership
from tests.support.fakes import (
    DOMAIN,
    FakeDevice,
    FakeReach,
    House,
    Recorder,
    account,
    guest,
    house,
)

ANN = account("ann")
BOB = account("bob")


def on(caller: Caller, device: str) -> Caller:
    return Caller(address=caller.address.on(device), name=caller.name, grants=caller.grants)


def ends(outlet: Recorder) -> list[Reason | None]:
    return [event.call.reason for event in outlet.events if isinstance(event, CallEnded)]


async def refusal(reason: Reason, verb: object) -> None:
    with pytest.raises(Refused) as refused:
        await verb  # type: ignore[misc]
    assert refused.value.reason is reason


async def meet(here: House, call: CallInfo, *callers: Caller) -> list[Membership]:
    return [await here.switchboard.join(one, call.room, Recorder()) for one in callers]


async def test_every_device_rings_and_the_first_that_answers_wins() -> None:
    here = house()
    desk, tab = here.reach.add("bob", "desk"), here.reach.add("bob", "tab")
    ann, watcher = Recorder(), Recorder()
    here.switchboard.watch(watcher)
    call = await here.switchboard.call(ANN, "bob", ann, video=True)
    assert (call.state, call.caller_name, call.callee) == (CallState.CALLING, "Ann", BOB.address)
    assert is_call_room(call.room)
    assert desk.take() == tab.take() == [Invited(call.room, call)]
    here.switchboard.ringing(call.id, desk.address)
    here.switchboard.ringing(call.id, desk.address)
    answered = here.switchboard.answer(call.id, tab.address)
    assert (answered.state, answered.by) == (CallState.ANSWERED, tab.address)
    with pytest.raises(Refused) as late:
        here.switchboard.answer(call.id, desk.address)
    assert late.value.reason is Reason.GONE
    assert ann.names() == ["CallRinging", "CallAnswered"]
    assert ends(desk) == [Reason.ELSEWHERE]
    assert tab.events == []
    await meet(here, call, ANN, BOB)
    here.switchboard.hang_up(call.id)
    assert ends(ann) == ends(tab) == [Reason.LEFT]
    assert ends(desk) == [Reason.ELSEWHERE], "told once"
    assert here.switchboard.find(call.room) is None
    assert here.switchboard.call_info(call.id) is None
    kinds = [type(event) for event in watcher.events]
    assert [kinds.count(kind) for kind in (CallRinging, CallAnswered, CallEnded)] == [1, 1, 1]
    assert [word.state for word in here.calls.words] == ["calling", "answered", "ended"]


async def test_the_caller_gives_up() -> None:
    here = house()
    desk = here.reach.add("bob", "desk")
    ann = Recorder()
    call = await here.switchboard.call(ANN, BOB.address, ann)
    here.switchboard.hang_up(call.id)
    here.switchboard.hang_up(call.id)
    assert ends(ann) == ends(desk) == [Reason.CANCELLED]
    with pytest.raises(Refused) as late:
        here.switchboard.answer(call.id, desk.address)
    assert late.value.reason is Reason.GONE


async def test_nobody_answers() -> None:
    here = house(call_limits=CallLimits(ring_time=1.0))
    desk = here.reach.add("bob", "desk")
    ann = Recorder()
    call = await here.switchboard.call(ANN, "bob", ann)
    await asyncio.sleep(1.1)
    assert ends(ann) == [Reason.TIMEOUT]
    assert ends(desk) == [Reason.CANCELLED]
    assert here.calls.stored[call.id].reason is Reason.TIMEOUT


@pytest.mark.parametrize(
    ("reasons", "end"),
    [
        ([Reason.BUSY, Reason.BUSY], Reason.BUSY),
        ([Reason.BUSY, Reason.DECLINED], Reason.DECLINED),
        ([Reason.BUSY, Reason.UNAVAILABLE], Reason.BUSY),
        ([Reason.TIMEOUT, Reason.UNAVAILABLE], Reason.UNAVAILABLE),
    ],
)
async def test_the_last_device_to_decline_ends_the_call(reasons: list[Reason], end: Reason) -> None:
    here = house()
    devices = [here.reach.add("bob", f"d{number}") for number in range(len(reasons))]
    ann = Recorder()
    call = await here.switchboard.call(ANN, "bob", ann)
    for device, reason in zip(devices, reasons, strict=True):
        assert ends(ann) == []
        here.switchboard.decline(call.id, device.address, reason)
        here.switchboard.decline(call.id, device.address, reason)
    assert ends(ann) == [end]
    assert [ends(device) for device in devices] == [[], []], "who declined knows"


async def test_one_may_decline_for_all() -> None:
    here = house()
    desk, tab = here.reach.add("bob", "desk"), here.reach.add("bob", "tab")
    ann = Recorder()
    call = await here.switchboard.call(ANN, "bob", ann)
    here.switchboard.decline(call.id, Address("bob", DOMAIN, "other"), everywhere=True)
    assert ends(ann) == []
    here.switchboard.decline(call.id, tab.address, everywhere=True)
    assert ends(ann) == [Reason.DECLINED]
    assert ends(desk) == [Reason.ELSEWHERE]
    assert ends(tab) == []


async def test_a_device_that_answers_while_it_is_told() -> None:
    here = house()
    desk, tab = here.reach.add("bob", "desk"), here.reach.add("bob", "tab")

    def answer(event: Event) -> None:
        if isinstance(event, Invited):
            here.switchboard.answer(event.call.id, desk.address)

    desk.does = answer
    ann = Recorder()
    call = await here.switchboard.call(ANN, "bob", ann)
    assert call.state is CallState.ANSWERED
    assert ann.names() == ["CallAnswered"]
    assert tab.names() == ["Invited", "CallEnded"]


async def test_all_decline_while_they_are_told() -> None:
    here = house()
    desk = here.reach.add("bob", "desk")
    desk.does = lambda event: here.switchboard.decline(
        event.call.id,  # type: ignore[attr-defined]
        desk.address,
        Reason.BUSY,
    )
    ann = Recorder()
    call = await here.switchboard.call(ANN, "bob", ann)
    assert (call.state, call.reason) == (CallState.ENDED, Reason.BUSY)
    assert ends(ann) == [Reason.BUSY]


async def test_ones_own_device_is_not_rung_but_ones_others_are() -> None:
    here = house()
    here.directory.names.add("ann")
    tab, desk = here.reach.add("ann", "tab"), here.reach.add("ann", "desk")
    await here.switchboard.call(on(ANN, "tab"), "ann", Recorder())
    assert (tab.names(), desk.names()) == ([], ["Invited"])
    await here.switchboard.call(ANN, "ann", desk)
    assert (tab.names(), desk.names()) == (["Invited"], [])
    here.reach.list = [tab]
    await refusal(Reason.UNAVAILABLE, here.switchboard.call(on(ANN, "tab"), "ann", tab))


async def test_one_device_may_be_called() -> None:
    here = house()
    tab, desk = here.reach.add("bob", "tab"), here.reach.add("bob", "desk")
    await here.switchboard.call(ANN, desk.address, Recorder())
    assert (tab.names(), desk.names()) == ([], ["Invited"])
    await refusal(Reason.UNAVAILABLE, here.switchboard.call(ANN, "bob/gone", Recorder()))


async def test_who_cannot_be_reached() -> None:
    here = house()
    here.directory.names.add("bob")
    ann = Recorder()
    await refusal(Reason.UNAVAILABLE, here.switchboard.call(ANN, "bob", ann))
    await refusal(Reason.NOT_FOUND, here.switchboard.call(ANN, "nobody", ann))
    await refusal(Reason.BAD_REQUEST, here.switchboard.call(ANN, "standup@rooms.example.org", ann))
    here.reach.error = Refused(Reason.FORBIDDEN, "No calls abroad.")
    await refusal(Reason.FORBIDDEN, here.switchboard.call(ANN, "+44 20 1234", ann))
    assert ann.events == []
    assert list(here.switchboard.calls) == []
    ended = [call for call in here.calls.stored.values() if call.state is CallState.ENDED]
    assert [call.reason for call in ended] == ["unavailable", "not_found", "forbidden"]


async def test_a_way_that_fails_or_hangs_does_not_close_the_others() -> None:
    here = house(call_limits=CallLimits(search_time=0.05))
    broken, hanging = FakeReach(), FakeReach()
    broken.error = RuntimeError("broken")
    hanging.gate = asyncio.Event()
    here.switchboard.add_reach(broken)
    remove = here.switchboard.add_reach(hanging)
    desk = here.reach.add("bob", "desk")
    await here.switchboard.call(ANN, "bob", Recorder())
    assert desk.names() == ["Invited"]
    remove()
    remove()
    await here.switchboard.call(ANN, "bob", Recorder())
    assert len(hanging.asked) == 1


async def test_the_same_device_found_in_two_ways_is_rung_once() -> None:
    here = house()
    desk = here.reach.add("bob", "desk")
    here.switchboard.add_reach(FakeReach(desk))
    await here.switchboard.call(ANN, "bob", Recorder())
    assert desk.names() == ["Invited"]


async def test_a_device_that_comes_while_it_rings() -> None:
    here = house()
    here.reach.add("bob", "desk")
    call = await here.switchboard.call(ANN, "bob", Recorder())
    late = FakeDevice(address=Address("bob", DOMAIN, "late"))
    here.switchboard.invite(call.id, late)
    here.switchboard.invite(call.id, late)
    assert late.names() == ["Invited"]
    here.switchboard.answer(call.id, late.address)
    later = FakeDevice(address=Address("bob", DOMAIN, "later"))
    here.switchboard.invite(call.id, later)
    assert later.names() == []


async def test_a_call_may_be_ended_while_its_devices_are_sought() -> None:
    here = house()
    desk = here.reach.add("bob", "desk")
    here.reach.gate = asyncio.Event()
    ann = Recorder()
    calling = asyncio.create_task(here.switchboard.call(ANN, "bob", ann, id="mine"))
    await asyncio.sleep(0)
    await refusal(Reason.CONFLICT, here.switchboard.call(ANN, "bob", ann, id="mine"))
    here.switchboard.hang_up("mine")
    here.reach.gate.set()
    await refusal(Reason.CANCELLED, calling)
    assert desk.events == []
    assert here.calls.stored["mine"].reason is Reason.CANCELLED


async def test_who_stops_waiting_leaves_no_call_behind() -> None:
    here = house()
    here.reach.gate = asyncio.Event()
    calling = asyncio.create_task(here.switchboard.call(ANN, "bob", Recorder()))
    await asyncio.sleep(0)
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    assert list(here.switchboard.calls) == []


async def test_limits() -> None:
    here = house(call_limits=CallLimits(calls=3, calls_per_caller=2, devices=2))
    devices = [here.reach.add("bob", f"d{number}") for number in range(3)]
    for _ in range(2):
        await here.switchboard.call(ANN, "bob", Recorder())
    assert [len(device.events) for device in devices] == [2, 2, 0]
    await refusal(Reason.TOO_MANY, here.switchboard.call(on(ANN, "x"), "bob", Recorder()))
    mine = await here.switchboard.call(account("cy"), "bob", Recorder())
    await refusal(Reason.TOO_MANY, here.switchboard.call(account("dee"), "bob", Recorder()))
    here.switchboard.hang_up(mine.id)
    await here.switchboard.call(account("dee"), "bob", Recorder())
    with pytest.raises(ValueError, match="ring_time"):
        CallLimits(ring_time=0)
    await refusal(Reason.BAD_REQUEST, here.switchboard.call(BOB, "bob", Recorder(), id="x" * 257))


@pytest.mark.parametrize(
    ("caller", "callee", "policy", "allowed"),
    [
        (ANN, "bob", Policy(), True),
        (ANN, "+4930123", Policy(), True),
        (guest("g"), "bob", Policy(guests=True), True),
        (guest("g"), "bob", Policy(guests=False), False),
        (guest("g"), "h@guest.example.org", Policy(guests=True), True),
        (guest("g"), "+4930123", Policy(guests=True), False),
        (guest("g"), "4711", Policy(guests=True), False),
        (account("a", rooms=frozenset({"r"})), "bob", Policy(), False),
    ],
)
async def test_who_may_call_whom(
    caller: Caller, callee: str, policy: Policy, allowed: bool
) -> None:
    for rules in (policy, WrappedPolicy(policy)):
        here = house(rules)
        here.directory.names.add("bob")
        address = here.addresses.callee(callee)
        device = FakeDevice(address=address.on("d"))
        here.reach.list.append(device)
        if allowed:
            await here.switchboard.call(caller, callee, Recorder())
            await here.switchboard.send(caller, callee, "hello")
            assert device.names() == ["Invited", "MessageReceived"]
        else:
            await refusal(Reason.FORBIDDEN, here.switchboard.call(caller, callee, Recorder()))
            await refusal(Reason.FORBIDDEN, here.switchboard.send(caller, callee, "hello"))
            assert here.reach.asked == []


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


async def test_messages_reach_every_device() -> None:
    here = house()
    here.directory.names.add("cy")
    desk, tab = here.reach.add("bob", "desk"), here.reach.add("bob", "tab")

    def fail(event: Event) -> None:
        raise RuntimeError("broken")

    tab.does = fail
    sent = await here.switchboard.send(ANN, "bob", "hello", "origin")
    assert (sent.room, sent.sender, sent.text) == (BOB.address, ANN.address, "hello")
    assert desk.take() == [MessageReceived("", sent)]
    here.reach.list = [tab]
    await refusal(Reason.UNAVAILABLE, here.switchboard.send(ANN, "bob", "hello"))
    await refusal(Reason.UNAVAILABLE, here.switchboard.send(ANN, "cy", "hello"))
    await refusal(Reason.NOT_FOUND, here.switchboard.send(ANN, "nobody", "hello"))


async def test_keys_and_hold() -> None:
    here = house()
    ann = await here.switchboard.join(ANN, "r", Recorder())
    bob = Recorder()
    await here.switchboard.join(BOB, "r", bob)
    here.switchboard.press("r", ann.member.id, "#", 0.1)
    here.switchboard.hold("r", ann.member.id, True)
    here.switchboard.hold("r", ann.member.id, True)
    assert bob.names() == ["DigitPressed", "Held", "MemberChanged"]
    assert ann.member.info.held
    for digit, duration in (("E", 0.1), ("12", 0.1), ("1", -1.0), ("1", float("nan"))):
        with pytest.raises(Refused):
            here.switchboard.press("r", ann.member.id, digit, duration)


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
