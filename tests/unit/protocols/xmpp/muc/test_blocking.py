"""Rooms and occupants that are blocked (XEP-0191 §5)."""

from antiphon.core.event import RoomInvited
from tests.support.xmpp_house import body, condition
from tests.support.xmpp_muc import ROOMS, Hall, from_of, room_of

DEN = f"den@{ROOMS}"
BLOCKED = ".//{urn:xmpp:blocking:errors}blocked"
STATE = "<composing xmlns='http://jabber.org/protocol/chatstates'/>"


async def test_one_occupant_is_not_heard_by_who_blocks_it(hall: Hall) -> None:
    ann, bob, eve = await room_of(hall, "ann", "bob", "eve")
    await hall.contacts.block(ann.session.account, [f"{DEN}/Eve"])
    eve.say("den", "to all")
    eve.send(f"<message to='{DEN}' type='groupchat'>{STATE}</message>")
    eve.send(f"<message to='{DEN}/Ann' type='chat'><body>to one</body></message>")
    eve.send(f"<message to='{DEN}/Ann' type='chat'>{STATE}</message>")
    eve.send(f"<presence to='{DEN}/Eve'><show>away</show></presence>")
    eve.send(f"<iq type='get' id='q' to='{DEN}/Ann'><ping xmlns='urn:xmpp:ping'/></iq>")
    assert await ann.take() == []
    (answer,) = [one for one in await eve.take() if one.tag.endswith("iq")]
    assert condition(answer) == "service-unavailable"
    assert len(await bob.take()) == 3, "others are not concerned"
    bob.say("den", "hello")
    assert body(await ann.only()) == "hello"


async def test_who_blocks_somebody_does_not_find_them_in_the_room(hall: Hall) -> None:
    ann, eve = await room_of(hall, "ann", "eve")
    eve.say("den", "before")
    await eve.take()
    await ann.take()
    bob = hall.login("bob")
    await hall.contacts.block(bob.session.account, [f"{DEN}/Eve"])
    came = await bob.join("den")
    assert [from_of(one) for one in came] == ["Ann", "Bob", ""]
    bob.send(f"<message to='{DEN}/Eve' type='chat'><body>x</body></message>")
    refused = await bob.only()
    assert (condition(refused), refused.find(BLOCKED) is not None) == ("not-acceptable", True)
    await eve.take()
    eve.send(f"<presence type='unavailable' to='{DEN}/Eve'/>")
    assert await bob.take() == []


async def test_a_room_that_is_blocked_is_left_and_not_entered(hall: Hall) -> None:
    ann, bob = await room_of(hall, "ann", "bob")
    await hall.contacts.block(bob.session.account, [DEN])
    assert (await bob.take())[-1].get("type") == "unavailable"
    assert [from_of(one) for one in await ann.take()] == ["Bob"]
    (refused,) = await bob.join("den")
    assert condition(refused) == "not-acceptable"
    await hall.switchboard.invite_into(ann.session.caller, "den", bob.session.account)
    assert await bob.take() == [], "nor is anybody asked into it"
    assert RoomInvited in hall.news
    await hall.contacts.unblock(bob.session.account)
    assert len(await bob.join("den")) == 3


async def test_who_is_blocked_as_an_account_speaks_in_rooms(hall: Hall) -> None:
    ann, bob = await room_of(hall, "ann", "bob")
    await hall.contacts.block(ann.session.account, [bob.session.bare])
    bob.say("den", "hello")
    assert body(await ann.only()) == "hello"
