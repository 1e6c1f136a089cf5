"""What can be asked of rooms: what they are, who is there, what was said, names, invitations."""

from xml.etree.ElementTree import Element

from antiphon.core.change import Rename
from antiphon.core.event import RoomInvited
from antiphon.core.message import Span
from antiphon.core.ports import RoomSettings
from antiphon.core.standing import Affiliation, Role
from tests.support.xmpp_house import DOMAIN, as_text, body, condition
from tests.support.xmpp_muc import ROOMS, USER, Hall, codes, item, room_of

DEN = f"den@{ROOMS}"
INFO = "<query xmlns='http://jabber.org/protocol/disco#info'/>"
ITEMS = "<query xmlns='http://jabber.org/protocol/disco#items'/>"
PING = "<ping xmlns='urn:xmpp:ping'/>"


def features(info: Element) -> set[str]:
    return {one.get("var", "") for one in info if one.tag.endswith("feature")}


async def test_the_service(hall: Hall) -> None:
    ann = hall.login("ann")
    info = await ann.get(INFO, ROOMS)
    identity = info[0]
    assert (identity.get("category"), identity.get("type")) == ("conference", "text")
    assert "http://jabber.org/protocol/muc" in features(info)
    assert await ann.refused("get", "<query xmlns='urn:unknown'/>", ROOMS) == "service-unavailable"
    unique = await ann.get("<unique xmlns='http://jabber.org/protocol/muc#unique'/>", ROOMS)
    assert len(unique.text or "") > 10


async def test_the_list_of_rooms(hall: Hall) -> None:
    ann, bob = hall.login("ann"), hall.login("bob")
    for name, listed in (("a", True), ("b", False), ("c", True)):
        settings = RoomSettings(name=name, listed=listed, title=name.upper())
        await hall.switchboard.set(hall.caller("ann"), settings)
    await hall.enter("web", "adhoc")
    items = [(one.get("jid"), one.get("name")) for one in await bob.get(ITEMS, ROOMS)]
    assert items == [(f"a@{ROOMS}", "A"), (f"adhoc@{ROOMS}", "adhoc"), (f"c@{ROOMS}", "C")]
    assert len(await ann.get(ITEMS, ROOMS)) == 4, "owners see their own"
    query = (
        "<query xmlns='http://jabber.org/protocol/disco#items'>"
        "<set xmlns='http://jabber.org/protocol/rsm'><max>2</max>{}</set></query>"
    )
    first = await bob.get(query.format(""), ROOMS)
    assert [one.get("jid") for one in first[:-1]] == [f"a@{ROOMS}", f"adhoc@{ROOMS}"]
    last = first.findtext(".//{http://jabber.org/protocol/rsm}last")
    second = await bob.get(query.format(f"<after>{last}</after>"), ROOMS)
    assert [one.get("jid") for one in second[:-1]] == [f"c@{ROOMS}"]


async def test_a_room(hall: Hall) -> None:
    settings = RoomSettings(name="den", title="The den", description="Quiet", members_only=True)
    (ann,) = await room_of(hall, "ann", settings=settings)
    info = await ann.get(INFO, DEN)
    assert info[0].get("name") == "The den"
    shown = features(info)
    assert {"muc_persistent", "muc_membersonly", "muc_nonanonymous", "muc_public"} <= shown
    assert {"urn:xmpp:mam:2", "urn:xmpp:sid:0", "urn:xmpp:occupant-id:0"} <= shown
    form = {
        one.get("var"): one.findtext("{jabber:x:data}value")
        for one in info.iter("{jabber:x:data}field")
    }
    assert form["muc#roominfo_description"] == "Quiet"
    assert form["muc#roominfo_occupants"] == "1"
    assert "muc#roominfo_subject" in form
    outside = as_text(await hall.login("eve").get(INFO, DEN))
    assert "roominfo_description" in outside
    assert "roominfo_subject" not in outside
    assert "roominfo_occupants" not in outside
    assert await ann.refused("get", INFO, f"nowhere@{ROOMS}") == "item-not-found"


