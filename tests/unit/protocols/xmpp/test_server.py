"""The server on real sockets: TLS before everything, log-ins, lost connections, ends."""

import asyncio
import socket
import ssl
from pathlib import Path

import pytest

from antiphon.net.tls import self_signed
from antiphon.protocols.xmpp.config import XmppLimits
from tests.support.xmpp_site import DOMAIN, SASL, XmppSite, client_context, running, until

JID = f"alice@{DOMAIN}/desk"
SM = "xmlns='urn:xmpp:sm:3'"


def message(text: str, id: str = "m") -> bytes:
    return f"<message to='{JID}' id='{id}'><body>{text}</body></message>".encode()


# TLS


async def test_before_tls_there_is_nothing_but_tls(tmp_path: Path) -> None:
    async with running(tmp_path) as site:
        client = await site.connect()
        features = await client.open()
        assert "<required/>" in features
        assert "mechanism" not in features
        await client.send(f"<auth xmlns='{SASL}' mechanism='PLAIN'>AGEAYg==</auth>")
        assert "<encryption-required/>" in await client.until("<failure.*?</failure>")
        assert site.directory.asked == []


@pytest.mark.parametrize("content", ["jabber:server", "jabber:other", ""])
async def test_streams_of_clients_only(tmp_path: Path, content: str) -> None:
    async with running(tmp_path) as site:
        client = await site.connect()
        await client.send(
            f"<stream:stream to='{DOMAIN}' version='1.0' xmlns='{content}'"
            " xmlns:stream='http://etherx.jabber.org/streams'>"
        )
        assert "<invalid-namespace " in await client.ended()


async def test_strangers_are_not_read_faster_than_clients(tmp_path: Path) -> None:
    async with running(tmp_path, limits=XmppLimits(byte_rate=10_000)) as site:
        client = await site.connect()
        await client.open()
        await client.send(" " * 60_000)
        await until(lambda: site.driver.streams.counters()["throttled"] > 0)


async def test_starttls_then_scram(tmp_path: Path) -> None:
    async with running(tmp_path) as site:
        client = await site.connect()
        await client.open()
        await client.starttls()
        assert client.writer.get_extra_info("ssl_object").version() == "TLSv1.3"
        features = await client.open()
        assert "<mechanism>SCRAM-SHA-256-PLUS</mechanism>" in features
        assert "starttls" not in features
        assert "<success" in await client.scram("alice", "secret")
        await client.open()
        assert await client.bind("desk") == JID


async def test_what_is_sent_before_tls_is_not_read_after_it(tmp_path: Path) -> None:
    """Somebody between client and server adds a log-in of their own to the request for TLS."""
    async with running(tmp_path) as site:
        client = await site.connect()
        await client.open()
        injected = (
            f"<stream:stream to='{DOMAIN}' version='1.0' xmlns='jabber:client'"
            " xmlns:stream='http://etherx.jabber.org/streams'>"
            f"<auth xmlns='{SASL}' mechanism='PLAIN'>AGFsaWNlAHNlY3JldA==</auth>"
        )
        await client.starttls(more=injected)
        await client.open()
        assert site.directory.asked == []
        assert site.driver.streams.counters()["injected"] == 1
        assert "<success" in await client.scram("alice", "secret")


async def test_tls_from_the_start(tmp_path: Path) -> None:
    async with running(tmp_path) as site:
        client = await site.connect(direct=True)
        assert client.writer.get_extra_info("ssl_object").selected_alpn_protocol() == "xmpp-client"
        assert "starttls" not in await client.open()
        assert "<success" in await client.scram("alice", "secret", "sha1")


async def test_a_log_in_is_bound_to_its_connection(tmp_path: Path) -> None:
    async with running(tmp_path) as site:
        client = await site.connect(direct=True)
        features = await client.open()
        assert "<channel-binding type='tls-exporter'/>" in features
        assert "<channel-binding type='tls-server-end-point'/>" in features
        assert "<success" in await client.scram("alice", "secret", binding="tls-server-end-point")
        other = await site.connect(direct=True)
        await other.open()
        other.end_point = lambda: b"of another"  # type: ignore[method-assign]
        answer = await other.scram("alice", "secret", binding="tls-server-end-point")
        assert "<not-authorized/>" in answer


