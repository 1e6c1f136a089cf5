"""Rooms (XEP-0045) with slixmpp, an independent client, beside a page on the room WebSocket: the
same rooms, whatever one speaks.
"""

import base64
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable
from typing import Any
from xml.etree.ElementTree import fromstring

import httpx
import pytest
from slixmpp import JID
from slixmpp.exceptions import IqError, PresenceError

from tests.support.node import Node
from tests.support.signalling import Signalling, signalling
from tests.support.telephony import PASSWORD, make_account
from tests.support.xmpp_person import PATIENCE, SlixPerson, slix_person
from tests.support.xmpp_raw import MANAGED, SASL, wire

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SERVICE = "rooms.localhost"
DEN = f"den@{SERVICE}"
ROOM = JID(DEN)
USER = "{http://jabber.org/protocol/muc#user}"
SID = "{urn:xmpp:sid:0}stanza-id"


def muc(person: SlixPerson) -> Any:
    return person.plugin["xep_0045"]


async def enter(person: SlixPerson, nick: str, room: str = DEN, **options: Any) -> Any:
    """Its own presence, as the room reflected it."""
    return (await muc(person).join_muc_wait(room, nick, timeout=PATIENCE, **options))[0]


async def say(web: Signalling, text: str) -> None:
    reply = await web.request("say", text=text, origin_id=f"web-{secrets.token_hex(6)}")
    assert reply["type"] == "accepted", reply


def codes(stanza: Any) -> set[int]:
    return {int(one.get("code")) for one in stanza.xml.iter(f"{USER}status")}


def presence(nick: str, kind: str = "available") -> Callable[[Any], bool]:
    return lambda one: (
        one.name == "presence" and one["from"] == f"{DEN}/{nick}" and one["type"] == kind
    )


