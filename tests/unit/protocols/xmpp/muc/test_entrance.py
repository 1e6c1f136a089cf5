"""Coming into rooms, being there, taking another name, and going (XEP-0045 §7)."""

import pytest

from antiphon.core.change import Rename
from antiphon.core.event import MemberChanged, MemberJoined, MemberLeft
from antiphon.core.ports import RoomSettings
from antiphon.core.reason import Reason
from antiphon.core.standing import Affiliation
from tests.support.xmpp_house import body, condition
from tests.support.xmpp_muc import JOIN, ROOMS, Client, Hall, codes, from_of, item, subject


async def room_of(hall: Hall, *names: str) -> list[Client]:
    """Clients in the room `den`, which the first of them made."""
    clients = [hall.login(name) for name in names]
    for client in clients:
        await client.join("den")
        if client is clients[0]:
            await client.configure("den")
    for client in clients:
        await client.take()
    return clients


async def test_whoever_makes_a_room_is_told_in_order(hall: Hall) -> None:
    ann = hall.login("ann")
    presence, about = await ann.join("den")
    assert from_of(presence) == "Ann"
    assert codes(presence) == [100, 110, 170, 201]
    assert item(presence) == {
        "affiliation": "owner",
        "role": "moderator",
        "jid": "ann@example.org/pda",
    }
    assert subject(about) == ""
    assert body(about) is None


async def test_a_new_room_is_closed_until_it_is_set_up(hall: Hall) -> None:
    ann, bob = hall.login("ann"), hall.login("bob")
    await ann.join("den")
    assert condition((await bob.join("den"))[0]) == "item-not-found"
    await ann.configure("den")
    assert from_of((await bob.join("den"))[0]) == "Ann"


async def test_all_see_who_comes_and_goes(hall: Hall) -> None:
    ann, bob = await room_of(hall, "ann", "bob")
    eve = hall.login("eve")
    came = await eve.join("den")
    assert [from_of(one) for one in came] == ["Ann", "Bob", "Eve", ""]
    assert codes(came[2]) == [100, 110, 170]
    for other in (ann, bob):
        told = await other.only()
        assert from_of(told) == "Eve"
        assert item(told)["affiliation"] == "none"
        assert codes(told) == []
    eve.send(f"<presence type='unavailable' to='den@{ROOMS}/Eve'><status>bye</status></presence>")
    own = await eve.only()
    assert (own.get("type"), codes(own), item(own)["role"]) == ("unavailable", [110], "none")
    for other in (ann, bob):
        gone = await other.only()
        assert (gone.get("type"), from_of(gone), codes(gone)) == ("unavailable", "Eve", [])


async def test_rooms_are_the_same_for_all_protocols(hall: Hall) -> None:
    await hall.enter("web", "den", "Webster")
    ann = hall.login("ann")
    came = await ann.join("den")
    assert [from_of(one) for one in came] == ["Webster", "Ann", ""]
    room = hall.switchboard.find("den")
    assert room is not None
    assert [one.info.name for one in room.members.values()] == ["Webster", "Ann"]
    member, outlet = await hall.enter("sue", "den")
    assert item(await ann.only())["jid"] == "sue@example.org"
    ann.send(f"<presence type='unavailable' to='den@{ROOMS}/Ann'/>")
    await ann.take()
    left = outlet.take()[-1]
    assert isinstance(left, MemberLeft)
    assert (left.member.name, left.reason) == ("Ann", Reason.LEFT)
    await hall.switchboard.leave("den", member.id)


async def test_members_of_one_name_are_told_apart(hall: Hall) -> None:
    for name in ("web", "sip", "tel"):
        await hall.enter(name, "den", "Anonymous")
    ann = hall.login("ann")
    came = await ann.join("den")
    assert [from_of(one) for one in came] == [
        "Anonymous",
        "Anonymous (2)",
        "Anonymous (3)",
        "Ann",
        "",
    ]


async def test_a_name_of_another_is_taken(hall: Hall) -> None:
    await room_of(hall, "ann")
    bob = hall.login("bob")
    assert condition((await bob.join("den", "ANN"))[0]) == "conflict"
    await hall.enter("web", "den", "Webster")
    assert condition((await bob.join("den", "Webster"))[0]) == "conflict"


