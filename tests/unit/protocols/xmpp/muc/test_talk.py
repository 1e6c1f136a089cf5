"""What is said in rooms (XEP-0045 §7.4, §7.5, §8.1): to everybody, to one, of the subject."""

import pytest

from antiphon.core.event import Said, SubjectChanged, Typed, Whispered
from antiphon.core.message import Draft, MessageKind, Span
from antiphon.core.ports import RoomSettings
from antiphon.core.standing import Role
from tests.support.xmpp_house import as_text, body, condition
from tests.support.xmpp_muc import ROOMS, Hall, from_of, room_of, subject

SID = "{urn:xmpp:sid:0}stanza-id"
OCCUPANT = "{urn:xmpp:occupant-id:0}occupant-id"
DELAY = "{urn:xmpp:delay}delay"


async def test_everybody_hears_it_with_its_id(hall: Hall) -> None:
    ann, bob = await room_of(hall, "ann", "bob")
    _, outlet = await hall.enter("web", "den")
    await ann.take()
    await bob.take()
    ann.say("den", "hello", "message-1")
    own, told = await ann.only(), await bob.only()
    said = outlet.take()[-1]
    assert isinstance(said, Said)
    assert (said.message.text, said.message.name) == ("hello", "Ann")
    for one in (own, told):
        assert (one.get("from"), one.get("id")) == (f"den@{ROOMS}/Ann", "message-1")
        assert body(one) == "hello"
        id = one.find(SID)
        assert id is not None
        assert (id.get("by"), id.get("id")) == (f"den@{ROOMS}", said.message.id)
        assert one.find(OCCUPANT) is not None


async def test_what_others_say_is_heard(hall: Hall) -> None:
    (ann,) = await room_of(hall, "ann")
    member, _ = await hall.enter("web", "den", "Webster")
    await ann.take()
    message = await hall.switchboard.say(member.caller, "den", "hi <all>")
    told = await ann.only()
    assert (told.get("from"), told.get("type")) == (f"den@{ROOMS}/Webster", "groupchat")
    assert body(told) == "hi <all>"
    id = told.find(SID)
    assert id is not None
    assert id.get("id") == message.id
    assert told.find(OCCUPANT) is not None


async def test_nobody_speaks_from_outside(hall: Hall) -> None:
    await room_of(hall, "ann")
    eve = hall.login("eve")
    eve.say("den", "spam")
    assert condition(await eve.only()) == "not-acceptable"
    eve.say("nowhere", "spam")
    assert condition(await eve.only()) == "not-acceptable"


async def test_what_only_the_room_may_say_is_left_out(hall: Hall) -> None:
    ann, bob = await room_of(hall, "ann", "bob")
    ann.send(
        f"<message to='den@{ROOMS}' type='groupchat'><body>x</body>"
        "<x xmlns='http://jabber.org/protocol/muc#user'><status code='100'/></x>"
        "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='bob'/>"
        f"<stanza-id xmlns='urn:xmpp:sid:0' by='den@{ROOMS}' id='forged'/></message>"
    )
    told = await bob.only()
    assert [one.get("id") for one in told.findall(SID)] != ["forged"]
    assert len(told.findall(SID)) == len(told.findall(OCCUPANT)) == 1
    assert told.find(OCCUPANT).get("id") != "bob"  # type: ignore[union-attr]
    assert told.find("{http://jabber.org/protocol/muc#user}x") is None


async def test_history_comes_first(hall: Hall) -> None:
    (ann,) = await room_of(hall, "ann")
    for number in range(5):
        ann.say("den", f"m{number}")
    await ann.take()
    bob = hall.login("bob")
    came = await bob.join("den")
    late = [one for one in came if one.find(DELAY) is not None]
    assert [body(one) for one in late] == [f"m{number}" for number in range(5)]
    assert came.index(late[0]) > [from_of(one) for one in came].index("Bob")
    assert subject(came[-1]) == ""
    for one in late:
        assert one.find(SID) is not None
        assert one.find(OCCUPANT) is not None


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ("maxstanzas='2'", ["m3", "m4"]),
        ("maxstanzas='0'", []),
        ("maxchars='0'", []),
        ("maxchars='700'", ["m4"]),
        ("seconds='3600'", ["m0", "m1", "m2", "m3", "m4"]),
        ("since='2100-01-01T00:00:00Z'", []),
    ],
)
async def test_as_much_history_as_is_wanted(hall: Hall, wish: str, expected: list[str]) -> None:
    (ann,) = await room_of(hall, "ann")
    for number in range(5):
        ann.say("den", f"m{number}")
    await ann.take()
    bob = hall.login("bob")
    inner = f"<x xmlns='http://jabber.org/protocol/muc'><history {wish}/></x>"
    came = await bob.join("den", inner=inner)
    assert [body(one) for one in came if one.find(DELAY) is not None and body(one)] == expected


