"""Wrong passwords of rooms are listened to a few times only, by whatever protocol they come."""

import pytest

from antiphon.core.guesses import FORGOTTEN, MOST, MOST_OF_GUESTS
from antiphon.core.ports import Caller, RoomSettings
from antiphon.core.reason import Reason, Refused
from tests.support.fakes import House, Recorder, account, guest, house

ANN = account("ann")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def closed(clock: Clock) -> House:
    here = house(clock=clock)
    for room in ("r", "other"):
        await here.switchboard.set(ANN, RoomSettings(name=room, password="sesame"))
    await here.switchboard.join(ANN, "r", Recorder())
    return here


async def enter(here: House, who: Caller, password: str | None, room: str = "r") -> Reason | None:
    try:
        joined = await here.switchboard.join(who, room, Recorder(), password=password)
    except Refused as refused:
        return refused.reason
    await here.switchboard.leave(room, joined.member.id)
    return None


async def test_after_some_wrong_ones_the_right_one_is_not_heard_either() -> None:
    clock = Clock()
    here = await closed(clock)
    bob = account("bob")
    for number in range(MOST):
        assert await enter(here, bob, f"guess {number}") is Reason.PASSWORD
    assert await enter(here, bob, "sesame") is Reason.TOO_MANY
    assert await enter(here, account("eve"), "sesame") is None, "others are not concerned"
    assert await enter(here, bob, "sesame", "other") is None, "nor are other rooms"
    clock.now += FORGOTTEN + 1
    assert await enter(here, bob, "sesame") is None


async def test_to_ask_without_a_password_is_no_guess() -> None:
    here = await closed(Clock())
    for _ in range(MOST + 1):
        assert await enter(here, account("bob"), None) is Reason.PASSWORD
    assert await enter(here, account("bob"), "sesame") is None


async def test_guests_are_counted_together() -> None:
    here = await closed(Clock())
    for number in range(MOST_OF_GUESTS):
        assert await enter(here, guest(f"g{number}"), "guess") is Reason.PASSWORD
    assert await enter(here, guest("other"), "sesame") is Reason.TOO_MANY
    assert await enter(here, account("bob"), "sesame") is None


async def test_who_must_wait_is_told_so_where_they_only_look() -> None:
    here = await closed(Clock())
    bob, settings = account("bob"), await here.switchboard.settings("r")
    for _ in range(MOST):
        await enter(here, bob, "guess")
    with pytest.raises(Refused) as caught:
        here.switchboard.may_enter(bob, settings)
    assert caught.value.reason is Reason.PASSWORD, "nothing opens by guessing wrong"
