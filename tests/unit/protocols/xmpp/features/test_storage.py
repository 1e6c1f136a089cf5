"""Private XML (XEP-0049), and bookmarks in all their forms (XEP-0402, XEP-0048)."""

from xml.etree.ElementTree import Element

from tests.support.xmpp_house import DOMAIN, TestHouse
from tests.unit.protocols.xmpp.features.test_pep import (
    EVENT,
    PUBSUB,
    come,
    events,
    items,
    pubsub,
)

NEW, OLD = "urn:xmpp:bookmarks:1", "storage:bookmarks"
ROOM = f"standup@rooms.{DOMAIN}"
OTHER = f"other@rooms.{DOMAIN}"


def private(inner: str) -> str:
    return f"<query xmlns='jabber:iq:private'>{inner}</query>"


def storage(*conferences: str) -> str:
    return f"<storage xmlns='{OLD}'>{''.join(conferences)}</storage>"


def old(jid: str, name: str = "Stand-up") -> str:
    return f"<conference jid='{jid}' name='{name}' autojoin='1'><nick>al</nick></conference>"


def new_items(answer: Element) -> dict[str, Element]:
    found = answer.findall(f"{PUBSUB}items/{PUBSUB}item")
    return {item.get("id", ""): item[0] for item in found}


async def test_private_xml(house: TestHouse) -> None:
    alice, bob = house.login("alice/desk"), house.login("bob/phone")
    ask = private("<notes xmlns='urn:notes'/>")
    assert len((await alice.get(ask))[0]) == 0
    await alice.set(private("<notes xmlns='urn:notes'><note a='1'>x &amp; y</note></notes>"))
    note = (await alice.get(ask))[0][0]
    assert (note.tag, note.get("a"), note.text) == ("{urn:notes}note", "1", "x & y")
    assert len((await bob.get(ask))[0]) == 0
    assert await bob.refused("get", ask, to=alice.bare) == "service-unavailable"
    for inner in ("", "<a xmlns='a'/><b xmlns='b'/>"):
        assert await alice.refused("set", private(inner)) == "not-acceptable"
    assert await alice.refused("set", private("<own/>")) == "bad-request"


async def test_old_bookmarks_become_items(house: TestHouse) -> None:
    alice = house.login("alice/desk")
    await alice.set(private(storage(old(ROOM), old(OTHER, "Other"))))
    found = new_items(await alice.get(items(NEW)))
    assert set(found) == {ROOM, OTHER}
    assert (found[ROOM].get("name"), found[ROOM].get("autojoin")) == ("Stand-up", "true")
    assert found[ROOM].findtext(f"{{{NEW}}}nick") == "al"
    await alice.set(private(storage(old(OTHER, "Renamed"))))
    found = new_items(await alice.get(items(NEW)))
    assert {id: one.get("name") for id, one in found.items()} == {OTHER: "Renamed"}
    bob = house.login("bob/phone")
    assert await bob.refused("get", items(NEW), to=alice.bare) == "not-authorized"
    assert await alice.refused("set", private(storage(old("@")))) == "jid-malformed"


async def test_new_bookmarks_are_shown_in_old_words(house: TestHouse) -> None:
    alice = house.login("alice/desk")
    kept = "<extensions><own xmlns='urn:x'/></extensions>"
    conference = f"<conference xmlns='{NEW}' name='Mine' autojoin='1'>{kept}</conference>"
    item = f"<item id='{ROOM}'>{conference}</item>"
    await alice.set(pubsub(f"<publish node='{NEW}'>{item}</publish>"))
    for shown in (
        (await alice.get(private(storage())))[0],
        next(iter(new_items(await alice.get(items(OLD))).values())),
    ):
        (one,) = shown
        assert (one.get("jid"), one.get("name"), one.get("autojoin")) == (ROOM, "Mine", "true")
    # What the old words have no place for is not lost.
    await alice.set(private(storage(old(ROOM, "Yours"))))
    found = new_items(await alice.get(items(NEW)))[ROOM]
    assert found.get("name") == "Yours"
    assert found.find(f"{{{NEW}}}extensions/{{urn:x}}own") is not None


async def test_news_in_both_words(house: TestHouse) -> None:
    writer, reader, old_reader = (house.login(f"alice/{one}") for one in ("a", "b", "c"))
    await come(reader, NEW)
    await come(old_reader, OLD)
    for client in (reader, old_reader):
        await client.take()
    published = pubsub(
        f"<publish node='{OLD}'><item id='current'>{storage(old(ROOM))}</item></publish>"
    )
    await writer.set(published)
    (event,) = events(await reader.take())
    told = event.find(f"{EVENT}items/{EVENT}item")
    assert told is not None
    assert told.get("id") == ROOM
    (event,) = events(await old_reader.take())
    path = f"{EVENT}items/{EVENT}item/{{{OLD}}}storage/{{{OLD}}}conference"
    assert [one.get("jid") for one in event.findall(path)] == [ROOM]
    await writer.set(pubsub(f"<retract node='{NEW}' notify='1'><item id='{ROOM}'/></retract>"))
    (event,) = events(await old_reader.take())
    assert event.findall(path) == []


async def test_many_bookmarks_are_told_once_in_the_old_words(house: TestHouse) -> None:
    writer, old_reader = house.login("alice/a"), house.login("alice/c")
    await come(old_reader, OLD)
    await old_reader.take()
    rooms = [f"r{number}@rooms.{DOMAIN}" for number in range(5)]
    path = f"{EVENT}items/{EVENT}item/{{{OLD}}}storage/{{{OLD}}}conference"
    await writer.set(private(storage(*map(old, rooms))))
    (event,) = events(await old_reader.take())
    assert [one.get("jid") for one in event.findall(path)] == rooms
    conference = f"<conference xmlns='{NEW}'/>"
    many = "".join(f"<item id='n{room}'>{conference}</item>" for room in rooms)
    await writer.set(pubsub(f"<publish node='{NEW}'>{many}</publish>"))
    (event,) = events(await old_reader.take())
    assert len(event.findall(path)) == 10
    gone = "".join(f"<item id='{room}'/>" for room in rooms)
    await writer.set(pubsub(f"<retract node='{NEW}' notify='1'>{gone}</retract>"))
    (event,) = events(await old_reader.take())
    assert len(event.findall(path)) == 5


async def test_bookmarks_are_nobody_elses_whatever_a_client_forgets(house: TestHouse) -> None:
    house.befriend("alice", "bob")
    alice, bob = house.login("alice/desk"), house.login("bob/x")
    conference = f"<conference xmlns='{NEW}'><password>secret</password></conference>"
    for room in (ROOM, OTHER):
        await alice.set(
            pubsub(f"<publish node='{NEW}'><item id='{room}'>{conference}</item></publish>")
        )
    assert set(new_items(await alice.get(items(NEW)))) == {ROOM, OTHER}, "all are kept"
    assert await bob.refused("get", items(NEW), to=alice.bare) == "item-not-found"


async def test_bookmarks_that_are_all_gone_are_gone_in_the_old_words(house: TestHouse) -> None:
    writer, old_reader = house.login("alice/a"), house.login("alice/c")
    await come(old_reader, OLD)
    path = f"{EVENT}items/{EVENT}item/{{{OLD}}}storage"
    for verb in ("purge", "delete"):
        await writer.set(private(storage(old(ROOM))))
        await old_reader.take()
        await writer.set(pubsub(f"<{verb} node='{NEW}'/>", "#owner"))
        (event,) = events(await old_reader.take())
        assert [len(one) for one in event.findall(path)] == [0]