async def test_sessions_of_one_account_may_share_a_name(hall: Hall) -> None:
    ann, bob = await room_of(hall, "ann", "bob")
    second = hall.login("ann/phone")
    came = await second.join("den", "Ann")
    assert [from_of(one) for one in came] == ["Bob", "Ann", ""]
    await ann.take()
    assert len(await bob.take()) == 1
    ann.send(f"<presence type='unavailable' to='den@{ROOMS}/Ann'/>")
    await ann.take()
    assert await bob.take() == [], "Ann is still there"
    second.send(f"<presence type='unavailable' to='den@{ROOMS}/Ann'/>")
    await second.take()
    assert (await bob.only()).get("type") == "unavailable"


async def test_one_of_two_sessions_takes_another_name(hall: Hall) -> None:
    ann, bob = await room_of(hall, "ann", "bob")
    second = hall.login("ann/phone")
    await second.join("den", "Ann")
    for client in (ann, bob):
        await client.take()
    second.send(f"<presence to='den@{ROOMS}/Phone'/>")
    away, back = await second.take()
    assert (from_of(away), codes(away), from_of(back)) == ("Ann", [110, 303], "Phone")
    assert [(from_of(one), one.get("type")) for one in await bob.take()] == [("Phone", None)]
    second.send(f"<presence to='den@{ROOMS}/Ann'/>")
    await second.take()
    assert [(from_of(one), codes(one)) for one in await bob.take()] == [
        ("Phone", [303]),
        ("Ann", []),
    ]


async def test_presence_is_passed_on(hall: Hall) -> None:
    ann, bob = await room_of(hall, "ann", "bob")
    ann.send(
        f"<presence to='den@{ROOMS}/Ann'><show>dnd</show><status>busy</status>"
        "<x xmlns='http://jabber.org/protocol/muc#user'><item role='moderator'/></x></presence>"
    )
    own, told = await ann.only(), await bob.only()
    assert codes(own) == [110]
    assert told.findtext("{jabber:client}show") == "dnd"
    assert len(list(told.iter("{http://jabber.org/protocol/muc#user}x"))) == 1, "nothing forged"


async def test_another_name(hall: Hall) -> None:
    ann, bob = await room_of(hall, "ann", "bob")
    _, outlet = await hall.enter("web", "den")
    for client in (ann, bob):
        await client.take()
    ann.send(f"<presence to='den@{ROOMS}/Annie'/>")
    away, back = await ann.take()
    assert (away.get("type"), from_of(away), codes(away)) == ("unavailable", "Ann", [110, 303])
    assert item(away)["nick"] == "Annie"
    assert (from_of(back), codes(back)) == ("Annie", [110])
    away, back = await bob.take()
    assert (from_of(away), codes(away), from_of(back)) == ("Ann", [303], "Annie")
    changed = outlet.take()[-1]
    assert isinstance(changed, MemberChanged)
    assert changed.member.name == "Annie"
    bob.send(f"<presence to='den@{ROOMS}/annie'/>")
    assert condition(await bob.only()) == "conflict"


async def test_others_take_another_name(hall: Hall) -> None:
    member, _ = await hall.enter("web", "den")
    ann = hall.login("ann")
    await ann.join("den")
    await hall.switchboard.update("den", member.id, Rename("Wendy"))
    away, back = await ann.take()
    assert (from_of(away), codes(away), from_of(back)) == ("Web", [303], "Wendy")


async def test_a_name_in_another_form_is_told(hall: Hall) -> None:
    await room_of(hall, "ann")
    bob = hall.login("bob")
    came = await bob.join("den", "Bob   B")
    assert from_of(came[1]) == "Bob B"
    assert 210 in codes(came[1])


@pytest.mark.parametrize(
    ("settings", "inner", "expected"),
    [
        (RoomSettings(name="den", members_only=True), JOIN, "registration-required"),
        (RoomSettings(name="den", password="x"), JOIN, "not-authorized"),
        (RoomSettings(name="den", max_members=1), JOIN, "service-unavailable"),
        (RoomSettings(name="den"), "", "not-acceptable"),
    ],
)
async def test_who_does_not_get_in(
    hall: Hall, settings: RoomSettings, inner: str, expected: str
) -> None:
    await hall.switchboard.set(hall.caller("ann"), settings)
    await hall.enter("ann", "den")
    bob = hall.login("bob")
    refused = (await bob.join("den", inner=inner))[0]
    assert condition(refused) == expected
    assert refused.get("from") == f"den@{ROOMS}/Bob"


async def test_without_a_name(hall: Hall) -> None:
    bob = hall.login("bob")
    bob.send(f"<presence to='den@{ROOMS}'>{JOIN}</presence>")
    assert condition(await bob.only()) == "jid-malformed"


