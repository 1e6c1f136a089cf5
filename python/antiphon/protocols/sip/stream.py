"""One TCP or TLS connection: bytes to messages and back (RFC 3261 §18.3)."""

import asyncio
import logging
from typing import TYPE_CHECKING, cast

from antiphon._native import SipFlow, SipFramer
from antiphon.net.gate import Lease
from antiphon.net.trace import CONNECTION

if TYPE_CHECKING:
    from .flows import Flows

log = logging.getLogger(__name__)

# The number of connections that are not open: of an earlier life of this node, or not yet.
GONE = 1
NOWHERE = ("0.0.0.0", 0)


class StreamConnection(asyncio.Protocol):
    """Implements `flows.Connection`. `lease`: its place at the gate, of one that was accepted."""

    def __init__(
        self,
        flows: "Flows",
        listener: int,
        transport: str,
        *,
        lease: Lease | None = None,
        dialled: bool = False,
    ) -> None:
        # Until it is open, and for ever if it does not come to that: a flow that leads nowhere.
        self.flow = SipFlow(listener, transport, GONE, NOWHERE)
        self.begun: float | None = None
        self.heard = 0.0
        self.needed = 0.0
        self.dialled = dialled
        self._flows = flows
        self._listener = listener
        self._kind = transport
        self._lease = lease
        self._framer = SipFramer(flows.limits.message_size)
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        if peer is None:  # gone already
            self._transport.abort()
            return
        number = self._flows.number()
        self.flow = SipFlow(self._listener, self._kind, number, (peer[0], peer[1]))
        self.heard = self._loop.time()
        self._transport.set_write_buffer_limits(high=self._flows.limits.write_buffer)
        self._flows.opened(self)

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        if self._lease is not None:
            CONNECTION.set(self._lease.id)
        now = self._loop.time()
        messages = self._framer.feed(data)
        self.heard = now
        if not self._framer.waits:
            self.begun = None
        elif messages or self.begun is None:
            self.begun = now
        if messages:
            self._flows.stack.receive_all(messages, self.flow)
        if self._framer.broken is not None and self._transport is not None:
            self._flows.counters["broken"] += 1
            log.info("SIP stream from %s cannot be read: %s", self.flow.remote, self._framer.broken)
            self._transport.close()

    def eof_received(self) -> bool:
        """The peer sends nothing more: that ends it."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        if self._lease is not None:
            self._lease.release()
        self._flows.closed(self)
        self._transport = None

    def write(self, data: bytes) -> bool:
        """Send a message; False when too much waits already."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return True  # `connection_lost` tells
        if transport.get_write_buffer_size() + len(data) > self._flows.limits.write_buffer:
            return False
        transport.write(data)
        return True

    def end(self, reason: str) -> None:
        """Close it, what is still to be sent is dropped where the peer does not read."""
        if self._lease is not None and reason != "stopping":
            self._lease.refuse(f"sip_{reason}")
        if self._transport is not None:
            if reason == "stopping":
                self._transport.close()
            else:
                self._transport.abort()