async def test_a_wish_that_cannot_be_read(hall: Hall) -> None:
    await room_of(hall, "ann")
    inner = "<x xmlns='http://jabber.org/protocol/muc'><history since='yesterday'/></x>"
    assert condition((await hall.login("bob").join("den", inner=inner))[0]) == "bad-request"


async def test_no_more_history_than_the_room_shows(hall: Hall) -> None:
    (ann,) = await room_of(hall, "ann", settings=RoomSettings(name="den", history=1))
    ann.say("den", "one")
    ann.say("den", "two")
    await ann.take()
    came = await hall.login("bob").join("den")
    assert [body(one) for one in came if one.find(DELAY) is not None] == ["two"]


async def test_a_room_without_an_archive(hall: Hall) -> None:
    ann, bob = await room_of(hall, "ann", "bob", settings=RoomSettings(name="den", archived=False))
    ann.say("den", "off the record")
    told = await bob.only()
    assert body(told) == "off the record"
    assert told.find(SID) is None
    came = await hall.login("eve").join("den")
    assert [one for one in came if one.find(DELAY) is not None] == []
    assert 170 not in [int(one.get("code", 0)) for one in came[2].iter() if "status" in one.tag]


async def test_the_subject(hall: Hall) -> None:
    ann, bob = await room_of(hall, "ann", "bob")
    _, outlet = await hall.enter("web", "den")
    for client in (ann, bob):
        await client.take()
    ann.send(f"<message to='den@{ROOMS}' type='groupchat'><subject>Cake</subject></message>")
    told = await bob.only()
    assert (subject(told), from_of(told)) == ("Cake", "Ann")
    changed = outlet.take()
    assert any(isinstance(one, SubjectChanged) and one.subject == "Cake" for one in changed)
    bob.send(f"<message to='den@{ROOMS}' type='groupchat'><subject>Pie</subject></message>")
    assert condition(await bob.only()) == "forbidden"
    came = await hall.login("eve").join("den")
    assert (subject(came[-1]), from_of(came[-1])) == ("Cake", "Ann")
    await hall.switchboard.set_subject(hall.caller("ann"), "den", "Tea")
    assert subject((await bob.take())[-1]) == "Tea"


async def test_to_one_alone(hall: Hall) -> None:
    ann, bob, eve = await room_of(hall, "ann", "bob", "eve")
    ann.send(f"<message to='den@{ROOMS}/Bob' type='chat' id='w1'><body>psst</body></message>")
    told = await bob.only()
    assert (told.get("from"), told.get("type"), body(told)) == (f"den@{ROOMS}/Ann", "chat", "psst")
    assert told.find("{http://jabber.org/protocol/muc#user}x") is not None
    assert await ann.take() == []
    assert await eve.take() == []
    ann.send(f"<message to='den@{ROOMS}/Nobody' type='chat'><body>psst</body></message>")
    assert condition(await ann.only()) == "item-not-found"
    assert len((await hall.mailbox.read(hall.addresses.room("den"), Span())).messages) == 0


async def test_to_one_alone_of_another_protocol(hall: Hall) -> None:
    (ann,) = await room_of(hall, "ann")
    member, outlet = await hall.enter("web", "den")
    await ann.take()
    ann.send(f"<message to='den@{ROOMS}/Web' type='chat'><body>psst</body></message>")
    await ann.take()
    whispered = outlet.take()[-1]
    assert isinstance(whispered, Whispered)
    assert whispered.message.text == "psst"
    hall.switchboard.whisper("den", member.id, whispered.sender, Draft(text="yes?"))
    told = await ann.only()
    assert (from_of(told), told.get("type"), body(told)) == ("Web", "chat", "yes?")


async def test_signs_go_to_all_and_are_kept_by_nobody(hall: Hall) -> None:
    ann, bob = await room_of(hall, "ann", "bob")
    member, outlet = await hall.enter("web", "den")
    for client in (ann, bob):
        await client.take()
    ann.send(
        f"<message to='den@{ROOMS}' type='groupchat'>"
        "<composing xmlns='http://jabber.org/protocol/chatstates'/></message>"
    )
    told = await bob.only()
    assert from_of(told) == "Ann"
    assert told.find("{http://jabber.org/protocol/chatstates}composing") is not None
    typed = outlet.take()[-1]
    assert isinstance(typed, Typed)
    assert (typed.name, typed.active) == ("Ann", True)
    assert len(await ann.take()) == 1
    hall.switchboard.typing(member.caller, hall.addresses.room("den"), True)
    told = await bob.only()
    assert from_of(told) == "Web"
    assert (await hall.mailbox.read(hall.addresses.room("den"), Span())).messages == []


