"""XMPP over WebSocket through the stream engine, and behind proxies."""

import asyncio
import base64
import os
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from antiphon._native import StreamRequest, Streams
from antiphon.protocols.xmpp.message import parse
from antiphon.protocols.xmpp.web_listener import forwarded
from tests.support.xmpp_site import DOMAIN, SASL, XmppSite, client_context, until

FRAMING = "urn:ietf:params:xml:ns:xmpp-framing"
OPEN = f"<open xmlns='{FRAMING}' to='{DOMAIN}' version='1.0'/>"
CLOSE = f"<close xmlns='{FRAMING}'/>"
PATH = "/xmpp-websocket"
JID = f"alice@{DOMAIN}/web"


class WebSite(XmppSite):
    """A site whose second listener takes WebSockets over TLS, the first one without."""

    async def __aenter__(self) -> "WebSite":
        self.driver.start()
        handler = self.server.websockets
        for sockets, tls in ((self.doors.plain, False), (self.doors.secure, True)):
            self.driver.listen(sockets, Streams.WEBSOCKET, handler, tls=tls, paths=(PATH,))
        return self

    async def browse(self, *, tls: bool = True) -> ClientConnection:
        port = self.secure if tls else self.plain
        context = client_context() if tls else None
        if context is not None:
            context.set_alpn_protocols([])
        return await connect(
            f"{'wss' if tls else 'ws'}://127.0.0.1:{port}{PATH}",
            ssl=context,
            subprotocols=[Subprotocol("xmpp")],
            compression=None,
        )

    async def enter(self) -> ClientConnection:
        """A browser with a session."""
        browser = await self.browse()
        await browser.send(OPEN)
        await read(browser)
        assert "<mechanism>PLAIN</mechanism>" in await read(browser)
        secret = base64.b64encode(b"\0alice\0secret").decode()
        await browser.send(f"<auth xmlns='{SASL}' mechanism='PLAIN'>{secret}</auth>")
        assert "<success" in await read(browser)
        await browser.send(OPEN)
        await read(browser)
        assert "<sm xmlns='urn:xmpp:sm:3'/>" in await read(browser)
        await browser.send(
            "<iq xmlns='jabber:client' type='set' id='1'>"
            "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>web</resource></bind></iq>"
        )
        assert f"<jid>{JID}</jid>" in await read(browser)
        return browser


async def read(browser: ClientConnection) -> str:
    """The next frame: one element that stands alone."""
    text = await asyncio.wait_for(browser.recv(), 20)
    assert isinstance(text, str)
    parse(text.encode())
    return text


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[WebSite]:
    async with WebSite(tmp_path) as made:
        yield made


async def test_a_browser_logs_in_and_writes(site: WebSite) -> None:
    browser = await site.enter()
    await browser.send(
        f"<message xmlns='jabber:client' to='bob@{DOMAIN}'><body>hi</body></message>"
    )
    await until(lambda: len(site.router.received_) == 1)
    assert site.router.received_[0][1].body == "hi"
    session = site.server.hub.sessions.find(JID)
    assert session is not None
    session.send(b"<message to='x'><body>answer</body></message>")
    assert parse((await read(browser)).encode()).tag == "{jabber:client}message"
    await browser.send(CLOSE)
    assert await read(browser) == CLOSE
    await until(lambda: len(site.server.hub.sessions) == 0)


async def test_the_header_is_answered_and_bindings_offered(site: WebSite) -> None:
    browser = await site.browse()
    await browser.send(OPEN)
    opened = parse((await read(browser)).encode())
    assert opened.tag == f"{{{FRAMING}}}open"
    assert opened.get("from") == DOMAIN
    features = await read(browser)
    assert "starttls" not in features
    assert "<mechanism>SCRAM-SHA-256-PLUS</mechanism>" in features


async def test_without_tls_nobody_logs_in(site: WebSite) -> None:
    browser = await site.browse(tls=False)
    await browser.send(OPEN)
    await read(browser)
    assert "mechanism" not in await read(browser)
    await browser.send(f"<auth xmlns='{SASL}' mechanism='PLAIN'>AGEAYg==</auth>")
    assert "<encryption-required" in await read(browser)


async def test_a_lost_browser_comes_back(site: WebSite) -> None:
    browser = await site.enter()
    await browser.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>")
    token = parse((await read(browser)).encode()).get("id")
    browser.transport.abort()
    session = site.server.hub.sessions.find(JID)
    assert session is not None
    await until(lambda: session.hibernating)
    session.send(b"<message to='x' id='kept'><body>meanwhile</body></message>")
    second = await site.browse()
    await second.send(OPEN)
    await read(second)
    await read(second)
    secret = base64.b64encode(b"\0alice\0secret").decode()
    await second.send(f"<auth xmlns='{SASL}' mechanism='PLAIN'>{secret}</auth>")
    await read(second)
    await second.send(OPEN)
    await read(second)
    await read(second)
    await second.send(f"<resume xmlns='urn:xmpp:sm:3' previd='{token}' h='0'/>")
    assert "<resumed" in await read(second)
    assert "meanwhile" in await read(second)


async def test_errors_end_the_stream_in_order(site: WebSite) -> None:
    browser = await site.enter()
    await browser.send(f"<message xmlns='jabber:client' from='bob@{DOMAIN}' to='x@{DOMAIN}'/>")
    assert "<invalid-from" in await read(browser)
    assert await read(browser) == CLOSE
    with pytest.raises(ConnectionClosed):
        await asyncio.wait_for(browser.recv(), 20)


@pytest.mark.parametrize("frame", ["<message", "<a/><b/>", "x", os.urandom(20).hex()])
async def test_bad_frames_end_the_stream(site: WebSite, frame: str) -> None:
    browser = await site.enter()
    await browser.send(frame)
    assert "<stream:error" in await read(browser)
    assert await read(browser) == CLOSE


# proxies

PROXIES = [ip_network("192.0.2.0/24")]


def asked(**headers: str) -> StreamRequest:
    pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return cast(StreamRequest, SimpleNamespace(headers=pairs))


@pytest.mark.parametrize(
    ("headers", "host", "expected"),
    [
        ({}, "198.51.100.1", ("198.51.100.1", False)),
        (
            {"x_forwarded_for": "203.0.113.9", "x_forwarded_proto": "https"},
            "198.51.100.1",
            ("198.51.100.1", False),
        ),
        (
            {"x_forwarded_for": "203.0.113.9", "x_forwarded_proto": "https"},
            "192.0.2.1",
            ("203.0.113.9", True),
        ),
        ({"x_forwarded_for": "1.2.3.4, 203.0.113.9"}, "192.0.2.1", ("203.0.113.9", False)),
        (
            {"x_forwarded_for": "203.0.113.9, 192.0.2.77", "x_forwarded_proto": "WSS"},
            "::ffff:192.0.2.1",
            ("203.0.113.9", True),
        ),
        ({"x_forwarded_for": ""}, "192.0.2.1", ("192.0.2.1", False)),
        ({"x_forwarded_for": "nonsense"}, "192.0.2.1", ("nonsense", False)),
    ],
)
def test_only_proxies_say_whom_they_speak_for(
    headers: dict[str, str], host: str, expected: Any
) -> None:
    assert forwarded(asked(**headers), host, PROXIES) == expected
