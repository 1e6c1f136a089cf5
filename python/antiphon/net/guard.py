"""HTTP and WebSocket connections of the ASGI server, with the limits that it lacks.

The heads of requests have a size and a time limit, connections belong to a lease, WebSocket
messages cannot be cut into endless fragments, and whoever does not read is let go. What is served
is not known here.
"""

import asyncio
import logging
from functools import partial
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.frames import Frame

from .config import ConnectionLimits
from .gate import Lease
from .trace import CONNECTION

log = logging.getLogger(__name__)

# Pieces that a WebSocket message may come in; empty ones cost memory without counting as bytes.
FRAGMENT_LIMIT = 4096
# What may wait to be sent to a peer that does not read (pongs are sent without waiting).
BUFFER_LIMIT = 16 * 1024 * 1024

REFUSALS = {
    408: b"HTTP/1.1 408 Request Timeout\r\n",
    431: b"HTTP/1.1 431 Request Header Fields Too Large\r\n",
}
NO_CONTENT = b"content-length: 0\r\nconnection: close\r\n\r\n"


class GuardedHttp(HttpToolsProtocol):
    """One HTTP/1.1 connection.

    A clock runs whenever the peer owes us something: the head of its first request, the rest of a
    head it has begun, the rest of a body nobody reads. Between requests the server's own runs."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        *,
        lease: Lease,
        limits: ConnectionLimits,
    ) -> None:
        super().__init__(config, server_state, app_state)
        self._lease = lease
        self._limits = limits
        self._clock: asyncio.TimerHandle | None = None
        self._in_head = False
        self._in_message = False
        self._head_size = 0  # of what was parsed
        self._head_received = 0  # of what came while a head was incomplete
        self._refused = False
        self._upgraded = False
        self._unanswered = 0
        guarded = partial(GuardedWebSocket, lease=lease)
        self.ws_protocol_class = cast("type[asyncio.Protocol]", guarded)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        self._stop_clock()
        self._lease.release()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse, unless the peer was refused already."""
        if self._refused:
            return
        CONNECTION.set(self._lease.id)
        super().data_received(data)
        if self._is_over():
            return
        if self._in_head:
            self._head_received += len(data)
            if self._head_received > self._limits.head_size:
                self._refuse(431, "head_size")
                return
        self._watch()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection to the WebSocket protocol."""
        self._stop_clock()
        self._upgraded = True
        super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP."""
        self._lease.refuse("malformed")
        log.info("%s (from %s)", msg, self._lease.peer)
        self._refused = True
        super().send_400_response(msg)

    # the parser's callbacks

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._in_head = self._in_message = True
        self._head_size = self._head_received = 0

    def on_url(self, url: bytes) -> None:
        """A piece of the target."""
        self._head_size += len(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field."""
        # RFC 9112 §5: name, colon, space, value and CRLF.
        self._head_size += len(name) + len(value) + 4
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is complete: the peer owes nothing until the application answers."""
        self._in_head = False
        if self._head_size > self._limits.head_size:
            self._refuse(431, "head_size")
            return
        self._stop_clock()
        super().on_headers_complete()
        self._unanswered += 1

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete."""
        self._in_message = False
        if not self._refused:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """The application answered, perhaps before the body came."""
        self._unanswered -= 1
        super().on_response_complete()
        if self._in_message and not self.transport.is_closing():
            self._unset_keepalive_if_required()
            self._watch()

    # the clock

    def _watch(self) -> None:
        if self._unanswered or self.timeout_keep_alive_task is not None:
            return
        if self._clock is None:
            self._clock = self.loop.call_later(self._limits.head_timeout, self._too_slow)

    def _is_over(self) -> bool:
        return self._upgraded or self._refused or self.transport.is_closing()

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _too_slow(self) -> None:
        self._clock = None
        if not self.transport.is_closing():
            self._refuse(408, "head_timeout")

    def _refuse(self, status: int, reason: str) -> None:
        self._stop_clock()
        self._refused = True
        self._lease.refuse(reason)
        log.info("connection from %s ended: %s", self._lease.peer, reason)
        self.transport.write(REFUSALS[status] + NO_CONTENT)
        self.transport.close()


class GuardedWebSocket(WebSocketsSansIOProtocol):
    """One WebSocket connection (RFC 6455)."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        *,
        lease: Lease,
    ) -> None:
        super().__init__(config, server_state, app_state)
        self._lease = lease

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        self._lease.release()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse; let go of a peer that makes us write without reading."""
        CONNECTION.set(self._lease.id)
        super().data_received(data)
        if self.transport.get_write_buffer_size() > BUFFER_LIMIT:
            self._lease.refuse("not_reading")
            log.info("WebSocket from %s ended: it does not read", self._lease.peer)
            self.transport.abort()

    def handle_cont(self, event: Frame) -> None:
        """A further piece of a message."""
        if len(self.frames) >= FRAGMENT_LIMIT:
            if self.transport.is_closing():
                return
            self._lease.refuse("fragments")
            log.info("WebSocket from %s ended: too many fragments", self._lease.peer)
            self.transport.abort()
            return
        super().handle_cont(event)
