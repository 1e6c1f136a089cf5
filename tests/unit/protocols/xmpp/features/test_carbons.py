"""Copies for one's other devices (XEP-0280)."""

from xml.etree.ElementTree import Element

from tests.support.xmpp_house import CLIENT, DOMAIN, Client, TestHouse, body

CARBONS = "{urn:xmpp:carbons:2}"
FORWARD = "{urn:xmpp:forward:0}"
ENABLE = "<enable xmlns='urn:xmpp:carbons:2'/>"


def copied(stanza: Element, direction: str) -> Element:
    wrapper = stanza.find(f"{CARBONS}{direction}")
    assert wrapper is not None, stanza
    inner = wrapper.find(f"{FORWARD}forwarded/{CLIENT}message")
    assert inner is not None
    return inner


async def three(house: TestHouse) -> tuple[Client, Client, Client]:
    """Alice, and Bob's phone and desk; the desk wants copies."""
    alice, phone, desk = (house.login(one) for one in ("alice/desk", "bob/phone", "bob/desk"))
    for client in (alice, phone, desk):
        await client.come()
    await desk.set(ENABLE)
    for client in (alice, phone, desk):
        await client.take()
    return alice, phone, desk


async def test_what_another_device_gets(house: TestHouse) -> None:
    alice, phone, desk = await three(house)
    alice.send(f"<message to='{phone.jid}' type='chat'><body>hi</body></message>")
    assert body(await phone.only()) == "hi"
    copy = await desk.only()
    assert (copy.get("from"), copy.get("to"), copy.get("type")) == (desk.bare, desk.jid, "chat")
    inner = copied(copy, "received")
    assert (body(inner), inner.get("from"), inner.get("to")) == ("hi", alice.jid, phone.jid)
    assert inner.find("{urn:xmpp:sid:0}stanza-id") is not None


async def test_what_another_device_sends(house: TestHouse) -> None:
    alice, phone, desk = await three(house)
    phone.send(
        f"<message to='alice@{DOMAIN}' type='chat' id='from-phone'><body>hi</body></message>"
    )
    assert body(await alice.only()) == "hi"
    inner = copied(await desk.only(), "sent")
    assert (inner.get("from"), inner.get("id")) == (phone.jid, "from-phone")
    assert await phone.take() == []


async def test_whoever_gets_it_anyway_gets_no_copy(house: TestHouse) -> None:
    alice, phone, desk = await three(house)
    alice.send(f"<message to='{desk.bare}' type='chat'><body>all</body></message>")
    assert body(await phone.only()) == "all"
    got = await desk.only()
    assert (body(got), got.find(f"{CARBONS}received")) == ("all", None)


async def test_who_wants_none_gets_none(house: TestHouse) -> None:
    alice, phone, desk = await three(house)
    await desk.set("<disable xmlns='urn:xmpp:carbons:2'/>")
    alice.send(f"<message to='{phone.jid}' type='chat'><body>hi</body></message>")
    await phone.only()
    assert await desk.take() == []


async def test_private_messages_are_not_copied(house: TestHouse) -> None:
    alice, phone, desk = await three(house)
    for inner in (
        "<private xmlns='urn:xmpp:carbons:2'/>",
        "<no-copy xmlns='urn:xmpp:hints'/>",
    ):
        alice.send(f"<message to='{phone.jid}' type='chat'><body>hi</body>{inner}</message>")
        got = await phone.only()
        assert got.find(f"{CARBONS}private") is None, "it is for the server"
    assert await desk.take() == []


async def test_signs_are_copied_too(house: TestHouse) -> None:
    alice, phone, desk = await three(house)
    receipt = "<received xmlns='urn:xmpp:receipts' id='message-1'/>"
    alice.send(f"<message to='{phone.jid}' type='chat'>{receipt}</message>")
    await phone.only()
    assert copied(await desk.only(), "received").find("{urn:xmpp:receipts}received") is not None
    phone.send(f"<message to='{alice.jid}' type='chat'>{receipt}</message>")
    await alice.only()
    assert copied(await desk.only(), "sent").get("to") == alice.jid
