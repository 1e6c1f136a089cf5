"""Presence: what devices say, until they say otherwise, leave, or fall silent."""

import asyncio
from dataclasses import replace

import pytest

from antiphon.core.address import Address, Addresses
from antiphon.core.call import CallInfo, CallState
from antiphon.core.event import CallAnswered, CallEnded, Event, PresenceChanged
from antiphon.core.message import Original
from antiphon.core.presence import PresenceState
from antiphon.core.reason import Reason, Refused
from antiphon.services.accounts import Accounts
from antiphon.services.config import AccountsConfig
from antiphon.services.last_seen import LastSeen
from antiphon.services.presence import ON_A_CALL, PresenceBook, PresenceLimits
from antiphon.stores.database import Database
from antiphon.stores.records import KeyKind
from tests.support.wait import until

ANN = Address("ann", "example.org")
TAB, DESK = ANN.on("tab"), ANN.on("desk")


def state(device: Address = TAB, show: str = "available", note: str = "") -> PresenceState:
    return PresenceState(device=device, show=show, note=note)


def shown(book: PresenceBook, account: Address = ANN) -> dict[str, str]:
    return {one.device.device: one.show for one in book.of(account)}


class Watcher:
    def __init__(self) -> None:
        self.heard: list[tuple[str, ...]] = []

    def __call__(self, event: Event) -> None:
        assert isinstance(event, PresenceChanged)
        self.heard.append(tuple(sorted(f"{s.device.device}={s.show}" for s in event.devices)))


async def test_devices_come_change_and_go() -> None:
    book, watcher = PresenceBook(now=lambda: 5.0), Watcher()
    unwatch = book.watch(ANN, watcher)
    book.publish(state())
    book.publish(state())
    book.publish(state(DESK, "away"))
    book.withdraw(TAB)
    book.withdraw(TAB)
    book.publish(state(DESK, "offline"))
    assert watcher.heard == [
        ("tab=available",),
        ("desk=away", "tab=available"),
        ("desk=away",),
        (),
    ]
    assert book.of(ANN) == ()
    unwatch()
    unwatch()
    book.publish(state())
    assert len(watcher.heard) == 4
    assert book.of(TAB)[0].since == 5.0


async def test_since_stays_while_nothing_changes() -> None:
    times = iter([1.0, 2.0])
    book = PresenceBook(now=lambda: next(times))
    book.publish(state())
    book.publish(state())
    assert book.of(ANN)[0].since == 1.0
    book.publish(state(note="lunch"))
    assert book.of(ANN)[0].since == 2.0


@pytest.mark.virtual_time
async def test_who_falls_silent_is_forgotten() -> None:
    book, watcher = PresenceBook(clock=asyncio.get_running_loop().time), Watcher()
    book.watch(ANN, watcher)
    book.publish(state(TAB), expires=0.15)
    book.publish(state(DESK), expires=0.05)
    book.publish(state(ANN.on("stays")))
    await asyncio.sleep(0.1)
    assert set(shown(book)) == {"tab", "stays"}
    book.publish(state(TAB), expires=0.2)
    await asyncio.sleep(0.1)
    assert set(shown(book)) == {"tab", "stays"}, "it was renewed"
    await asyncio.sleep(0.15)
    assert set(shown(book)) == {"stays"}
    book.publish(state(TAB), expires=0.05)
    book.publish(state(TAB))
    await asyncio.sleep(0.1)
    assert set(shown(book)) == {"tab", "stays"}, "it does not expire any more"
    book.close()


async def test_renewing_does_not_pile_up() -> None:
    book = PresenceBook()
    for _ in range(10_000):
        book.publish(state(), expires=3600)
    assert len(book._queue) <= 128
    book.close()


@pytest.mark.parametrize("caller", [TAB, ANN])
async def test_who_is_in_a_call_is_busy(caller: Address) -> None:
    book, watcher = PresenceBook(), Watcher()
    bob = Address("bob", "example.org", "desk")
    book.publish(state(TAB))
    book.publish(state(bob))
    book.watch(ANN, watcher)
    call = CallInfo(
        id="c",
        room="r",
        caller=caller,
        caller_name="Ann",
        callee=bob.bare,
        by=bob,
        state=CallState.ANSWERED,
        started_at=0.0,
    )
    book.deliver(CallAnswered("r", call))
    book.deliver(CallAnswered("r", call))
    assert shown(book) == {"tab": "busy"}
    assert book.of(bob)[0].note == ON_A_CALL
    book.deliver(CallEnded("r", call))
    book.deliver(CallEnded("r", call))
    assert shown(book) == {"tab": "available"}
    assert watcher.heard == [("tab=busy",), ("tab=available",)]


