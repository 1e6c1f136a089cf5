"""What moderators, admins and owners do (XEP-0045 §8–§10), and XEP-0425."""

import pytest

from antiphon.core.change import Act, Moderate, RaiseHand
from antiphon.core.event import Ended, MemberChanged, Said
from antiphon.core.message import MessageKind
from antiphon.core.ports import RoomSettings
from antiphon.core.reason import Reason
from antiphon.core.standing import Affiliation, Role
from antiphon.protocols.xmpp.muc import admin
from tests.support.xmpp_house import as_text, body, condition
from tests.support.xmpp_muc import ROOMS, USER, Hall, codes, from_of, item, room_of

ADMIN = "{http://jabber.org/protocol/muc#admin}"
DATA = "{jabber:x:data}"
DEN = f"den@{ROOMS}"


async def test_a_kick(hall: Hall) -> None:
    ann, bob, eve = await room_of(hall, "ann", "bob", "eve")
    answer = await ann.admin("den", "<item nick='Bob' role='none'><reason>noise</reason></item>")
    assert answer.get("type") == "result"
    own = await bob.only()
    assert (own.get("type"), codes(own)) == ("unavailable", [110, 307])
    assert own.findtext(f"{USER}x/{USER}item/{USER}reason") == "noise"
    told = await eve.only()
    assert (from_of(told), codes(told), item(told)["role"]) == ("Bob", [307], "none")


async def test_a_kick_of_one_on_the_web_and_by_one(hall: Hall) -> None:
    ann, bob = await room_of(hall, "ann", "bob")
    _, outlet = await hall.enter("web", "den")
    await ann.admin("den", "<item nick='Web' role='none'/>")
    ended = outlet.take()[-1]
    assert isinstance(ended, Ended)
    assert ended.reason is Reason.REMOVED
    boss, _ = await hall.enter("ann", "den", "Boss")
    room = hall.switchboard.find("den")
    assert room is not None
    other = next(one for one in room.members.values() if one.info.name == "Bob")
    await bob.take()
    await hall.switchboard.update("den", boss.id, Moderate(other.id, Act.REMOVE, reason="out"))
    assert codes(await bob.only()) == [110, 307]


async def test_only_moderators_kick_and_not_those_above_them(hall: Hall) -> None:
    ann, bob, _ = await room_of(hall, "ann", "bob", "eve")
    kick = "<item nick='Eve' role='none'/>"
    assert condition(await bob.admin("den", kick)) == "forbidden"
    await ann.admin("den", "<item nick='Bob' role='moderator'/>")
    assert condition(await bob.admin("den", "<item nick='Ann' role='none'/>")) == "not-allowed"
    assert condition(await bob.admin("den", "<item nick='Joe' role='none'/>")) == "item-not-found"
    assert (await bob.admin("den", kick)).get("type") == "result"
    outsider = hall.login("joe")
    assert condition(await outsider.admin("den", kick)) == "not-acceptable"


async def test_voice_is_taken_and_given(hall: Hall) -> None:
    ann, bob = await room_of(hall, "ann", "bob", settings=RoomSettings(name="den", moderated=True))
    bob.say("den", "may I?")
    assert condition(await bob.only()) == "forbidden"
    await ann.admin("den", "<item nick='Bob' role='participant'/>")
    told = await bob.only()
    assert (item(told)["role"], codes(told)) == ("participant", [110])
    bob.say("den", "thanks")
    assert body(await bob.only()) == "thanks"
    await ann.admin("den", "<item nick='Bob' role='visitor'/>")
    assert item(await bob.only())["role"] == "visitor"


async def test_a_request_for_voice_is_a_raised_hand(hall: Hall) -> None:
    ann, bob = await room_of(hall, "ann", "bob", settings=RoomSettings(name="den", moderated=True))
    _, outlet = await hall.enter("web", "den")
    await ann.take()
    bob.send(
        f"<message to='{DEN}'><x xmlns='jabber:x:data' type='submit'>"
        "<field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#request</value></field>"
        "<field var='muc#role'><value>participant</value></field></x></message>"
    )
    asked = await ann.only()
    fields = {one.get("var"): one.findtext(f"{DATA}value") for one in asked.iter(f"{DATA}field")}
    assert fields["muc#roomnick"] == "Bob"
    assert fields["muc#jid"] == "bob@example.org/pda"
    raised = [one for one in outlet.take() if isinstance(one, MemberChanged)]
    assert raised[-1].member.hand
    await bob.take()
    ann.send(
        f"<message to='{DEN}'><x xmlns='jabber:x:data' type='submit'>"
        "<field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#request</value></field>"
        "<field var='muc#roomnick'><value>Bob</value></field>"
        "<field var='muc#request_allow'><value>true</value></field></x></message>"
    )
    assert item((await bob.take())[0])["role"] == "participant"
    lowered = [one for one in outlet.take() if isinstance(one, MemberChanged)]
    assert not lowered[-1].member.hand


