"""Contacts as they are stored and told: both sides of every step, limits, blocks, and the end."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest
import pytest_asyncio

from antiphon.core.address import Address, Addresses
from antiphon.core.contact import Contact
from antiphon.core.event import (
    BlockingChanged,
    ContactAnswered,
    ContactAsked,
    ContactChanged,
    ContactRemoved,
    Event,
)
from antiphon.core.reason import Reason, Refused
from antiphon.services.config import ContactsConfig
from antiphon.services.contacts import ContactLists
from antiphon.stores.database import Database

ANN, BEN, CY = (Address(name, "example.org") for name in ("ann", "ben", "cy"))
STRANGER = Address("zoe", "elsewhere.example")


@dataclass
class Here:
    """The lists of one node, and what it told."""

    lists: ContactLists
    told: list[tuple[Address, Event]] = field(default_factory=list)
    rights: list[tuple[Address, Address]] = field(default_factory=list)

    def take(self, account: Address) -> list[Event]:
        found = [event for who, event in self.told if who == account]
        self.told[:] = [(who, event) for who, event in self.told if who != account]
        return found

    async def both(self, one: Address, other: Address) -> None:
        for account, address in ((one, other), (other, one)):
            await self.lists.ask(account, address)
            await self.lists.answer(address, account, granted=True)
        self.told.clear()
        self.rights.clear()


async def exists(account: Address) -> bool:
    return account in (ANN, BEN, CY)


def make(database: Database, addresses: Addresses, config: ContactsConfig | None = None) -> Here:
    told: list[tuple[Address, Event]] = []
    rights: list[tuple[Address, Address]] = []
    lists = ContactLists(
        database,
        addresses,
        tell=lambda account, event: told.append((account, event)),
        rights=lambda watcher, account: rights.append((watcher, account)),
        exists=exists,
        config=config,
    )
    return Here(lists, told, rights)


@pytest_asyncio.fixture
async def here(database: Database, addresses: Addresses) -> AsyncIterator[Here]:
    made = make(database, addresses)
    await made.lists.open()
    yield made


async def refusal(reason: Reason, doing: object) -> None:
    with pytest.raises(Refused) as refused:
        await doing  # type: ignore[misc]
    assert refused.value.reason is reason


async def test_names_and_groups(here: Here) -> None:
    made = await here.lists.set(ANN.on("tab"), BEN, name="Ben", groups=["Work", "Work", "Golf"])
    assert made == Contact(address=BEN, name="Ben", groups=("Work", "Golf"))
    assert here.take(ANN) == [ContactChanged("", ANN, made)]
    assert here.take(BEN) == []
    renamed = await here.lists.set(ANN, BEN, name="Benjamin")
    assert renamed == replace(made, name="Benjamin")
    assert await here.lists.set(ANN, STRANGER) == Contact(address=STRANGER)
    assert list(await here.lists.of(ANN)) == [renamed, Contact(address=STRANGER)]
    assert await here.lists.find(BEN, ANN) is None


async def test_asked_granted_and_both_are_told(here: Here, database: Database) -> None:
    await here.lists.ask(ANN, BEN, "It is me")
    asking = Contact(address=ANN, asking=True, listed=False, request="It is me")
    assert here.take(ANN) == [ContactChanged("", ANN, Contact(address=BEN, asked=True))]
    assert here.take(BEN) == [ContactAsked("", BEN, ANN, "It is me")]
    assert await here.lists.find(BEN, ANN) == asking
    await here.lists.ask(ANN, BEN, "Again")
    assert here.take(BEN) == [], "they know already"
    here.told.clear()

    await here.lists.answer(BEN, ANN, granted=True)
    sees = Contact(address=BEN, sees=True)
    assert here.take(ANN) == [
        ContactChanged("", ANN, sees),
        ContactAnswered("", ANN, BEN, granted=True),
    ]
    assert here.take(BEN) == [ContactChanged("", BEN, Contact(address=ANN, seen=True))]
    assert here.rights == [(ANN, BEN)]
    assert here.lists.sees(ANN, BEN) is None, "nobody asked for her list yet"
    await here.lists.of(ANN)
    assert here.lists.sees(ANN, BEN) is True
    assert here.lists.sees(BEN, ANN) is False
    # It is stored, and read again as it was.
    again = make(database, Addresses("example.org", here.lists._addresses._normalizer))
    assert again.lists.sees(ANN, BEN) is None
    assert list(await again.lists.of(ANN)) == [sees]


async def test_refused_and_taken_back(here: Here) -> None:
    await here.lists.ask(ANN, BEN)
    here.told.clear()
    await here.lists.answer(BEN, ANN, granted=False)
    assert here.take(ANN)[-1] == ContactAnswered("", ANN, BEN, granted=False)
    assert here.take(BEN) == [ContactRemoved("", BEN, ANN)]
    await here.both(ANN, BEN)
    await here.lists.answer(BEN, ANN, granted=False)
    assert (await here.lists.find(ANN, BEN)) == Contact(address=BEN, seen=True)
    assert (await here.lists.find(BEN, ANN)) == Contact(address=ANN, sees=True)
    assert here.rights == [(ANN, BEN)]


async def test_approved_before_they_ask(here: Here) -> None:
    await here.lists.answer(BEN, ANN, granted=True)
    assert await here.lists.find(BEN, ANN) == Contact(address=ANN, approved=True)
    here.told.clear()
    await here.lists.ask(ANN, BEN)
    assert not any(isinstance(event, ContactAsked) for event in here.take(BEN))
    assert here.take(ANN)[-1] == ContactAnswered("", ANN, BEN, granted=True)
    assert here.lists.sees(ANN, BEN) is None
    assert (await here.lists.find(ANN, BEN)) == Contact(address=BEN, sees=True)


async def test_whoever_is_removed_sees_nothing_any_more(here: Here) -> None:
    await here.both(ANN, BEN)
    await here.lists.remove(ANN, BEN)
    assert here.take(ANN) == [ContactRemoved("", ANN, BEN)]
    assert await here.lists.find(ANN, BEN) is None
    assert await here.lists.find(BEN, ANN) == Contact(address=ANN)
    assert set(here.rights) == {(ANN, BEN), (BEN, ANN)}
    await refusal(Reason.NOT_FOUND, here.lists.remove(ANN, BEN))


async def test_whoever_asks_still_asks_when_removed(here: Here) -> None:
    await here.lists.ask(BEN, ANN, "please")
    await here.lists.set(ANN, BEN, name="Ben")
    await here.lists.remove(ANN, BEN)
    found = await here.lists.find(ANN, BEN)
    assert found == Contact(address=BEN, asking=True, listed=False, request="please")


async def test_not_asked_any_more(here: Here) -> None:
    await here.lists.ask(ANN, BEN)
    here.told.clear()
    await here.lists.withdraw(ANN, BEN)
    assert await here.lists.find(ANN, BEN) == Contact(address=BEN)
    assert await here.lists.find(BEN, ANN) is None
    assert here.take(BEN) == [ContactRemoved("", BEN, ANN)]


async def test_versions_change_with_each_change_of_the_list(here: Here) -> None:
    assert here.lists.version(ANN) == ""
    await here.lists.of(ANN)
    seen = {here.lists.version(ANN)}
    await here.lists.set(ANN, BEN)
    seen.add(here.lists.version(ANN))
    await here.lists.set(ANN, BEN)
    assert here.lists.version(ANN) in seen, "nothing changed"
    await here.lists.ask(ANN, BEN)
    seen.add(here.lists.version(ANN))
    await here.lists.remove(ANN, BEN)
    seen.add(here.lists.version(ANN))
    assert len(seen) == 4


async def test_what_is_refused(here: Here) -> None:
    lists = here.lists
    await refusal(Reason.NOT_FOUND, lists.ask(ANN, Address("nobody", "example.org")))
    await refusal(Reason.NOT_FOUND, lists.ask(ANN, STRANGER))
    await refusal(Reason.BAD_REQUEST, lists.ask(ANN, ANN))
    await refusal(Reason.BAD_REQUEST, lists.set(ANN, Address("r", "rooms.example.org")))
    await refusal(Reason.FORBIDDEN, lists.set(Address("g", "guest.example.org"), ANN))
    await refusal(Reason.TOO_LARGE, lists.set(ANN, BEN, name="x" * 1024))
    await refusal(Reason.BAD_REQUEST, lists.set(ANN, BEN, name="\0"))
    await refusal(Reason.BAD_REQUEST, lists.set(ANN, BEN, groups=[""]))
    await refusal(Reason.TOO_MANY, lists.set(ANN, BEN, groups=[str(n) for n in range(51)]))
    await refusal(Reason.TOO_LARGE, lists.ask(ANN, BEN, "x" * 1025))
    assert list(await lists.of(ANN)) == []
    assert here.told == []


async def test_limits(database: Database, addresses: Addresses) -> None:
    here = make(database, addresses, ContactsConfig(contacts=1, requests=1, blocks=2))
    await here.lists.set(ANN, BEN)
    await refusal(Reason.TOO_MANY, here.lists.set(ANN, CY))
    await here.lists.set(ANN, BEN, name="Ben")
    await here.lists.ask(ANN, BEN)
    await refusal(Reason.TOO_MANY, here.lists.ask(CY, BEN))
    assert await here.lists.find(CY, BEN) is None
    await here.lists.block(ANN, ["a@example.org", "b.example"])
    await refusal(Reason.TOO_MANY, here.lists.block(ANN, ["c.example"]))


async def test_a_device_alone_may_be_blocked(
    here: Here, database: Database, addresses: Addresses
) -> None:
    lists, nick = here.lists, Address("den", "rooms.example.org", "Ben")
    phone, desk = BEN.on("phone"), BEN.on("desk")
    await lists.block(ANN, ["Ben@example.org/phone", str(nick), "example.net/bot"])
    assert list(await lists.blocked(ANN)) == [str(phone), str(nick), "example.net/bot"]
    others = (phone, desk, BEN, nick, nick.bare, Address("x", "example.net", "bot"))
    assert [lists.blocks(ANN, one) for one in others] == [True, False, False, True, False, True]
    devices = (phone, desk, nick, ANN.on("x"), CY.on("x"))
    assert [lists.blocks_devices(one) for one in devices] == [True, False, True, True, False]
    again = make(database, addresses).lists
    await again.open()
    assert again.blocks(ANN, phone) is True
    await lists.block(CY, [str(phone)])
    await lists.unblock(ANN, ["ben@example.org/phone", str(nick)])
    assert [lists.blocks(ANN, one) for one in (phone, nick)] == [False, False]
    assert [lists.blocks_devices(one) for one in (phone, nick)] == [True, False]
    await lists.erase(BEN)
    assert list(await lists.blocked(CY)) == []
    assert lists.blocks_devices(phone) is False


async def test_blocks(here: Here, database: Database, addresses: Addresses) -> None:
    assert here.lists.blocks(ANN, BEN) is False
    await here.lists.block(ANN, ["Ben@example.org", "Elsewhere.Example", "ben@example.org"])
    assert here.take(ANN) == [
        BlockingChanged("", ANN, ("ben@example.org", "elsewhere.example"), ())
    ]
    assert (BEN, ANN) in here.rights
    assert list(await here.lists.blocked(ANN)) == ["ben@example.org", "elsewhere.example"]
    assert [here.lists.blocks(ANN, who) for who in (BEN.on("x"), STRANGER, CY)] == [
        True,
        True,
        False,
    ]
    assert here.lists.blocks(BEN, ANN) is False
    again = make(database, addresses)
    await again.lists.open()
    assert again.lists.blocks(ANN, BEN) is True

    await here.lists.ask(BEN, ANN)
    assert not any(isinstance(event, ContactAsked) for event in here.take(ANN))
    assert (await here.lists.find(BEN, ANN)) == Contact(address=ANN, asked=True)
    await here.lists.unblock(ANN, ["ben@example.org"])
    assert here.take(ANN) == [BlockingChanged("", ANN, (), ("ben@example.org",))]
    await here.lists.unblock(ANN)
    assert list(await here.lists.blocked(ANN)) == []
    await refusal(Reason.BAD_REQUEST, here.lists.block(ANN, ["@"]))


async def test_the_end_of_an_account(here: Here) -> None:
    await here.both(ANN, BEN)
    await here.lists.ask(CY, ANN)
    await here.lists.ask(ANN, CY)
    await here.lists.block(ANN, ["b.example"])
    await here.lists.block(BEN, ["ann@example.org"])
    here.told.clear()
    await here.lists.erase(ANN)
    assert list(await here.lists.of(ANN)) == []
    assert list(await here.lists.of(BEN)) == []
    assert list(await here.lists.of(CY)) == []
    assert ContactRemoved("", BEN, ANN) in here.take(BEN)
    assert list(await here.lists.blocked(ANN)) == []
    assert list(await here.lists.blocked(BEN)) == []


async def test_a_list_that_changes_while_it_is_read(here: Here) -> None:
    for name in ("a", "b", "c", "d"):
        other = Address(name, "elsewhere.example")
        here.lists._lists.clear()
        await asyncio.gather(here.lists.of(ANN), here.lists.set(ANN, other), here.lists.of(ANN))
        assert other in [contact.address for contact in await here.lists.of(ANN)]
