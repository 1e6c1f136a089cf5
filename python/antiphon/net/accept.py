"""Takes TCP connections from listening sockets: admission, TLS handshake, and the protocol that
serves them.
"""

import asyncio
import errno
import logging
import socket
import ssl
from collections.abc import Callable

from .gate import Gate, Lease

log = logging.getLogger(__name__)

# The process or the machine is out of something that others will give back.
EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
PAUSE = 0.2
# How long sent data may stay unacknowledged, or unsent because the peer does not read (ms).
USER_TIMEOUT = 60_000


class Acceptor:
    """Serves one listening socket until it is closed.

    `tls` gives the context for the next connection (so that certificates can change), None is plain
    TCP. A handshake has `timeout` seconds and holds a place at the gate from its beginning.
    """

    def __init__(
        self,
        listening: socket.socket,
        serve: Callable[[Lease], asyncio.Protocol],
        *,
        gate: Gate,
        timeout: float,
        tls: Callable[[], ssl.SSLContext] | None = None,
    ) -> None:
        self._listening = listening
        self._serve = serve
        self._gate = gate
        self._tls = tls
        self._timeout = timeout
        self._handshakes: set[asyncio.Task[None]] = set()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to accept on the running loop."""
        # Accepted sockets inherit these.
        self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT)
        self._task = asyncio.create_task(self._run(), name="accept")

    async def close(self) -> None:
        """Accept nothing more; end handshakes that are under way."""
        tasks = [*self._handshakes, *([self._task] if self._task is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._listening.close()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, peer = await loop.sock_accept(self._listening)
            except OSError as error:
                if error.errno in EXHAUSTED:
                    self._gate.refused["exhausted"] += 1
                    log.error("cannot accept connections: %s", error.strerror)
                    await asyncio.sleep(PAUSE)
                # Anything else is about the connection that is already gone (accept(2), "Error
                # handling").
                continue
            if (lease := self._gate.admit(peer[0])) is None:
                accepted.close()
                continue
            task = asyncio.create_task(self._connect(accepted, lease), name="handshake")
            self._handshakes.add(task)
            task.add_done_callback(self._handshakes.discard)

    async def _connect(self, accepted: socket.socket, lease: Lease) -> None:
        context = self._tls() if self._tls is not None else None
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: self._serve(lease),
                accepted,
                ssl=context,
                ssl_handshake_timeout=self._timeout if context is not None else None,
            )
        except (OSError, ssl.SSLError) as error:
            lease.refuse("handshake")
            lease.release()
            accepted.close()
            log.debug("no TLS with %s: %s", lease.peer, error)
        except BaseException:
            lease.release()
            accepted.close()
            raise
