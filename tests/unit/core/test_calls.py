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
from antiphon.core.message import Draft
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


async def test_messages_reach_every_device() -> None:
    here = house()
    here.directory.names.add("cy")
    desk, tab = here.reach.add("bob", "desk"), here.reach.add("bob", "tab")

    def fail(event: Event) -> None:
        raise RuntimeError("broken")

    tab.does = fail
    sent = await here.switchboard.send(ANN, "bob", Draft(text="hello", origin_id="origin"))
    assert (sent.to, sent.sender, sent.text) == (BOB.address, ANN.address, "hello")
    assert desk.take() == [MessageReceived("", sent)]
    here.reach.list = [tab]
    await refusal(Reason.UNAVAILABLE, here.switchboard.send(ANN, "bob", "hello"))
    waits = await here.switchboard.send(ANN, "cy", "hello")
    assert await here.messages.waiting(account("cy").address) == [waits]
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