async def test_who_is_there(hall: Hall) -> None:
    ann, _ = await room_of(hall, "ann", "bob")
    assert [one.get("name") for one in await ann.get(ITEMS, DEN)] == ["Ann", "Bob"]
    assert len(await hall.login("eve").get(ITEMS, DEN)) == 0


async def test_pings(hall: Hall) -> None:
    ann, bob = await room_of(hall, "ann", "bob")
    assert (await ann.ask("get", PING, DEN)).get("type") == "result"
    assert (await ann.ask("get", PING, f"{DEN}/Ann")).get("type") == "result"
    assert await hall.login("eve").refused("get", PING, f"{DEN}/Ann") == "not-acceptable"
    assert await ann.refused("get", PING, f"{DEN}/Nobody") == "item-not-found"
    ann.send(f"<iq type='get' id='p1' to='{DEN}/Bob'>{PING}</iq>")
    asked = await bob.only()
    assert asked.get("from") == f"{DEN}/Ann"
    bob.send(f"<iq type='result' id='{asked.get('id')}' to='{DEN}/Ann'/>")
    answer = await ann.only()
    assert (answer.get("from"), answer.get("type"), answer.get("id")) == (
        f"{DEN}/Bob",
        "result",
        "p1",
    )


async def test_an_answer_goes_to_the_session_that_asked(hall: Hall) -> None:
    ann, bob = await room_of(hall, "ann", "bob")
    other = hall.login("ann/other")
    await other.join("den", "Ann")
    await bob.take()
    for client in (ann, other):  # both count from the same number
        client.send(f"<iq type='get' id='q1' to='{DEN}/Bob'><query xmlns='urn:{client.jid}'/></iq>")
    asked = await bob.take()
    assert [one.get("from") for one in asked] == [f"{DEN}/Ann"] * 2
    ids = [one.get("id", "") for one in asked]
    assert len({*ids, "q1"}) == 3
    await ann.take()
    await other.take()
    for one, id in reversed(list(zip(asked, ids, strict=True))):
        what = one[0].tag[1:].partition("}")[0]
        bob.send(f"<iq type='result' id='{id}' to='{DEN}/Ann'><query xmlns='{what}'/></iq>")
    for client in (ann, other):
        answer = await client.only()
        assert (answer.get("id"), answer.get("from")) == ("q1", f"{DEN}/Bob")
        assert answer[0].tag == f"{{urn:{client.jid}}}query"
    bob.send(f"<iq type='result' id='{ids[0]}' to='{DEN}/Ann'/>")
    bob.send(f"<iq type='result' id='q1' to='{DEN}/Ann'/>")
    assert await ann.take() == await other.take() == [], "nobody asked for that"


async def test_nobody_answers_for_another_nor_after_the_end(hall: Hall) -> None:
    ann, bob, eve = await room_of(hall, "ann", "bob", "eve")
    ann.send(f"<iq type='get' id='q1' to='{DEN}/Bob'>{INFO}</iq>")
    id = (await bob.only()).get("id")
    eve.send(f"<iq type='result' id='{id}' to='{DEN}/Ann'/>")
    assert await ann.take() == []
    bob.session.close()
    came = await ann.take()
    error = next(one for one in came if one.tag.endswith("iq"))
    assert (error.get("id"), condition(error)) == ("q1", "recipient-unavailable")
    ann.send(f"<iq type='get' to='{DEN}/Eve'>{INFO}</iq>")
    assert condition(await ann.only()) == "bad-request", "it has no id"


