"""vCards of both kinds, and pictures by all their ways (XEP-0054, 0292, 0084, 0153, 0398)."""

import base64
import hashlib
from xml.etree.ElementTree import Element, fromstring

import pytest

from antiphon._native import Stanza
from antiphon.core.profile import PostalAddress, Profile
from antiphon.protocols.xmpp import vcards
from antiphon.protocols.xmpp.message import write
from tests.support.xmpp_house import CLIENT, DOMAIN, Client, TestHouse, condition
from tests.unit.protocols.xmpp.features.test_pep import EVENT, PUBSUB, come, events, items, pubsub

ALICE = f"alice@{DOMAIN}"
TEMP, V4 = "{vcard-temp}", "{urn:ietf:params:xml:ns:vcard-4.0}"
DATA, METADATA = "urn:xmpp:avatar:data", "urn:xmpp:avatar:metadata"
PICTURE = b"\x89PNG picture"
HASH = hashlib.sha1(PICTURE, usedforsecurity=False).hexdigest()
ENCODED = base64.b64encode(PICTURE).decode()
GET = "<vCard xmlns='vcard-temp'/>"
FULL = Profile(
    full_name="Alice <Liddell>",
    nickname="Alice",
    given_name="Alice",
    family_name="Liddell",
    organization="Wonderland",
    unit="Rabbit hole",
    title="Dr.",
    role="visitor",
    emails=("a@example.org", "b@example.org"),
    phones=("+49 30 1",),
    urls=("https://example.org/",),
    note="curious",
    birthday="1852-05-04",
    address=PostalAddress(street="1 Way", locality="Oxford", region="O", code="OX1", country="UK"),
    extras={"MAILER": "none"},
)


def test_a_profile_survives_both_kinds() -> None:
    made = fromstring(write(vcards.write_temp(FULL, None, ALICE)))
    assert vcards.read_temp(made) == vcards.Read(FULL, None)
    assert made.findtext(f"{TEMP}JABBERID") == ALICE
    made = fromstring(write(vcards.write_vcard4(FULL)))
    before = Profile(unit=FULL.unit, extras=FULL.extras)
    assert vcards.read_vcard4(made, before) == FULL
    assert vcards.read_temp(fromstring("<vCard xmlns='vcard-temp'/>")).profile == Profile()


async def test_old_vcards(house: TestHouse) -> None:
    alice, bob = house.login("alice/desk"), house.login("bob/phone")
    shown = await bob.get(GET, to=ALICE)
    assert shown.findtext(f"{TEMP}NICKNAME") == "Alice"
    photo = f"<PHOTO><TYPE>image/png</TYPE><BINVAL>\n{ENCODED}\n</BINVAL></PHOTO>"
    await alice.set(f"<vCard xmlns='vcard-temp'><FN>Alice L.</FN>{photo}</vCard>")
    shown = await bob.get(GET, to=ALICE)
    assert shown.findtext(f"{TEMP}FN") == "Alice L."
    assert shown.findtext(f"{TEMP}NICKNAME") == "Alice", "the name that is shown stays"
    assert shown.findtext(f"{TEMP}PHOTO/{TEMP}BINVAL") == ENCODED
    await alice.set("<vCard xmlns='vcard-temp'><FN>Alice</FN></vCard>")
    assert (await bob.get(GET, to=ALICE)).find(f"{TEMP}PHOTO") is None
    bad = "<vCard xmlns='vcard-temp'><PHOTO><BINVAL>no</BINVAL></PHOTO></vCard>"
    assert await alice.refused("set", bad) == "bad-request"
    assert await bob.refused("set", GET, to=ALICE) == "service-unavailable"
    assert await bob.refused("get", GET, to=f"nobody@{DOMAIN}") == "service-unavailable"


async def test_profiles_are_not_for_guests(house: TestHouse) -> None:
    guest = house.login(f"stranger@guest.{DOMAIN}/x")
    assert await guest.refused("get", GET, to=ALICE) == "forbidden"
    vcard4 = "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'/>"
    assert await guest.refused("get", vcard4, to=ALICE) == "forbidden"


async def test_new_vcards(house: TestHouse) -> None:
    house.befriend("alice", "bob")
    alice, bob = house.login("alice/desk"), house.login("bob/phone")
    vcard = "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'><fn><text>A. L.</text></fn></vcard>"
    await alice.set(vcard)
    get = "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'/>"
    assert (await bob.get(get, to=ALICE)).findtext(f"{V4}fn/{V4}text") == "A. L."
    node = "urn:xmpp:vcard4"
    changed = vcard.replace("A. L.", "Alice L.")
    await come(bob, node)
    await alice.set(pubsub(f"<publish node='{node}'><item>{changed}</item></publish>"))
    (event,) = events(await bob.take())
    assert event.findtext(f".//{V4}fn/{V4}text") == "Alice L."
    found = await bob.get(items(node), to=ALICE)
    path = f"{PUBSUB}items/{PUBSUB}item/{V4}vcard/{V4}fn/{V4}text"
    assert found.findtext(path) == "Alice L."
    assert (await bob.get(GET, to=ALICE)).findtext(f"{TEMP}FN") == "Alice L."


