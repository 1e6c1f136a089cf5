"""Publishing by accounts (XEP-0163, XEP-0060, XEP-0223), and telling those who want to know."""

import base64
import hashlib
from xml.etree.ElementTree import Element

import pytest

from antiphon.core.publishing import Access, NodeSettings
from antiphon.protocols.xmpp.features import pep_events
from tests.support.xmpp_house import CLIENT, DOMAIN, Client, TestHouse, as_text, condition

PUBSUB = "{http://jabber.org/protocol/pubsub}"
OWNER = "{http://jabber.org/protocol/pubsub#owner}"
EVENT = "{http://jabber.org/protocol/pubsub#event}"
ERRORS = "{http://jabber.org/protocol/pubsub#errors}"
INFO = "http://jabber.org/protocol/disco#info"
ALICE, BOB = f"alice@{DOMAIN}", f"bob@{DOMAIN}"
TUNE = "http://jabber.org/protocol/tune"


def pubsub(inner: str, what: str = "") -> str:
    return f"<pubsub xmlns='http://jabber.org/protocol/pubsub{what}'>{inner}</pubsub>"


def form(kind: str, **fields: str) -> str:
    each = "".join(
        f"<field var='pubsub#{name}'><value>{value}</value></field>"
        for name, value in fields.items()
    )
    head = f"<field var='FORM_TYPE'><value>http://jabber.org/protocol/pubsub#{kind}</value></field>"
    return f"<x xmlns='jabber:x:data' type='submit'>{head}{each}</x>"


def publish(title: str, node: str = TUNE, id: str = "current", **options: str) -> str:
    named = f" id='{id}'" if id else ""
    item = f"<item{named}><tune xmlns='{TUNE}'><title>{title}</title></tune></item>"
    more = f"<publish-options>{form('publish-options', **options)}</publish-options>"
    inner = f"<publish node='{node}'>{item}</publish>{more if options else ''}"
    return pubsub(inner)


def items(node: str = TUNE, more: str = "", inner: str = "") -> str:
    return pubsub(f"<items node='{node}'{more}>{inner}</items>")


def configure(**fields: str) -> str:
    filled = form("node_config", **fields)
    return pubsub(f"<configure node='urn:mine'>{filled}</configure>", "#owner")


def titles(found: Element, scope: str = PUBSUB) -> list[str | None]:
    path = f"{scope}items/{scope}item/{{{TUNE}}}tune/{{{TUNE}}}title"
    return [one.text for one in found.findall(path)]


def events(stanzas: list[Element]) -> list[Element]:
    return [event for one in stanzas for event in one.findall(f"{EVENT}event")]


def fingerprint(*features: str) -> str:
    text = "client/pc//Test<" + "".join(f"{one}<" for one in sorted(features))
    return base64.b64encode(hashlib.sha1(text.encode()).digest()).decode()


async def come(client: Client, *nodes: str, ver: str = "") -> list[Element]:
    """Presence with a fingerprint; the server's question is answered."""
    features = [INFO, *(f"{node}+notify" for node in nodes)]
    ver = ver or fingerprint(*features)
    caps = "xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:test'"
    came = await client.come(f"<c {caps} ver='{ver}'/>")
    for one in [one for one in came if one.tag == f"{CLIENT}iq"]:
        assert one[0].get("node") == f"urn:test#{ver}"
        names = "".join(f"<feature var='{name}'/>" for name in features)
        answer = f"<identity category='client' type='pc' name='Test'/>{names}"
        query = f"<query xmlns='{INFO}' node='urn:test#{ver}'>{answer}</query>"
        client.send(f"<iq type='result' id='{one.get('id')}' to='{DOMAIN}'>{query}</iq>")
    return [*came, *await client.take()]


async def test_items_are_kept_and_read(house: TestHouse) -> None:
    alice = house.login("alice/desk")
    made = await alice.set(publish("one"))
    item = made.find(f"{PUBSUB}publish/{PUBSUB}item")
    assert item is not None
    assert item.get("id") == "current"
    await alice.set(publish("two"))
    assert titles(await alice.get(items())) == ["two"], "one item, in place of the former"
    made = await alice.set(publish("x", node="urn:many", id="", max_items="3"))
    item = made.find(f"{PUBSUB}publish/{PUBSUB}item")
    assert item is not None
    assert len(item.get("id") or "") > 8
    for number in range(4):
        await alice.set(publish(str(number), node="urn:many", id=f"i{number}"))
    assert titles(await alice.get(items("urn:many"))) == ["1", "2", "3"]
    assert titles(await alice.get(items("urn:many", " max_items='1'"))) == ["3"]
    one = items("urn:many", inner="<item id='i2'/>")
    assert titles(await alice.get(one)) == ["2"]
    retract = "<retract node='urn:many' notify='1'><item id='i2'/></retract>"
    await alice.set(pubsub(retract))
    assert titles(await alice.get(one)) == []
    assert await alice.refused("set", pubsub(retract)) == "item-not-found"
    assert await alice.refused("get", items("urn:nowhere")) == "item-not-found"


