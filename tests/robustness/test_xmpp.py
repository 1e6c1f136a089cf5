"""Clients of XMPP that do what they should not: each gets the standard's own error, nobody else
notices, and memory stays bounded (RFC 6120 §4.9.3, §8.3.3, §11).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from tests.support.node import Node, run_node
from tests.support.telephony import PASSWORD, make_account
from tests.support.xmpp_raw import HEADER, Ended, Wire, chat, wire

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

GROWTH = 24 << 20
FLOOD = 20_000


@pytest_asyncio.fixture
async def people(node: Node) -> AsyncIterator[tuple[Wire, Wire]]:
    """Two well-behaved ones, logged in: everything else must leave them in peace."""
    async with wire(node) as ann, wire(node) as ben:
        for name, client in (("ann", ann), ("ben", ben)):
            await make_account(node, name)
            await client.login(name)
        yield ann, ben
        await unharmed(ann, ben)


async def unharmed(ann: Wire, ben: Wire) -> None:
    await ann.send(chat("ben@localhost", "still there?"))
    await ben.until("still there\\?")
    await ann.ping()


@pytest.mark.parametrize(
    ("sent", "condition"),
    [
        pytest.param(
            "<!DOCTYPE x [<!ENTITY a 'aaaaaaaa'><!ENTITY b '&a;&a;&a;'>]><message>&b;</message>",
            "restricted-xml",
            id="bomb",
        ),
        pytest.param("<message><body>&boom;</body></message>", "restricted-xml", id="entity"),
        pytest.param("<!-- hello --><presence/>", "restricted-xml", id="comment"),
        pytest.param("<?run me?><presence/>", "restricted-xml", id="instruction"),
        pytest.param("<message><body>x</message>", "not-well-formed", id="nesting"),
        pytest.param("<message to='a' to='b'/>", "not-well-formed", id="twice"),
        pytest.param("<message a=b/>", "not-well-formed", id="quotes"),
        pytest.param(b"<message><body>\xff\xfe</body></message>", None, id="no UTF-8"),
        pytest.param(b"<message><body>\xc0\xaf</body></message>", None, id="overlong"),
        pytest.param("<message><body>\x00</body></message>", "not-well-formed", id="NUL"),
        pytest.param("<message><x:y/></message>", None, id="no prefix"),
        pytest.param("<message>" + "<a>" * 5000, "policy-violation", id="depth"),
        pytest.param("<message a='" + "x" * 600_000, "policy-violation", id="attribute"),
        pytest.param(
            "<message><body>" + "x" * 2_000_000, "policy-violation", id="stanza without end"
        ),
        pytest.param("<" + "m" * 600_000, "policy-violation", id="name"),
        pytest.param("not xml at all", "not-well-formed", id="text"),
        pytest.param("<nonsense xmlns='urn:nobody'/>", "unsupported-stanza-type", id="stanza"),
    ],
)
async def test_what_is_no_stanza_ends_its_stream(
    node: Node, people: tuple[Wire, Wire], sent: str | bytes, condition: str | None
) -> None:
    await make_account(node, "eve")
    async with wire(node) as eve:
        await eve.login("eve")
        await eve.send(sent)
        said = await eve.ended()
        assert "<stream:error" in said
        # Of invalid bytes the RFC leaves open by what name they go.
        assert condition is None or condition in said, said


@pytest.mark.parametrize(
    ("header", "condition"),
    [
        (HEADER.replace("localhost", "elsewhere.example"), "host-unknown"),
        (HEADER.replace("http://etherx.jabber.org/streams", "urn:other"), "invalid-namespace"),
        (HEADER.replace("jabber:client", "jabber:other"), "invalid-namespace"),
        ("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "not-well-formed"),
        ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "not-well-formed"),
        ("<stream:stream " + "x='y' " * 100_000, "policy-violation"),
    ],
    ids=["domain", "stream namespace", "content namespace", "HTTP", "TLS", "without end"],
)
async def test_what_is_no_stream_is_ended(
    node: Node, people: tuple[Wire, Wire], header: str, condition: str
) -> None:
    async with wire(node) as eve:
        await eve.send(header)
        said = await eve.ended()
        assert condition in said or "invalid-xml" in said or "bad-format" in said, said


async def test_nothing_is_heard_before_the_log_in(node: Node, people: tuple[Wire, Wire]) -> None:
    _, ben = people
    async with wire(node) as eve:
        await eve.open()
        await eve.send(chat("ben@localhost", "I am nobody"))
        assert "not-authorized" in await eve.ended()
    await ben.ping()
    assert "I am nobody" not in ben.heard


async def test_nobody_speaks_for_another(node: Node, people: tuple[Wire, Wire]) -> None:
    _, ben = people
    await make_account(node, "eve")
    async with wire(node) as eve:
        await eve.login("eve")
        forged = chat("ben@localhost", "I am Ann").replace(
            "<message", "<message from='ann@localhost'"
        )
        await eve.send(forged)
        assert "invalid-from" in await eve.ended()
    await ben.ping()
    assert "I am Ann" not in ben.heard


async def test_ids_of_the_archive_cannot_be_forged(node: Node, people: tuple[Wire, Wire]) -> None:
    ann, ben = people
    forged = "<stanza-id xmlns='urn:xmpp:sid:0' by='ben@localhost' id='forged'/>"
    await ann.send(chat("ben@localhost", "hello").replace("</message>", f"{forged}</message>"))
    found = await ben.until("<message.*?hello.*?</message>")
    assert "forged" not in found[0]
    assert "stanza-id" in found[0]


async def test_a_flood_slows_only_the_one_who_makes_it(
    node: Node, people: tuple[Wire, Wire]
) -> None:
    await make_account(node, "eve")
    before = node.rss()
    async with wire(node) as eve:
        await eve.login("eve")
        flood = asyncio.create_task(send_all(eve, chat("ann@localhost/nowhere", "x" * 100), FLOOD))
        await asyncio.sleep(0.5)
        began = asyncio.get_running_loop().time()
        await unharmed(*people)
        assert asyncio.get_running_loop().time() - began < 20
        flood.cancel()
        await asyncio.gather(flood, return_exceptions=True)
        eve.cut()
    assert node.rss() - before < GROWTH


async def send_all(client: Wire, text: str, count: int) -> None:
    for _ in range(count // 100):
        await client.send(text * 100)


async def test_who_does_not_read_fills_no_memory(node: Node, people: tuple[Wire, Wire]) -> None:
    await make_account(node, "eve")
    before = node.rss()
    async with wire(node) as eve:
        await eve.login("eve")
        # Answers that nobody takes: the connection is not read, then it is ended.
        items = "<query xmlns='http://jabber.org/protocol/disco#info'/>"
        asked = f"<iq type='get' id='x' to='localhost'>{items}</iq>" * 200
        asking = asyncio.create_task(send_all(eve, asked, 1 << 30))
        await asyncio.wait([asking], timeout=8)
        await unharmed(*people)
        assert node.rss() - before < GROWTH
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        eve.cut()


async def test_half_open_and_slow_ones_are_let_go(tmp_path: Path, artifacts: Path) -> None:
    limits = {"ANTIPHON_LIMITS_XMPP_LOGIN_TIME": "2"}
    data = tmp_path / "data"
    data.mkdir()
    node_log = artifacts / "node.log"
    async with run_node(data, node_log, environment=limits) as node, AsyncExitStack() as stack:
        silent = [await stack.enter_async_context(wire(node)) for _ in range(20)]
        slow = await stack.enter_async_context(wire(node))
        dripping = asyncio.create_task(drip(slow, HEADER))
        for client in silent:
            await client.ended(within=20)
        await slow.ended(within=20)
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)


async def drip(client: Wire, text: str) -> None:
    for character in text:
        await client.send(character)
        await asyncio.sleep(0.5)


async def test_passwords_cannot_be_guessed_quickly(node: Node, people: tuple[Wire, Wire]) -> None:
    said: list[str] = []
    wrong = (
        "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGV2ZQBndWVzcw==</auth>"
    )
    for _ in range(12):
        async with wire(node) as eve:
            await eve.open()
            with suppress(Ended):
                for _ in range(5):
                    await eve.send(wrong)
                    said.append((await eve.until("<failure.*?</failure>"))[0])
    heard = ["not-authorized" in failure for failure in said]
    # Some are listened to, then they must wait; of one who waits nothing is looked at.
    assert 5 <= sum(heard) <= 25, said
    assert not any(heard[-10:])
    assert "temporary-auth-failure" in said[-1]


async def test_another_password_ends_what_the_former_one_began(node: Node) -> None:
    async with wire(node) as ann, wire(node) as ben:
        for name, client in (("ann", ann), ("ben", ben)):
            await make_account(node, name)
            await client.login(name)
        async with httpx.AsyncClient(base_url=node.url) as http:
            body = {"address": "ann@localhost", "password": PASSWORD}
            token = (await http.post("/api/v1/auth/login", json=body)).json()["token"]
            body = {"password": "something else entirely", "current": PASSWORD}
            answer = await http.put(
                "/api/v1/accounts/me/password",
                json=body,
                headers={"Authorization": f"Bearer {token}"},
            )
            answer.raise_for_status()
        assert "<reset " in await ann.ended()
        await ben.ping()