async def test_what_accounts_tell_of_themselves_their_clients_are_not_asked(hall: Hall) -> None:
    hidden = RoomSettings(name="den", addresses_for=Role.MODERATOR)
    ann, bob = await room_of(hall, "ann", "bob", settings=hidden)
    await hall.enter("web", "den", "Webster")
    await ann.take()
    await bob.take()
    questions = (
        "<vCard xmlns='vcard-temp'/>",
        "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'/>",
        "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='n'/></pubsub>",
    )
    for asked in questions:
        for nick, account in (("Bob", "bob"), ("Webster", "web")):
            assert (await ann.get(asked, f"{DEN}/{nick}")).text == f"{account}@{DOMAIN}"
        assert await bob.refused("get", asked, f"{DEN}/Ann") == "service-unavailable"
        assert (await bob.get(asked, f"{DEN}/Bob")).text == f"bob@{DOMAIN}"
    assert await ann.take() == await bob.take() == []


async def test_the_archive_is_the_one_of_all_protocols(hall: Hall) -> None:
    (ann,) = await room_of(hall, "ann")
    member, _ = await hall.enter("web", "den")
    ann.say("den", "by xmpp", "message-1")
    await ann.take()
    await hall.switchboard.say(member.caller, "den", "by the web")
    await ann.take()
    query = "<query xmlns='urn:xmpp:mam:2' queryid='x'/>"
    ann.send(f"<iq type='set' id='m1' to='{DEN}'>{query}</iq>")
    came = await ann.take()
    results = [one.find("{urn:xmpp:mam:2}result") for one in came[:-1]]
    kept = (await hall.mailbox.read(hall.addresses.room("den"), Span())).messages
    assert [one.get("id") for one in results if one is not None] == [one.id for one in kept]
    inner = [one.find(".//{jabber:client}message") for one in came[:-1]]
    said = [(one.get("from"), body(one)) for one in inner if one is not None]
    assert said == [(f"{DEN}/Ann", "by xmpp"), (f"{DEN}/Web", "by the web")]
    assert all(one.get("from") == DEN for one in came)
    fin = came[-1].find("{urn:xmpp:mam:2}fin")
    assert fin is not None
    assert fin.get("complete") == "true"


async def test_who_may_read_the_archive(hall: Hall) -> None:
    settings = RoomSettings(name="den", members_only=True)
    await room_of(hall, "ann", settings=settings)
    query = "<query xmlns='urn:xmpp:mam:2'/>"
    bob = hall.login("bob")
    assert await bob.refused("set", query, DEN) == "registration-required"
    await hall.switchboard.affiliate(
        hall.caller("ann"), "den", bob.session.account, Affiliation.MEMBER
    )
    assert (await bob.ask("set", query, DEN)).get("type") == "result"
    assert await bob.refused("get", "<prefs xmlns='urn:xmpp:mam:2'/>", DEN) in (
        "feature-not-implemented",
        "service-unavailable",
    )


async def test_guests_who_are_inside_read_the_archive(hall: Hall) -> None:
    await room_of(hall, "ann")
    query = "<query xmlns='urn:xmpp:mam:2'/>"
    guest = hall.login(f"visitor@guest.{DOMAIN}/x")
    assert await guest.refused("set", query, DEN) == "forbidden"
    await guest.join("den", "visitor")
    await guest.take()
    assert (await guest.ask("set", query, DEN)).get("type") == "result"


async def test_names_are_kept(hall: Hall) -> None:
    ann, bob, eve = await room_of(hall, "ann", "bob", "eve")
    form = await bob.get("<query xmlns='jabber:iq:register'/>", DEN)
    assert "muc#register_roomnick" in as_text(form)
    register = (
        "<query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='submit'>"
        "<field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#register</value></field>"
        "<field var='muc#register_roomnick'><value>Bobby</value></field></x></query>"
    )
    await bob.set(register, DEN)
    assert item((await bob.take())[-1])["affiliation"] == "member"
    assert await eve.refused("set", register, DEN) == "conflict"
    joe = hall.login("joe")
    assert condition((await joe.join("den", "bobby"))[0]) == "conflict"
    for client in (ann, bob, eve):
        client.session.close()
    await hall.settle()
    assert hall.switchboard.find("den") is None
    assert condition((await joe.join("den", "bobby"))[0]) == "conflict", "also of an empty room"
    bob, ann = hall.login("bob"), hall.login("ann")
    await bob.join("den")
    await bob.take()
    info = INFO.replace("/>", " node='x-roomuser-item'/>")
    assert [one.get("name") for one in await bob.get(info, DEN)] == ["Bobby"]
    again = await bob.get("<query xmlns='jabber:iq:register'/>", DEN)
    assert again.findtext("{jabber:iq:register}username") == "Bobby"
    await bob.set("<query xmlns='jabber:iq:register'><remove/></query>", DEN)
    settings = await hall.switchboard.settings("den")
    assert settings.affiliation(bob.session.account) is Affiliation.NONE
    assert len(await ann.take()) == 0