def message(look: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda one: one.name == "message" and look(one)


async def token_of(node: Node, name: str) -> str:
    body = {"address": f"{name}@localhost", "password": PASSWORD}
    async with httpx.AsyncClient(base_url=node.url) as http:
        answer = await http.post("/api/v1/auth/login", json=body)
        answer.raise_for_status()
        return str(answer.json()["token"])


@contextlib.asynccontextmanager
async def page(node: Node, name: str, room: str = "den") -> AsyncIterator[tuple[Signalling, Any]]:
    """Somebody with an account, on the web, in a room; and the room as it was found."""
    token = await token_of(node, name)
    async with signalling(node.url) as client:
        await client.hello(token)
        reply = await client.request("join", room=room)
        assert reply["type"] == "joined", reply
        yield client, reply["room"]


@pytest.fixture
async def accounts(node: Node) -> None:
    for name in ("ann", "ben", "wes"):
        await make_account(node, name)


@pytest.mark.usefixtures("accounts")
async def test_three_meet_and_talk(node: Node) -> None:
    async with slix_person(node, "ann") as ann, slix_person(node, "ben") as ben:
        made = await enter(ann, "Ann")
        assert {100, 110, 170, 201} <= codes(made)
        assert muc(ann).get_jid_property(DEN, "Ann", "affiliation") == "owner"
        await enter(ben, "Ben")
        async with page(node, "wes") as (wes, found):
            assert [one["name"] for one in found["members"]] == ["Ann", "Ben", "Wes"]
            assert found["members"][0]["address"] == "ann@localhost"
            for person in (ann, ben):
                came = await person.hears("that Wes came", presence("Wes"))
                item = came.xml.find(f"{USER}x/{USER}item")
                assert (item.get("role"), item.get("jid")) == ("participant", "wes@localhost")
            ann.send_message(ROOM, "hello from XMPP", mtype="groupchat")
            assert (await ben.hears_text("hello from XMPP"))["from"] == f"{DEN}/Ann"
            said = (await wes.event("said"))["message"]
            assert (said["text"], said["name"], said["sender"]) == (
                "hello from XMPP",
                "Ann",
                "ann@localhost",
            )
            await say(wes, "hello from the web")
            heard = await ann.hears_text("hello from the web")
            assert (heard["from"], heard["type"]) == (f"{DEN}/Wes", "groupchat")
            left = ben.plugin["xep_0045"]
            left.leave_muc(ROOM, "Ben")
            await ann.hears("that Ben left", presence("Ben", "unavailable"))
            gone = await wes.event("member_left")
            assert gone["reason"] == "left"


@pytest.mark.usefixtures("accounts")
async def test_the_archive_is_one(node: Node) -> None:
    async with slix_person(node, "ann") as ann, page(node, "wes") as (wes, _):
        await enter(ann, "Ann")
        ann.send_message(ROOM, "first", mtype="groupchat")
        await ann.hears_text("first")
        await wes.event("said")
        await say(wes, "second")
        live = await ann.hears_text("second")
        history = (await wes.request("history"))["messages"]
        ids = [one["id"] for one in history]
        assert [one["text"] for one in history] == ["first", "second"]
        assert live.xml.find(SID).get("id") == ids[1]
        found = [one async for one in ann.plugin["xep_0313"].iterate(jid=ROOM)]
        results = [one["mam_result"] for one in found]
        assert [one["id"] for one in results] == ids
        inner = [one["forwarded"]["stanza"] for one in results]
        assert [(str(one["from"]), one["body"]) for one in inner] == [
            (f"{DEN}/Ann", "first"),
            (f"{DEN}/Wes", "second"),
        ]
        async with slix_person(node, "ben") as ben:
            await enter(ben, "Ben", maxstanzas=1)
            late = await ben.hears_text("second")
            assert late.xml.find("{urn:xmpp:delay}delay") is not None
            assert not [one for one in ben.heard if one["body"] == "first"]


@pytest.mark.usefixtures("accounts")
async def test_moderation_goes_both_ways(node: Node) -> None:
    async with slix_person(node, "ann") as ann, slix_person(node, "ben") as ben:
        await enter(ann, "Ann")
        await enter(ben, "Ben")
        async with page(node, "wes") as (wes, found):
            own = found["me"]
            await ann.hears("that Wes came", presence("Wes"))
            await muc(ann).set_role(DEN, "Wes", "visitor")
            while (changed := (await wes.event("member_changed"))["member"])["id"] != own:
                pass
            assert changed["role"] == "listener"
            await muc(ann).set_role(DEN, "Wes", "moderator")
            changed = (await wes.event("member_changed"))["member"]
            assert changed["role"] == "moderator"
            ben_id = next(one["id"] for one in found["members"] if one["name"] == "Ben")
            reply = await wes.request("moderate", member=ben_id, action="remove")
            assert reply["type"] == "result", reply
            out = await ben.hears("being sent out", presence("Ben", "unavailable"))
            assert {110, 307} <= codes(out)
            await muc(ann).set_role(DEN, "Wes", "none", reason="bye")
            ended = await wes.event("ended")
            assert (ended["reason"], ended["text"]) == ("removed", "bye")


@pytest.mark.usefixtures("accounts")
async def test_bans_hold_everywhere(node: Node) -> None:
    async with slix_person(node, "ann") as ann, slix_person(node, "ben") as ben:
        await enter(ann, "Ann")
        await enter(ben, "Ben")
        async with page(node, "wes") as (wes, _):
            for name in ("ben", "wes"):
                jid = f"{name}@localhost"
                await muc(ann).set_affiliation(DEN, "outcast", jid=jid, reason="spam")
            out = await ben.hears("the ban", presence("Ben", "unavailable"))
            assert {110, 301} <= codes(out)
            assert (await wes.event("ended"))["reason"] == "banned"
            reply = await wes.request("join", room="den")
            assert (reply["type"], reply["reason"]) == ("refused", "banned")
        with pytest.raises(PresenceError) as refused:
            await enter(ben, "Ben")
        assert refused.value.condition == "forbidden"
        listed = await muc(ann).get_affiliation_list(DEN, "outcast")
        assert sorted(map(str, listed)) == ["ben@localhost", "wes@localhost"]


@pytest.mark.usefixtures("accounts")
async def test_the_subject_and_another_name(node: Node) -> None:
    async with slix_person(node, "ann") as ann, page(node, "wes") as (wes, _):
        await enter(ann, "Ann")
        token = await token_of(node, "wes")
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=node.url, headers=headers) as http:
            answer = await http.put("/api/v1/rooms/den/subject", json={"text": "Plans"})
            assert answer.status_code == 200, answer.text
        changed = await ann.hears("the subject", message(lambda one: one["subject"] == "Plans"))
        assert changed["from"] == f"{DEN}/Wes"
        assert (await wes.event("subject_changed"))["subject"] == "Plans"
        ann.send_presence(pto=f"{DEN}/Annie")
        away = await ann.hears("the other name", presence("Ann", "unavailable"))
        assert {110, 303} <= codes(away)
        await ann.hears("itself", presence("Annie"))
        while (member := (await wes.event("member_changed"))["member"])["name"] != "Annie":
            pass
        assert member["address"] == "ann@localhost"


@pytest.mark.usefixtures("accounts")
async def test_private_messages_and_pings(node: Node) -> None:
    async with slix_person(node, "ann") as ann, slix_person(node, "ben") as ben:
        await enter(ann, "Ann")
        await enter(ben, "Ben")
        ann.send_message(JID(f"{DEN}/Ben"), "psst", mtype="chat")
        heard = await ben.hears_text("psst")
        assert (heard["from"], heard["type"]) == (f"{DEN}/Ann", "chat")
        await ann.plugin["xep_0199"].ping(JID(f"{DEN}/Ann"), timeout=PATIENCE)
        await ann.plugin["xep_0199"].send_ping(JID(f"{DEN}/Ben"), timeout=PATIENCE)
        async with slix_person(node, "wes") as wes:
            with pytest.raises(IqError) as refused:
                await wes.plugin["xep_0199"].send_ping(JID(f"{DEN}/Ann"), timeout=PATIENCE)
            assert refused.value.condition == "not-acceptable"


