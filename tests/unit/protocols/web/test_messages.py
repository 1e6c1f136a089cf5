"""Messages over the room WebSocket: direct and in rooms, what is done to them, and history."""

from collections.abc import AsyncIterator

import pytest

from antiphon.core.address import Address
from antiphon.core.message import Draft, Original
from antiphon.core.ports import RoomSettings
from antiphon.core.standing import Role
from antiphon.protocols.web.config import WebConfig
from tests.support.fakes import account, house
from tests.unit.protocols.web.stand import Client, World

ANN, BOB = "ann@example.org", "bob@example.org"
FILE = {"url": "https://example.org/a.png", "name": "a.png", "media_type": "image/png", "size": 3}


@pytest.fixture
async def world() -> AsyncIterator[World]:
    built = house()
    built.directory.names |= {"ann", "bob", "eve"}
    made = World(built)
    yield made
    await made.server.close()


async def page(world: World, name: str) -> Client:
    client = world.connect()
    await client.hello(name, reachable=True)
    return client


async def test_who_has_a_token_for_a_room_only_is_no_device_of_the_account(world: World) -> None:
    ann, bob = await page(world, "ann"), await page(world, "bob")
    visitor = world.connect()
    assert "device" not in await visitor.hello("BOB", reachable=True)
    sent = await ann.ask("send", "accepted", to="bob", text="hi", origin_id="1")
    await bob.expect("direct_message")
    for kind, fields in (
        ("send", {"to": ANN, "text": "no", "origin_id": "2"}),
        ("history", {"to": ANN}),
        ("conversations", {}),
        ("mark", {"to": ANN, "mark": "displayed", "message": sent["message"]["id"]}),
        ("watch_contacts", {}),
        ("block", {"addresses": [ANN]}),
    ):
        assert (await visitor.ask(kind, "refused", **fields))["reason"] == "forbidden", kind
    await visitor.ask("join", "joined", room="r")


async def test_a_direct_message_and_its_answer(world: World) -> None:
    ann, bob = await page(world, "ann"), await page(world, "bob")
    sent = await ann.ask("send", "accepted", to="bob", text="hi", origin_id="1")
    got = (await bob.expect("direct_message"))["message"]
    assert got == sent["message"]
    assert (got["room"], got["sender"], got["text"]) == (BOB, ANN, "hi")
    fields = {"to": ANN, "text": "", "attachments": [FILE], "reply_to": got["id"], "origin_id": "2"}
    await bob.ask("send", "accepted", **fields)
    answer = (await ann.expect("direct_message"))["message"]
    assert (answer["reply_to"], answer["attachments"]) == (got["id"], [FILE])


async def test_other_devices_of_the_sender_see_it_too(world: World) -> None:
    ann, other, bob = [await page(world, name) for name in ("ann", "ann", "bob")]
    await ann.ask("send", "accepted", to=BOB, text="hi", origin_id="1")
    assert (await other.expect("message_sent"))["message"]["room"] == BOB
    message = (await bob.expect("direct_message"))["message"]
    await ann.ask("retract", "changed", to=BOB, about="1", origin_id="2")
    changed = await other.expect("message_changed")
    assert (changed["peer"], changed["change"]["about"]) == (BOB, message["id"])
    assert (await bob.expect("message_changed"))["peer"] == ANN


async def test_what_is_done_to_direct_messages(world: World) -> None:
    ann, bob = await page(world, "ann"), await page(world, "bob")
    sent = await ann.ask("send", "accepted", to=BOB, text="helo", origin_id="1")
    about = sent["message"]["id"]
    fields = {"to": BOB, "about": "1", "text": "hello", "origin_id": "2"}
    correction = (await ann.ask("correct", "changed", **fields))["change"]
    assert correction == (await bob.expect("message_changed"))["change"]
    assert (correction["kind"], correction["about"]) == ("correction", about)
    reactions = ["👍", "🎉", "👍"]
    await bob.ask("react", "changed", to=ANN, about=about, reactions=reactions, origin_id="3")
    change = (await ann.expect("message_changed"))["change"]
    assert change["reactions"] == ["👍", "🎉"]

    (shown,) = (await ann.ask("history", "messages", to=BOB))["messages"]
    assert (shown["text"], shown["edited_at"]) == ("hello", correction["sent_at"])
    assert shown["reactions"] == [{"sender": BOB, "name": "Bob", "reactions": ["👍", "🎉"]}]
    (theirs,) = (await bob.ask("history", "messages", to=ANN))["messages"]
    assert theirs == shown

    refused = await bob.ask("correct", "refused", **{**fields, "to": ANN, "about": about})
    assert refused["reason"] == "forbidden"
    await ann.ask("retract", "changed", to=BOB, about=about, origin_id="5")
    (gone,) = (await bob.ask("history", "messages", to=ANN))["messages"]
    assert (gone["text"], gone["retracted"]["by"]) == ("", ANN)
    assert "reactions" not in gone