@pytest.mark.parametrize(
    ("bad", "expires"),
    [(state(show="sleepy"), None), (state(note="x" * 1100), None), (state(), 0.0), (state(), 1e9)],
)
async def test_what_is_not_taken(bad: PresenceState, expires: float | None) -> None:
    book = PresenceBook()
    with pytest.raises(Refused) as refused:
        book.publish(bad, expires)
    assert refused.value.reason is Reason.BAD_REQUEST
    assert book.of(ANN) == ()


async def test_limits() -> None:
    limits = PresenceLimits(devices=3, devices_per_account=2, watchers=1)
    book = PresenceBook(limits)
    book.publish(state(TAB))
    book.publish(state(DESK))
    bob = Address("bob", "example.org")
    for device in (ANN.on("third"), bob.on("second")):
        book.publish(state(bob.on("first")))
        book.publish(state(device))
        assert device not in [one.device for one in book.of(device)]
    book.publish(state(TAB, "away"))
    assert shown(book) == {"tab": "away", "desk": "available"}
    book.withdraw(TAB)
    book.publish(state(bob.on("second")))
    ends = book.watch(ANN, Watcher())
    with pytest.raises(Refused):
        book.watch(bob, Watcher())
    ends()
    book.watch(bob, Watcher())
    assert book.refused == 3


async def test_a_watcher_that_fails_harms_nobody() -> None:
    book, watcher = PresenceBook(), Watcher()

    def fail(event: Event) -> None:
        raise RuntimeError("broken")

    book.watch(ANN, fail)
    book.watch(ANN, watcher)
    book.publish(state())
    assert watcher.heard == [("tab=available",)]


async def test_which_device_changed_is_said() -> None:
    book, heard = PresenceBook(), list[PresenceChanged]()
    book.watch(ANN, heard.append)  # type: ignore[arg-type]
    book.publish(state(TAB, "chat"))
    book.publish(state(DESK, "xa"))
    book.withdraw(TAB)
    assert [event.device for event in heard] == [TAB, DESK, TAB]


async def test_a_change_of_priority_or_spelling_is_told_and_since_stays() -> None:
    book, watcher = PresenceBook(now=lambda: 5.0), Watcher()
    book.watch(ANN, watcher)
    first = PresenceState(device=TAB, since=1.0)
    book.publish(first)
    book.publish(replace(first, priority=-1, since=2.0))
    book.publish(replace(first, priority=-1, original=Original("form", b"<presence/>"), since=3.0))
    book.publish(replace(first, priority=-1, original=Original("form", b"<presence/>"), since=4.0))
    assert len(watcher.heard) == 3
    assert book.of(ANN)[0].since == 1.0


async def test_when_somebody_was_last_there_is_stored(
    database: Database, addresses: Addresses
) -> None:
    config = AccountsConfig(password_hash=(KeyKind.SCRAM_SHA_256,), scram_iterations=4096)
    accounts = Accounts(database, addresses, config)
    await accounts.create(ANN, "correct horse")
    await accounts.close()
    seen = LastSeen(database, linger=0.01)
    book = PresenceBook(seen=seen, now=lambda: 5.0)
    assert await book.last_seen(ANN) is None
    book.publish(state(TAB))
    book.publish(state(DESK))
    assert await book.last_seen(TAB) == 5.0
    book.withdraw(TAB)
    book.withdraw(DESK)
    assert await book.last_seen(ANN) == 5.0
    await until("it is stored", lambda: LastSeen(database).of(ANN), lambda at: at == 5.0)
    book.publish(state(TAB))
    book.withdraw(TAB)
    await seen.close()
    assert await LastSeen(database).of(ANN) == 5.0


async def test_nothing_is_kept_of_guests_and_of_who_is_gone(
    database: Database, addresses: Addresses
) -> None:
    visitor = addresses.guest("visitor")
    for account in (ANN, visitor):
        seen = LastSeen(database)
        seen.left(account, 5.0)
        await seen.close()
        assert await LastSeen(database).of(account) is None
