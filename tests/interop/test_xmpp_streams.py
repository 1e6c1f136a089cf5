"""Streams of XMPP as clients that are not ours see them: TLS by OpenSSL, log-ins by slixmpp with
each mechanism, connections that are lost.
"""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import re
import secrets
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from antiphon.net.tls import self_signed
from tests.support.cuttable import cuttable
from tests.support.node import Node, run_node
from tests.support.openssl import s_client
from tests.support.telephony import PASSWORD, make_account
from tests.support.xmpp_person import PATIENCE, SlixPerson, slix_person
from tests.support.xmpp_raw import HEADER, SASL, wire

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

FEATURES = "<stream:features>.*?</stream:features>"
PLAIN = base64.b64encode(f"\0alice\0{PASSWORD}".encode()).decode()


@contextlib.asynccontextmanager
async def serious(tmp_path: Path, log: Path, **settings: str) -> AsyncIterator[Node]:
    """A node that is not in development mode, with a certificate, on which one may register."""
    pair = self_signed(tmp_path / "tls", ("localhost",))
    data = tmp_path / "data"
    data.mkdir()
    environment = {
        "ANTIPHON_TLS_CERTIFICATE": str(pair.certificate),
        "ANTIPHON_TLS_KEY": str(pair.key),
        "ANTIPHON_AUTH_REGISTRATION": "true",
        "ANTIPHON_HTTP_TLS_LISTEN": "",  # the web without TLS, for those who make accounts
    }
    async with run_node(data, log, environment=environment | settings, dev=False) as node:
        yield node


@contextlib.asynccontextmanager
async def person(
    node: Node, mechanism: str, *, port: int = 0, direct: bool = False, managed: bool = False
) -> AsyncIterator[SlixPerson]:
    """Alice by slixmpp, once she is logged in."""
    plugins = ("xep_0198", "xep_0199") if managed else ("xep_0199",)
    client = SlixPerson("alice", "desk", plugins)
    if mechanism:
        client.plugin["feature_mechanisms"].use_mech = mechanism
    if direct:
        client.enable_direct_tls, client.enable_starttls = True, False
    started = asyncio.Event()
    client.add_event_handler("session_start", lambda _: started.set())
    protocol = "xmpps" if direct else "xmpp"
    client.connect("127.0.0.1", port or node.port(protocol))
    try:
        async with asyncio.timeout(PATIENCE):
            await started.wait()
        client.send_presence()
        yield client
    finally:
        client.disconnect(wait=0.5)
        with contextlib.suppress(TimeoutError, asyncio.CancelledError):
            async with asyncio.timeout(3):
                await client.disconnected


async def test_each_mechanism_over_starttls_and_tls(tmp_path: Path, artifacts: Path) -> None:
    async with serious(tmp_path, artifacts / "node.log") as node:
        await make_account(node, "alice")
        for mechanism in ("SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"):
            for direct in (False, True):
                async with person(node, mechanism, direct=direct) as alice:
                    assert alice.boundjid.full == "alice@localhost/desk"
                    alice.say("alice@localhost/desk", f"{mechanism} <&> 🙂")
                    await alice.hears_text(f"{mechanism} <&> 🙂")


async def test_a_token_of_the_web_logs_in(tmp_path: Path, artifacts: Path) -> None:
    """OAUTHBEARER (RFC 7628)."""
    async with serious(tmp_path, artifacts / "node.log") as node:
        address = await make_account(node, "alice")
        async with httpx.AsyncClient(base_url=node.url) as http:
            body = {"address": address, "password": PASSWORD}
            token = (await http.post("/api/v1/auth/login", json=body)).json()["token"]
        async with s_client(node.port("xmpps"), "-alpn", "xmpp-client") as tls:
            await tls.send(HEADER)
            assert "<mechanism>OAUTHBEARER</mechanism>" in await tls.until(FEATURES)
            for given, answer in (("no.such.token", "<challenge"), (token, "<success")):
                words = f"n,,\x01auth=Bearer {given}\x01\x01".encode()
                data = base64.b64encode(words).decode()
                await tls.send(f"<auth xmlns='{SASL}' mechanism='OAUTHBEARER'>{data}</auth>")
                await tls.until(answer)
                if answer == "<challenge":
                    await tls.send(f"<response xmlns='{SASL}'>AQ==</response>")
                    await tls.until("<not-authorized/>")