async def test_the_same_in_a_room(world: World) -> None:
    ann, bob = await world.joined("ann"), await world.joined("bob")
    said = (await ann.ask("say", "accepted", text="helo", origin_id="1"))["message"]
    await ann.ask("correct", "changed", about=said["id"], text="hello", origin_id="2")
    changed = await bob.expect("message_changed")
    assert (changed["peer"], changed["change"]["text"]) == (None, "hello")
    await bob.ask("react", "changed", about=said["id"], reactions=["👍"], origin_id="3")
    eve = world.connect()
    await eve.hello("eve")
    room = (await eve.ask("join", "joined", room="r"))["room"]
    assert [(one["text"], len(one["reactions"])) for one in room["messages"]] == [("hello", 1)]
    refused = await eve.ask("retract", "refused", about=said["id"], origin_id="4")
    assert refused["reason"] == "forbidden"
    # Ann opened the room, and moderates it.
    theirs = (await bob.ask("say", "accepted", text="rude", origin_id="5"))["message"]
    await ann.ask("retract", "changed", about=theirs["id"], origin_id="6")
    await ann.ask("whisper", member=room["members"][1]["id"], text="psst", origin_id="7")
    whisper = await bob.expect("whispered")
    assert (whisper["message"]["text"], whisper["message"]["room"]) == ("psst", "r")
    assert (whisper["sender"], whisper["to"]) == tuple(one["id"] for one in room["members"][:2])
    await ann.ask("set_subject", subject="Plans")
    subject = await bob.expect("subject_changed")
    assert (subject["subject"], subject["sender"]) == ("Plans", ANN)


async def test_a_room_may_hide_who_is_in_it(world: World) -> None:
    hiding = RoomSettings(name="r", addresses_for=Role.MODERATOR)
    await world.house.switchboard.set(account("ann"), hiding)
    ann, bob = await world.joined("ann"), await world.joined("bob")
    eve = world.connect()
    await eve.hello("eve")
    room = (await eve.ask("join", "joined", room="r"))["room"]
    seen = {one["name"]: one["address"] for one in room["members"]}
    assert seen["Eve"] == "eve@example.org"
    assert not {ANN, BOB} & set(seen.values())
    said = (await bob.ask("say", "accepted", text="guess who", origin_id="1"))["message"]
    assert said["sender"] == BOB
    assert (await eve.expect("said"))["message"]["sender"] == seen["Bob"]
    assert (await ann.expect("said"))["message"]["sender"] == BOB
    (shown,) = (await eve.ask("history", "messages"))["messages"]
    assert shown["sender"] == seen["Bob"]
    await bob.ask("leave")
    await bob.ask("join", "joined", room="r")
    assert (await eve.expect("member_joined"))["member"]["address"] == seen["Bob"]


async def test_somebody_is_asked_in(world: World) -> None:
    ann, eve = await world.joined("ann"), await page(world, "eve")
    await ann.ask("ask_in", to="eve", text="Come!")
    asked = await eve.expect("room_invited")
    assert (asked["room"], asked["sender"], asked["text"]) == ("r", ANN, "Come!")
    assert (await eve.ask("ask_in", "refused", to="bob"))["reason"] == "conflict"
    assert (await ann.ask("ask_in", "refused", to="<>@@"))["reason"] == "bad_request"


