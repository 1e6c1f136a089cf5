"""Instant messaging with slixmpp, an independent client, against a real node."""

import base64
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from slixmpp import JID
from slixmpp.exceptions import IqError
from slixmpp.xmlstream import ET, ElementBase

from tests.support.node import Node
from tests.support.telephony import PASSWORD, make_account
from tests.support.wait import until
from tests.support.xmpp_person import SlixPerson, slix_person

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ANN, BEN = JID("ann@localhost"), JID("ben@localhost")


@pytest.fixture
async def accounts(node: Node) -> Node:
    """A node where Ann and Ben have accounts."""
    for name in ("ann", "ben"):
        await make_account(node, name)
    return node


@pytest.fixture
async def pair(accounts: Node) -> AsyncIterator[tuple[SlixPerson, SlixPerson]]:
    """Both, available."""
    async with slix_person(accounts, "ann") as ann, slix_person(accounts, "ben") as ben:
        for one in (ann, ben):
            await one.hears("itself", of("available", one.boundjid))
        yield ann, ben


def of(kind: str, sender: Any) -> Any:
    """Looks for presence of a type from somebody."""
    return lambda one: one.name == "presence" and one["type"] == kind and one["from"] == sender


def has(plugin: str) -> Any:
    """Looks for an extension."""
    return lambda one: one.get_plugin(plugin, check=True)


async def test_two_talk(pair: tuple[SlixPerson, SlixPerson]) -> None:
    ann, ben = pair
    ann.say(BEN, "naïve & <b>")
    message = await ben.hears_text("naïve & <b>")
    assert message["from"] == ann.boundjid
    assert message["stanza_id"]["by"] == BEN
    ben.say(message["from"], "hello")
    assert (await ann.hears_text("hello"))["from"] == ben.boundjid
    ann.say("nobody@localhost", "anybody?")
    error = await ann.hears("an error", lambda one: one["type"] == "error")
    assert error["error"]["condition"] == "service-unavailable"


async def known(person: SlixPerson) -> Any:
    """What somebody's list says of Ben."""
    return person.client_roster[BEN]["subscription"]


async def test_they_become_contacts_and_see_each_other(
    accounts: Node, pair: tuple[SlixPerson, SlixPerson]
) -> None:
    ann, ben = pair
    for one in pair:
        one.auto_authorize = one.auto_subscribe = True
    ann.send_presence_subscription(BEN, ptype="subscribe")
    await ann.hears("Ben", of("available", ben.boundjid))
    await ben.hears("Ann", of("available", ann.boundjid))

    async def both() -> list[str]:
        return [one.client_roster[other]["subscription"] for one, other in ((ann, BEN), (ben, ANN))]

    await until("both see each other", both, lambda found: found == ["both", "both"])
    ben.send_presence(pshow="dnd", pstatus="in a meeting", ppriority=3)
    busy = await ann.hears("that Ben is busy", of("dnd", ben.boundjid))
    assert (busy["status"], busy["priority"]) == ("in a meeting", 3)
    ann.update_roster(BEN, name="Benjamin", groups=["Friends"])

    async def named() -> tuple[str, list[str]]:
        item = ann.client_roster[BEN]
        return item["name"], list(item["groups"])

    await until("the push came", named, lambda found: found == ("Benjamin", ["Friends"]))
    ben.send_presence(ptype="unavailable", pstatus="bye")
    gone = await ann.hears("that Ben left", of("unavailable", ben.boundjid))
    assert gone["status"] == "bye"
    ann.update_roster(BEN, subscription="remove")
    await until("Ben is removed", lambda: known(ann), lambda found: found != "both")
    async with slix_person(accounts, "ann", "fresh") as fresh:
        roster: Any = fresh.client_roster
        assert list(roster.keys()) == []


