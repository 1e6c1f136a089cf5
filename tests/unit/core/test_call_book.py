"""The book of calls under any order of events: nothing is told twice, nothing is left behind."""

from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from antiphon.core.address import Address
from antiphon.core.call import CallInfo, CallState
from antiphon.core.calls import CallBook, CallLimits
from antiphon.core.event import CallAnswered, CallEnded, CallRinging, Event, Invited
from antiphon.core.reason import Reason, Refused
from tests.support.fakes import DOMAIN, FakeDevice, Recorder

IDS = [f"c{number}" for number in range(4)]
DEVICES = [f"d{number}" for number in range(4)]
CALLERS = ["ann", "bob"]
ids, devices, callers = st.sampled_from(IDS), st.sampled_from(DEVICES), st.sampled_from(CALLERS)
reasons = st.sampled_from([Reason.BUSY, Reason.DECLINED, Reason.UNAVAILABLE])
ends = st.sampled_from([Reason.LEFT, Reason.TIMEOUT, Reason.DRAINING, Reason.TRANSFERRED])
# What a device does at once when it is called, while others are still being told.
hasty = st.sampled_from(["", "ring", "answer", "decline", "decline all", "hang up", "fail"])


def address(device: str) -> Address:
    return Address("cy", DOMAIN, device)


@dataclass
class Seen:
    """What one call was, from its beginning to its end."""

    info: CallInfo
    outlet: Recorder = field(default_factory=Recorder)
    devices: dict[str, FakeDevice] = field(default_factory=dict)
    declined: set[str] = field(default_factory=set)
    answers: list[str] = field(default_factory=list)
    changes: list[CallInfo] = field(default_factory=list)
    ended: int = 0


