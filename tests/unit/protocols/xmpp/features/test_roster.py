"""The list of contacts, and who sees whom (RFC 6121 §2, §3)."""

from xml.etree.ElementTree import Element

from tests.support.xmpp_house import CLIENT, DOMAIN, Client, TestHouse

ROSTER = "{jabber:iq:roster}"
GET = "<query xmlns='jabber:iq:roster'/>"
BOB = f"bob@{DOMAIN}"
ALICE = f"alice@{DOMAIN}"


def put(jid: str, inner: str = "", **attributes: str) -> str:
    more = "".join(f" {name}='{value}'" for name, value in attributes.items())
    return f"<query xmlns='jabber:iq:roster'><item jid='{jid}'{more}>{inner}</item></query>"


def items(query: Element) -> dict[str, dict[str, str]]:
    return {item.get("jid", ""): dict(item.items()) for item in query}


async def arrive(client: Client) -> None:
    await client.get(GET)
    await client.come()


async def test_a_list_is_set_and_pushed(house: TestHouse) -> None:
    desk, phone, deaf = (house.login(f"alice/{one}") for one in ("desk", "phone", "deaf"))
    for client in (desk, phone):
        assert items(await client.get(GET)) == {}
    await desk.set(put(BOB, "<group>Friends</group><group>Work</group>", name="Bob &amp; Co"))
    version = None
    for client in (desk, phone):
        push = await client.only()
        assert (push.get("type"), push.get("to")) == ("set", client.jid)
        (item,) = push[0]
        assert (item.get("name"), item.get("subscription")) == ("Bob & Co", "none")
        assert {one.text for one in item} == {"Friends", "Work"}
        version = push[0].get("ver")
    assert await deaf.take() == []
    query = await deaf.get(GET)
    assert query.get("ver") == version
    assert list(items(query)) == [BOB]
    same = await deaf.get(f"<query xmlns='jabber:iq:roster' ver='{version}'/>")
    assert same.tag == f"{CLIENT}iq", "nothing is new"
    await desk.set(put(BOB, subscription="remove"))
    gone = await phone.only()
    assert gone[0][0].get("subscription") == "remove"
    assert items(await desk.get(GET)) == {}


async def test_what_makes_no_sense_is_refused(house: TestHouse) -> None:
    alice = house.login("alice/desk")
    for payload, condition in (
        ("<query xmlns='jabber:iq:roster'/>", "bad-request"),
        (put("@"), "jid-malformed"),
        (put(ALICE), "not-allowed"),
        (put(BOB, subscription="remove"), "item-not-found"),
        (put(BOB, "<group/>"), "not-acceptable"),
        (put(BOB, "<group>a</group><group>a</group>"), "bad-request"),
        (put(BOB, name="n" * 1024), "not-acceptable"),
    ):
        assert await alice.refused("set", payload) == condition
    assert await alice.refused("get", GET, to=BOB) == "service-unavailable"


async def test_asking_and_granting(house: TestHouse) -> None:
    alice, bob = house.login("alice/desk"), house.login("bob/phone")
    for client in (alice, bob):
        await arrive(client)
        await client.take()
    alice.send(f"<presence to='{BOB}' type='subscribe'><status>hello</status></presence>")
    push = await alice.only()
    assert dict(push[0][0].items()) == {"jid": BOB, "subscription": "none", "ask": "subscribe"}
    asked = await bob.only()
    assert (asked.get("type"), asked.get("from")) == ("subscribe", ALICE)
    assert asked.findtext(f"{CLIENT}status") == "hello"
    bob.send(f"<presence to='{ALICE}' type='subscribed'/>")
    await house.settle()
    told = await alice.take()
    assert [one.get("type") for one in told] == ["subscribed", "set", None]
    assert told[1][0][0].get("subscription") == "to"
    assert told[2].get("from") == bob.jid
    (push,) = await bob.take()
    assert push[0][0].get("subscription") == "from"
    # Not any more.
    bob.send(f"<presence to='{ALICE}' type='unsubscribed'/>")
    told = await alice.take()
    assert [one.get("type") for one in told] == ["unsubscribed", "set", "unavailable"]
    assert told[2].get("from") == bob.jid


async def test_a_request_waits_for_who_is_not_there(house: TestHouse) -> None:
    alice = house.login("alice/desk")
    await arrive(alice)
    alice.send(f"<presence to='{BOB}' type='subscribe'/>")
    await alice.take()
    bob = house.login("bob/phone")
    await bob.get(GET)
    told = await bob.come()
    assert [one.get("type") for one in told if one.get("from") == ALICE] == ["subscribe"]


async def test_approval_before_it_is_asked_for(house: TestHouse) -> None:
    alice, bob = house.login("alice/desk"), house.login("bob/phone")
    for client in (alice, bob):
        await arrive(client)
        await client.take()
    bob.send(f"<presence to='{ALICE}' type='subscribed'/>")
    push = await bob.only()
    assert push[0][0].get("approved") == "true"
    assert await alice.take() == []
    alice.send(f"<presence to='{BOB}' type='subscribe'/>")
    types = [one.get("type") for one in await alice.take()]
    assert "subscribed" in types
    assert [one.get("type") for one in await bob.take()] == ["set"], "nobody is asked"


async def test_nobody_has_that_address(house: TestHouse) -> None:
    alice = house.login("alice/desk")
    await arrive(alice)
    await alice.take()
    alice.send(f"<presence to='nobody@{DOMAIN}' type='subscribe'/>")
    (answer,) = await alice.take()
    assert (answer.get("type"), answer.get("from")) == ("unsubscribed", f"nobody@{DOMAIN}")