async def test_devices_history_and_what_waits(accounts: Node) -> None:
    async with slix_person(accounts, "ann") as ann:
        ann.say(BEN, "for later")
        await until("it is stored", lambda: archived(ann), lambda found: found == ["for later"])
        async with (
            slix_person(accounts, "ben", "desk") as desk,
            slix_person(accounts, "ben", "phone") as phone,
        ):
            late = await desk.hears_text("for later")
            assert late["delay"]["stamp"] is not None
            await desk.plugin["xep_0280"].enable()
            ann.say(phone.boundjid, "to the phone")
            await phone.hears_text("to the phone")
            copy = await desk.hears(
                "a copy", lambda one: one.get_plugin("carbon_received", check=True)
            )
            assert copy["carbon_received"]["body"] == "to the phone"
            phone.say(ANN, "from the phone")
            await ann.hears_text("from the phone")
            copy = await desk.hears("a copy", has("carbon_sent"))
            assert copy["carbon_sent"]["body"] == "from the phone"
            for number in range(5):
                ann.say(BEN, f"number {number}")
            await desk.hears_text("number 4")
            assert await archived(desk, with_=ANN) == [
                "for later",
                "to the phone",
                "from the phone",
                *(f"number {number}" for number in range(5)),
            ]
            mam = desk.plugin["xep_0313"]
            pages = mam.iterate(with_jid=ANN, rsm={"max": 2}, reverse=True, total=4)
            last = [one["mam_result"]["forwarded"]["stanza"]["body"] async for one in pages]
            assert sorted(last) == ["number 1", "number 2", "number 3", "number 4"]


async def archived(person: SlixPerson, with_: JID | None = None) -> list[str]:
    """Texts of the first page of somebody's archive."""
    iq = await person.plugin["xep_0313"].retrieve(with_jid=with_, rsm={"max": "50"})
    found = [one["mam_result"]["forwarded"]["stanza"]["body"] for one in iq["mam"]["results"]]
    return [text for text in found if text]


async def test_what_is_done_to_messages(pair: tuple[SlixPerson, SlixPerson]) -> None:
    ann, ben = pair
    first = ann.say(BEN, "helo", request_receipt=True)
    await ben.hears_text("helo")
    receipt = await ann.hears("a receipt", lambda one: one["receipt"])
    assert receipt["receipt"] == first["id"]
    ben.plugin["xep_0333"].send_marker(ANN, first["id"], "displayed")
    shown = await ann.hears("a marker", has("displayed"))
    assert shown["displayed"]["id"] == first["id"]

    correction = ann.make_message(BEN, "hello", mtype="chat")
    correction["replace"]["id"] = first["id"]
    correction.send()
    better = await ben.hears_text("hello")
    assert better["replace"]["id"] == first["id"]

    ben.plugin["xep_0444"].send_reactions(ANN, first["id"], ["👍"])
    reaction = await ann.hears("a reaction", has("reactions"))
    assert reaction["reactions"].get_values() == {"👍"}

    answer = ben.make_message(ANN, "how are you?", mtype="chat")
    answer["reply"]["id"] = first["id"]
    answer["reply"]["to"] = ann.boundjid
    answer.send()
    assert (await ann.hears_text("how are you?"))["reply"]["id"] == first["id"]

    ann.plugin["xep_0424"].send_retraction(BEN, first["id"])
    gone = await ben.hears("a retraction", has("retract"))
    assert gone["retract"]["id"] == first["id"]

    state = ann.make_message(BEN, mtype="chat")
    state["chat_state"] = "composing"
    state.send()
    await ben.hears("that Ann writes", lambda one: one["chat_state"] == "composing")


async def test_blocking(pair: tuple[SlixPerson, SlixPerson]) -> None:
    ann, ben = pair
    await ann.plugin["xep_0191"].block(BEN)
    ben.say(ANN, "hello?")
    error = await ben.hears("an error", lambda one: one["type"] == "error")
    assert error["error"]["condition"] == "service-unavailable"
    ann.say(BEN, "hello?")
    error = await ann.hears("an error", lambda one: one["type"] == "error")
    assert error["error"]["condition"] == "not-acceptable"
    listed = await ann.plugin["xep_0191"].get_blocked()
    assert {item["jid"] for item in listed["blocklist"]} == {BEN}
    await ann.plugin["xep_0191"].unblock(BEN)
    ben.say(ANN, "hello again")
    await ann.hears_text("hello again")


