"""Presence (RFC 6121 §4): who hears of whom, and when."""

from xml.etree.ElementTree import Element

import pytest

from antiphon.core.call import CallInfo, CallState
from antiphon.core.event import CallAnswered, CallEnded
from antiphon.core.presence import PresenceState
from tests.support.xmpp_house import CLIENT, DOMAIN, Client, TestHouse, condition

BOB = f"bob@{DOMAIN}"


def seen(stanzas: list[Element]) -> list[tuple[str | None, str | None, str | None]]:
    return [
        (one.get("from"), one.get("type"), one.findtext(f"{CLIENT}show"))
        for one in stanzas
        if one.tag == f"{CLIENT}presence"
    ]


async def friends(house: TestHouse) -> tuple[Client, Client]:
    house.befriend("alice", "bob")
    alice, bob = house.login("alice/desk"), house.login("bob/phone")
    await alice.come()
    await bob.come()
    for client in (alice, bob):
        await client.take()
    return alice, bob


async def test_those_who_see_each_other_are_told(house: TestHouse) -> None:
    house.befriend("alice", "bob")
    alice, bob, carol = (house.login(one) for one in ("alice/desk", "bob/phone", "carol/pad"))
    await carol.come()
    assert seen(await alice.come("<show>away</show>")) == [(alice.jid, None, "away")]
    told = await bob.come("<show>chat</show><status>here</status><own xmlns='urn:x'>kept</own>")
    assert seen(told) == [(alice.jid, None, "away"), (bob.jid, None, "chat")]
    (at_alice,) = await alice.take()
    assert at_alice.get("to") == alice.jid
    assert at_alice.findtext("{urn:x}own") == "kept"
    assert at_alice.findtext(f"{CLIENT}status") == "here"
    assert await carol.take() == []
    bob.send("<presence type='unavailable'><status>bye</status></presence>")
    (gone,) = await alice.take()
    assert (gone.get("type"), gone.findtext(f"{CLIENT}status")) == ("unavailable", "bye")
    assert seen(await bob.take()) == [(bob.jid, "unavailable", None)]
    alice.send("<presence/>")
    assert await bob.take() == [], "who is not there is told nothing"


async def test_who_ends_without_a_word_is_gone(house: TestHouse) -> None:
    alice, bob = await friends(house)
    bob.session.close()
    assert seen(await alice.take()) == [(bob.jid, "unavailable", None)]
    assert house.presence.of(house.addresses.parse("bob")) == ()


async def test_devices_of_one_account_see_each_other(house: TestHouse) -> None:
    alice, bob = await friends(house)
    pad = house.login("alice/pad")
    told = seen(await pad.come())
    assert set(told) == {(one, None, None) for one in (alice.jid, bob.jid, pad.jid)}
    assert seen(await alice.take()) == [(pad.jid, None, None)]


async def test_other_protocols_are_resources_as_well(house: TestHouse) -> None:
    house.befriend("alice", "bob")
    web = house.addresses.parse("bob/web-1")
    state = PresenceState(device=web, show="busy", note="in a <meeting>", priority=3)
    house.presence.publish(state)
    alice = house.login("alice/desk")
    (first, _) = await alice.come()
    assert first.get("from") == f"{BOB}/web-1"
    assert first.findtext(f"{CLIENT}show") == "dnd"
    assert first.findtext(f"{CLIENT}status") == "in a <meeting>"
    assert first.findtext(f"{CLIENT}priority") == "3"


