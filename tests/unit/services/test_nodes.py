import json

import pytest

from antiphon.core.address import Address, Addresses
from antiphon.core.publishing import Access, Item, NodeSettings, Telling
from antiphon.core.reason import Reason, Refused
from antiphon.services.nodes import NodeLimits, PublishedNodes
from antiphon.stores.database import Database
from antiphon.stores.records import Account

MANY = NodeSettings(max_items=3, access=Access.LISTED)


@pytest.fixture
def limits() -> NodeLimits:
    return NodeLimits(nodes=3, items=5, payload=100, octets=400, private=2)


@pytest.fixture
def nodes(database: Database, limits: NodeLimits) -> PublishedNodes:
    return PublishedNodes(database, limits)


@pytest.fixture
def ann(addresses: Addresses) -> Address:
    return addresses.parse("ann")


def item(id: str, publisher: Address, payload: bytes = b"<a/>", at: float = 5.0) -> Item:
    return Item(id=id, payload=payload, publisher=publisher, published_at=at)


async def test_what_is_published_comes_back_in_order(nodes: PublishedNodes, ann: Address) -> None:
    for number in range(4):
        await nodes.publish(ann, "tunes", item(f"i{number}", ann, at=number), MANY)
    assert [one.id for one in await nodes.items(ann, "tunes")] == ["i1", "i2", "i3"]
    assert [one.id for one in await nodes.items(ann, "tunes", limit=1)] == ["i3"]
    assert [one.id for one in await nodes.items(ann, "tunes", ["i2", "i0"])] == ["i2"]
    assert await nodes.items(ann, "tunes", ["\0"]) == ()
    # The same id again: in place of it, as the newest.
    await nodes.publish(ann, "tunes", item("i1", ann, b"<b/>"), MANY)
    found = await nodes.items(ann, "tunes")
    assert [one.id for one in found] == ["i2", "i3", "i1"]
    assert (found[-1].payload, found[-1].publisher) == (b"<b/>", ann)


async def test_settings_stay_and_can_be_changed(nodes: PublishedNodes, ann: Address) -> None:
    bob = Address("bob", ann.domain)
    full = NodeSettings(
        access=Access.GROUPS,
        groups=("Friends",),
        members=frozenset({bob}),
        max_items=4,
        told=False,
        last=Telling.NEVER,
        payloads=False,
        retractions=False,
        end=False,
        title="Tunes \U0001f3b5",
        kind="urn:tunes",
    )
    assert await nodes.settings(ann, "tunes") is None
    await nodes.configure(ann, "tunes", full)
    assert await nodes.settings(ann, "tunes") == full
    given = await nodes.publish(ann, "tunes", item("1", ann), NodeSettings())
    assert given == full, "the settings of a node that is there hold"
    for number in range(4):
        await nodes.publish(ann, "tunes", item(str(number), ann), full)
    await nodes.configure(ann, "tunes", MANY)
    assert len(await nodes.items(ann, "tunes")) == 3
    assert await nodes.nodes(ann) == [("tunes", MANY)]
    assert await nodes.nodes(bob) == []


async def test_items_and_nodes_go(nodes: PublishedNodes, ann: Address) -> None:
    await nodes.publish(ann, "tunes", item("1", ann), MANY)
    await nodes.publish(ann, "tunes", item("2", ann), MANY)
    await nodes.retract(ann, "tunes", "1")
    with pytest.raises(Refused) as refused:
        await nodes.retract(ann, "tunes", "1")
    assert refused.value.reason is Reason.NOT_FOUND
    await nodes.purge(ann, "tunes")
    assert await nodes.items(ann, "tunes") == []
    await nodes.remove(ann, "tunes")
    assert await nodes.settings(ann, "tunes") is None
    with pytest.raises(Refused):
        await nodes.remove(ann, "tunes")


async def test_the_latest_of_several_for_those_who_come(
    nodes: PublishedNodes, ann: Address
) -> None:
    bob = Address("bob", ann.domain)
    for who in (ann, bob):
        await nodes.publish(who, "tunes", item("old", who), MANY)
        await nodes.publish(who, "tunes", item("new", who), MANY)
    silent = NodeSettings(last=Telling.NEVER)
    await nodes.publish(ann, "moods", item("m", ann), silent)
    found = await nodes.latest([ann, bob], ["tunes", "moods"])
    assert {(who, node, one.id) for who, node, _, one in found} == {
        (ann, "tunes", "new"),
        (bob, "tunes", "new"),
    }
    assert await nodes.latest([], ["tunes"]) == ()


async def test_limits(nodes: PublishedNodes, ann: Address) -> None:
    async def refused(reason: Reason, *, node: str = "a", id: str = "1", data: bytes = b"") -> None:
        with pytest.raises(Refused) as found:
            await nodes.publish(ann, node, item(id, ann, data), NodeSettings(max_items=99))
        assert found.value.reason is reason

    await refused(Reason.TOO_LARGE, data=bytes(101))
    await refused(Reason.BAD_REQUEST, id="")
    await refused(Reason.BAD_REQUEST, node="a\0")
    await refused(Reason.TOO_LARGE, node="n" * 1024)
    for number in range(4):
        await nodes.publish(ann, "a", item(str(number), ann, bytes(90)), NodeSettings(max_items=99))
    await refused(Reason.TOO_MANY, node="b", data=bytes(90))
    assert await nodes.settings(ann, "b") is None, "nothing of it is left"
    assert [len(one.payload) for one in await nodes.items(ann, "a")] == [90] * 4
    assert (await nodes.settings(ann, "a") or NodeSettings()).max_items == 5
    for name in ("b", "c"):
        await nodes.configure(ann, name, NodeSettings())
    with pytest.raises(Refused):
        await nodes.configure(ann, "d", NodeSettings())
    await nodes.configure(ann, "c", MANY)


async def test_private_data(nodes: PublishedNodes, ann: Address) -> None:
    assert await nodes.private(ann, "{x}y") is None
    await nodes.set_private(ann, "{x}y", b"<y xmlns='x'/>")
    await nodes.set_private(ann, "{x}y", b"<y xmlns='x'>2</y>")
    assert await nodes.private(ann, "{x}y") == b"<y xmlns='x'>2</y>"
    assert await nodes.private(Address("bob", ann.domain), "{x}y") is None
    await nodes.set_private(ann, "b", b"")
    with pytest.raises(Refused) as many:
        await nodes.set_private(ann, "c", b"")
    assert many.value.reason is Reason.TOO_MANY
    assert await nodes.private(ann, "c") is None
    with pytest.raises(Refused) as large:
        await nodes.set_private(ann, "b", bytes(101))
    assert large.value.reason is Reason.TOO_LARGE


async def test_an_account_that_goes_takes_everything_along(
    nodes: PublishedNodes, ann: Address
) -> None:
    account = Account(id="a", address=ann, name="Ann", disabled=True, created_at=1.0, stamp="s")
    await nodes.publish(ann, "tunes", item("1", ann, b"<t/>"), MANY)
    await nodes.set_private(ann, "key", b"<k/>")
    exported = [
        (name, [part async for part in parts]) async for name, parts in nodes.export(account)
    ]
    (name, (text,)) = exported[0]
    read = json.loads(text)
    assert name == "published.json"
    assert read["nodes"][0]["items"][0]["payload"] == "<t/>"
    assert read["private"] == {"key": "<k/>"}
    await nodes.erase(account)
    assert await nodes.settings(ann, "tunes") is None
    assert await nodes.items(ann, "tunes") == []
    assert await nodes.private(ann, "key") is None
