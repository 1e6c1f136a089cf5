"""SIP over WebSocket (RFC 7118): one message a frame, at `/sip` of the web listeners.

Pages of any origin may connect: nobody is known by a cookie here, each registers with a password.
"""

import asyncio
import logging
from collections import deque
from contextlib import suppress
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from antiphon._native import SipFlow

from .flows import Flows

log = logging.getLogger(__name__)

SUBPROTOCOL = "sip"
# RFC 6455 §7.4.1
GOING_AWAY, PROTOCOL_ERROR, TOO_BIG = 1001, 1002, 1009
SEND_TIMEOUT = 20.0


class WebSockets:
    """The ASGI endpoint. `plain` and `secure` are the numbers of its listeners."""

    def __init__(self, flows: Flows, plain: int, secure: int) -> None:
        self._flows = flows
        self._plain = plain
        self._secure = secure

    async def handle(self, websocket: WebSocket) -> None:
        """Serve one WebSocket until it ends."""
        if SUBPROTOCOL not in websocket.scope.get("subprotocols", []):
            # RFC 7118 §4.1: both sides must name it.
            self._flows.counters["no_subprotocol"] += 1
            await websocket.close(PROTOCOL_ERROR)
            return
        await websocket.accept(SUBPROTOCOL)
        secure = websocket.url.scheme == "wss"
        client = websocket.client
        remote = (client.host, client.port) if client is not None else ("0.0.0.0", 0)
        flow = SipFlow(
            self._secure if secure else self._plain,
            "wss" if secure else "ws",
            self._flows.number(),
            remote,
        )
        connection = WebSocketConnection(self._flows, flow, websocket)
        self._flows.opened(connection)
        try:
            await connection.run()
        finally:
            self._flows.closed(connection)


class WebSocketConnection:
    """Implements `flows.Connection`."""

    def __init__(self, flows: Flows, flow: SipFlow, websocket: WebSocket) -> None:
        self._loop = asyncio.get_running_loop()
        self.flow = flow
        self.begun: float | None = None
        self.heard = self._loop.time()
        self.needed = 0.0
        self.dialled = False
        self._flows = flows
        self._websocket = websocket
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._more = asyncio.Event()
        self._ended: asyncio.Future[int] = self._loop.create_future()

    async def run(self) -> None:
        """Read and write until it ends."""
        reading = asyncio.create_task(self._read())
        writing = asyncio.create_task(self._write())
        try:
            ends: list[asyncio.Future[Any]] = [reading, writing, self._ended]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            reading.cancel()
            writing.cancel()
            for result in await asyncio.gather(reading, writing, return_exceptions=True):
                if isinstance(result, Exception) and not isinstance(
                    result, (WebSocketDisconnect, TimeoutError, RuntimeError)
                ):
                    log.error("SIP over WebSocket failed", exc_info=result)
            await self._say_goodbye()

    def write(self, data: bytes) -> bool:
        """Send a message; False when too much waits already."""
        if self._size + len(data) > self._flows.limits.write_buffer:
            return False
        self._size += len(data)
        self._waiting.append(data)
        self._more.set()
        return True

    def end(self, reason: str) -> None:
        """Close it."""
        if not self._ended.done():
            self._ended.set_result(GOING_AWAY)

    async def _read(self) -> None:
        while True:
            received = await self._websocket.receive()
            if received["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(received.get("code", GOING_AWAY))
            self.heard = self._loop.time()
            text = received.get("text")
            data = text.encode() if text is not None else received.get("bytes") or b""
            if len(data) > self._flows.limits.message_size:
                self._flows.counters["too_big"] += 1
                if not self._ended.done():
                    self._ended.set_result(TOO_BIG)
                return
            self._flows.stack.receive(data, self.flow)

    async def _write(self) -> None:
        while True:
            await self._more.wait()
            self._more.clear()
            while self._waiting:
                data = self._waiting.popleft()
                async with asyncio.timeout(SEND_TIMEOUT):
                    await self._send(data)
                self._size -= len(data)

    async def _send(self, data: bytes) -> None:
        """As text where it is text: browsers' libraries like it better."""
        try:
            text = data.decode()
        except UnicodeDecodeError:
            await self._websocket.send_bytes(data)
        else:
            await self._websocket.send_text(text)

    async def _say_goodbye(self) -> None:
        if self._websocket.application_state is not WebSocketState.CONNECTED:
            return
        code = self._ended.result() if self._ended.done() else GOING_AWAY
        with suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
            async with asyncio.timeout(1.0):
                await self._websocket.close(code)
