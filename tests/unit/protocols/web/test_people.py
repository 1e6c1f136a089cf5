"""Contacts and presence over the room WebSocket."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from antiphon.core.address import Address
from antiphon.core.event import ProfileChanged, RoomInvited
from antiphon.core.presence import PresenceState
from tests.support.fakes import House, house
from tests.unit.protocols.web.stand import Client, World

ANN, BOB, EVE = (Address(name, "example.org") for name in ("ann", "bob", "eve"))


def built() -> tuple[House, World]:
    """A world whose switchboard knows who is there and who sees whom."""
    first = World(house())
    made = house(presence=first.presence, contacts=first.contacts)
    made.directory.names |= {"ann", "bob", "eve"}
    first.contacts.tell = made.switchboard.tell
    first.contacts.rights = made.switchboard.sight_changed
    return made, first


@pytest.fixture
async def world() -> AsyncIterator[World]:
    here, former = built()
    made = World(here, presence=former.presence, contacts=former.contacts)
    yield made
    await made.server.close()


async def page(world: World, name: str) -> Client:
    client = world.connect()
    await client.hello(name, reachable=True)
    return client


async def presence(client: Client, account: Address, show: str) -> dict[str, Any]:
    """The next news of that account's presence, which must be this."""
    while True:
        told = (await client.expect("presence_changed"))["presence"]
        if told["account"] == str(account):
            assert told["show"] == show
            return dict(told)


async def test_contacts_are_watched_from_then_on(world: World) -> None:
    world.contacts.befriend(ANN, BOB)
    bob = await page(world, "bob")
    ann = await page(world, "ann")
    watched = await ann.ask("watch_contacts", "contacts")
    (contact,) = watched["contacts"]
    assert (contact["address"], contact["sees"], contact["listed"]) == (str(BOB), True, True)
    there = {one["account"]: one["show"] for one in watched["presence"]}
    assert there == {str(ANN): "available", str(BOB): "available"}
    await bob.ask("set_presence", show="away", note="tea", idle_since=5.0)
    told = await presence(ann, BOB, "away")
    assert told["note"] == "tea"
    assert [one["idle_since"] for one in told["devices"]] == [5.0]
    await bob.lose(1000)
    await presence(ann, BOB, "offline")


async def test_who_asks_and_is_let_see(world: World) -> None:
    ann, tablet, bob = [await page(world, name) for name in ("ann", "ann", "bob")]
    await ann.ask("watch_contacts", "contacts")
    contact = (await ann.ask("set_contact", "contact", address="bob", groups=["Work"]))["contact"]
    assert (contact["address"], contact["groups"]) == (str(BOB), ["Work"])
    await ann.ask("ask_contact", address="bob", text="It is me")
    asked = await bob.expect("contact_asked")
    assert (asked["address"], asked["text"]) == (str(ANN), "It is me")
    asking = (await bob.ask("watch_contacts", "contacts"))["contacts"][0]
    assert (asking["asking"], asking["listed"], asking["request"]) == (True, False, "It is me")
    await bob.ask("answer_contact", address=str(ANN), granted=True)
    assert (await tablet.expect("contact_answered"))["granted"]
    await presence(ann, BOB, "available")
    await bob.ask("answer_contact", address=str(ANN), granted=False)
    await presence(ann, BOB, "offline")
    await bob.ask("set_presence", show="busy")
    await ann.ask("withdraw_contact", address="bob")
    await ann.ask("remove_contact", address="bob")
    assert (await tablet.expect("contact_removed"))["address"] == str(BOB)


async def test_blocking_is_told_to_all_devices(world: World) -> None:
    ann, tablet = await page(world, "ann"), await page(world, "ann")
    await ann.ask("block", addresses=["eve@example.org", "spam.example"])
    changed = await tablet.expect("blocking_changed")
    assert changed["blocked"] == ["eve@example.org", "spam.example"]
    assert (await tablet.ask("watch_contacts", "contacts"))["blocked"] == changed["blocked"]
    await tablet.ask("unblock", addresses=["spam.example"])
    await tablet.ask("unblock")
    unblocked = [(await ann.expect("blocking_changed"))["unblocked"] for _ in range(2)]
    assert unblocked == [["spam.example"], ["eve@example.org"]]


async def test_news_that_are_not_of_a_room(world: World) -> None:
    ann = await page(world, "ann")
    tell = world.house.switchboard.tell
    tell(ANN, ProfileChanged("", ANN, "Ann Lee", "ab12"))
    tell(ANN, RoomInvited("standup", BOB.on("web"), "Bob", "Come!"))
    profile = await ann.expect("profile_changed")
    assert (profile["account"], profile["name"], profile["avatar"]) == (str(ANN), "Ann Lee", "ab12")
    invited = await ann.expect("room_invited")
    assert (invited["room"], invited["sender"]) == ("standup", str(BOB))


async def test_a_session_that_ends_watches_nobody(world: World) -> None:
    world.contacts.befriend(ANN, BOB)
    ann = await page(world, "ann")
    await ann.ask("watch_contacts", "contacts")
    await ann.ask("watch_contacts", "contacts")
    await ann.lose(1000)
    world.presence.publish(PresenceState(device=BOB.on("phone")))
    assert not world.presence._watchers


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("watch_contacts", {}),
        ("set_presence", {"show": "away"}),
        ("set_contact", {"address": "bob"}),
        ("block", {"addresses": ["bob"]}),
    ],
)
async def test_guests_have_no_contacts(world: World, kind: str, fields: dict[str, object]) -> None:
    gus = await page(world, "gus")
    assert (await gus.ask(kind, "refused", **fields))["reason"] == "forbidden"


@pytest.mark.parametrize(
    ("kind", "fields", "reason"),
    [
        ("watch_contacts", {}, "conflict"),
        ("set_presence", {"show": "away"}, "conflict"),
        ("set_presence", {"show": "dancing"}, "bad_request"),
        ("set_presence", {"show": "away", "note": "x" * 257}, "bad_request"),
        ("set_contact", {"address": "<>"}, "bad_request"),
        ("set_contact", {"address": "bob", "groups": ["x"] * 51}, "bad_request"),
        ("set_contact", {"address": "bob", "groups": [""]}, "bad_request"),
        ("ask_contact", {"address": "bob", "text": "x" * 1001}, "bad_request"),
        ("block", {"addresses": ["x"] * 101}, "bad_request"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    world: World, kind: str, fields: dict[str, object], reason: str
) -> None:
    client = world.connect()
    await client.hello("ann")
    assert (await client.ask(kind, "refused", **fields))["reason"] == reason
    await client.ask("join", "joined", room="r")


async def test_a_node_without_contacts_says_so() -> None:
    bare = World(house(), contacts=None)
    client = await page(bare, "ann")
    assert (await client.ask("watch_contacts", "refused"))["reason"] == "unsupported"
    await bare.server.close()