async def test_of_tls_1_2_there_is_no_exporter(tmp_path: Path) -> None:
    async with running(tmp_path) as site:
        client = await site.connect()
        await client.open()
        await client.starttls(client_context(ssl.TLSVersion.TLSv1_2))
        features = await client.open()
        assert "tls-exporter" not in features
        assert "<success" in await client.scram("alice", "secret", binding="tls-server-end-point")


async def test_another_certificate_is_for_newcomers(tmp_path: Path) -> None:
    async with running(tmp_path) as site:
        former = await site.log_in()
        pair = self_signed(tmp_path / "other", (DOMAIN,))
        site.driver.streams.identities({"": pair.read()})
        later = await site.connect(direct=True)
        assert later.end_point() != former.end_point()
        site.server.hub.sessions.find(JID).send(message("still here"))  # type: ignore[union-attr]
        await former.until("still here")


async def test_wrong_passwords_and_unknown_names(tmp_path: Path) -> None:
    async with running(tmp_path) as site:
        client = await site.connect(direct=True)
        await client.open()
        wrong = await client.scram("alice", "wrong")
        assert "<not-authorized/>" in wrong
        assert await client.scram("nobody", "secret") == wrong


async def test_strangers_cannot_send_much(tmp_path: Path) -> None:
    async with running(tmp_path) as site:
        client = await site.connect(direct=True)
        await client.open()
        await client.send(f"<auth xmlns='{SASL}' mechanism='PLAIN'>" + "A" * 17_000)
        assert "<policy-violation " in await client.ended()


# sessions


async def test_stanzas_go_both_ways(tmp_path: Path) -> None:
    async with running(tmp_path) as site:
        client = await site.log_in()
        await client.send(f"<message to='bob@{DOMAIN}' id='1'><body>out</body></message>")
        await until(lambda: len(site.router.received_) == 1)
        assert site.router.received_[0][1].body == "out"
        session = site.server.hub.sessions.find(JID)
        assert session is not None
        session.send(message("in &amp; out"))
        assert "in &amp; out" in await client.until("<message.*?</message>")
        await client.send("</stream:stream>")
        assert "</stream:stream>" in await client.ended()
        assert site.router.events[-1] == f"gone {JID}"
        await until(lambda: site.gate.open == 0)


async def test_a_lost_connection_is_resumed(tmp_path: Path) -> None:
    async with running(tmp_path) as site:
        client = await site.log_in()
        await client.send(f"<enable {SM} resume='true'/>")
        token = (await client.until("<enabled[^>]*>")).partition("id='")[2].partition("'")[0]
        await client.send(f"<message to='bob@{DOMAIN}'><body>one</body></message><r {SM}/>")
        assert "h='1'" in await client.until("<a [^>]*>")
        session = site.server.hub.sessions.find(JID)
        assert session is not None
        session.send(message("seen", "a"))
        session.send(message("unseen", "b"))
        await client.until("unseen")
        await client.send(f"<a {SM} h='1'/>")
        await client.send(f"<message to='bob@{DOMAIN}'><body>two</body></message>")
        await until(lambda: len(site.router.received_) == 2)
        client.cut()
        await until(lambda: session.hibernating)
        session.send(message("meanwhile", "c"))

        second = await site.connect(direct=True)
        await second.open()
        await second.plain("alice", "secret")
        await second.open()
        await second.send(f"<resume {SM} previd='{token}' h='1'/>")
        assert "h='2'" in await second.until("<resumed[^>]*>")
        came = await second.until("meanwhile.*?</message>")
        assert "seen</body>" not in came.replace("unseen", "")
        await second.send(f"<a {SM} h='3'/><r {SM}/>")
        assert "h='2'" in await second.until("<a [^>]*>")
        await until(lambda: session.management is None or len(session.management.kept) == 0)
        session.send(message("after", "d"))
        await second.until("after")
        assert not session.ended


async def test_a_session_cannot_be_stolen(tmp_path: Path) -> None:
    async with running(tmp_path) as site:
        client = await site.log_in()
        await client.send(f"<enable {SM} resume='true'/>")
        token = (await client.until("<enabled[^>]*>")).partition("id='")[2].partition("'")[0]
        thief = await site.connect(direct=True)
        await thief.open()
        await thief.plain("bob", "hidden")
        await thief.open()
        await thief.send(f"<resume {SM} previd='{token}' h='0'/>")
        assert "<item-not-found" in await thief.until("<failed.*?</failed>")
        session = site.server.hub.sessions.find(JID)
        assert session is not None
        session.send(message("for alice only"))
        await client.until("for alice only")
        assert await thief.bind("own") == f"bob@{DOMAIN}/own"


