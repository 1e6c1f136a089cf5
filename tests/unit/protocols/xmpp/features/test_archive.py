"""The archive of an account (XEP-0313, XEP-0059, XEP-0441)."""

from xml.etree.ElementTree import Element

import pytest

from antiphon.protocols.xmpp.features import archive
from tests.support.xmpp_house import CLIENT, DOMAIN, Client, TestHouse, body, result

MAM = "{urn:xmpp:mam:2}"
RSM = "{http://jabber.org/protocol/rsm}"
BOB = f"bob@{DOMAIN}"
CAROL = f"carol@{DOMAIN}"


@pytest.fixture
async def alice(house: TestHouse) -> Client:
    """Alice, who wrote m0 … m9 to Bob and Carol in turn."""
    alice = house.login("alice/desk")
    await alice.come()
    for number in range(10):
        to = CAROL if number % 2 else BOB
        words = f"<body>m{number}</body>"
        alice.send(f"<message to='{to}' type='chat' id='id-number-{number}'>{words}</message>")
        await house.settle()
    await alice.take()
    return alice


def field(name: str, *values: str) -> str:
    each = "".join(f"<value>{value}</value>" for value in values)
    return f"<field var='{name}'>{each}</field>"


def query(*fields: str, rsm: str = "", more: str = "") -> str:
    form = f"<x xmlns='jabber:x:data' type='submit'>{field('FORM_TYPE', 'urn:xmpp:mam:2')}"
    form += "".join(fields) + "</x>"
    page = f"<set xmlns='http://jabber.org/protocol/rsm'>{rsm}</set>" if rsm else ""
    return f"<query xmlns='urn:xmpp:mam:2' queryid='q'>{form}{page}{more}</query>"


async def read(client: Client, payload: str) -> tuple[list[Element], Element]:
    """The results, and how the answer ends."""
    fin = result(await client.ask("set", payload))
    assert fin.tag == f"{MAM}fin"
    return [found for one in await client.take() for found in one.findall(f"{MAM}result")], fin


def texts(results: list[Element]) -> list[str | None]:
    inner = "{urn:xmpp:forward:0}forwarded"
    return [body(one.find(f"{inner}/{CLIENT}message") or Element("x")) for one in results]


def ids(results: list[Element]) -> list[str]:
    return [one.get("id", "") for one in results]


async def test_everything(alice: Client) -> None:
    results, fin = await read(alice, query())
    assert texts(results) == [f"m{number}" for number in range(10)]
    assert fin.get("complete") == "true"
    first = results[0]
    assert first.get("queryid") == "q"
    message = first.find(f"{{urn:xmpp:forward:0}}forwarded/{CLIENT}message")
    assert message is not None
    assert (message.get("from"), message.get("to")) == (alice.jid, BOB)
    late = first.find("{urn:xmpp:forward:0}forwarded/{urn:xmpp:delay}delay")
    assert late is not None
    assert (late.get("stamp") or "").endswith("Z")
    assert fin.findtext(f"{RSM}set/{RSM}first") == ids(results)[0]
    assert fin.findtext(f"{RSM}set/{RSM}last") == ids(results)[-1]


async def test_pages(alice: Client) -> None:
    results, fin = await read(alice, query(rsm="<max>4</max>"))
    assert texts(results) == ["m0", "m1", "m2", "m3"]
    assert fin.get("complete") is None
    last = ids(results)[-1]
    results, fin = await read(alice, query(rsm=f"<max>4</max><after>{last}</after>"))
    assert texts(results) == ["m4", "m5", "m6", "m7"]
    results, fin = await read(alice, query(rsm="<max>3</max><before/>"))
    assert texts(results) == ["m7", "m8", "m9"]
    assert fin.get("complete") is None
    before = ids(results)[0]
    results, fin = await read(alice, query(rsm=f"<max>30</max><before>{before}</before>"))
    assert texts(results) == [f"m{number}" for number in range(7)]
    assert fin.get("complete") == "true"
    flipped, _ = await read(alice, query(rsm="<max>3</max><before/>", more="<flip-page/>"))
    assert texts(flipped) == ["m9", "m8", "m7"]
    results, fin = await read(alice, query(rsm="<max>0</max>"))
    assert results == []
    assert fin.findtext(f"{RSM}set/{RSM}count") == "10"