@pytest.mark.usefixtures("accounts")
async def test_configuration_invitation_and_end(node: Node) -> None:
    async with slix_person(node, "ann") as ann, slix_person(node, "ben") as ben:
        await enter(ann, "Ann")
        form = await muc(ann).get_room_config(DEN)
        values = form.get_values()
        assert values["muc#roomconfig_membersonly"] is False
        form["type"] = "submit"
        changes = {"muc#roomconfig_membersonly": True, "muc#roomconfig_persistentroom": True}
        form.set_values({**values, **changes, "muc#roomconfig_roomname": "The den"})
        await muc(ann).set_room_config(DEN, form)
        info = await ben.plugin["xep_0030"].get_info(jid=ROOM)
        assert {"muc_membersonly", "muc_persistent"} <= info["disco_info"]["features"]
        with pytest.raises(PresenceError) as refused:
            await enter(ben, "Ben")
        assert refused.value.condition == "registration-required"
        muc(ann).invite(DEN, "ben@localhost", reason="join us")
        invited = await ben.hears(
            "the invitation", message(lambda one: one.xml.find(f"{USER}x/{USER}invite") is not None)
        )
        assert invited["from"] == DEN
        await enter(ben, "Ben")
        rooms = await ben.plugin["xep_0030"].get_items(jid=JID(SERVICE))
        assert (DEN, None, "The den") in rooms["disco_items"]["items"]
        await muc(ann).destroy(DEN, reason="over", altroom=f"hall@{SERVICE}")
        ended = await ben.hears("the end", presence("Ben", "unavailable"))
        destroy = ended.xml.find(f"{USER}x/{USER}destroy")
        assert destroy.get("jid") == f"hall@{SERVICE}"
        with pytest.raises(IqError) as gone:
            await ben.plugin["xep_0030"].get_info(jid=ROOM)
        assert gone.value.condition == "item-not-found"


@pytest.mark.usefixtures("accounts")
async def test_the_same_bytes_for_all_but_their_address(node: Node) -> None:
    """What goes to many goes through the stream engine's groups."""
    async with contextlib.AsyncExitStack() as stack:
        names = ("ann", "ben", "wes")
        people = [await stack.enter_async_context(slix_person(node, name)) for name in names]
        for person, name in zip(people, names, strict=True):
            await enter(person, name)
        people[0].send_message(ROOM, "to all <&> 'äöü' 🎉", mtype="groupchat")
        heard = [await one.hears_text("to all <&> 'äöü' 🎉") for one in people]
        assert [one["to"] for one in heard] == [one.boundjid for one in people]
        bare = [fromstring(str(one)) for one in heard]
        for one in bare:
            del one.attrib["to"]
        assert len({tuple(sorted(one.attrib.items())) for one in bare}) == 1


@pytest.mark.usefixtures("accounts")
async def test_who_comes_back_has_missed_nothing_and_was_not_missed(node: Node) -> None:
    """XEP-0198: a connection that is lost is no reason to leave."""
    async with slix_person(node, "ben") as ben:
        await enter(ben, "Ben")
        async with wire(node) as ann:
            await ann.login("ann", available=False)
            await ann.send(f"<enable xmlns='{MANAGED}' resume='true'/>")
            token = await ann.until(r"<enabled [^>]*\bid='([^']+)'")
            join = "<x xmlns='http://jabber.org/protocol/muc'/>"
            await ann.send(f"<presence to='{DEN}/Ann'>{join}</presence>")
            await ann.until("<subject")
            await ben.hears("that Ann came", presence("Ann"))
            ann.cut()
        ben.send_message(ROOM, "are you there?", mtype="groupchat")
        await ben.hears_text("are you there?")
        async with wire(node) as again:
            await again.open()
            proof = base64.b64encode(f"\0ann\0{PASSWORD}".encode()).decode()
            await again.send(f"<auth xmlns='{SASL}' mechanism='PLAIN'>{proof}</auth>")
            await again.until("<success[^>]*>")
            await again.open()
            await again.send(f"<resume xmlns='{MANAGED}' previd='{token[1]}' h='0'/>")
            await again.until("<resumed")
            missed = await again.until("<message[^>]*>.*?are you there.*?</message>")
            assert "to='ann@localhost/desk'" in missed[0].replace('"', "'")
            said = "<message type='groupchat' to='{}'><body>yes</body></message>"
            await again.send(said.format(DEN))
            assert (await ben.hears_text("yes"))["from"] == f"{DEN}/Ann"
        assert not [one for one in ben.heard if presence("Ann", "unavailable")(one)]