async def test_a_log_in_is_bound_to_its_tls_connection(tmp_path: Path, artifacts: Path) -> None:
    """SCRAM-SHA-256-PLUS with tls-exporter (RFC 9266), whose data OpenSSL computes."""
    async with serious(tmp_path, artifacts / "node.log") as node:
        await make_account(node, "alice")
        export = ("-keymatexport", "EXPORTER-Channel-Binding", "-keymatexportlen", "32")
        for spoiled, answer in ((False, "<success"), (True, "<not-authorized/>")):
            async with s_client(node.port("xmpps"), *export, "-tls1_3") as tls:
                exported = await tls.exported()
                assert len(exported) == 32
                await tls.send(HEADER)
                features = await tls.until(FEATURES)
                assert "<channel-binding type='tls-exporter'/>" in features
                await tls.send(await first(tls))
                await tls.send(await last(tls, bytes(32) if spoiled else exported))
                await tls.until(answer)


BARE = f"n=alice,r={secrets.token_hex(8)}"
GS2 = "p=tls-exporter,,"


async def first(tls: object) -> str:
    data = base64.b64encode((GS2 + BARE).encode()).decode()
    return f"<auth xmlns='{SASL}' mechanism='SCRAM-SHA-256-PLUS'>{data}</auth>"


async def last(tls: object, exported: bytes) -> str:
    """The client's proof (RFC 5802 §3)."""
    element = await tls.until("<challenge[^>]*>[^<]+<")  # type: ignore[attr-defined]
    challenge = base64.b64decode(element.partition(">")[2][:-1]).decode()
    said = dict(part.split("=", 1) for part in challenge.split(","))
    salted = hashlib.pbkdf2_hmac(
        "sha256", PASSWORD.encode(), base64.b64decode(said["s"]), int(said["i"])
    )
    client = hmac.digest(salted, b"Client Key", "sha256")
    bound = base64.b64encode(GS2.encode() + exported).decode()
    without = f"c={bound},r={said['r']}"
    message = f"{BARE},{challenge},{without}".encode()
    signature = hmac.digest(hashlib.sha256(client).digest(), message, "sha256")
    proof = base64.b64encode(bytes(a ^ b for a, b in zip(client, signature, strict=True))).decode()
    data = base64.b64encode(f"{without},p={proof}".encode()).decode()
    return f"<response xmlns='{SASL}'>{data}</response>"


async def test_old_tls_is_refused(tmp_path: Path, artifacts: Path) -> None:
    """RFC 8996, RFC 7590 §3.1."""
    async with serious(tmp_path, artifacts / "node.log") as node:
        old = ("-tls1_1", "-cipher", "ALL@SECLEVEL=0")
        starttls = ("-starttls", "xmpp", "-xmpphost", "localhost")
        for port, more in ((node.port("xmpps"), ()), (node.port("xmpp"), starttls)):
            async with s_client(port, *old, *more) as tls:
                assert re.search("alert (protocol version|handshake failure)", await tls.ended())
            async with s_client(port, "-tls1_2", *more) as tls:
                await tls.until(r"Protocol\s*: TLSv1\.2|TLSv1\.2, Cipher is")


async def test_without_tls_nothing_but_tls(tmp_path: Path, artifacts: Path) -> None:
    async with serious(tmp_path, artifacts / "node.log") as node, wire(node) as client:
        features = await client.open()
        assert "<required/>" in features
        assert "mechanism" not in features
        await client.send(f"<auth xmlns='{SASL}' mechanism='PLAIN'>{PLAIN}</auth>")
        await client.until("<encryption-required/>")