async def test_what_accounts_show_and_publish(pair: tuple[SlixPerson, SlixPerson]) -> None:
    ann, ben = pair
    for one in pair:
        one.auto_authorize = one.auto_subscribe = True
    ann.send_presence_subscription(BEN, ptype="subscribe")
    await ben.hears("Ann", of("available", ann.boundjid))
    vcard = ann.plugin["xep_0054"].make_vcard()
    vcard["FN"] = "Ann Other"
    await ann.plugin["xep_0054"].publish_vcard(vcard)
    shown = await ben.plugin["xep_0054"].get_vcard(ANN, cached=False)
    assert shown["vcard_temp"]["FN"] == "Ann Other"

    picture = base64.b64decode(PIXEL)
    await ann.plugin["xep_0084"].publish_avatar(picture)
    id = hashlib.sha1(picture, usedforsecurity=False).hexdigest()
    metadata: Any = {"id": id, "bytes": len(picture), "type": "image/png"}
    await ann.plugin["xep_0084"].publish_avatar_metadata([metadata])
    shown = await ben.plugin["xep_0054"].get_vcard(ANN, cached=False)
    assert shown["vcard_temp"]["PHOTO"]["BINVAL"] == picture
    update = "{vcard-temp:x:update}"
    await ben.hears(
        "the fingerprint in presence",
        lambda one: one.xml.findtext(f"{update}x/{update}photo") == id,
    )
    found = await ben.plugin["xep_0084"].retrieve_avatar(ANN, id)
    data = found["pubsub"]["items"]["item"]["avatar_data"]["value"]
    assert data == picture

    await ann.plugin["xep_0223"].store(Secret(), node="urn:example:private", id="one")
    own = await ann.plugin["xep_0223"].retrieve("urn:example:private")
    assert own["pubsub"]["items"]["item"]["id"] == "one"
    pubsub: Any = ben.plugin["xep_0060"]
    with pytest.raises(IqError) as refused:
        await pubsub.get_items(ANN, "urn:example:private")
    assert refused.value.condition == "item-not-found"


class Secret(ElementBase):
    """Any element with a namespace of its own."""

    name = "secret"
    namespace = "urn:example:private"
    plugin_attrib = "secret"


# One pixel.
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)


async def test_files_and_what_the_server_says(pair: tuple[SlixPerson, SlixPerson]) -> None:
    ann, ben = pair
    info = await ann.plugin["xep_0030"].get_info(jid=JID("localhost"))
    features = info["disco_info"]["features"]
    assert {"urn:xmpp:http:upload:0", "urn:xmpp:carbons:2", "urn:xmpp:blocking"} <= features
    own = await ann.plugin["xep_0030"].get_info(jid=ANN)
    assert {"urn:xmpp:mam:2", "http://jabber.org/protocol/pubsub#publish-options"} <= own[
        "disco_info"
    ]["features"]
    version = await ann.plugin["xep_0092"].get_version(JID("localhost"))
    assert version["software_version"]["name"] == "Antiphon"
    assert await ann.plugin["xep_0199"].ping(JID("localhost")) < 10

    iq: Any = ann.make_iq_get(ito=JID("localhost"))
    asked = ET.Element("{urn:xmpp:http:upload:0}request")
    asked.set("filename", "hello.txt")
    asked.set("size", "5")
    asked.set("content-type", "text/plain")
    iq.append(asked)
    answer = await iq.send()
    slot = answer.xml.find("{urn:xmpp:http:upload:0}slot")
    put, get = (slot.find(f"{{urn:xmpp:http:upload:0}}{one}").get("url") for one in ("put", "get"))
    headers = {one.get("name"): one.text for one in slot[0]} | {"Content-Type": "text/plain"}
    async with httpx.AsyncClient() as http:
        (await http.put(put, content=b"hello", headers=headers)).raise_for_status()
        assert (await http.get(get)).content == b"hello"
    message = ann.make_message(BEN, get, mtype="chat")
    message["oob"]["url"] = get
    message.send()
    assert (await ben.hears_text(get))["oob"]["url"] == get


async def test_the_web_and_xmpp_write_to_each_other(accounts: Node) -> None:
    """What a browser writes by REST is read by XMPP, and the other way; changes, too."""
    async with (
        slix_person(accounts, "ann") as ann,
        httpx.AsyncClient(base_url=accounts.url) as http,
    ):
        login = {"address": "ben@localhost", "password": PASSWORD}
        token = (await http.post("/api/v1/auth/login", json=login)).json()["token"]
        http.headers["Authorization"] = f"Bearer {token}"
        path = "/api/v1/accounts/ben@localhost/messages"
        sent = await http.post(path, json={"to": "ann@localhost", "text": "from the web"})
        assert sent.status_code == 201, sent.text
        heard = await ann.hears_text("from the web")
        ann.say(BEN, "from XMPP")

        async def texts() -> list[str]:
            found = (await http.get(path)).json()
            return [one["text"] for one in found["messages"]]

        await until("both are there", texts, lambda found: found == ["from the web", "from XMPP"])
        corrected = await http.put(f"{path}/{sent.json()['id']}", json={"text": "better"})
        assert corrected.status_code == 200, corrected.text
        better = await ann.hears_text("better")
        assert better["replace"]["id"] == heard["id"]