async def test_parts(alice: Client) -> None:
    results, _ = await read(alice, query(field("with", CAROL)))
    assert texts(results) == ["m1", "m3", "m5", "m7", "m9"]
    all_, _ = await read(alice, query())
    known = ids(all_)
    results, _ = await read(alice, query(field("after-id", known[3]), field("before-id", known[6])))
    assert texts(results) == ["m4", "m5"]
    results, _ = await read(alice, query(field("ids", known[7], known[2])))
    assert texts(results) == ["m2", "m7"]
    results, _ = await read(alice, query(field("{urn:xmpp:fulltext:0}fulltext", "m4")))
    assert texts(results) == ["m4"]
    results, fin = await read(alice, query(field("start", "2100-01-01T00:00:00Z")))
    assert (results, fin.get("complete")) == ([], "true")
    results, _ = await read(
        alice, query(field("start", "2001-01-01T00:00:00Z"), field("end", "2100-01-01T00:00:00Z"))
    )
    assert len(results) == 10


async def test_what_makes_no_sense_is_refused(alice: Client) -> None:
    for payload, condition in (
        (query(field("with", "@")), "jid-malformed"),
        (query(field("start", "yesterday")), "bad-request"),
        (query(field("start", "2026-01-01T00:00:00")), "bad-request"),
        (query(rsm="<max>x</max>"), "bad-request"),
        (query(rsm="<after>nobody-knows</after>"), "item-not-found"),
        (query(field("ids", "nobody-knows")), "item-not-found"),
        (query(rsm="<index>3</index>"), "feature-not-implemented"),
        (query(field("ids", *map(str, range(101)))), "policy-violation"),
    ):
        assert await alice.refused("set", payload) == condition, payload
    assert await alice.refused("set", query(), to=BOB) == "service-unavailable"


async def test_long_pages_are_cut(alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "OCTETS", 1500)
    results, fin = await read(alice, query())
    assert 1 <= len(results) < 10
    assert fin.get("complete") is None
    again, _ = await read(alice, query(rsm=f"<after>{ids(results)[-1]}</after>"))
    assert texts(again)[0] == f"m{len(results)}"
    latest, _ = await read(alice, query(rsm="<max>10</max><before/>"))
    assert texts(latest)[-1] == "m9"


async def test_the_form_and_the_ends(alice: Client, house: TestHouse) -> None:
    form = await alice.get("<query xmlns='urn:xmpp:mam:2'/>")
    names = {one.get("var") for one in form[0]}
    assert {"with", "start", "end", "before-id", "after-id", "ids"} <= names
    metadata = await alice.get("<metadata xmlns='urn:xmpp:mam:2'/>")
    known = ids((await read(alice, query()))[0])
    assert [one.get("id") for one in metadata] == [known[0], known[-1]]
    empty = await house.login("root/desk").get("<metadata xmlns='urn:xmpp:mam:2'/>")
    assert len(empty) == 0


async def test_preferences(alice: Client, house: TestHouse) -> None:
    get = "<prefs xmlns='urn:xmpp:mam:2'/>"
    prefs = await alice.get(get)
    assert (prefs.get("default"), [len(one) for one in prefs]) == ("always", [0, 0])
    wanted = (
        f"<prefs xmlns='urn:xmpp:mam:2' default='roster'><never><jid>{BOB}/x</jid></never></prefs>"
    )
    applied = await alice.set(wanted)
    for prefs in (applied, await alice.get(get)):
        assert prefs.get("default") == "roster"
        assert [one.text for one in prefs.findall(f"{MAM}never/{MAM}jid")] == [BOB]
        assert prefs.find(f"{MAM}always") is not None
    bad = "<prefs xmlns='urn:xmpp:mam:2' default='sometimes'/>"
    assert await alice.refused("set", bad) == "bad-request"