async def test_only_the_owner_writes_and_friends_read(house: TestHouse) -> None:
    house.befriend("alice", "bob")
    alice, bob, carol = (house.login(f"{one}/x") for one in ("alice", "bob", "carol"))
    await alice.set(publish("one"))
    assert titles(await bob.get(items(), to=ALICE)) == ["one"]
    answer = await carol.ask("get", items(), to=ALICE)
    assert condition(answer) == "not-authorized"
    required = f"{CLIENT}error/{ERRORS}presence-subscription-required"
    assert answer.find(required) is not None
    assert await bob.refused("set", publish("mine"), to=ALICE) == "forbidden"


async def test_nobody_learns_which_nodes_there_are(house: TestHouse) -> None:
    house.befriend("alice", "bob")
    alice, bob, carol = (house.login(f"{one}/x") for one in ("alice", "bob", "carol"))
    kinds = ("presence", "roster", "whitelist")
    for kind in kinds:
        await alice.set(publish("one", node=f"urn:{kind}", access_model=kind))

    async def told(client: Client, node: str, to: str = ALICE) -> str:
        answer = await client.ask("get", items(node), to=to)
        error = answer.find(f"{CLIENT}error")
        assert error is not None
        return as_text(error)

    unknown = await told(carol, "urn:nowhere")
    assert [await told(carol, f"urn:{kind}") for kind in kinds] == [unknown] * 3
    assert await told(carol, "urn:nowhere", f"nobody@{DOMAIN}") == unknown
    unknown = await told(bob, "urn:nowhere")
    assert "item-not-found" in unknown
    assert [await told(bob, f"urn:{kind}") for kind in kinds[1:]] == [unknown] * 2


async def test_guests_see_no_profiles(house: TestHouse) -> None:
    guest = house.login(f"g1@guest.{DOMAIN}/x")
    for node in ("urn:xmpp:avatar:metadata", "urn:xmpp:avatar:data", "urn:xmpp:vcard4"):
        assert await guest.refused("get", items(node), to=ALICE) == "forbidden"