async def test_what_comes_with_the_request_for_tls_is_dropped(
    tmp_path: Path, artifacts: Path
) -> None:
    async with serious(tmp_path, artifacts / "node.log") as node, wire(node) as client:
        await make_account(node, "alice")
        await client.open()
        injected = f"{HEADER}<auth xmlns='{SASL}' mechanism='PLAIN'>{PLAIN}</auth>"
        await client.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>" + injected)
        await client.until("<proceed[^>]*>")
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        await client.writer.start_tls(context, server_hostname="localhost")
        assert "<mechanism>" in await client.open()
        await asyncio.sleep(0.3)
        assert "success" not in client.heard


async def test_a_lost_connection_goes_on_where_it_was(node: Node) -> None:
    """slixmpp comes back by itself, and nothing was lost nor doubled."""
    await make_account(node, "alice")
    await make_account(node, "bob")
    async with (
        slix_person(node, "bob") as bob,
        cuttable(("127.0.0.1", node.port("xmpp"))) as relay,
        person(node, "", port=relay.port, managed=True) as alice,
    ):
        resumed = asyncio.Event()
        alice.add_event_handler("session_resumed", lambda _: resumed.set())
        alice.address = ("127.0.0.1", relay.port)
        bob.say("alice@localhost/desk", "before")
        await alice.hears_text("before")
        relay.cut()
        bob.say("alice@localhost/desk", "meanwhile")
        alice.connect("127.0.0.1", relay.port)
        async with asyncio.timeout(30):
            await resumed.wait()
        await alice.hears_text("meanwhile")
        alice.say("bob@localhost/desk", "I am back")
        await bob.hears_text("I am back")
        texts = [one["body"] for one in alice.heard if one.name == "message"]
        assert "before" not in texts
        assert "meanwhile" not in texts


async def test_a_session_cannot_be_stolen(node: Node) -> None:
    await make_account(node, "alice")
    await make_account(node, "eve")
    async with wire(node) as alice, wire(node) as eve:
        await alice.login("alice")
        await alice.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>")
        enabled = (await alice.until("<enabled[^>]*>"))[0]
        token = re.search("id='([^']+)'", enabled)
        assert token is not None
        await eve.open()
        proof = base64.b64encode(f"\0eve\0{PASSWORD}".encode()).decode()
        await eve.send(f"<auth xmlns='{SASL}' mechanism='PLAIN'>{proof}</auth>")
        await eve.until("<success[^>]*>")
        await eve.open()
        await eve.send(f"<resume xmlns='urn:xmpp:sm:3' previd='{token[1]}' h='0'/>")
        assert "item-not-found" in (await eve.until("<failed.*?</failed>"))[0]
        await alice.ping()


async def test_half_open_connections_are_let_go(tmp_path: Path, artifacts: Path) -> None:
    limits = {"ANTIPHON_LIMITS_XMPP_LOGIN_TIME": "1", "ANTIPHON_LIMITS_HEAD_TIMEOUT": "1"}
    async with serious(tmp_path, artifacts / "node.log", **limits) as node:
        for protocol in ("xmpp", "xmpps"):
            async with wire(node, protocol) as client:
                await client.ended()
        async with wire(node) as waiting:
            await waiting.open()
            await waiting.ended()


