"""Sockets of SIP: datagrams by the machine's own driver, streams by asyncio; each a listener."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Sequence
from functools import partial
from ipaddress import ip_address

from antiphon._native import SipUdp
from antiphon.net.accept import Acceptor
from antiphon.net.gate import Gate, Lease

from .datagrams import Datagrams
from .flows import Flows
from .listener import Listener
from .resolve import TCP, TLS, UDP
from .stream import StreamConnection

log = logging.getLogger(__name__)

# Registrations of a whole region come back at once after a power cut.
RECEIVE_BUFFER = 4 * 1024 * 1024


class Driver:
    """Serves the sockets that it is given, and closes them.

    `shown(host, transport)`: what others are told instead of a socket's address.
    """

    def __init__(self, flows: Flows, gate: Gate, *, shown: Callable[[str, str], str]) -> None:
        self._flows = flows
        self._gate = gate
        self._shown = shown
        self._loop = asyncio.get_running_loop()
        self._datagrams: list[Datagrams] = []
        self._acceptors: list[Acceptor] = []
        self._starts: list[Callable[[], None]] = []

    def serve(
        self, sockets: Sequence[socket.socket], tls: Callable[[], ssl.SSLContext] | None = None
    ) -> None:
        """Make listeners of bound sockets, to be served from `start` on: UDP or TCP as they are,
        TLS if there is a context.
        """
        for opened in sockets:
            if opened.type is socket.SOCK_DGRAM:
                self._serve_datagrams(opened)
            else:
                self._serve_streams(opened, tls)

    def start(self) -> None:
        """Take what comes."""
        starts, self._starts = self._starts, []
        for start in starts:
            start()

    async def close(self) -> None:
        """Take nothing more."""
        for acceptor in self._acceptors:
            await acceptor.close()
        self._flows.udps.clear()
        for datagrams in self._datagrams:
            datagrams.close()

    def _serve_datagrams(self, opened: socket.socket) -> None:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        listener = self._listener(opened, UDP)
        udp = SipUdp(opened.fileno(), self._flows.stack.machine, listener.number)
        self._flows.udps.append(udp)
        take = self._flows.stack.take

        def turn(now: float) -> int:
            take(udp.poll(now))
            return udp.received

        datagrams = Datagrams(opened, turn, self._loop)
        self._datagrams.append(datagrams)
        self._starts.append(datagrams.start)

    def _serve_streams(
        self, opened: socket.socket, tls: Callable[[], ssl.SSLContext] | None
    ) -> None:
        kind = TCP if tls is None else TLS
        listener = self._listener(opened, kind)
        acceptor = Acceptor(
            opened,
            partial(self._connection, listener.number, kind),
            gate=self._gate,
            timeout=self._flows.limits.message_timeout,
            tls=tls,
        )
        self._acceptors.append(acceptor)
        self._starts.append(acceptor.start)

    def _connection(self, listener: int, kind: str, lease: Lease) -> StreamConnection:
        return StreamConnection(self._flows, listener, kind, lease=lease)

    def _listener(self, opened: socket.socket, transport: str) -> Listener:
        host, port = opened.getsockname()[:2]
        bound = str(ip_address(host.partition("%")[0]))
        shown = self._shown(bound, transport)
        return self._flows.stack.listeners.add(transport, shown, port, bound)