async def test_invitations(hall: Hall) -> None:
    settings = RoomSettings(name="den", members_only=True, password="sesame")
    (ann,) = await room_of(hall, "ann", settings=settings)
    bob = hall.login("bob")
    ann.send(
        f"<message to='{DEN}'><x xmlns='http://jabber.org/protocol/muc#user'>"
        "<invite to='bob@example.org'><reason>join us</reason></invite></x></message>"
    )
    asked = await bob.only()
    invite = asked.find(f"{USER}x/{USER}invite")
    assert invite is not None
    assert (invite.get("from"), invite.findtext(f"{USER}reason")) == ("ann@example.org", "join us")
    assert asked.get("from") == DEN
    assert asked.findtext(f"{USER}x/{USER}password") == "sesame"
    direct = asked.find("{jabber:x:conference}x")
    assert direct is not None
    assert direct.get("jid") == DEN
    assert codes((await bob.join("den"))[-2])[:2] == [100, 110], "a member now"
    await ann.take()
    joe = hall.login("joe")
    decline = (
        f"<message to='{DEN}'><x xmlns='http://jabber.org/protocol/muc#user'>"
        "<decline to='ann@example.org'><reason>busy</reason></decline></x></message>"
    )
    joe.send(decline)
    assert condition(await joe.only()) == "forbidden", "nobody has invited them"
    await hall.switchboard.invite_into(hall.caller("ann"), "den", joe.session.account)
    await joe.take()
    joe.send(decline)
    declined = (await ann.only()).find(f"{USER}x/{USER}decline")
    assert declined is not None
    assert (declined.get("from"), declined.findtext(f"{USER}reason")) == ("joe@example.org", "busy")
    joe.send(
        f"<message to='{DEN}'><x xmlns='http://jabber.org/protocol/muc#user'>"
        "<invite to='eve@example.org'/></x></message>"
    )
    assert condition(await joe.only()) == "not-acceptable"


async def test_an_invitation_by_another_protocol(hall: Hall) -> None:
    await room_of(hall)
    member, _ = await hall.enter("ann", "den")
    bob = hall.login("bob")
    await hall.switchboard.invite_into(member.caller, "den", bob.session.account, "come")
    invite = (await bob.only()).find(f"{USER}x/{USER}invite")
    assert invite is not None
    assert invite.get("from") == "ann@example.org"
    assert RoomInvited("den", member.caller.address, "Ann", "come").text == "come"


async def test_a_name_that_is_kept_is_nobody_elses_by_any_protocol(hall: Hall) -> None:
    ann, bob = await room_of(hall, "ann", "bob")
    await hall.switchboard.register(bob.session.caller, "den", "Bobby")
    await bob.take()
    bob.send(f"<presence type='unavailable' to='{DEN}/Bob'/>")
    await ann.take()
    member, _ = await hall.enter("web", "den", "BOBBY")
    (came,) = await ann.take()
    assert came.get("from") == f"{DEN}/BOBBY (2)"
    await hall.switchboard.update("den", member.id, Rename("bobby"))
    assert all(one.get("from") != f"{DEN}/bobby" for one in await ann.take())
    await hall.enter("bob", "den", "Bobby")
    (came,) = await ann.take()
    assert came.get("from") == f"{DEN}/Bobby", "it is theirs by the web as well"