async def test_who_comes_is_not_told_without_end(
    house: TestHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.befriend("alice", "bob")
    alice = house.login("alice/desk")
    nodes = [f"urn:n{number}" for number in range(6)]
    for node in nodes:
        await alice.set(publish("x" * 1000, node=node))
    monkeypatch.setattr(pep_events, "MOST", 4)
    assert len(events(await come(house.login("bob/phone"), *nodes))) == 4
    monkeypatch.setattr(pep_events, "MOST", 100)
    monkeypatch.setattr(pep_events, "OCTETS", 4200)
    assert len(events(await come(house.login("bob/pad"), *nodes))) == 3


@pytest.mark.parametrize(
    ("access", "bob", "carol"),
    [
        ("open", None, None),
        ("presence", None, "not-authorized"),
        ("whitelist", "item-not-found", "not-authorized"),
        ("roster", "item-not-found", "not-authorized"),
    ],
)
async def test_who_may_read(
    house: TestHouse, access: str, bob: str | None, carol: str | None
) -> None:
    house.befriend("alice", "bob")
    alice = house.login("alice/desk")
    await alice.set(publish("one", access_model=access))
    assert titles(await alice.get(items())) == ["one"]
    for name, refused in (("bob", bob), ("carol", carol)):
        answer = await house.login(f"{name}/x").ask("get", items(), to=ALICE)
        assert (condition(answer) if refused else None) == refused


async def test_members_and_groups(house: TestHouse) -> None:
    house.befriend("alice", "bob")
    alice, bob = house.login("alice/desk"), house.login("bob/x")
    await alice.set(publish("one", access_model="whitelist"))
    member = f"<affiliation jid='{BOB}' affiliation='member'/>"
    change = pubsub(f"<affiliations node='{TUNE}'>{member}</affiliations>", "#owner")
    await alice.set(change)
    assert titles(await bob.get(items(), to=ALICE)) == ["one"]
    shown = await alice.get(pubsub(f"<affiliations node='{TUNE}'/>", "#owner"))
    assert {(one.get("jid"), one.get("affiliation")) for one in shown[0]} == {
        (ALICE, "owner"),
        (BOB, "member"),
    }
    roster = form("node_config", access_model="roster", roster_groups_allowed="Friends")
    await alice.set(pubsub(f"<configure node='{TUNE}'>{roster}</configure>", "#owner"))
    assert await bob.refused("get", items(), to=ALICE) == "item-not-found"
    await house.contacts.set(
        house.addresses.parse("alice"), house.addresses.parse("bob"), groups=["Friends"]
    )
    assert titles(await bob.get(items(), to=ALICE)) == ["one"]


async def test_owners_configure_empty_and_delete(house: TestHouse) -> None:
    alice, bob = house.login("alice/desk"), house.login("bob/x")
    created = f"<create node='urn:mine'/><configure>{form('node_config', title='Mine')}</configure>"
    await alice.set(pubsub(created))
    assert await alice.refused("set", pubsub("<create node='urn:mine'/>")) == "conflict"
    shown = await alice.get(pubsub("<configure node='urn:mine'/>", "#owner"))
    fields = {one.get("var"): one.findtext("{jabber:x:data}value") for one in shown[0][0]}
    assert fields["pubsub#title"] == "Mine"
    assert fields["pubsub#access_model"] == "presence"
    await alice.set(configure(max_items="5", notify_retract="0"))
    settings = await house.nodes.settings(house.addresses.parse("alice"), "urn:mine")
    assert settings == NodeSettings(title="Mine", max_items=5, retractions=False)
    default = await alice.get(pubsub("<default/>", "#owner"))
    assert default.find(f"{OWNER}default") is not None
    await alice.set(publish("one", node="urn:mine"))
    await alice.set(pubsub("<purge node='urn:mine'/>", "#owner"))
    assert titles(await alice.get(items("urn:mine"))) == []
    for bad, expected in (
        (configure(access_model="x"), "not-acceptable"),
        (pubsub("<delete node='urn:other'/>", "#owner"), "item-not-found"),
        (pubsub("<subscriptions node='urn:mine'/>", "#owner"), "feature-not-implemented"),
    ):
        assert await alice.refused("set", bad) == expected
    delete = pubsub("<delete node='urn:mine'/>", "#owner")
    assert await bob.refused("set", delete, to=ALICE) == "forbidden"
    await alice.set(delete)
    assert await alice.refused("get", items("urn:mine")) == "item-not-found"


async def test_options_must_hold(house: TestHouse) -> None:
    alice = house.login("alice/desk")
    private = {"access_model": "whitelist", "persist_items": "true", "max_items": "max"}
    await alice.set(publish("one", **private))
    settings = await house.nodes.settings(house.addresses.parse("alice"), TUNE)
    assert settings is not None
    assert (settings.access, settings.max_items) == (Access.LISTED, 1000)
    await alice.set(publish("two", **private))
    answer = await alice.ask("set", publish("three", access_model="open"))
    assert condition(answer) == "conflict"
    assert answer.find(f"{CLIENT}error/{ERRORS}precondition-not-met") is not None
    assert titles(await alice.get(items())) == ["two"]


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ("<publish><item><a xmlns='urn:a'/></item></publish>", "bad-request"),
        ("<publish node='urn:a'/>", "bad-request"),
        ("<publish node='urn:a'><item/></publish>", "bad-request"),
        ("<publish node='a'><item><a xmlns='a'/><b xmlns='b'/></item></publish>", "bad-request"),
        ("<publish node='urn:a'><item><a/></item></publish>", "bad-request"),
        ("<retract node='urn:a'/>", "bad-request"),
        ("<subscribe node='urn:a' jid='x'/>", "feature-not-implemented"),
        ("", "feature-not-implemented"),
    ],
)
async def test_what_makes_no_sense_is_refused(house: TestHouse, inner: str, expected: str) -> None:
    assert await house.login("alice/desk").refused("set", pubsub(inner)) == expected


async def test_those_who_want_to_know_are_told(house: TestHouse) -> None:
    house.befriend("alice", "bob")
    alice, bob, deaf, carol = (
        house.login(one) for one in ("alice/desk", "bob/phone", "bob/deaf", "carol/pad")
    )
    await come(alice, TUNE)
    await come(bob, TUNE)
    await deaf.come()
    await come(carol, TUNE)
    for client in (alice, bob, deaf, carol):
        await client.take()
    await alice.set(publish("one"))
    for client in (alice, bob):
        got = await client.only()
        assert (got.get("from"), got.get("type")) == (ALICE, "headline")
        assert titles(events([got])[0], EVENT) == ["one"]
    assert await deaf.take() == []
    assert await carol.take() == []
    await alice.set(pubsub(f"<retract node='{TUNE}' notify='true'><item id='current'/></retract>"))
    (event,) = events(await bob.take())
    gone = event.find(f"{EVENT}items/{EVENT}retract")
    assert gone is not None
    assert gone.get("id") == "current"
    await alice.set(pubsub(f"<delete node='{TUNE}'/>", "#owner"))
    (event,) = events(await bob.take())
    assert event.find(f"{EVENT}delete") is not None