class Book(RuleBasedStateMachine):
    """Calls begin, ring, are answered, declined and ended; devices may do so while being told."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.running: dict[str, Seen] = {}
        self.past: list[Seen] = []
        self.public: list[Event] = []
        self.limits = CallLimits(calls=3, calls_per_caller=2, devices=3)
        self.book = CallBook(
            self.limits,
            watch=self.public.append,
            changed=self.changed,
            ended=self.over,
            now=self.tick,
        )

    def tick(self) -> float:
        self.now += 1
        return self.now

    def changed(self, info: CallInfo) -> None:
        if info.id not in self.running:
            self.running[info.id] = Seen(info)
        self.running[info.id].changes.append(info)

    def over(self, info: CallInfo) -> None:
        seen = self.running.pop(info.id)
        assert seen.changes[-1] == info
        seen.ended += 1
        self.past.append(seen)

    @rule(id=ids, caller=callers, room=st.sampled_from([None, "standup"]))
    def begin(self, id: str, caller: str, room: str | None) -> None:
        before = dict(self.running)
        own = sum(seen.info.caller.local == caller for seen in before.values())
        if id in before or len(before) == 3 or own == 2:
            with pytest.raises(Refused) as refused:
                self.begun(id, caller, room, Recorder())
            wanted = Reason.CONFLICT if id in before else Reason.TOO_MANY
            assert refused.value.reason is wanted
            return
        outlet = Recorder()
        info = self.begun(id, caller, room, outlet)
        self.running[id].outlet = outlet
        assert info in self.book.into(info.room)

    def begun(self, id: str, caller: str, room: str | None, outlet: Recorder) -> CallInfo:
        here, there = Address(caller, DOMAIN), Address("cy", DOMAIN)
        return self.book.begin(id, here, there, outlet, name="", room=room, video=False)

    @rule(id=ids, device=devices, does=hasty)
    def invite(self, id: str, device: str, does: str) -> None:
        seen = self.running.get(id)
        made = FakeDevice(address=address(device))
        made.does = lambda event: self.act(id, device, does) if isinstance(event, Invited) else None
        if seen is None:
            with pytest.raises(Refused, match="ended"):
                self.book.invite(id, [made])
            return
        may = device not in seen.devices and len(seen.devices) < 3 and self.rings(id)
        if may:
            seen.devices[device] = made
        self.book.invite(id, [made])
        assert bool(made.events) == may

    def rings(self, id: str) -> bool:
        info = self.book.find(id)
        return info is not None and info.unanswered

    def act(self, id: str, device: str, does: str) -> None:
        match does:
            case "ring":
                self.ringing(id, device)
            case "answer":
                self.answer(id, device)
            case "decline":
                self.decline(id, device, Reason.BUSY, False)
            case "decline all":
                self.decline(id, device, Reason.DECLINED, True)
            case "hang up":
                self.end(id, Reason.LEFT)
            case "fail":
                raise RuntimeError("a device that breaks")

    @rule(id=ids, device=devices)
    def ringing(self, id: str, device: str) -> None:
        self.book.ringing(id, address(device))

    @rule(id=ids, device=devices)
    def answer(self, id: str, device: str) -> None:
        seen = self.running.get(id)
        called = seen is not None and device in seen.devices and device not in seen.declined
        if not (called and self.rings(id)):
            with pytest.raises(Refused) as refused:
                self.book.answer(id, address(device))
            assert refused.value.reason in (Reason.GONE, Reason.FORBIDDEN)
            return
        info = self.book.answer(id, address(device))
        assert seen is not None
        assert (info.state, info.by) == (CallState.ANSWERED, address(device))
        seen.answers.append(device)

    @rule(id=ids, device=devices, reason=reasons, everywhere=st.booleans())
    def decline(self, id: str, device: str, reason: Reason, everywhere: bool) -> None:
        seen = self.running.get(id)
        if seen is not None and device in seen.devices and self.rings(id):
            seen.declined.add(device)
        self.book.decline(id, address(device), reason, everywhere)

    @rule(id=ids, reason=ends)
    def end(self, id: str, reason: Reason) -> None:
        was = self.book.find(id)
        info = self.book.end(id, reason)
        assert (info is None) == (was is None)
        if info is not None and was is not None:
            cancelled = was.unanswered and reason is Reason.LEFT
            assert info.reason is (Reason.CANCELLED if cancelled else reason)

    @invariant()
    def what_runs_is_known(self) -> None:
        running = {info.id: info for info in self.book.running}
        assert running.keys() == self.running.keys()
        for id, seen in self.running.items():
            assert seen.changes[-1].state in (CallState.CALLING, CallState.ANSWERED)
            assert running[id] in self.book.into(running[id].room)
            assert len(seen.answers) <= 1

    @invariant()
    def everybody_heard_what_they_must(self) -> None:
        for seen in self.past:
            last = seen.changes[-1]
            assert seen.ended == 1
            assert [change.state for change in seen.changes].count(CallState.ENDED) == 1
            assert last.ended_at is not None
            assert last.ended_at >= last.started_at
            assert len(seen.answers) <= 1
            heard = Counter(type(event) for event in seen.outlet.events)
            assert heard[CallEnded] == 1
            assert isinstance(seen.outlet.events[-1], CallEnded)
            assert heard[CallAnswered] == len(seen.answers)
            for name, device in seen.devices.items():
                self.check_device(seen, name, device)

    def check_device(self, seen: Seen, name: str, device: FakeDevice) -> None:
        kinds = [type(event) for event in device.events]
        assert kinds == ([Invited] if name in seen.declined else [Invited, CallEnded]), name
        if name in seen.declined:
            return
        (end,) = [event.call for event in device.events if isinstance(event, CallEnded)]
        if name in seen.answers:
            assert end == seen.changes[-1]
        else:
            assert end.reason in (Reason.ELSEWHERE, Reason.CANCELLED)

    def teardown(self) -> None:
        for id in IDS:
            self.book.end(id, Reason.DRAINING)
        self.everybody_heard_what_they_must()
        assert len(self.book) == 0
        assert self.book.into("standup") == []
        told = Counter(type(event) for event in self.public)
        assert told[CallEnded] == len(self.past)
        assert told[Invited] == 0
        assert told[CallRinging] == sum(
            isinstance(event, CallRinging) for seen in self.past for event in seen.outlet.events
        )


TestBook = Book.TestCase
TestBook.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