async def test_a_spoofed_sender_is_the_end(tmp_path: Path) -> None:
    async with running(tmp_path) as site:
        client = await site.log_in()
        await client.send(f"<message from='bob@{DOMAIN}' to='alice@{DOMAIN}'/>")
        assert "<invalid-from " in await client.ended()
        assert site.router.received_ == []


@pytest.mark.parametrize(
    ("data", "condition"),
    [
        ("<message><body>&unknown;</body></message>", "restricted-xml"),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]>", "restricted-xml"),
        ("<message></presence>", "not-well-formed"),
        ("<message>" + "<a>" * 1000, "policy-violation"),
        ("<message><body>" + "x" * 300_000, "policy-violation"),
    ],
)
async def test_bad_xml_is_the_end_by_its_own_error(
    tmp_path: Path, data: str, condition: str
) -> None:
    async with running(tmp_path) as site:
        other = await site.log_in("bob", "other")
        client = await site.log_in()
        await client.send(data)
        assert f"<{condition} " in await client.ended()
        assert len(site.server.hub.sessions) == 1
        await other.send("<presence/>")
        await until(lambda: len(site.router.received_) == 1)


# ends


async def test_who_does_not_log_in_is_sent_away(tmp_path: Path) -> None:
    async with running(tmp_path, handshake_time=2.0, login_time=2.0) as site:
        silent = await site.connect()
        open_ = await site.connect()
        await open_.open()
        half = await site.connect()
        await half.open()
        await half.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        for client in (silent, open_, half):
            await client.ended()
        await until(lambda: site.gate.open == 0)
        assert site.server.connections == 0


async def test_an_address_has_so_many_connections(tmp_path: Path) -> None:
    async with running(tmp_path, connections=1) as site:
        first = await site.connect()
        await first.open()
        second = await site.connect()
        assert await second.ended() == ""
        assert site.gate.refused["connections"] == 1
        first.cut()
        await until(lambda: site.gate.open == 0)
        await (await site.connect()).open()


async def test_the_end_of_the_node_is_told(tmp_path: Path) -> None:
    async with running(tmp_path) as site:
        client = await site.log_in()
        site.server.drain()
        text = await client.ended()
        assert "<system-shutdown " in text
        assert "</stream:stream>" in text
        assert site.router.events[-1] == f"gone {JID}"
        again = await site.connect(direct=True)
        await again.send(
            f"<stream:stream to='{DOMAIN}' version='1.0' xmlns='jabber:client'"
            " xmlns:stream='http://etherx.jabber.org/streams'>"
        )
        assert "<system-shutdown " in await again.ended()


async def test_the_account_of_a_session_may_be_locked(tmp_path: Path) -> None:
    async with running(tmp_path) as site:
        client = await site.log_in()
        other = await site.log_in("bob", "other")
        session = site.server.hub.sessions.find(JID)
        assert session is not None
        site.server.void(session.account, None)
        assert "<not-authorized " in await client.ended()
        site.server.hub.sessions.find(f"bob@{DOMAIN}/other").send(  # type: ignore[union-attr]
            b"<message to='x'><body>still here</body></message>"
        )
        await other.until("still here")


async def test_a_client_that_does_not_read_is_dropped(tmp_path: Path) -> None:
    limits = XmppLimits(write_buffer=262_144)
    async with running(tmp_path, limits=limits) as site:
        client = await site.log_in()
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        client.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        session = site.server.hub.sessions.find(JID)
        assert session is not None
        for _ in range(2000):
            if session.ended:
                break
            session.send(message("x" * 20_000))
            await asyncio.sleep(0)
        await until(lambda: session.ended)


async def test_with_dev_guests_come_without_tls(tmp_path: Path) -> None:
    site = XmppSite(tmp_path, encrypted=False, guests=True)
    async with site:
        client = await site.connect()
        features = await client.open()
        assert "<mechanism>ANONYMOUS</mechanism>" in features
        assert "<mechanism>PLAIN</mechanism>" in features
        assert "<required/>" not in features
        await client.send(f"<auth xmlns='{SASL}' mechanism='ANONYMOUS'/>")
        await client.until("<success")
        await client.open()
        assert "guest." in await client.bind()