async def test_corrections_by_others(hall: Hall) -> None:
    (ann,) = await room_of(hall, "ann")
    member, _ = await hall.enter("web", "den")
    await ann.take()
    said = await hall.switchboard.say(member.caller, "den", "helo")
    first = await ann.only()
    draft = Draft(kind=MessageKind.CORRECTION, text="hello", about=said.id)
    await hall.switchboard.say(member.caller, "den", draft)
    second = await ann.only()
    replaced = second.find("{urn:xmpp:message-correct:0}replace")
    assert replaced is not None, as_text(second)
    assert replaced.get("id") == first.get("id")


async def test_reactions_to_what_others_said(hall: Hall) -> None:
    ann, bob = await room_of(hall, "ann", "bob")
    member, outlet = await hall.enter("web", "den")
    for client in (ann, bob):
        await client.take()
    said = await hall.switchboard.say(member.caller, "den", "cake?")
    await ann.take()
    await bob.take()
    ann.send(
        f"<message to='den@{ROOMS}' type='groupchat' id='reaction-1'>"
        f"<reactions xmlns='urn:xmpp:reactions:0' id='{said.id}'><reaction>+1</reaction>"
        "</reactions><store xmlns='urn:xmpp:hints'/></message>"
    )
    assert (await bob.only()).find("{urn:xmpp:reactions:0}reactions") is not None
    heard = outlet.take()[-1]
    assert isinstance(heard, Said)
    assert (heard.message.draft.reactions, heard.message.draft.about) == (("+1",), said.id)


async def test_what_is_no_groupchat_is_not_for_the_room(hall: Hall) -> None:
    (ann,) = await room_of(hall, "ann")
    ann.send(f"<message to='den@{ROOMS}' type='chat'><body>x</body></message>")
    assert condition(await ann.only()) == "bad-request"
    ann.send(f"<message to='{ROOMS}'><body>x</body></message>")
    assert condition(await ann.only()) == "service-unavailable"
    ann.send(f"<message to='den@{ROOMS}/Ann' type='groupchat'><body>x</body></message>")
    assert condition(await ann.only()) == "bad-request"


async def test_nobody_says_in_the_name_of_the_room_when_something_was_said(hall: Hall) -> None:
    ann, bob = await room_of(hall, "ann", "bob")
    stamp = "stamp='2001-01-01T00:00:00Z'"
    forged = "".join(
        f"<delay xmlns='urn:xmpp:delay'{by} {stamp}/>"
        for by in (f" from='den@{ROOMS}'", f" from='den@{ROOMS}/Bob'", " from='example.org'", "")
    )
    own = f"<delay xmlns='urn:xmpp:delay' from='{ann.jid}' {stamp}/>"
    ids = "".join(
        f"<stanza-id xmlns='urn:xmpp:sid:0' by='{by}' id='forged'/>"
        for by in (f"den@{ROOMS}", bob.session.bare)
    )
    said = f"<body>x</body>{forged}{own}{ids}"
    for to, kind in (("", "groupchat"), ("/Bob", "chat")):
        ann.send(f"<message to='den@{ROOMS}{to}' type='{kind}'>{said}</message>")
        told = await bob.only()
        assert [one.get("from") for one in told.findall(DELAY)] == [ann.jid]
        if kind == "chat":
            assert told.findall(SID) == []
        else:
            forgeries = [one for one in told.findall(SID) if one.get("id") == "forged"]
            assert [one.get("by") for one in forgeries] == [bob.session.bare], "no id of the room"
    ann.send(f"<presence to='den@{ROOMS}/Ann'>{forged}<show>away</show></presence>")
    assert (await bob.only()).findall(DELAY) == []


async def test_a_delay_does_not_tell_who_somebody_is(hall: Hall) -> None:
    hidden = RoomSettings(name="den", addresses_for=Role.MODERATOR)
    _, bob, eve = await room_of(hall, "ann", "bob", "eve", settings=hidden)
    own = f"<delay xmlns='urn:xmpp:delay' from='{bob.jid}' stamp='2001-01-01T00:00:00Z'/>"
    bob.send(f"<message to='den@{ROOMS}' type='groupchat'><body>x</body>{own}</message>")
    assert "bob@" not in as_text(await eve.only())