async def test_a_hand_raised_on_the_web_is_a_request_for_voice(hall: Hall) -> None:
    (ann,) = await room_of(hall, "ann", settings=RoomSettings(name="den", moderated=True))
    member, _ = await hall.enter("web", "den")
    await ann.take()
    await hall.switchboard.update("den", member.id, RaiseHand(True))
    assert "muc#request" in as_text(await ann.only())
    await ann.admin("den", "<item nick='Web' role='participant'/>")
    assert member.info.role is Role.SPEAKER


async def test_a_ban_and_its_list(hall: Hall) -> None:
    ann, bob, eve = await room_of(hall, "ann", "bob", "eve")
    ban = "<item affiliation='outcast' jid='bob@example.org'><reason>spam</reason></item>"
    assert condition(await eve.admin("den", ban)) == "forbidden"
    await ann.admin("den", ban)
    own = await bob.only()
    assert (codes(own), item(own)["affiliation"]) == ([110, 301], "outcast")
    assert codes((await eve.take())[-1]) == [301]
    assert condition((await bob.join("den"))[0]) == "forbidden"
    listed = await ann.get(
        "<query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='outcast'/></query>",
        DEN,
    )
    (one,) = listed
    assert (one.get("jid"), one.get("affiliation")) == ("bob@example.org", "outcast")
    assert one.findtext(f"{ADMIN}reason") == "spam"
    await ann.admin("den", "<item affiliation='none' jid='bob@example.org'/>")
    assert 110 in codes((await bob.join("den"))[-2])


async def test_affiliations_by_name_and_their_rules(hall: Hall) -> None:
    ann, bob, _ = await room_of(hall, "ann", "bob", "eve")
    await ann.admin("den", "<item affiliation='admin' nick='Bob'/>")
    told = await bob.only()
    assert (item(told)["affiliation"], item(told)["role"]) == ("admin", "moderator")
    demote = "<item affiliation='none' jid='ann@example.org'/>"
    assert condition(await bob.admin("den", demote)) == "not-allowed"
    assert condition(await ann.admin("den", demote)) == "conflict", "a room has an owner"
    both = "<item affiliation='member' jid='eve@example.org'/>" + demote
    assert condition(await bob.admin("den", both)) == "not-allowed"
    settings = await hall.switchboard.settings("den")
    assert settings.affiliation(hall.caller("eve").address) is Affiliation.NONE, "all or nothing"
    assert (
        condition(await ann.admin("den", "<item affiliation='king' nick='Eve'/>")) == "bad-request"
    )
    assert (
        condition(await ann.admin("den", "<item affiliation='member' jid='@@'/>"))
        == "jid-malformed"
    )


async def test_losing_membership_of_a_room_for_members(hall: Hall) -> None:
    ann, bob = await room_of(hall, "ann", "bob")
    await ann.admin("den", "<item affiliation='member' jid='bob@example.org'/>")
    eve = hall.login("eve")
    await eve.join("den")
    for client in (ann, bob):
        await client.take()
    await ann.configure("den", membersonly="1")
    assert codes((await eve.take())[-1]) == [110, 322]
    told = await bob.take()
    assert [codes(one) for one in told] == [[104], [322]]
    await ann.admin("den", "<item affiliation='none' jid='bob@example.org'/>")
    assert codes(await bob.only()) == [110, 321]


async def test_the_lists_of_roles(hall: Hall) -> None:
    ann, bob = await room_of(hall, "ann", "bob")
    query = "<query xmlns='http://jabber.org/protocol/muc#admin'><item role='participant'/></query>"
    listed = await ann.get(query, DEN)
    assert [one.get("nick") for one in listed] == ["Bob"]
    assert await bob.refused("get", query, DEN) == "forbidden"
    assert await ann.refused("get", query.replace("participant", "king"), DEN) == "bad-request"