async def test_who_is_on_a_call_is_busy_whatever_the_client_says(house: TestHouse) -> None:
    alice, bob = await friends(house)
    own = house.addresses.parse("bob")
    call = CallInfo(
        id="call-1",
        room="call-1",
        caller=own,
        caller_name="Bob",
        callee=alice.session.address,
        started_at=1.0,
        state=CallState.ANSWERED,
        by=alice.session.address,
    )
    bob.send("<presence><status>free</status><own xmlns='urn:x'>kept</own></presence>")
    await alice.take()
    house.presence.deliver(CallAnswered("call-1", call))
    told = [one for one in await alice.take() if one.get("from") == bob.jid]
    assert [one.findtext(f"{CLIENT}show") for one in told] == ["dnd"]
    assert [one.findtext(f"{CLIENT}status") for one in told] == ["on a call"]
    assert told[0].findtext("{urn:x}own") == "kept"
    house.presence.deliver(CallEnded("call-1", call))
    told = [one for one in await alice.take() if one.get("from") == bob.jid]
    assert [one.findtext(f"{CLIENT}status") for one in told] == ["free"]


async def test_what_a_client_says_is_known_to_others(house: TestHouse) -> None:
    alice = house.login("alice/desk")
    idle = "<idle xmlns='urn:xmpp:idle:1' since='2026-01-01T00:00:00Z'/>"
    await alice.come(f"<show>xa</show><status>gone</status><priority>7</priority>{idle}")
    (state,) = house.presence.of(house.addresses.parse("alice"))
    assert (state.show, state.note, state.priority) == ("xa", "gone", 7)
    assert state.idle_since == 1767225600.0


@pytest.mark.parametrize(
    "inner", ["<show>happy</show>", "<priority>128</priority>", "<priority>x</priority>"]
)
async def test_what_makes_no_sense_is_refused(house: TestHouse, inner: str) -> None:
    alice = house.login("alice/desk")
    (answer,) = await alice.come(inner)
    assert condition(answer) == "bad-request"


async def test_directed_presence(house: TestHouse) -> None:
    alice, carol = house.login("alice/desk"), house.login("carol/pad")
    await carol.come()
    await alice.come()
    await carol.take()
    alice.send(f"<presence to='{carol.jid}'><show>away</show></presence>")
    assert seen(await carol.take()) == [(alice.jid, None, "away")]
    alice.send("<presence><show>dnd</show></presence>")
    assert await carol.take() == []
    alice.session.close()
    assert seen(await carol.take()) == [(alice.jid, "unavailable", None)]


async def test_probes(house: TestHouse) -> None:
    alice, bob = await friends(house)
    alice.send(f"<presence to='{BOB}' type='probe'/>")
    assert seen(await alice.take()) == [(bob.jid, None, None)]
    carol = house.login("carol/pad")
    await carol.come()
    carol.send(f"<presence to='{BOB}' type='probe'/>")
    assert await carol.take() == []


async def test_what_waits_is_asked_for_by_those_who_listen(house: TestHouse) -> None:
    alice = house.login("alice/desk")
    await alice.come("<priority>-1</priority>")
    assert house.exchange.arrivals == []
    await alice.come("<priority>0</priority>")
    await alice.come("<priority>1</priority>")
    assert house.exchange.arrivals == [alice.session.address]


async def test_presence_in_order_while_it_is_looked_up(house: TestHouse) -> None:
    house.befriend("alice", "bob")
    bob, alice = house.login("bob/phone"), house.login("alice/desk")
    await bob.come()
    alice.send("<presence/>")
    alice.send("<presence><show>away</show></presence>")
    alice.send("<presence type='unavailable'/>")
    told = [one for one in seen(await bob.take()) if one[0] == alice.jid]
    assert told == [
        (alice.jid, None, None),
        (alice.jid, None, "away"),
        (alice.jid, "unavailable", None),
    ]


async def test_a_client_that_nobody_looks_at_is_told_later(house: TestHouse) -> None:
    alice, bob = await friends(house)
    alice.send("<inactive xmlns='urn:xmpp:csi:0'/>")
    for show in ("away", "chat", "dnd"):
        bob.send(f"<presence><show>{show}</show></presence>")
    assert await alice.take() == []
    bob.send(f"<message to='alice@{DOMAIN}' type='chat'><body>hello</body></message>")
    assert [one.tag for one in await alice.take()] == [f"{CLIENT}message"]
    alice.send("<active xmlns='urn:xmpp:csi:0'/>")
    assert seen(await alice.take()) == [(bob.jid, None, "dnd")]
