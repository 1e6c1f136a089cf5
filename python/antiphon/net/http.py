"""The HTTP listeners of the stream engine: each connection goes to a protocol of the ASGI server,
unless its first request asks for a WebSocket that is a stream.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from antiphon._native import (
    Stanza,
    StreamAccepted,
    StreamClosed,
    StreamRequest,
    StreamSecured,
)

from .gate import Gate, Lease
from .streams import StreamDriver, StreamHandler
from .trace import CONNECTION
from .transport import StreamTransport

log = logging.getLogger(__name__)

# Of a stream whose handler has not set its own: transports have none.
OUTBOX = 4 * 1024 * 1024


@dataclass(slots=True)
class Visit:
    """One connection; `transport` once it has a protocol."""

    peer: StreamAccepted
    lease: Lease
    secured: StreamSecured | None = None
    transport: StreamTransport | None = None


class HttpListener:
    """Implements `StreamHandler`."""

    def __init__(
        self,
        driver: StreamDriver,
        gate: Gate,
        serve: Callable[[Lease], asyncio.Protocol],
        *,
        local: tuple[str, int] | None,
        websockets: Mapping[str, StreamHandler],
    ) -> None:
        """`serve` makes the protocol of a connection, which gives the lease back. `websockets`:
        whose the streams on these paths are.
        """
        self._driver = driver
        self._gate = gate
        self._serve = serve
        self._local = local
        self._websockets = websockets
        self._visits: dict[int, Visit] = {}
        self._moved: dict[int, StreamHandler] = {}

    def accepted(self, stream: int, peer: StreamAccepted) -> None:
        """Admit, or turn away."""
        if (lease := self._gate.admit(peer.host)) is None:
            self._driver.streams.abort(stream)
            return
        self._visits[stream] = Visit(peer, lease)
        if not peer.secure:
            self._begin(stream)

    def secured(self, stream: int, secured: StreamSecured) -> None:
        """TLS is there."""
        if (visit := self._visits.get(stream)) is not None:
            visit.secured = secured
            self._begin(stream)

    def _begin(self, stream: int) -> None:
        visit = self._visits[stream]
        protocol = self._serve(visit.lease)
        visit.transport = StreamTransport(
            self._driver,
            stream,
            protocol,
            peer=(visit.peer.host, visit.peer.port),
            local=self._local,
            secure=visit.peer.secure,
        )
        protocol.connection_made(visit.transport)

    def data(self, stream: int, data: bytes) -> None:
        """A piece of a request."""
        if (visit := self._visits.get(stream)) is not None and visit.transport is not None:
            visit.transport.feed(data)
            # What comes next is another connection's.
            CONNECTION.set("")

    def ended(self, stream: int) -> None:
        """The peer sends nothing more."""
        if (moved := self._moved.get(stream)) is not None:
            moved.ended(stream)
        elif (visit := self._visits.get(stream)) is not None and visit.transport is not None:
            visit.transport.ended()

    def full(self, stream: int) -> None:
        """Much waits to be written."""
        if (moved := self._moved.get(stream)) is not None:
            moved.full(stream)
        elif (visit := self._visits.get(stream)) is not None and visit.transport is not None:
            visit.transport.full()

    def drained(self, stream: int) -> None:
        """Not much does any more."""
        if (moved := self._moved.get(stream)) is not None:
            moved.drained(stream)
        elif (visit := self._visits.get(stream)) is not None and visit.transport is not None:
            visit.transport.drained()

    def closed(self, stream: int, closed: StreamClosed) -> None:
        """The connection is gone."""
        if (moved := self._moved.pop(stream, None)) is not None:
            moved.closed(stream, closed)
        elif (visit := self._visits.pop(stream, None)) is None:
            return
        elif visit.transport is not None:
            visit.transport.lost()
        else:
            visit.lease.refuse("handshake")
            visit.lease.release()
            log.debug("no TLS with %s: %s", visit.lease.peer, closed.reason)

    # streams on WebSockets

    def requested(self, stream: int, request: StreamRequest) -> None:
        """Hand the connection to whoever has the path: to them it is one that comes."""
        visit = self._visits.pop(stream)
        handler = self._websockets[request.path.partition("?")[0]]
        if visit.transport is not None:
            visit.transport.lost()
        self._moved[stream] = handler
        self._driver.streams.limits(stream, outbox=OUTBOX)
        handler.accepted(stream, visit.peer)
        if visit.secured is not None:
            handler.secured(stream, visit.secured)
        handler.requested(stream, request)

    def opened(self, stream: int, header: Stanza) -> None:
        """The header of a stream."""
        self._moved[stream].opened(stream, header)

    def received(self, stream: int, stanza: Stanza) -> None:
        """An element of a stream."""
        self._moved[stream].received(stream, stanza)

    def failed(self, stream: int, condition: str) -> None:
        """What came cannot be read on."""
        if (moved := self._moved.get(stream)) is not None:
            moved.failed(stream, condition)
        else:
            self._driver.streams.abort(stream)
