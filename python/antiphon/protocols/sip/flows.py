"""The open connections of SIP, and the way from a flow to one of them: known, dialled, or gone.

Bounded everywhere a peer could make us keep things: connections that we dial, bytes that wait for a
peer that does not read, messages that never end, connections that nobody uses.
"""

import asyncio
import itertools
import logging
import ssl
from collections import Counter
from typing import Protocol

from antiphon._native import SipFlow, SipUdp

from .config import SipLimits
from .resolve import TLS
from .stack import Stack
from .stream import GONE, StreamConnection

log = logging.getLogger(__name__)

MAX_DIALLED = 2000
MAX_DIALLING = 256
DIAL_TIMEOUT = 8.0
SWEEP_TIME = 5.0

Remote = tuple[str, tuple[str, int]]


class Connection(Protocol):
    """An open stream. `begun`: since when it owes the rest of a message (None: it does not);
    `heard`: when something came last; `needed`: until when a contact is registered over it.
    """

    flow: SipFlow
    begun: float | None
    heard: float
    needed: float
    dialled: bool

    def write(self, data: bytes) -> bool:
        """Send a message; False when too much waits already."""

    def end(self, reason: str) -> None:
        """Close it."""


class Flows:
    """Implements the stack's `Carrier`."""

    def __init__(self, stack: Stack, limits: SipLimits, *, authorities: str = "") -> None:
        """`authorities`: a file of those whose certificates are trusted beside the system's. Raises
        `OSError` where it cannot be used.
        """
        self.counters: Counter[str] = Counter()
        self.stack = stack
        self.limits = limits
        self.udps: list[SipUdp] = []
        # Reading the system's takes long, and few nodes dial by TLS.
        self._tls = _client_tls(authorities) if authorities else None
        self._loop = asyncio.get_running_loop()
        self._numbers = itertools.count(GONE + 1)
        self._open: dict[int, Connection] = {}
        self._by_remote: dict[Remote, Connection] = {}
        self._dialling: dict[Remote, _Dialling] = {}
        self._dialled = 0

    def __len__(self) -> int:
        return len(self._open)

    def number(self) -> int:
        """A number for a new connection."""
        return next(self._numbers)

    # the carrier

    def flush(self) -> None:
        """Send what the machine has for datagram sockets."""
        for udp in self.udps:
            udp.flush()

    def send(self, flow: SipFlow, data: bytes) -> None:
        """Send on a stream; one that is to be dialled is, once for all that waits for it."""
        if not flow.reliable:
            self._lost(flow, "no_socket")
        elif flow.connection:
            self._write(self._open.get(flow.connection), flow, data)
        elif (found := self._by_remote.get((flow.transport, flow.remote))) is not None:
            self._write(found, flow, data)
        else:
            self._dial(flow, data)

    def is_open(self, flow: SipFlow) -> bool:
        """Whether a flow's connection is still there."""
        return flow.connection in self._open

    def keep(self, flow: SipFlow, until: float) -> None:
        """A contact is registered over this connection until then."""
        if (found := self._open.get(flow.connection)) is not None:
            found.needed = max(found.needed, until)

    # connections come and go

    def opened(self, connection: Connection) -> None:
        """A connection is there."""
        flow = connection.flow
        self._open[flow.connection] = connection
        self._by_remote[flow.transport, flow.remote] = connection
        self._dialled += connection.dialled
        self.counters["opened"] += 1

    def closed(self, connection: Connection) -> None:
        """A connection is gone. Idempotent."""
        flow = connection.flow
        if self._open.pop(flow.connection, None) is None:
            return
        self._dialled -= connection.dialled
        remote = (flow.transport, flow.remote)
        if self._by_remote.get(remote) is connection:
            del self._by_remote[remote]
        self.stack.closed(flow)

    async def sweep(self) -> None:
        """End connections that are too slow or idle, for ever."""
        while True:
            await asyncio.sleep(min(SWEEP_TIME, self.limits.message_timeout / 2))
            self.end_slow(self._loop.time())

    def end_slow(self, now: float) -> None:
        """End those that owe the rest of a message, or have been silent, for too long."""
        limits = self.limits
        for connection in list(self._open.values()):
            if connection.begun is not None and now - connection.begun > limits.message_timeout:
                self._end(connection, "slow")
            elif now - connection.heard > limits.idle_timeout and now > connection.needed:
                self._end(connection, "idle")

    async def close(self) -> None:
        """End all connections, and those that are being made."""
        tasks = [dialling.task for dialling in self._dialling.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for connection in list(self._open.values()):
            connection.end("stopping")

    def _end(self, connection: Connection, reason: str) -> None:
        self.counters[reason] += 1
        log.info("SIP connection with %s ended: %s", connection.flow.remote[0], reason)
        connection.end(reason)

    def _write(self, connection: Connection | None, flow: SipFlow, data: bytes) -> None:
        if connection is None:
            self._lost(flow, "gone")
        elif not connection.write(data):
            self._end(connection, "not_reading")

    def _lost(self, flow: SipFlow, why: str) -> None:
        self.counters[why] += 1
        # Not at once: the machine is being asked for its output.
        self._loop.call_soon(self.stack.failed, flow)

    # dialling

    def _dial(self, flow: SipFlow, data: bytes) -> None:
        remote = (flow.transport, flow.remote)
        if (dialling := self._dialling.get(remote)) is None:
            full = self._dialled + len(self._dialling) >= MAX_DIALLED
            if flow.transport not in ("tcp", TLS) or full or len(self._dialling) >= MAX_DIALLING:
                self._lost(flow, "not_dialled")
                return
            dialling = self._dialling[remote] = _Dialling(flow)
            dialling.task = asyncio.create_task(self._connect(dialling), name="sip dial")
        if dialling.size + len(data) > self.limits.write_buffer:
            self._lost(flow, "not_dialled")
            return
        dialling.waiting.append((flow, data))
        dialling.size += len(data)

    async def _connect(self, dialling: "_Dialling") -> None:
        flow = dialling.flow
        host, port = flow.remote
        connection = StreamConnection(self, flow.listener, flow.transport, dialled=True)
        failure = ""
        try:
            secure = flow.transport == TLS
            async with asyncio.timeout(DIAL_TIMEOUT):
                await self._loop.create_connection(
                    lambda: connection,
                    host,
                    port,
                    ssl=self._context() if secure else None,
                    server_hostname=self.stack.listeners.name_of(flow.remote) if secure else None,
                )
        except TimeoutError:
            failure = "timeout"
        except (OSError, ssl.SSLError, ValueError) as error:
            failure = str(error)
        finally:
            del self._dialling[flow.transport, flow.remote]
        if failure:
            log.info("no SIP connection to %s %s:%d: %s", flow.transport, host, port, failure)
            self.counters["not_dialled"] += 1
            for waiting, _ in dialling.waiting:
                self.stack.failed(waiting)
            return
        for waiting, data in dialling.waiting:
            self._write(self._open.get(connection.flow.connection), waiting, data)

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = _client_tls()
        return self._tls


def _client_tls(authorities: str = "") -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 9325 §3.1.1
    if authorities:
        context.load_verify_locations(authorities)
        # Whoever is named there is trusted, be it the one certificate of a peer.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


class _Dialling:
    """A connection that is being made, and what waits for it."""

    task: asyncio.Task[None]

    def __init__(self, flow: SipFlow) -> None:
        self.flow = flow
        self.waiting: list[tuple[SipFlow, bytes]] = []
        self.size = 0