async def test_with_the_password(hall: Hall) -> None:
    await hall.switchboard.set(hall.caller("ann"), RoomSettings(name="den", password="sesame"))
    bob = hall.login("bob")
    inner = "<x xmlns='http://jabber.org/protocol/muc'><password>sesame</password></x>"
    assert codes((await bob.join("den", inner=inner))[0])[:2] == [100, 110]


async def test_an_outcast_does_not_get_in(hall: Hall) -> None:
    ann = hall.caller("ann")
    await hall.switchboard.set(ann, RoomSettings(name="den"))
    bob = hall.login("bob")
    await hall.switchboard.affiliate(ann, "den", bob.session.account, Affiliation.OUTCAST)
    assert condition((await bob.join("den"))[0]) == "forbidden"


async def test_a_session_that_ends_leaves(hall: Hall) -> None:
    ann, bob = await room_of(hall, "ann", "bob")
    ann.session.close()
    gone = await bob.only()
    assert (gone.get("type"), from_of(gone), codes(gone)) == ("unavailable", "Ann", [])


async def test_an_error_takes_out_whoever_sends_it(hall: Hall) -> None:
    ann, bob = await room_of(hall, "ann", "bob")
    ann.send(
        f"<presence type='error' to='den@{ROOMS}/Ann'><error type='cancel'>"
        "<gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>"
    )
    assert codes(await ann.only()) == [110, 307, 333]
    assert codes(await bob.only()) == [307, 333]


async def test_what_is_sent_ahead_waits_for_the_door(hall: Hall) -> None:
    ann, bob = await room_of(hall, "ann", "bob")
    eve = hall.login("eve")
    eve.send(f"<presence to='den@{ROOMS}/Eve'>{JOIN}</presence>")
    eve.say("den", "here I am")
    eve.send(f"<presence type='unavailable' to='den@{ROOMS}/Eve'/>")
    came = await eve.take()
    assert [body(one) for one in came if one.tag.endswith("message")][-1] == "here I am"
    assert codes(came[-1]) == [110]
    kinds = [(one.tag.partition("}")[2], one.get("type")) for one in await bob.take()]
    assert kinds == [("presence", None), ("message", "groupchat"), ("presence", "unavailable")]
    assert len(await ann.take()) == 3


async def test_a_client_that_joins_again_is_told_again(hall: Hall) -> None:
    ann, _bob = await room_of(hall, "ann", "bob")
    ann.say("den", "hello")
    await ann.take()
    again = await ann.join("den")
    assert [from_of(one) for one in again] == ["Bob", "Ann", "Ann", ""]
    assert 110 in codes(again[1])
    assert body(again[2]) == "hello"
    ann.say("den", "still here")
    assert body(await ann.only()) == "still here"


async def test_there_is_a_limit_of_rooms(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = hall.login("ann")
    for number in range(100):
        ann.send(f"<presence to='r{number}@{ROOMS}/Ann'>{JOIN}</presence>")
    await ann.take()
    assert condition((await ann.join("one-more"))[0]) == "resource-constraint"


async def test_joining_is_told_to_others_of_other_protocols(hall: Hall) -> None:
    _, outlet = await hall.enter("web", "den")
    ann = hall.login("ann")
    await ann.join("den")
    joined = outlet.take()[-1]
    assert isinstance(joined, MemberJoined)
    assert (str(joined.member.address), joined.member.name) == ("ann@example.org", "Ann")


@pytest.mark.parametrize("ends", [False, True])
async def test_who_goes_while_coming_in_does_not_stay(hall: Hall, ends: bool) -> None:
    (ann,) = await room_of(hall, "ann")
    bob = hall.login("bob")
    bob.send(f"<presence to='den@{ROOMS}/Bob'>{JOIN}</presence>")
    if ends:
        bob.session.close()
    else:
        hall.muc.left(bob.session)
    await hall.settle()
    room = hall.switchboard.find("den")
    assert room is not None
    assert [one.info.name for one in room.members.values()] == ["Ann"]
    await ann.take()


async def test_who_goes_and_comes_back_at_once_is_there(hall: Hall) -> None:
    _, bob = await room_of(hall, "ann", "bob")
    hall.muc.left(bob.session)
    came = await bob.join("den")
    assert [from_of(one) for one in came] == ["Bob", "Ann", "Bob", ""]
    room = hall.switchboard.find("den")
    assert room is not None
    assert len(room.members) == 2