def put(node: str, id: str, inner: str) -> str:
    return pubsub(f"<publish node='{node}'><item id='{id}'>{inner}</item></publish>")


async def show_picture(client: Client) -> None:
    await client.set(put(DATA, HASH, f"<data xmlns='{DATA}'>{ENCODED}</data>"))
    info = f"<info id='{HASH}' bytes='{len(PICTURE)}' type='image/png'/>"
    await client.set(put(METADATA, HASH, f"<metadata xmlns='{METADATA}'>{info}</metadata>"))


async def test_pictures_as_nodes(house: TestHouse) -> None:
    house.befriend("alice", "bob")
    alice, bob = house.login("alice/desk"), house.login("bob/phone")
    await come(bob, METADATA)
    await show_picture(alice)
    (event,) = events(await bob.take())
    info = event.find(f"{EVENT}items/{EVENT}item/{{{METADATA}}}metadata/{{{METADATA}}}info")
    assert info is not None
    assert (info.get("id"), info.get("bytes")) == (HASH, str(len(PICTURE)))
    found = await bob.get(items(DATA), to=ALICE)
    assert found.findtext(f"{PUBSUB}items/{PUBSUB}item/{{{DATA}}}data") == ENCODED
    # In step with the old vCard (XEP-0398).
    shown = await bob.get(GET, to=ALICE)
    assert shown.findtext(f"{TEMP}PHOTO/{TEMP}BINVAL") == ENCODED
    late = house.login("bob/late")
    assert len(events(await come(late, METADATA))) == 1
    await alice.set(put(METADATA, "x", f"<metadata xmlns='{METADATA}'/>"))
    (event,) = events(await bob.take())
    empty = event.find(f"{EVENT}items/{EVENT}item/{{{METADATA}}}metadata")
    assert empty is not None
    assert len(empty) == 0
    assert await house.profiles.avatar(house.addresses.parse("alice")) is None


@pytest.mark.parametrize(
    ("node", "id", "inner", "expected"),
    [
        (DATA, "0" * 40, f"<data xmlns='{DATA}'>{ENCODED}</data>", "bad-request"),
        (DATA, HASH, f"<data xmlns='{DATA}'>no base64</data>", "bad-request"),
        (DATA, HASH, "<other xmlns='urn:x'/>", "bad-request"),
        (METADATA, HASH, "<other xmlns='urn:x'/>", "bad-request"),
        (
            METADATA,
            HASH,
            f"<metadata xmlns='{METADATA}'><info id='{HASH}' type='image/png'/></metadata>",
            "item-not-found",
        ),
    ],
)
async def test_pictures_that_are_none(
    house: TestHouse, node: str, id: str, inner: str, expected: str
) -> None:
    assert await house.login("alice/desk").refused("set", put(node, id, inner)) == expected


async def test_presence_has_the_fingerprint(house: TestHouse) -> None:
    house.befriend("alice", "bob")
    alice, bob = house.login("alice/desk"), house.login("bob/phone")
    update = "{vcard-temp:x:update}"

    def told(stanzas: list[Element]) -> list[str | None]:
        return [
            one.findtext(f"{update}x/{update}photo")
            for one in stanzas
            if one.tag == f"{CLIENT}presence" and one.get("from") == alice.jid
        ]

    await bob.come()
    await alice.come("<x xmlns='vcard-temp:x:update'/>")
    assert told(await bob.take()) == [""]
    await show_picture(alice)
    assert told(await bob.take()) == [HASH], "it is told again when the picture is another"
    alice.send("<presence><x xmlns='vcard-temp:x:update'><photo/></x></presence>")
    assert told(await bob.take()) == [""], "a client that has none to tell of says so itself"
    alice.send(f"<presence to='{bob.jid}'/>")
    assert told(await bob.take()) == [HASH], "also to those who are told directly"


async def test_an_account_is_known_by_another_of_its_names(house: TestHouse) -> None:
    bob = house.login("bob/phone")
    den = f"den@rooms.{DOMAIN}/Al"
    asked = Stanza(f"<iq type='get' id='v1' to='{den}'>{GET}</iq>".encode())
    alice = house.addresses.parse(ALICE)
    house.house.router.answer_for(bob.session, asked, alice)
    answer = await bob.only()
    assert (answer.get("from"), answer.get("id")) == (den, "v1")
    assert answer.findtext(f"{TEMP}vCard/{TEMP}JABBERID") == ALICE
    await house.contacts.block(alice, [f"bob@{DOMAIN}"])
    house.house.router.answer_for(bob.session, asked, alice)
    assert condition(await bob.only()) == "service-unavailable"
