"""Blocking (XEP-0191): the list, and that nothing passes."""

from tests.support.xmpp_house import CLIENT, DOMAIN, Client, TestHouse, body, condition

BOB = f"bob@{DOMAIN}"
ALICE = f"alice@{DOMAIN}"
LIST = "<blocklist xmlns='urn:xmpp:blocking'/>"
BLOCK = f"<block xmlns='urn:xmpp:blocking'><item jid='{BOB}'/></block>"


async def friends(house: TestHouse) -> tuple[Client, Client]:
    house.befriend("alice", "bob")
    alice, bob = house.login("alice/desk"), house.login("bob/phone")
    await alice.come()
    await bob.come()
    for client in (alice, bob):
        await client.take()
    return alice, bob


async def test_the_list_and_its_changes(house: TestHouse) -> None:
    desk, phone, deaf = (house.login(f"alice/{one}") for one in ("desk", "phone", "deaf"))
    for client in (desk, phone):
        assert len(await client.get(LIST)) == 0
    await desk.set(BLOCK)
    push = await phone.only()
    assert push[0].tag == "{urn:xmpp:blocking}block"
    assert [one.get("jid") for one in push[0]] == [BOB]
    assert await deaf.take() == []
    assert [one.get("jid") for one in await deaf.get(LIST)] == [BOB]
    await phone.take()
    await desk.set("<unblock xmlns='urn:xmpp:blocking'/>")
    push = await phone.only()
    assert push[0].tag == "{urn:xmpp:blocking}unblock"
    assert len(await desk.get(LIST)) == 0
    for payload, expected in (
        ("<block xmlns='urn:xmpp:blocking'/>", "bad-request"),
        ("<block xmlns='urn:xmpp:blocking'><item jid='@'/></block>", "jid-malformed"),
    ):
        assert await desk.refused("set", payload) == expected


async def test_nothing_passes(house: TestHouse) -> None:
    alice, bob = await friends(house)
    await alice.set(BLOCK)
    # RFC 6121 §4.5, XEP-0191 §3.5: each is gone for the other.
    gone = [one.get("type") for one in await bob.take()]
    assert gone == ["unavailable"]
    assert [one.get("type") for one in await alice.take()] == ["unavailable"]
    alice.send("<presence><show>away</show></presence>")
    bob.send("<presence><show>away</show></presence>")
    assert [one.get("from") for one in await bob.take()] == [bob.jid]
    assert [one.get("from") for one in await alice.take()] == [alice.jid]

    bob.send(f"<message to='{ALICE}' type='chat'><body>x</body></message>")
    assert condition(await bob.only()) == "service-unavailable"
    alice.send(f"<message to='{BOB}' type='chat'><body>x</body></message>")
    refused = await alice.only()
    assert condition(refused) == "not-acceptable"
    blocked = "{urn:xmpp:blocking:errors}blocked"
    assert refused.find(f"{CLIENT}error/{blocked}") is not None

    ping = "<ping xmlns='urn:xmpp:ping'/>"
    assert await bob.refused("get", ping, to=alice.jid) == "service-unavailable"
    assert await alice.refused("get", ping, to=bob.jid) == "not-acceptable"
    bob.send(f"<presence to='{alice.jid}'/>")
    bob.send(f"<presence to='{ALICE}' type='subscribe'/>")
    bob.send(f"<iq to='{alice.jid}' type='result' id='1'/>")
    bob.send(f"<message to='{alice.jid}' type='error' id='1'/>")
    assert await alice.take() == []


async def test_back_again(house: TestHouse) -> None:
    alice, bob = await friends(house)
    await alice.set(BLOCK)
    for client in (alice, bob):
        await client.take()
    await alice.set(f"<unblock xmlns='urn:xmpp:blocking'><item jid='{BOB}'/></unblock>")
    assert [(one.get("from"), one.get("type")) for one in await bob.take()] == [(alice.jid, None)]
    assert [(one.get("from"), one.get("type")) for one in await alice.take()] == [(bob.jid, None)]
    bob.send(f"<message to='{ALICE}' type='chat'><body>again</body></message>")
    assert body(await alice.only()) == "again"


async def test_whom_one_blocks_is_not_seen_at_log_in_either(house: TestHouse) -> None:
    house.befriend("alice", "bob")
    alice = house.login("alice/desk")
    await alice.set(BLOCK)
    bob = house.login("bob/phone")
    await bob.come()
    assert {one.get("from") for one in await alice.come()} == {alice.jid}
    assert await bob.take() == []


async def test_a_device_alone_is_blocked_and_nothing_else(house: TestHouse) -> None:
    alice, phone = await friends(house)
    desk = house.login("bob/desk")
    await desk.come()
    for client in (alice, phone):
        await client.take()
    await alice.set(f"<block xmlns='urn:xmpp:blocking'><item jid='{phone.jid}'/></block>")
    assert [one.get("jid") for one in await alice.get(LIST)] == [phone.jid]
    for client in (alice, phone, desk):
        await client.take()
    ping = "<ping xmlns='urn:xmpp:ping'/>"
    for client, passes in ((phone, False), (desk, True)):
        client.send(f"<message to='{ALICE}' type='chat'><body>x</body></message>")
        told = [body(one) for one in await alice.take()]
        assert told == (["x"] if passes else [])
        client.send("<presence><show>away</show></presence>")
        assert [one.get("from") for one in await alice.take()] == ([client.jid] * passes)
        client.wire.sent.clear()
        client.send(f"<iq type='get' id='p' to='{alice.jid}'>{ping}</iq>")
        assert len(await alice.take()) == passes
        await client.take()
    alice.send(f"<message to='{phone.jid}' type='chat'><body>x</body></message>")
    assert condition(await alice.only()) == "not-acceptable"
    alice.send("<presence><show>dnd</show></presence>")
    assert [one.get("from") for one in await desk.take()].count(alice.jid) == 1
    assert alice.jid not in [one.get("from") for one in await phone.take()]
