"""XMPP over WebSocket where the web server brings it: frames in, frames out, ends."""

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.websockets import WebSocket

from antiphon.protocols.xmpp.config import XmppLimits
from antiphon.protocols.xmpp.loose import LooseWire
from antiphon.protocols.xmpp.message import parse
from antiphon.protocols.xmpp.negotiation import Channel, Negotiation, Terms
from antiphon.protocols.xmpp.websocket import Pace, WebSockets
from tests.support.xmpp_wire import DOMAIN, Site

FRAMING = "urn:ietf:params:xml:ns:xmpp-framing"
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
OPEN = f"<open xmlns='{FRAMING}' to='{DOMAIN}' version='1.0'/>"
CLOSE = f"<close xmlns='{FRAMING}'/>"


class Browser:
    """The other end of a WebSocket, as ASGI messages."""

    def __init__(
        self, limits: XmppLimits | None = None, *, scheme: str = "wss", protocol: str = "xmpp"
    ) -> None:
        self.site = Site(limits)
        self.sockets = WebSockets(DOMAIN, limits or XmppLimits(), self._take)
        self.to_server: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.from_server: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        scope = {
            "type": "websocket",
            "scheme": scheme,
            "path": "/xmpp-websocket",
            "query_string": b"",
            "headers": [(b"host", DOMAIN.encode())],
            "client": ("192.0.2.9", 1234),
            "subprotocols": [protocol],
        }
        self.to_server.put_nowait({"type": "websocket.connect"})
        socket = WebSocket(scope, self.to_server.get, self._sent)  # type: ignore[arg-type]
        self.task = asyncio.create_task(self.sockets.handle(socket))

    def _take(self, wire: LooseWire, peer: str, channel: Channel) -> Negotiation:
        return Negotiation(self.site.hub, wire, Terms(starttls=False), peer, channel)

    async def _sent(self, message: Any) -> None:
        self.from_server.put_nowait(dict(message))

    def send(self, text: str) -> None:
        self.to_server.put_nowait({"type": "websocket.receive", "text": text})

    async def read(self) -> str:
        """The next frame; each stands alone."""
        message = await asyncio.wait_for(self.from_server.get(), 5)
        assert message["type"] == "websocket.send", message
        text = message["text"]
        parse(text.encode())
        return str(text)

    async def closed(self) -> dict[str, Any]:
        message = await asyncio.wait_for(self.from_server.get(), 5)
        assert message["type"] == "websocket.close", message
        await asyncio.wait_for(self.task, 5)
        return message

    async def accepted(self) -> None:
        message = await asyncio.wait_for(self.from_server.get(), 5)
        assert message["type"] == "websocket.accept"
        assert message["subprotocol"] == "xmpp"

    async def log_in(self) -> None:
        await self.accepted()
        self.send(OPEN)
        assert (await self.read()).startswith(f"<open xmlns='{FRAMING}' from='{DOMAIN}'")
        assert "<mechanism>PLAIN</mechanism>" in await self.read()
        secret = base64.b64encode(b"\0alice\0secret").decode()
        self.send(f"<auth xmlns='{SASL}' mechanism='PLAIN'>{secret}</auth>")
        assert "<success" in await self.read()
        self.send(OPEN)
        await self.read()
        features = await self.read()
        assert "<bind" in features
        assert "<sm " not in features
        self.send(
            "<iq xmlns='jabber:client' type='set' id='1'>"
            "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>web</resource></bind></iq>"
        )
        assert f"<jid>alice@{DOMAIN}/web</jid>" in await self.read()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    made = Browser()
    yield made
    await made.site.hub.close()
    made.task.cancel()


async def test_a_browser_logs_in_and_writes(browser: Browser) -> None:
    await browser.log_in()
    browser.send("<message xmlns='jabber:client' to='bob@example.org'><body>hi</body></message>")
    session = browser.site.hub.sessions.find(f"alice@{DOMAIN}/web")
    assert session is not None
    session.send(b"<message to='x'><body>answer</body></message>")
    frame = parse((await browser.read()).encode())
    assert frame.tag == "{jabber:client}message"
    await asyncio.sleep(0)
    assert browser.site.router.received_[0][1].body == "hi"


async def test_both_ends_close_the_stream(browser: Browser) -> None:
    await browser.log_in()
    browser.send(CLOSE)
    assert await browser.read() == CLOSE
    await browser.closed()
    assert len(browser.site.hub.sessions) == 0


async def test_the_server_ends_with_an_error(browser: Browser) -> None:
    await browser.log_in()
    session = browser.site.hub.sessions.find(f"alice@{DOMAIN}/web")
    assert session is not None
    session.close("system-shutdown")
    assert "<system-shutdown" in await browser.read()
    assert await browser.read() == CLOSE
    await browser.closed()


async def test_a_browser_that_goes_is_forgotten(browser: Browser) -> None:
    await browser.log_in()
    browser.to_server.put_nowait({"type": "websocket.disconnect", "code": 1001})
    await asyncio.wait_for(browser.task, 5)
    assert len(browser.site.hub.sessions) == 0


async def test_only_who_asks_for_xmpp_gets_it() -> None:
    browser = Browser(protocol="other")
    assert (await browser.closed())["code"] == 1008


async def test_without_tls_nobody_logs_in() -> None:
    browser = Browser(scheme="ws")
    await browser.accepted()
    browser.send(OPEN)
    await browser.read()
    assert "mechanism" not in await browser.read()
    await browser.site.hub.close()
    browser.task.cancel()


@pytest.mark.parametrize(
    ("frame", "condition"),
    [
        ("<message", "not-well-formed"),
        ("<a/><b/>", "not-well-formed"),
        (f"<other xmlns='{FRAMING}'/>", "unsupported-stanza-type"),
        ("<body xmlns='http://jabber.org/protocol/httpbind'/>", "unsupported-stanza-type"),
        ("<!DOCTYPE a><a/>", "not-well-formed"),
        ("x" * 300_000, "policy-violation"),
    ],
)
async def test_bad_frames_end_the_stream(browser: Browser, frame: str, condition: str) -> None:
    await browser.log_in()
    browser.send(frame)
    assert f"<{condition} " in await browser.read()
    assert await browser.read() == CLOSE
    await browser.closed()


async def test_who_does_not_log_in_is_sent_away() -> None:
    browser = Browser(XmppLimits(login_time=0.1))
    await browser.accepted()
    browser.send(OPEN)
    await browser.read()
    await browser.read()
    assert "<connection-timeout " in await browser.read()
    assert await browser.read() == CLOSE
    await browser.closed()


async def test_a_binary_frame_is_the_end(browser: Browser) -> None:
    await browser.log_in()
    browser.to_server.put_nowait({"type": "websocket.receive", "bytes": b"\0"})
    await asyncio.wait_for(browser.task, 5)
    assert len(browser.site.hub.sessions) == 0


def test_who_sends_too_fast_is_held_back() -> None:
    limits = XmppLimits(byte_rate=10_000, stanza_rate=10)
    pace = Pace(limits, 0.0)
    assert [pace.take(100, 0.0) for _ in range(20)] == [0.0] * 20
    assert pace.take(100, 0.0) == pytest.approx(0.1)
    assert pace.take(100, 10.0) == 0.0
    assert Pace(limits, 0.0).take(30_000, 0.0) == pytest.approx(1.0)