async def test_the_configuration(hall: Hall) -> None:
    ann, bob = await room_of(hall, "ann", "bob")
    query = "<query xmlns='http://jabber.org/protocol/muc#owner'/>"
    assert await bob.refused("get", query, DEN) == "forbidden"
    form = await ann.get(query, DEN)
    fields = {one.get("var"): one.findtext(f"{DATA}value") for one in form.iter(f"{DATA}field")}
    assert fields["muc#roomconfig_persistentroom"] == "1"
    assert fields["muc#roomconfig_whois"] == "anyone"
    await ann.configure(
        "den",
        roomname="The den",
        moderatedroom="1",
        roomsecret="sesame",
        passwordprotectedroom="true",
        maxusers="10",
        whois="moderators",
        allowpm="none",
        changesubject="1",
    )
    settings = await hall.switchboard.settings("den")
    assert (settings.title, settings.password, settings.max_members) == ("The den", "sesame", 10)
    assert settings.addresses_for is Role.MODERATOR
    assert settings.may_whisper is None
    assert settings.may_set_subject is Role.SPEAKER
    told = [codes(one) for one in await bob.take()]
    assert told == [[173]]
    await ann.configure("den", passwordprotectedroom="0")
    assert (await hall.switchboard.settings("den")).password == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("maxusers", "many"),
        ("maxusers", "0"),
        ("whois", "nobody"),
        ("allowpm", "x"),
        ("passwordprotectedroom", "1"),
        ("roomname", "x" * 1025),
        ("roomdesc", "x" * 4097),
        ("roomsecret", "x" * 257),
    ],
)
async def test_settings_that_make_no_sense(hall: Hall, name: str, value: str) -> None:
    (ann,) = await room_of(hall, "ann")
    before = await hall.switchboard.settings("den")
    refused = await ann.refused(
        "set",
        "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data'"
        f" type='submit'><field var='muc#roomconfig_{name}'><value>{value}</value></field></x>"
        "</query>",
        DEN,
    )
    assert refused == "not-acceptable"
    assert await hall.switchboard.settings("den") == before


async def test_addresses_are_hidden(hall: Hall) -> None:
    settings = RoomSettings(name="den", addresses_for=Role.MODERATOR)
    ann, bob = await room_of(hall, "ann", "bob", settings=settings)
    eve = hall.login("eve")
    came = await eve.join("den")
    assert 100 not in codes(came[2])
    assert "jid" not in item(came[0])
    assert item(came[2])["jid"] == "eve@example.org/pda", "one's own is no secret"
    assert item(await ann.only())["jid"] == "eve@example.org/pda"
    assert "jid" not in item(await bob.only())


async def test_a_room_that_does_not_last(hall: Hall) -> None:
    ann = hall.login("ann")
    await ann.join("tmp")
    await ann.configure("tmp", membersonly="1")
    assert await hall.rooms.find("tmp") is None
    assert (await hall.switchboard.settings("tmp")).members_only
    await ann.configure("tmp", persistentroom="1")
    stored = await hall.rooms.find("tmp")
    assert stored is not None
    assert (stored.members_only, stored.owner) == (True, hall.caller("ann").address)
    await ann.configure("tmp", persistentroom="0")
    assert await hall.rooms.find("tmp") is None


async def test_cancelling_a_new_room(hall: Hall) -> None:
    ann = hall.login("ann")
    await ann.join("tmp")
    await ann.set(
        "<query xmlns='http://jabber.org/protocol/muc#owner'>"
        "<x xmlns='jabber:x:data' type='cancel'/></query>",
        f"tmp@{ROOMS}",
    )
    assert (await ann.only()).get("type") == "unavailable"
    assert hall.switchboard.find("tmp") is None


async def test_the_end_of_a_room(hall: Hall) -> None:
    ann, bob = await room_of(hall, "ann", "bob")
    _, outlet = await hall.enter("web", "den")
    for client in (ann, bob):
        await client.take()
    end = (
        "<query xmlns='http://jabber.org/protocol/muc#owner'>"
        f"<destroy jid='hall@{ROOMS}'><reason>too small</reason></destroy></query>"
    )
    assert await bob.refused("set", end, DEN) == "forbidden"
    await ann.set(end, DEN)
    own = await bob.only()
    destroyed = own.find(f"{USER}x/{USER}destroy")
    assert destroyed is not None
    assert destroyed.get("jid") == f"hall@{ROOMS}"
    assert destroyed.findtext(f"{USER}reason") == "too small"
    ended = outlet.take()[-1]
    assert isinstance(ended, Ended)
    assert (ended.reason, ended.text) == (Reason.CLOSED, "too small")
    assert await hall.rooms.find("den") is None


