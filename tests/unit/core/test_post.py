"""Direct messages: who gets them, what is kept, in which order, and what is refused."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from antiphon.core.address import Address
from antiphon.core.delivery import PAUSE
from antiphon.core.event import Event, MessageReceived, MessageSent
from antiphon.core.message import Draft, Mark, Message, MessageKind, Span
from antiphon.core.people import Keep, Keeping, Letter
from antiphon.core.ports import Caller
from antiphon.core.post import PostLimits
from antiphon.core.reason import Reason, Refused
from tests.support.archive import MemoryMessages
from tests.support.fakes import DOMAIN, FakeDevice, House, account, guest, house

ANN, BEN = account("ann"), account("ben")


class Lists:
    """Who is in whose list, and who blocks whom."""

    def __init__(self) -> None:
        self.blocking: set[tuple[Address, Address]] = set()
        self.known: set[Address] = set()
        self.listed: set[tuple[Address, Address]] = set()

    def blocks(self, account: Address, other: Address) -> bool | None:
        return (account, other.bare) in self.blocking if account in self.known else None

    def lists(self, account: Address, other: Address) -> bool | None:
        return (account, other) in self.listed if account in self.known else None

    async def blocked(self, account: Address) -> Sequence[str]:
        self.known.add(account)
        return []

    async def of(self, account: Address) -> Sequence[object]:
        return []


def people(**options: object) -> House:
    """Ann and Ben have accounts."""
    made = house(None, contacts=Lists(), **options)
    made.directory.names |= {"ann", "ben"}
    return made


def lists(here: House) -> Lists:
    found: Any = here.switchboard._post.contacts
    assert isinstance(found, Lists)
    return found


def received(device: FakeDevice) -> list[str]:
    return [one.message.text for one in device.take() if isinstance(one, MessageReceived)]


async def archived(here: House, who: Caller) -> list[str]:
    page = await here.messages.read(who.address, Span())
    return [message.text for message in page.messages]


async def refusal(reason: Reason, here: House, caller: Caller, to: str, what: Draft | str) -> None:
    with pytest.raises(Refused) as refused:
        await here.switchboard.send(caller, to, what)
    assert refused.value.reason is reason


async def test_both_keep_it_and_every_device_hears() -> None:
    here = people()
    desk, phone = here.reach.add("ben", "desk"), here.reach.add("ben", "phone")
    tab, other = here.reach.add("ann", "tab"), here.reach.add("ann", "other")
    caller = Caller(address=tab.address, name="Ann")
    sent = await here.switchboard.send(caller, "ben", "hello", outlet=tab)
    assert (sent.sender, sent.to) == (tab.address, BEN.address)
    for device in (desk, phone):
        assert device.take() == [MessageReceived("", sent)]
    assert other.take() == [MessageSent("", sent)]
    assert tab.take() == []
    assert await archived(here, ANN) == await archived(here, BEN) == ["hello"]
    assert await here.messages.waiting(BEN.address) == []


async def test_one_device_comes_first_and_others_hear_unless_it_is_not_for_them() -> None:
    here = people()
    desk, phone = here.reach.add("ben", "desk"), here.reach.add("ben", "phone")
    order: list[str] = []
    desk.does = lambda _: order.append("desk")
    phone.does = lambda _: order.append("phone")
    phone.listens = False
    sent = await here.switchboard.send(ANN, "ben@example.org/phone", "to the phone")
    assert sent.to == phone.address
    assert order == ["phone", "desk"]
    await here.switchboard.send(ANN, "ben@example.org/phone", Draft(text="only", copied=False))
    assert order == ["phone", "desk", "phone"]
    await here.switchboard.send(ANN, "ben@example.org/gone", "to whoever is there")
    assert order[-1] == "desk"


async def test_what_nobody_takes_waits_for_the_first_who_comes() -> None:
    here = people()
    away = here.reach.add("ben", "away")
    away.listens = False
    first = await here.switchboard.send(ANN, "ben", "first")
    second = await here.switchboard.send(ANN, "ben", "second")
    assert away.take() == []
    assert await here.messages.waiting(BEN.address) == [first, second]
    away.listens = True
    here.switchboard.came(away)
    await here.switchboard.send(ANN, "ben", "third")
    await asyncio.sleep(PAUSE * 2)
    heard = [event for event in away.take() if isinstance(event, MessageReceived)]
    assert sorted((one.message.text, one.waited) for one in heard) == [
        ("first", True),
        ("second", True),
        ("third", False),
    ]
    assert await here.messages.waiting(BEN.address) == []
    here.switchboard.came(away)
    await asyncio.sleep(PAUSE * 2)
    assert away.take() == []


async def test_what_waits_goes_on_waiting_when_who_came_is_gone_meanwhile() -> None:
    here = people()
    sent = await here.switchboard.send(ANN, "ben", "hello")
    away = here.reach.add("ben", "away")
    here.switchboard.came(away)
    here.reach.list.remove(away)
    await asyncio.sleep(PAUSE * 2)
    assert away.take() == []
    assert await here.messages.waiting(BEN.address) == [sent]
    desk = here.reach.add("ben", "desk")
    here.switchboard.came(desk)
    await asyncio.sleep(PAUSE * 2)
    assert received(desk) == ["hello"]
    assert await here.messages.waiting(BEN.address) == []


async def test_what_waited_longer_is_brought_though_a_later_message_was_taken_at_once() -> None:
    here = people()
    desk = here.reach.add("ben", "desk")
    desk.listens = False
    old = await here.switchboard.send(ANN, "ben", "old")
    held: list[Letter] = []
    post = here.messages.post
    here.messages.post = held.append  # type: ignore[assignment,method-assign]
    here.switchboard.submit(ANN, BEN.address, Draft(text="new"), heard=lambda _: None)
    assert [letter.waiting for letter in held] == [True]
    desk.listens = True  # while it is written
    post(held[0])
    await asyncio.sleep(0.01)
    assert received(desk) == ["new"]
    assert await here.messages.waiting(BEN.address) == [old]
    here.switchboard.came(desk)
    await asyncio.sleep(0.01)
    assert received(desk) == ["old"]


async def test_a_device_that_goes_before_it_is_told() -> None:
    here = people()
    desk = here.reach.add("ben", "desk")

    class Slow(MemoryMessages):
        def post(self, letter: object) -> None:
            here.reach.list.clear()
            MemoryMessages.post(self, letter)  # type: ignore[arg-type]

    here.messages.__class__ = Slow
    sent = await here.switchboard.send(ANN, "ben", "hello")
    await asyncio.sleep(0.01)
    assert desk.take() == []
    assert await here.messages.waiting(BEN.address) == [sent]


async def test_what_is_not_kept_is_delivered_or_refused() -> None:
    here = people()
    draft = Draft(text="psst", kept=False)
    await refusal(Reason.UNAVAILABLE, here, ANN, "ben", draft)
    desk = here.reach.add("ben", "desk")
    await here.switchboard.send(ANN, "ben", draft)
    assert received(desk) == ["psst"]
    assert here.messages.stored == []


async def test_archives_keep_what_their_owners_chose() -> None:
    here = people()
    here.reach.add("ben", "desk")
    await here.messages.keep(ANN.address, Keeping(default=Keep.NEVER))
    await here.messages.keep(BEN.address, Keeping(default=Keep.CONTACTS))
    await here.switchboard.send(ANN, "ben", "one")
    assert here.messages.stored == []
    lists(here).listed.add((BEN.address, ANN.address))
    await here.switchboard.send(ANN, "ben", "two")
    assert (await archived(here, ANN), await archived(here, BEN)) == ([], ["two"])
    await here.messages.keep(
        ANN.address, Keeping(default=Keep.NEVER, always=frozenset({BEN.address}))
    )
    await here.messages.keep(BEN.address, Keeping(never=frozenset({ANN.address})))
    await here.switchboard.send(ANN, "ben", "three")
    assert (await archived(here, ANN), await archived(here, BEN)) == (["three"], ["two"])
    here.reach.list.clear()
    await here.switchboard.send(ANN, "ben", "waits somewhere")
    assert await archived(here, BEN) == ["two", "waits somewhere"]


async def test_blocked_either_way() -> None:
    here = people()
    desk = here.reach.add("ben", "desk")
    lists(here).blocking.add((BEN.address, ANN.address))
    await refusal(Reason.FORBIDDEN, here, ANN, "ben", "hello")
    await refusal(Reason.CONFLICT, here, BEN, "ann", "hello")
    assert desk.take() == []
    assert here.messages.stored == []


async def test_order_is_kept_while_the_first_is_looked_up() -> None:
    here = people()
    desk = here.reach.add("ben", "desk")
    heard: list[str] = []

    def note(outcome: Message | Refused) -> None:
        heard.append(outcome.text)

    for number in range(5):
        here.switchboard.submit(ANN, BEN.address, Draft(text=f"{number}"), heard=note)
    assert heard == []
    await asyncio.sleep(0.01)
    here.switchboard.submit(ANN, BEN.address, Draft(text="5"), heard=note)
    assert heard == received(desk) == [f"{number}" for number in range(6)]


async def test_too_many_are_refused_and_come_back_with_time() -> None:
    time = 10.0
    here = people(post_limits=PostLimits(rate=1, burst=3), clock=lambda: time)
    here.reach.add("ben", "desk")
    outcomes: list[Message | Refused] = []
    for _ in range(5):
        here.switchboard.submit(ANN, BEN.address, Draft(text="x"), heard=outcomes.append)
    await asyncio.sleep(0.02)
    refused = [one.reason for one in outcomes if isinstance(one, Refused)]
    assert refused == [Reason.TOO_MANY] * 2
    time += 1.0
    await here.switchboard.send(ANN, "ben", "later")
    await refusal(Reason.TOO_MANY, here, ANN, "ben", "too soon")
    here.directory.rates["ben"] = 0.001
    await here.switchboard.send(BEN, "ann", "one")
    await refusal(Reason.TOO_MANY, here, BEN, "ann", "two")


async def test_too_many_marks_are_refused_without_a_look_and_cost_no_messages() -> None:
    here = people(post_limits=PostLimits(rate=1, burst=3), clock=lambda: 10.0)
    here.reach.add("ben", "desk")
    sent = await here.switchboard.send(ANN, "ben", "hello")

    async def mark(reference: str) -> Reason | None:
        try:
            await here.switchboard.mark(BEN, ANN.address.bare, Mark.DISPLAYED, reference)
        except Refused as refused:
            return refused.reason
        return None

    tried = [await mark(reference) for reference in ("nothing", "nowhere", sent.id, sent.id)]
    assert tried == [Reason.NOT_FOUND, Reason.NOT_FOUND, None, Reason.TOO_MANY]
    for text in ("one", "two", "three"):
        await here.switchboard.send(BEN, "ann", text)


async def test_a_sender_that_fails_to_hear_does_not_hold_up_what_it_sent_later() -> None:
    here = people()
    desk = here.reach.add("ben", "desk")

    def broken(outcome: Message | Refused) -> None:
        raise RuntimeError("an error of ours")

    nothing = Draft(kind=MessageKind.REACTION, reactions=("👍",), about="nothing")
    here.switchboard.submit(ANN, BEN.address, nothing, heard=broken)
    here.switchboard.submit(ANN, BEN.address, Draft(text="later"), heard=lambda _: None)
    await asyncio.sleep(0.01)
    assert received(desk) == ["later"]
    assert here.switchboard.message_failures == 1


async def test_changes_name_the_message_that_they_change() -> None:
    here = people()
    desk = here.reach.add("ben", "desk")
    first = await here.switchboard.send(ANN, "ben", Draft(text="helo", origin_id="o-1"))
    correction = Draft(kind=MessageKind.CORRECTION, text="hello", about="o-1")
    corrected = await here.switchboard.send(ANN, "ben", correction)
    assert corrected.draft.about == first.id
    again = Draft(kind=MessageKind.CORRECTION, text="hello!", about=corrected.id)
    assert (await here.switchboard.send(ANN, "ben", again)).draft.about == first.id
    reaction = Draft(kind=MessageKind.REACTION, reactions=("👍",), about="o-1")
    assert (await here.switchboard.send(BEN, "ann", reaction)).draft.about == first.id
    assert len(desk.take()) == 4

    theirs = Draft(kind=MessageKind.RETRACTION, about=first.id)
    await refusal(Reason.FORBIDDEN, here, BEN, "ann", theirs)
    unknown = Draft(kind=MessageKind.REACTION, reactions=("👍",), about="o-9")
    await refusal(Reason.NOT_FOUND, here, BEN, "ann", unknown)
    await refusal(Reason.BAD_REQUEST, here, BEN, "ann", Draft(kind=MessageKind.REACTION))
    await here.switchboard.send(ANN, "ben", theirs)
    page = await here.messages.read(BEN.address, Span(limit=1, latest=False))
    assert [message.text for message in page.messages] == [""]


async def test_the_same_message_again_is_told_once() -> None:
    here = people()
    desk = here.reach.add("ben", "desk")
    draft = Draft(text="hello", origin_id="o-1")
    first = await here.switchboard.send(ANN, "ben", draft)
    assert await here.switchboard.send(ANN, "ben", draft) == first
    assert received(desk) == ["hello"]


async def test_a_note_to_oneself() -> None:
    here = people()
    tab, other = here.reach.add("ann", "tab"), here.reach.add("ann", "other")
    caller = Caller(address=tab.address, name="Ann")
    await here.switchboard.send(caller, "ann", "milk", outlet=tab)
    assert received(other) == ["milk"]
    assert tab.take() == []
    assert await archived(here, ANN) == ["milk"]


async def test_guests_and_rooms() -> None:
    here = people()
    desk = here.reach.add("ben", "desk")
    visitor = guest("visitor")
    await here.switchboard.send(visitor, "ben", "hello")
    assert received(desk) == ["hello"]
    assert await archived(here, BEN) == ["hello"]
    page = FakeDevice(address=visitor.address.on("page"))
    here.reach.list.append(page)
    await here.switchboard.send(BEN, f"visitor@guest.{DOMAIN}", "welcome")
    assert received(page) == ["welcome"]
    assert await archived(here, BEN) == ["hello", "welcome"]
    await refusal(Reason.BAD_REQUEST, here, ANN, f"r@rooms.{DOMAIN}", "hello")


async def test_a_device_that_fails_does_not_keep_others_from_hearing() -> None:
    here = people()
    bad, good = here.reach.add("ben", "bad"), here.reach.add("ben", "good")

    def fail(_: Event) -> None:
        raise RuntimeError("broken")

    bad.does = fail
    await here.switchboard.send(ANN, "ben", "hello")
    assert received(good) == ["hello"]
    assert here.switchboard.message_failures == 1


async def test_who_comes_soon_after_others_is_looked_for_together_with_them() -> None:
    here = people()
    looks: list[set[str]] = []
    look = here.messages.who_waits

    async def counted(accounts: Sequence[Address]) -> Sequence[Address]:
        looks.append({account.local for account in accounts})
        return await look(accounts)

    here.messages.who_waits = counted  # type: ignore[method-assign]
    await here.switchboard.send(ANN, "ben", "hello")
    devices = [here.reach.add(name, "desk") for name in ("ann", "cy", "dee", "ben")]
    here.switchboard.came(devices[0])
    await asyncio.sleep(PAUSE / 4)
    for device in devices[1:]:
        here.switchboard.came(device)
        await asyncio.sleep(PAUSE / 8)
    assert looks == [{"ann"}]
    await asyncio.sleep(PAUSE)
    assert looks == [{"ann"}, {"ben", "cy", "dee"}]
    assert received(devices[3]) == ["hello"]


async def test_a_look_that_fails_keeps_nobody_waiting_who_came_after_it() -> None:
    here = people()
    look = here.messages.who_waits

    async def fails(accounts: Sequence[Address]) -> Sequence[Address]:
        here.messages.who_waits = look  # type: ignore[method-assign]
        here.switchboard.came(desk)
        raise Refused(Reason.BUSY, "The disk is full.")

    here.messages.who_waits = fails  # type: ignore[method-assign]
    await here.switchboard.send(ANN, "ben", "hello")
    here.switchboard.came(here.reach.add("ann", "tab"))
    desk = here.reach.add("ben", "desk")
    await asyncio.sleep(PAUSE * 3)
    assert received(desk) == ["hello"]
