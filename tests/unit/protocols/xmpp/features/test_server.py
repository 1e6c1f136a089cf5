"""What the server says of itself and does for administrators: XEP-0030, 0115, 0092, 0202, 0012,
0199, 0157, 0215, 0363, 0050, 0133.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest

from antiphon.core.address import Address
from antiphon.protocols.xmpp.features.caps import verification
from tests.support.xmpp_house import (
    CLIENT,
    DOMAIN,
    Client,
    TestHouse,
    condition,
    opened,
    result,
)

INFO = "http://jabber.org/protocol/disco#info"
ITEMS = "http://jabber.org/protocol/disco#items"
COMMANDS = "http://jabber.org/protocol/commands"
ADMIN = "http://jabber.org/protocol/admin"
UPLOAD = "{urn:xmpp:http:upload:0}"
ALICE = f"alice@{DOMAIN}"


def info(node: str = "") -> str:
    named = f" node='{node}'" if node else ""
    return f"<query xmlns='{INFO}'{named}/>"


def names(found: Element) -> set[str | None]:
    return {one.get("var") for one in found.findall(f"{{{INFO}}}feature")}


async def test_what_the_server_and_accounts_support(house: TestHouse) -> None:
    house.befriend("alice", "bob")
    alice, bob, carol = (house.login(f"{one}/x") for one in ("alice", "bob", "carol"))
    server = await alice.get(info(), to=DOMAIN)
    assert {"urn:xmpp:ping", "urn:xmpp:blocking", "urn:xmpp:carbons:2", INFO} <= names(server)
    identity = server.find(f"{{{INFO}}}identity")
    assert identity is not None
    assert (identity.get("category"), identity.get("type")) == ("server", "im")
    fields = {
        one.get("var"): one.findtext("{jabber:x:data}value")
        for one in server.iter("{jabber:x:data}field")
    }
    assert fields["abuse-addresses"] == "mailto:abuse@example.org"
    assert fields["max-file-size"] == "1000"
    own = await alice.get(info())
    assert {"urn:xmpp:mam:2", "urn:xmpp:mam:2#extended", "urn:xmpp:bookmarks:1#compat"} <= names(
        own
    )
    assert {"urn:xmpp:pep-vcard-conversion:0"} <= names(own)
    kinds = {(one.get("category"), one.get("type")) for one in own.findall(f"{{{INFO}}}identity")}
    assert kinds == {("account", "registered"), ("pubsub", "pep")}
    assert names(await bob.get(info(), to=ALICE)) == names(own)
    assert await carol.refused("get", info(), to=ALICE) == "service-unavailable"
    assert await carol.refused("get", info(), to=f"nobody@{DOMAIN}") == "service-unavailable"
    assert await alice.refused("get", info("urn:unknown"), to=DOMAIN) == "item-not-found"


async def test_the_fingerprint_is_that_of_the_answer(house: TestHouse) -> None:
    alice = house.login("alice/desk")
    offered = house.house.router.features(alice.session.account).decode()
    ver = offered.partition("ver='")[2].partition("'")[0]
    answer = await alice.get(info(f"urn:antiphon#{ver}"), to=DOMAIN)
    assert verification(answer, "sha1") == ver
    for feature in ("rosterver", "pre-approval", "csi"):
        assert feature in offered


async def test_what_is_beside_the_server(house: TestHouse) -> None:
    class Rooms:
        title = "Rooms"

    remove = house.house.router.add_host(f"rooms.{DOMAIN}", Rooms())  # type: ignore[arg-type]
    alice = house.login("alice/desk")
    listed = await alice.get(f"<query xmlns='{ITEMS}'/>", to=DOMAIN)
    assert [(one.get("jid"), one.get("name")) for one in listed] == [(f"rooms.{DOMAIN}", "Rooms")]
    remove()
    assert len(await alice.get(f"<query xmlns='{ITEMS}'/>", to=DOMAIN)) == 0


async def test_version_time_and_life(house: TestHouse) -> None:
    alice, bob = house.login("alice/desk"), house.login("bob/x")
    version = await alice.get("<query xmlns='jabber:iq:version'/>", to=DOMAIN)
    assert [one.text for one in version] == ["Antiphon", "1.0"]
    clock = await alice.get("<time xmlns='urn:xmpp:time'/>", to=DOMAIN)
    assert clock.findtext("{urn:xmpp:time}tzo") == "+00:00"
    assert (clock.findtext("{urn:xmpp:time}utc") or "").endswith("Z")
    for to in (DOMAIN, ALICE, None):
        answer = await alice.ask("get", "<ping xmlns='urn:xmpp:ping'/>", to)
        assert (answer.get("type"), len(answer)) == ("result", 0)
        # Older clients begin so, and wait (RFC 3921 §3).
        begin = "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>"
        answer = await alice.ask("set", begin, to)
        assert (answer.get("type"), len(answer)) == ("result", 0)
    last = "<query xmlns='jabber:iq:last'/>"
    assert int((await alice.get(last, to=DOMAIN)).get("seconds") or "x") < 100
    assert await bob.refused("get", last, to=ALICE) == "forbidden"
    house.befriend("alice", "bob")
    assert await bob.refused("get", last, to=ALICE) == "item-not-found"
    await alice.come()
    assert (await bob.get(last, to=ALICE)).get("seconds") == "0"
    alice.send("<presence type='unavailable'><status>to bed</status></presence>")
    await alice.take()
    gone = await bob.get(last, to=ALICE)
    assert (gone.get("seconds"), gone.text) == ("0", "to bed")


async def test_services_for_calls(house: TestHouse) -> None:
    alice = house.login("alice/desk")
    found = await alice.get("<services xmlns='urn:xmpp:extdisco:2'/>", to=DOMAIN)
    assert [dict(one.items()) for one in found] == [
        {"type": "stun", "host": "stun.example", "port": "3479", "transport": "udp"},
        {
            "type": "turn",
            "host": "turn.example",
            "port": "3478",
            "transport": "tcp",
            "username": "u",
            "password": "p",
        },
    ]
    turn = await alice.get("<services xmlns='urn:xmpp:extdisco:2' type='turn'/>", to=DOMAIN)
    assert [one.get("host") for one in turn] == ["turn.example"]
    asked = (
        "<credentials xmlns='urn:xmpp:extdisco:2'><service host='{}' type='turn'/></credentials>"
    )
    (one,) = await alice.get(asked.format("turn.example"), to=DOMAIN)
    assert one.get("password") == "p"
    assert await alice.refused("get", asked.format("other.example"), to=DOMAIN) == "item-not-found"


async def test_places_for_files(house: TestHouse) -> None:
    alice = house.login("alice/desk")
    asked = "<request xmlns='urn:xmpp:http:upload:0' filename='a.png' size='{}'/>"
    slot = await alice.get(asked.format(1000), to=DOMAIN)
    put = slot.find(f"{UPLOAD}put")
    assert put is not None
    assert put.get("url") == "https://up.example/1/a.png"
    headers = {one.get("name"): one.text for one in put}
    assert headers == {"Authorization": "Basic x"}, "others are not for clients"
    answer = await alice.ask("get", asked.format(1001), to=DOMAIN)
    assert condition(answer) == "not-acceptable"
    path = f"{CLIENT}error/{UPLOAD}file-too-large/{UPLOAD}max-file-size"
    assert answer.findtext(path) == "1000"
    for size in ("0", "-1", "x", "9" * 30):
        assert await alice.refused("get", asked.format(size), to=DOMAIN) == "bad-request"


@pytest.mark.parametrize(
    ("to", "payload", "expected"),
    [
        (DOMAIN, "<own xmlns='urn:nobody-knows'/>", "service-unavailable"),
        (None, "<own xmlns='urn:nobody-knows'/>", "service-unavailable"),
        (None, "<other xmlns='urn:xmpp:blocking'/>", "feature-not-implemented"),
        (DOMAIN, "", "bad-request"),
        (f"{ALICE}/gone", "<ping xmlns='urn:xmpp:ping'/>", "service-unavailable"),
        ("elsewhere.example", "<ping xmlns='urn:xmpp:ping'/>", "remote-server-not-found"),
        ("@", "<ping xmlns='urn:xmpp:ping'/>", "jid-malformed"),
    ],
)
async def test_requests_that_nobody_answers(
    house: TestHouse, to: str | None, payload: str, expected: str
) -> None:
    assert await house.login("bob/x").refused("get", payload, to) == expected


async def test_requests_between_sessions_pass_untouched(house: TestHouse) -> None:
    alice, bob = house.login("alice/desk"), house.login("bob/x")
    alice.send(f"<iq type='get' id='1' to='{bob.jid}'><own xmlns='urn:x'>a</own></iq>")
    asked = await bob.only()
    assert (asked.get("from"), asked[0].text) == (alice.jid, "a")
    bob.send(f"<iq type='result' id='1' to='{alice.jid}'/>")
    assert (await alice.only()).get("from") == bob.jid
    alice.send(f"<iq type='odd' id='1' to='{DOMAIN}'/>")
    assert condition(await alice.only()) == "bad-request"


# commands


class Care:
    """Remembers what is done to accounts."""

    def __init__(self) -> None:
        self.done: list[tuple[object, ...]] = []

    async def add(self, account: Address, password: str, name: str) -> None:
        self.done.append(("add", str(account), password, name))

    async def change_password(self, account: Address, password: str) -> None:
        self.done.append(("password", str(account), password))

    async def disable(self, account: Address, disabled: bool) -> None:
        self.done.append(("disable", str(account), disabled))

    async def remove(self, account: Address) -> None:
        self.done.append(("remove", str(account)))


@pytest.fixture
async def cared(tmp_path: Path) -> AsyncIterator[tuple[TestHouse, Care]]:
    """A house where administrators may do something."""
    care = Care()
    async with opened(tmp_path, care=care) as house:
        yield house, care


def command(name: str, inner: str = "", **more: str) -> str:
    said = "".join(f" {key}='{value}'" for key, value in more.items())
    return f"<command xmlns='{COMMANDS}' node='{ADMIN}#{name}'{said}>{inner}</command>"


async def run(client: Client, name: str, **fields: str) -> Element:
    """Begin a command, fill in its form, and give what it says at the end."""
    begun = result(await client.ask("set", command(name, action="execute"), DOMAIN))
    assert begun.get("status") == "executing"
    filled = "".join(
        f"<field var='{key}'><value>{value}</value></field>" for key, value in fields.items()
    )
    form = f"<x xmlns='jabber:x:data' type='submit'>{filled}</x>"
    id = begun.get("sessionid") or ""
    answer = await client.ask("set", command(name, form, sessionid=id), DOMAIN)
    if answer.get("type") == "error":
        return answer
    assert answer[0].get("status") == "completed"
    return answer[0]


async def test_administrators_run_commands(cared: tuple[TestHouse, Care]) -> None:
    house, care = cared
    root = house.login("root/desk", admin=True)
    dave = f"dave@{DOMAIN}"
    await run(root, "add-user", accountjid=dave, password="secret-1", given_name="Dave")
    await run(root, "change-user-password", accountjid=dave, password="secret-2")
    await run(root, "disable-user", accountjids=dave)
    await run(root, "reenable-user", accountjids=dave)
    await run(root, "delete-user", accountjids=dave)
    assert care.done == [
        ("add", dave, "secret-1", "Dave"),
        ("password", dave, "secret-2"),
        ("disable", dave, True),
        ("disable", dave, False),
        ("remove", dave),
    ]
    wrong = await run(root, "add-user", accountjid="dave@elsewhere.example", password="x")
    assert condition(wrong) == "not-acceptable"
    differ = {"accountjid": dave, "password": "a", "password-verify": "b"}
    assert condition(await run(root, "add-user", **differ)) == "not-acceptable"


async def test_sessions_are_listed_told_and_ended(cared: tuple[TestHouse, Care]) -> None:
    house, _ = cared
    root, alice = house.login("root/desk", admin=True), house.login("alice/desk")
    listed = await root.set(command("get-online-users-list"), DOMAIN)
    values = {one.text for one in listed.iter("{jabber:x:data}value")}
    assert {ALICE, root.bare} <= values
    await run(root, "announce", announcement="Tea &amp; cake")
    got = await alice.only()
    assert (got.findtext(f"{CLIENT}body"), got.get("type")) == ("Tea & cake", "headline")
    await run(root, "end-user-session", accountjids=ALICE)
    assert alice.session.ended


async def test_others_do_not(cared: tuple[TestHouse, Care]) -> None:
    house, care = cared
    alice, root = house.login("alice/desk"), house.login("root/desk", admin=True)
    assert await alice.refused("set", command("announce"), DOMAIN) == "forbidden"
    assert await root.refused("set", command("unknown"), DOMAIN) == "item-not-found"
    assert (
        await root.refused("set", command("announce", sessionid="made-up"), DOMAIN) == "bad-request"
    )
    assert await root.refused("set", command("announce", action="fly"), DOMAIN) == "bad-request"
    menu = f"<query xmlns='{ITEMS}' node='{COMMANDS}'/>"
    assert len(await alice.get(menu, to=DOMAIN)) == 0
    shown = await root.get(menu, to=DOMAIN)
    assert len(shown) == 8
    node = shown[0].get("node") or ""
    identity = (await root.get(info(node), to=DOMAIN)).find(f"{{{INFO}}}identity")
    assert identity is not None
    assert (identity.get("category"), identity.get("type")) == ("automation", "command-node")
    begun = await root.set(command("announce", action="execute"), DOMAIN)
    id = begun.get("sessionid") or ""
    cancelled = await root.set(command("announce", action="cancel", sessionid=id), DOMAIN)
    assert cancelled.get("status") == "canceled"
    assert care.done == []


async def test_lists_that_are_not_in_memory_are_looked_up(
    house: TestHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.befriend("alice", "bob")
    await house.login("alice/desk").come()
    bob, carol = house.login("bob/x"), house.login("carol/x")
    monkeypatch.setattr(house.contacts, "sees", lambda account, other: None)
    last = "<query xmlns='jabber:iq:last'/>"
    info = f"<query xmlns='{INFO}'/>"
    assert (await bob.get(last, to=ALICE)).get("seconds") == "0"
    assert await carol.refused("get", last, to=ALICE) == "forbidden"
    assert len(await bob.get(info, to=ALICE))
    assert await carol.refused("get", info, to=ALICE) == "service-unavailable"