async def test_a_moderator_takes_back_what_another_said(hall: Hall) -> None:
    ann, bob = await room_of(hall, "ann", "bob")
    _, outlet = await hall.enter("web", "den")
    for client in (ann, bob):
        await client.take()
    bob.say("den", "rude", "rude-words")
    said = await ann.only()
    id = said.find("{urn:xmpp:sid:0}stanza-id").get("id")  # type: ignore[union-attr]
    moderate = (
        f"<moderate xmlns='urn:xmpp:message-moderate:1' id='{id}'>"
        "<retract xmlns='urn:xmpp:message-retract:1'/><reason>rude</reason></moderate>"
    )
    await bob.take()
    assert await bob.refused("set", moderate, DEN) == "forbidden"
    assert await ann.refused("set", moderate.replace(str(id), "nope"), DEN) == "item-not-found"
    await ann.set(moderate, DEN)
    told = await bob.only()
    retract = told.find("{urn:xmpp:message-retract:1}retract")
    assert retract is not None
    assert (retract.get("id"), told.get("from")) == (id, DEN)
    assert retract.find("{urn:xmpp:message-moderate:1}moderated") is not None
    heard = outlet.take()[-1]
    assert isinstance(heard, Said)
    assert (heard.message.kind, heard.message.draft.about) == (MessageKind.RETRACTION, id)
    came = await hall.login("eve").join("den")
    assert all("rude</" not in as_text(one) or "moderated" in as_text(one) for one in came)


async def test_one_takes_back_ones_own(hall: Hall) -> None:
    ann, bob = await room_of(hall, "ann", "bob")
    bob.say("den", "oops", "oops-words")
    said = await ann.only()
    id = said.find("{urn:xmpp:sid:0}stanza-id").get("id")  # type: ignore[union-attr]
    await bob.take()
    retract = (
        f"<message to='{DEN}' type='groupchat'><retract xmlns='urn:xmpp:message-retract:1'"
        f" id='{id}'/><body>gone</body></message>"
    )
    bob.send(retract)
    told = await ann.only()
    assert (from_of(told), told.find("{urn:xmpp:message-retract:1}retract") is not None) == (
        "Bob",
        True,
    )
    ann.say("den", "mine", "mine-words")
    mine = (await bob.take())[-1]
    other = mine.find("{urn:xmpp:sid:0}stanza-id").get("id")  # type: ignore[union-attr]
    bob.send(retract.replace(str(id), str(other)))
    assert condition((await bob.take())[-1]) == "forbidden"


async def test_a_guest_who_moderates_a_room_moderates_it(hall: Hall) -> None:
    guest = hall.login("visitor@guest.example.org/x")
    await guest.join("talk", "Visitor")
    bob = hall.login("bob")
    await bob.join("talk")
    answer = await guest.admin("talk", "<item nick='Bob' role='visitor'/>")
    assert answer.get("type") == "result"
    answer = await bob.admin("talk", "<item nick='Visitor' role='none'/>")
    assert condition(answer) == "forbidden"
    answer = await guest.admin("talk", "<item nick='Bob' role='none'/>")
    assert answer.get("type") == "result"
    assert 307 in codes((await bob.take())[-1])
    answer = await guest.admin("talk", "<item jid='bob@example.org' affiliation='outcast'/>")
    assert condition(answer) == "forbidden", "rooms have owners and admins by account"


async def test_a_list_of_many_has_not_all_their_reasons(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ann,) = await room_of(hall, "ann")
    for number in range(4):
        jid = f"x{number}@example.org"
        item_ = f"<item jid='{jid}' affiliation='outcast'><reason>because</reason></item>"
        await ann.admin("den", item_)
    monkeypatch.setattr(admin, "OCTETS", 15)
    query = f"<query xmlns='{ADMIN[1:-1]}'><item affiliation='outcast'/></query>"
    shown = await ann.get(query, DEN)
    assert [len(one) for one in shown] == [1, 1, 0, 0]
