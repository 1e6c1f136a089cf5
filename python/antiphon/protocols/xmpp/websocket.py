"""XMPP over WebSocket (RFC 7395) on the web listeners: each message is one element.

Channel binding and XEP-0198 need a connection of the stream engine, and are not offered here.
"""

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Callable

from starlette.websockets import WebSocket, WebSocketDisconnect

from antiphon._native import Stanza

from .config import XmppLimits
from .listener import LANGUAGE, VERSION
from .loose import LooseWire, alone
from .message import escape
from .namespaces import FRAMING
from .negotiation import Channel, Negotiation
from .wire import Header

log = logging.getLogger(__name__)

SUBPROTOCOL = "xmpp"
# RFC 6455 §7.4.1
POLICY_VIOLATION, NORMAL = 1008, 1000
# Seconds for the last words.
LAST = 5.0

Take = Callable[[LooseWire, str, Channel], Negotiation]


class WebSocketWire(LooseWire):
    """One WebSocket; `run` brings what it is given to the peer."""

    def __init__(self, domain: str, clock: Callable[[], float], room: int) -> None:
        """`room`: bytes that may wait for a peer that does not read."""
        super().__init__(clock)
        self._domain = domain
        self._room = room
        self._waiting = 0
        self._out: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def run(self, socket: WebSocket) -> None:
        """Send what is to be sent, until the end."""
        while (data := await self._out.get()) is not None:
            self._waiting -= len(data)
            await socket.send_text(data.decode())

    def open(self, to: str | None, *, from_: str | None = None) -> str:
        """RFC 7395 §3.4."""
        said = f" to='{escape(to)}'" if to else ""
        id = secrets.token_hex(8)
        self._put(
            f"<open xmlns='{FRAMING}' from='{escape(from_ or self._domain)}'{said} id='{id}'"
            f" version='{VERSION}' xml:lang='{LANGUAGE}'/>".encode()
        )
        return id

    def _put(self, data: bytes) -> None:
        self._waiting += len(data)
        if self._waiting > self._room:
            log.info("XMPP over WebSocket ended: the client does not read")
            self.abort()
        else:
            self._out.put_nowait(data)

    def _finish(self, error: bytes) -> None:
        if error:
            self._out.put_nowait(alone(error))
        self._out.put_nowait(f"<close xmlns='{FRAMING}'/>".encode())
        self._out.put_nowait(None)

    def _drop(self) -> None:
        while not self._out.empty():
            self._out.get_nowait()
        self._out.put_nowait(None)


class Pace:
    """How long to wait before something more is read: bytes and elements in a second, of which
    double may come at once.
    """

    def __init__(self, limits: XmppLimits, now: float) -> None:
        self._byte_rate = float(limits.byte_rate)
        self._rate = float(limits.stanza_rate)
        self._octets = 2 * self._byte_rate
        self._elements = 2 * self._rate
        self._at = now

    def take(self, size: int, now: float, *, elements: int = 1) -> float:
        """Count what came; seconds to wait."""
        passed, self._at = now - self._at, now
        self._octets = min(2 * self._byte_rate, self._octets + passed * self._byte_rate) - size
        self._elements = min(2 * self._rate, self._elements + passed * self._rate) - elements
        return max(0.0, -self._octets / self._byte_rate, -self._elements / self._rate)


class WebSockets:
    """Takes WebSockets that a web server brings. `take` makes a stream of a wire, the address of
    its peer and how it is protected.
    """

    def __init__(self, domain: str, limits: XmppLimits, take: Take) -> None:
        self._domain = domain
        self._limits = limits
        self._take = take

    async def handle(self, socket: WebSocket) -> None:
        """Serve one, as an ASGI route."""
        if SUBPROTOCOL not in socket.scope.get("subprotocols", ()):
            await socket.close(POLICY_VIOLATION)  # before it is accepted: HTTP 403
            return
        await socket.accept(SUBPROTOCOL)
        loop = asyncio.get_running_loop()
        wire = WebSocketWire(self._domain, loop.time, self._limits.write_buffer)
        peer = socket.client.host if socket.client is not None else ""
        stream = self._take(wire, peer, Channel(secure=socket.url.scheme == "wss"))
        wire.start(stream, loop.call_later(self._limits.login_time, _too_slow, stream))
        writer = asyncio.create_task(wire.run(socket), name="xmpp websocket")
        reader = asyncio.create_task(self._read(wire, socket), name="xmpp websocket")
        try:
            await asyncio.wait([writer, reader], return_when=asyncio.FIRST_COMPLETED)
            if not writer.done():
                wire.abort()
                await asyncio.wait([writer], timeout=LAST)
        finally:
            for task in (writer, reader):
                task.cancel()
            await asyncio.gather(writer, reader, return_exceptions=True)
            wire.lose()
            with contextlib.suppress(RuntimeError):  # the peer has closed it already
                await socket.close(NORMAL)

    async def _read(self, wire: WebSocketWire, socket: WebSocket) -> None:
        loop = asyncio.get_running_loop()
        pace = Pace(self._limits, loop.time())
        while not wire.is_closed:
            try:
                text = await socket.receive_text()
            except (WebSocketDisconnect, KeyError):  # KeyError: a binary message
                return
            data = text.encode("utf-8", "replace")
            if (pause := pace.take(len(data), loop.time())) > 0:
                await asyncio.sleep(pause)
            if len(data) > self._limits.element_size:
                wire.feed("policy-violation")
            else:
                _feed(wire, data)


def _feed(wire: WebSocketWire, data: bytes) -> None:
    try:
        read = Stanza(data)
    except ValueError:
        wire.feed("not-well-formed")
        return
    if read.namespace != FRAMING:
        wire.feed(read)
    elif read.name == "open":
        wire.feed(Header.of(read))
    elif read.name == "close":
        wire.feed(None)
    else:
        wire.feed("unsupported-stanza-type")


def _too_slow(stream: Negotiation) -> None:
    stream.close("connection-timeout", "Nobody logged in.")