async def test_a_client_that_is_silent_for_long_is_let_go(tmp_path: Path, artifacts: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    limits = {
        "ANTIPHON_LIMITS_XMPP_PING_INTERVAL": "1",
        "ANTIPHON_LIMITS_XMPP_PING_TIMEOUT": "1",
    }
    async with run_node(data, artifacts / "node.log", environment=limits) as node:
        await make_account(node, "alice")
        await make_account(node, "bob")
        async with wire(node) as silent, slix_person(node, "bob") as bob:
            await silent.login("alice")
            assert "connection-timeout" in await silent.ended(30)
            bob.say("bob@localhost/desk", "still here")
            await bob.hears_text("still here")


async def test_clients_find_the_server_on_the_web(node: Node) -> None:
    """XEP-0156, both forms."""
    async with httpx.AsyncClient(base_url=node.url) as http:
        xml = await http.get("/.well-known/host-meta")
        json = (await http.get("/.well-known/host-meta.json")).json()
        about = (await http.get("/.well-known/antiphon.json")).json()
    links = {link["rel"]: link["href"] for link in json["links"]}
    ws = node.url.replace("http", "ws", 1)
    assert links == {
        "urn:xmpp:alt-connections:websocket": f"{ws}/xmpp-websocket",
        "urn:xmpp:alt-connections:xbosh": f"{node.url}/http-bind",
    }
    assert xml.headers["content-type"].startswith("application/xrd+xml")
    for rel, href in links.items():
        assert rel in xml.text
        assert href in xml.text
    assert f"tcp:{node.port('xmpp')}" in about["endpoints"]["xmpp"]


async def test_an_account_is_made_and_removed_in_a_stream(node: Node) -> None:
    """XEP-0077."""
    register = "xmlns='jabber:iq:register'"
    async with wire(node) as client:
        assert "iq-register" in await client.open()
        assert "<username" in await client.ask("get", f"<query {register}/>")
        words = f"<username>carol</username><password>{PASSWORD}</password>"
        made = await client.ask("set", f"<query {register}>{words}</query>")
        assert "type='result'" in made
        taken = await client.ask("set", f"<query {register}>{words}</query>")
        assert "conflict" in taken
    async with wire(node) as carol:
        await carol.login("carol")
        assert "registered" in await carol.ask("get", f"<query {register}/>")
        gone = await carol.ask("set", f"<query {register}><remove/></query>")
        assert "type='result'" in gone
        assert "not-authorized" in await carol.ended()
    async with wire(node) as nobody:
        await nobody.open()
        proof = base64.b64encode(f"\0carol\0{PASSWORD}".encode()).decode()
        await nobody.send(f"<auth xmlns='{SASL}' mechanism='PLAIN'>{proof}</auth>")
        await nobody.until("<not-authorized/>")


async def test_a_component_serves_its_domain(tmp_path: Path, artifacts: Path) -> None:
    """XEP-0114."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "antiphon.toml").write_text(
        '[xmpp]\ncomponent_listen = "127.0.0.1:0"\n'
        'components = [{ name = "echo.localhost", secret = "very secret" }]\n'
    )
    arguments = ("--config", str(data / "antiphon.toml"))
    async with (
        run_node(data, artifacts / "node.log", *arguments) as node,
        wire(node, "xmpp-component") as echo,
    ):
        await make_account(node, "alice")
        await echo.send(
            "<stream:stream xmlns='jabber:component:accept' to='echo.localhost'"
            " xmlns:stream='http://etherx.jabber.org/streams'>"
        )
        id = (await echo.until("<stream:stream[^>]* id='([^']+)'[^>]*>"))[1]
        digest = hashlib.sha1(f"{id}very secret".encode(), usedforsecurity=False).hexdigest()
        await echo.send(f"<handshake>{digest}</handshake>")
        await echo.until("<handshake/>")
        async with slix_person(node, "alice") as alice:
            alice.say("somebody@echo.localhost", "is there an echo?")
            came = (await echo.until("<message.*?</message>"))[0]
            assert "is there an echo?" in came
            assert "alice@localhost/desk" in came
            await echo.send(
                "<message from='somebody@echo.localhost/x' to='alice@localhost/desk' type='chat'"
                " id='e1'><body>echo</body></message>"
            )
            answer = await alice.hears_text("echo")
            assert answer["from"].full == "somebody@echo.localhost/x"
            await echo.send("<message from='somebody@else.localhost' to='alice@localhost'/>")
            assert "invalid-from" in await echo.ended()