async def test_a_history_is_read_both_ways_and_searched(world: World) -> None:
    ann, bob = await page(world, "ann"), await page(world, "bob")
    for number in range(5):
        text = f"lunch {number}" if number % 2 else f"text {number}"
        await ann.ask("send", "accepted", to=BOB, text=text, origin_id=str(number))
    last = await bob.ask("history", "messages", to=ANN, limit=2)
    texts = [one["text"] for one in last["messages"]]
    assert (texts, last["more"]) == (["lunch 3", "text 4"], True)
    before = await bob.ask("history", "messages", to=ANN, before=last["next"], limit=2)
    assert [one["text"] for one in before["messages"]] == ["lunch 1", "text 2"]
    first = last["messages"][0]["id"]
    after = await bob.ask("history", "messages", to=ANN, after=first)
    assert [one["text"] for one in after["messages"]] == ["text 4"]
    found = await bob.ask("history", "messages", to=ANN, search="lunch")
    assert [one["text"] for one in found["messages"]] == ["lunch 1", "lunch 3"]
    both = await bob.ask("history", "refused", to=ANN, before=first, after=first)
    assert both["reason"] == "bad_request"
    await ann.ask("react", "changed", to=BOB, about="0", reactions=["👍"], origin_id="9")
    missed = await bob.ask("history", "messages", to=ANN, after=after["messages"][0]["id"])
    assert missed["messages"] == []
    assert [one["kind"] for one in missed["changes"]] == ["reaction"]


async def test_conversations_count_what_is_unread(world: World) -> None:
    ann, bob, eve = [await page(world, name) for name in ("ann", "bob", "eve")]
    first = await ann.ask("send", "accepted", to=BOB, text="one", origin_id="1")
    await ann.ask("send", "accepted", to=BOB, text="two", origin_id="2")
    await eve.ask("send", "accepted", to=BOB, text="three", origin_id="3")
    await bob.ask("react", "changed", to=ANN, about="2", reactions=["👍"], origin_id="4")
    id = first["message"]["id"]
    await bob.ask("mark", to=ANN, mark="displayed", message=id)
    marked = await ann.expect("marked")
    del marked["seq"]
    told = {"type": "marked", "peer": BOB, "sender": BOB, "mark": "displayed", "message": id}
    assert marked == told
    listed = (await bob.ask("conversations", "conversations"))["conversations"]
    assert [(one["peer"], one["last"]["text"], one["unread"]) for one in listed] == [
        (ANN, "two", 1),
        ("eve@example.org", "three", 1),
    ]
    assert listed[0]["displayed"] == id
    (theirs,) = (await ann.ask("conversations", "conversations"))["conversations"]
    assert (theirs["unread"], theirs["peer_displayed"]) == (0, id)
    some = await bob.ask("conversations", "conversations", limit=1)
    rest = await bob.ask("conversations", "conversations", limit=1, before=some["next"])
    peers = [one["conversations"][0]["peer"] for one in (some, rest)]
    assert (peers, rest["next"]) == ([ANN, "eve@example.org"], None)


async def test_who_writes_is_told(world: World) -> None:
    ann, bob = await page(world, "ann"), await page(world, "bob")
    await ann.ask("typing", to=BOB, active=True)
    typed = await bob.expect("typed")
    assert (typed["peer"], typed["sender"], typed["active"]) == (ANN, ANN, True)
    await ann.ask("join", "joined", room="r")
    await bob.ask("join", "joined", room="r")
    await ann.ask("typing", active=True)
    assert (await bob.expect("typed"))["peer"] is None


async def test_what_came_while_nobody_was_there(world: World) -> None:
    ann = await page(world, "ann")
    await ann.ask("send", "accepted", to=BOB, text="are you there?", origin_id="1")
    bob = await page(world, "bob")
    assert (await bob.expect("direct_message"))["message"]["text"] == "are you there?"
    again = await page(world, "bob")
    await ann.ask("send", "accepted", to=BOB, text="hello!", origin_id="2")
    assert (await again.expect("direct_message"))["message"]["text"] == "hello!"


async def test_what_nobody_acknowledged_waits_for_the_next_device(world: World) -> None:
    ann, bob = await page(world, "ann"), await page(world, "bob")
    for text in ("read", "lost"):
        await ann.ask("send", "accepted", to=BOB, text=text, origin_id=text)
    bob.send("ack", seq=(await bob.expect("direct_message"))["seq"])
    await bob.ask("typing", to=ANN, active=False)
    await bob.lose(1000)
    again = await page(world, "bob")
    assert (await again.received.get())["message"]["text"] == "lost"


