"""Following the presence of contacts: who is watched, and what is told when that changes."""

from collections.abc import Callable, Sequence

import pytest

from antiphon.core.address import Address
from antiphon.core.contact import Contact
from antiphon.core.event import (
    ContactChanged,
    ContactRemoved,
    Event,
    PresenceChanged,
)
from antiphon.core.following import Following, Tell
from antiphon.core.ports import Caller
from antiphon.core.presence import PresenceState, foremost
from antiphon.core.reason import Reason, Refused

ANN, BOB, EVE = (Address(name, "example.org") for name in ("ann", "bob", "eve"))


class World:
    """Contacts, presence and the right to watch, in memory."""

    def __init__(self) -> None:
        self.contacts: list[Contact] = []
        self.states: dict[Address, tuple[PresenceState, ...]] = {}
        self.watchers: dict[Address, Tell] = {}
        self.full = False
        self.hidden: set[Address] = set()
        self.told: list[tuple[Address, int]] = []

    async def of(self, account: Address) -> Sequence[Contact]:
        return self.contacts

    def watch_presence(
        self, caller: Caller, account: Address, tell: Tell, *, patient: bool = False
    ) -> Callable[[], None]:
        assert account not in self.watchers
        assert patient
        if self.full:
            raise Refused(Reason.TOO_MANY, "no")
        self.watchers[account] = tell

        def unwatch() -> None:
            del self.watchers[account]

        return unwatch

    def may_see(self, caller: Caller, account: Address) -> bool:
        return account not in self.hidden

    def tell(self, event: Event) -> None:
        assert isinstance(event, PresenceChanged)
        self.told.append((event.account, len(event.devices)))

    def following(self) -> Following:
        return Following(
            Caller(address=ANN.on("web"), name="Ann"),
            watch=self,
            contacts=self,  # type: ignore[arg-type]
            presence=_Presence(self),  # type: ignore[arg-type]
            tell=self.tell,
        )


class _Presence:
    def __init__(self, world: World) -> None:
        self.world = world

    def of(self, account: Address) -> Sequence[PresenceState]:
        return self.world.states.get(account, ())


@pytest.fixture
def world() -> World:
    return World()


def state(account: Address, show: str = "available", since: float = 0.0) -> PresenceState:
    return PresenceState(device=account.on("web"), show=show, since=since)


async def test_those_whom_one_sees_are_followed_and_oneself(world: World) -> None:
    world.contacts = [Contact(address=BOB, sees=True), Contact(address=EVE, asked=True)]
    world.states = {BOB: (state(BOB),), EVE: (state(EVE),)}
    following = world.following()
    contacts, there = await following.begin()
    assert (contacts, list(there)) == (world.contacts, [BOB])
    assert set(world.watchers) == {ANN, BOB}
    following.end()
    following.end()
    assert not world.watchers


async def test_who_lets_see_is_followed_until_they_are_no_contact(world: World) -> None:
    world.states = {BOB: (state(BOB),)}
    following = world.following()
    await following.begin()
    sees = ContactChanged("", ANN, Contact(address=BOB, sees=True))
    following.heard(ContactChanged("", ANN, Contact(address=BOB)))
    assert set(world.watchers) == {ANN}
    following.heard(sees)
    following.heard(sees)
    assert set(world.watchers) == {ANN, BOB}
    # Whether they may be seen meanwhile is told by whom they watch.
    following.heard(ContactChanged("", ANN, Contact(address=BOB)))
    assert set(world.watchers) == {ANN, BOB}
    following.heard(ContactRemoved("", ANN, BOB))
    following.heard(ContactRemoved("", ANN, EVE))
    assert set(world.watchers) == {ANN}
    assert world.told == [(BOB, 1), (BOB, 0)]


async def test_beginning_again_is_no_more_than_once(world: World) -> None:
    world.contacts = [Contact(address=BOB, sees=True)]
    following = world.following()
    await following.begin()
    world.contacts = [Contact(address=EVE, sees=True)]
    await following.begin()
    assert set(world.watchers) == {ANN, EVE}


async def test_who_may_not_be_seen_is_not_there(world: World) -> None:
    world.contacts = [Contact(address=BOB, sees=True)]
    world.states = {BOB: (state(BOB),), EVE: (state(EVE),)}
    world.hidden = {BOB, EVE}
    following = world.following()
    assert (await following.begin())[1] == {}
    following.heard(ContactChanged("", ANN, Contact(address=EVE, sees=True)))
    assert world.told == [(EVE, 0)]
    following.end()
    following.heard(ContactChanged("", ANN, Contact(address=EVE, sees=True)))
    assert not world.watchers


async def test_where_too_many_are_watched_nobody_is_there(world: World) -> None:
    world.contacts = [Contact(address=BOB, sees=True)]
    world.states = {BOB: (state(BOB),)}
    world.full = True
    assert (await world.following().begin())[1] == {}


def test_what_counts_most_of_several_devices() -> None:
    assert foremost([]) is None
    assert foremost([state(ANN, "offline")]) is None
    shows = ["xa", "away", "available", "chat", "busy"]
    for count in range(1, 6):
        first = foremost([state(ANN, show) for show in shows[:count]])
        assert first is not None
        assert first.show == shows[count - 1]
    newer = foremost([state(ANN, since=1.0), state(ANN, since=2.0)])
    assert newer is not None
    assert newer.since == 2.0