async def test_those_who_come_are_told_of_the_last(house: TestHouse) -> None:
    house.befriend("alice", "bob")
    alice = house.login("alice/desk")
    await alice.set(publish("one"))
    await alice.set(publish("secret", node="urn:secret", access_model="whitelist"))
    await alice.set(publish("old", node="urn:old", send_last_published_item="never"))
    bob = house.login("bob/phone")
    nodes = (TUNE, "urn:secret", "urn:old")
    told = events(await come(bob, *nodes))
    assert [titles(one, EVENT) for one in told] == [["one"]]
    # The same fingerprint again is known: nobody is asked twice.
    pad = house.login("bob/pad")
    told = await come(pad, *nodes)
    assert [one for one in told if one.tag == f"{CLIENT}iq"] == []
    assert [titles(one, EVENT) for one in events(told)] == [["one"]]


async def test_a_false_fingerprint_holds_for_nobody_else(house: TestHouse) -> None:
    liar = house.login("alice/desk")
    ver = fingerprint(INFO)
    await come(liar, TUNE, ver=ver)
    honest = house.login("bob/phone")
    came = await come(honest, ver=ver)
    assert [one for one in came if one.tag == f"{CLIENT}iq"], "it is asked"


async def test_nodes_are_discovered(house: TestHouse) -> None:
    house.befriend("alice", "bob")
    alice, bob = house.login("alice/desk"), house.login("bob/phone")
    await alice.set(publish("one"))
    await alice.set(publish("x", node="urn:secret", access_model="whitelist"))
    query = "<query xmlns='http://jabber.org/protocol/disco#items'/>"
    assert [one.get("node") for one in await bob.get(query, to=ALICE)] == [TUNE]
    assert {one.get("node") for one in await alice.get(query)} == {TUNE, "urn:secret"}
    inside = f"<query xmlns='http://jabber.org/protocol/disco#items' node='{TUNE}'/>"
    assert [one.get("name") for one in await bob.get(inside, to=ALICE)] == ["current"]
    info = await bob.get(f"<query xmlns='{INFO}' node='{TUNE}'/>", to=ALICE)
    identity = info.find(f"{{{INFO}}}identity")
    assert identity is not None
    assert (identity.get("category"), identity.get("type")) == ("pubsub", "leaf")


async def test_a_publishers_device_is_no_xml(house: TestHouse) -> None:
    house.befriend("alice", "bob")
    alice, bob = house.login("alice/a'><b>&"), house.login("bob/x")
    for client, nodes in ((alice, ()), (bob, (TUNE,))):
        await come(client, *nodes)
    await bob.take()
    await alice.set(publish("one"))
    (event,) = events(await bob.take())
    item = event.find(f"{EVENT}items/{EVENT}item")
    assert item is not None
    assert item.get("publisher") == alice.jid


async def test_a_fingerprint_that_means_two_answers_holds_for_nobody_else(
    house: TestHouse,
) -> None:
    """A name with the mark of XEP-0115 §5.1 in it: the same text, other features."""
    ver = fingerprint(INFO, f"{TUNE}+notify")
    caps = "xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:test'"
    forger = house.login("bob/x")
    (asked,) = [
        one for one in await forger.come(f"<c {caps} ver='{ver}'/>") if one.tag == f"{CLIENT}iq"
    ]
    name = "&lt;".join(("Test", INFO, f"{TUNE}+notify"))
    query = f"<query xmlns='{INFO}'><identity category='client' type='pc' name='{name}'/></query>"
    forger.send(f"<iq type='result' id='{asked.get('id')}' to='{DOMAIN}'>{query}</iq>")
    came = await come(house.login("alice/desk"), TUNE)
    assert [one for one in came if one.tag == f"{CLIENT}iq"], "it is asked itself"


async def test_one_answer_has_the_newest_items_that_fit(house: TestHouse) -> None:
    alice = house.login("alice/desk")
    words = "x" * 200_000
    for number in range(8):
        item = publish(f"{number}{words}", node="urn:many", id=f"i{number}", max_items="10")
        await alice.set(item)
    found = titles(await alice.get(items("urn:many")))
    assert [(one or "")[0] for one in found] == ["3", "4", "5", "6", "7"]
    only = items("urn:many", inner="<item id='i0'/>")
    assert len(titles(await alice.get(only))) == 1