async def test_what_another_device_has_does_not_wait(world: World) -> None:
    ann, bob, tablet = [await page(world, name) for name in ("ann", "bob", "bob")]
    await ann.ask("send", "accepted", to=BOB, text="hi", origin_id="1")
    await bob.lose(1000)
    await tablet.expect("direct_message")
    assert not await world.house.messages.waiting(Address("bob", "example.org"))
    await world.server.close()


async def test_who_comes_back_to_very_much_is_not_turned_away(world: World) -> None:
    ann = await page(world, "ann")
    # CONFIG lets 20,000 bytes wait for one session.
    for number in range(12):
        await ann.ask("send", "accepted", to=BOB, text="x" * 5000, origin_id=str(number))
    bob = await page(world, "bob")
    assert (await bob.ask("history", "messages", to=ANN, limit=2))["more"]


async def test_pages_of_long_messages_are_short(world: World) -> None:
    generous = World(world.house, WebConfig(queue_limit=4 << 20, request_burst=1000)).server
    world.server = generous
    ann, bob = await page(world, "ann"), await page(world, "bob")
    for number in range(25):
        await ann.ask("send", "accepted", to=BOB, text="é" * 10_000, origin_id=str(number))
    last = await bob.ask("history", "messages", to=ANN, limit=200)
    assert (len(last["messages"]), last["more"]) == (20, True)
    first = await bob.ask("history", "messages", to=ANN, limit=200, before=last["next"])
    assert (len(first["messages"]), first["more"]) == (5, False)
    await generous.close()


@pytest.mark.parametrize(
    ("kind", "fields", "reason"),
    [
        ("say", {"text": "x"}, "conflict"),
        ("send", {"to": BOB, "text": ""}, "bad_request"),
        ("send", {"to": "<>@@", "text": "x"}, "bad_request"),
        ("send", {"to": "nobody", "text": "x"}, "not_found"),
        ("send", {"to": BOB, "text": "x" * 10_001}, "bad_request"),
        ("send", {"to": BOB, "text": "x", "attachments": [FILE] * 11}, "bad_request"),
        ("send", {"to": BOB, "text": "x", "attachments": [{"name": "no url"}]}, "bad_request"),
        ("correct", {"to": BOB, "about": "1", "text": ""}, "bad_request"),
        ("correct", {"to": BOB, "about": "none", "text": "x"}, "not_found"),
        ("retract", {"about": "1"}, "conflict"),
        ("react", {"to": BOB, "about": "1", "reactions": ["x"] * 11}, "bad_request"),
        ("react", {"to": BOB, "about": "1", "reactions": ["x" * 41]}, "bad_request"),
        ("whisper", {"member": "m", "text": "x"}, "conflict"),
    ],
)
async def test_bad_requests_are_refused_and_the_session_goes_on(
    world: World, kind: str, fields: dict[str, object], reason: str
) -> None:
    ann, _ = await page(world, "ann"), await page(world, "bob")
    refused = await ann.ask(kind, "refused", **fields, origin_id="9")
    assert refused["reason"] == reason
    await ann.ask("send", "accepted", to=BOB, text="still here", origin_id="10")


async def test_a_message_sent_again_is_one(world: World) -> None:
    ann, bob = await page(world, "ann"), await page(world, "bob")
    first = await ann.ask("send", "accepted", to=BOB, text="once", origin_id="1")
    again = await ann.ask("send", "accepted", to=BOB, text="once", origin_id="1")
    assert again["message"] == first["message"]
    assert len((await bob.ask("history", "messages", to=ANN))["messages"]) == 1


async def test_what_programs_say_to_each_other_is_no_message(world: World) -> None:
    bob = await page(world, "bob")
    what = Draft(original=Original("x", b"y"), kept=True)
    to = world.house.addresses.parse(BOB)
    await world.house.switchboard.send(account("ann"), to, what)
    await world.house.switchboard.send(account("ann"), to, Draft(text="words"))
    assert (await bob.received.get())["message"]["text"] == "words"
    assert len((await bob.ask("history", "messages", to=ANN))["messages"]) == 1
