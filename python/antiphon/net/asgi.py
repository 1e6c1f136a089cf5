"""The ASGI server on sockets of ours: plain and TLS listeners share one application and its state.

It leaves signals alone: whoever runs a node decides when it stops.
"""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable, Generator, Sequence

import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import Config

from .accept import Acceptor
from .config import ConnectionLimits
from .gate import Gate, Lease
from .guard import GuardedHttp

log = logging.getLogger(__name__)

# Seconds that answers under way have once the server stops.
GRACE = 2


class AsgiServer:
    """Serves an application on listening sockets between `start` and `stop`."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        limits: ConnectionLimits,
        gate: Gate,
        message_limit: int,
        plain: Sequence[socket.socket] = (),
        secure: Sequence[socket.socket] = (),
        tls: Callable[[], ssl.SSLContext] | None = None,
        proxies: Sequence[str] = (),
    ) -> None:
        """`message_limit`: bytes of a WebSocket message. `tls` is needed for `secure` sockets.

        `proxies`: addresses or networks whose `X-Forwarded-For` and `-Proto` are believed.
        """
        config = Config(
            app,
            http=GuardedHttp,
            ws="websockets-sansio",
            ws_max_size=message_limit,
            ws_per_message_deflate=False,
            log_config=None,
            access_log=False,
            proxy_headers=bool(proxies),
            forwarded_allow_ips=list(proxies),
            server_header=False,
            interface="asgi3",
            timeout_keep_alive=int(limits.idle_timeout) or 1,
            timeout_graceful_shutdown=GRACE,
        )
        self._server = _Server(config, limits, gate)
        self._server.listen(plain, None)
        if tls is not None:
            self._server.listen(secure, tls)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Return when connections are accepted. Raises RuntimeError if the application does not
        start.
        """
        self._task = asyncio.create_task(self._server.serve(), name="http")
        await self._server.is_started.wait()
        if self._task.done():
            self._task.result()

    async def wait(self) -> None:
        """Until the server ends, by `stop` or by an error, which is raised."""
        if self._task is not None:
            # Not awaited itself: that it was cancelled must not look as if we were.
            await asyncio.wait([self._task])
            if not self._task.cancelled():
                self._task.result()

    async def stop(self) -> None:
        """Stop accepting, let answers under way finish for a moment, then close what is open."""
        self._server.should_exit = True
        await self.wait()
        for connection in list(self._server.server_state.connections):
            connection.transport.abort()


class _Server(uvicorn.Server):
    """uvicorn without its sockets and signals."""

    def __init__(self, config: Config, limits: ConnectionLimits, gate: Gate) -> None:
        super().__init__(config)
        self.is_started = asyncio.Event()
        self.servers = []
        self._limits = limits
        self._gate = gate
        self._acceptors: list[Acceptor] = []

    def listen(
        self, sockets: Sequence[socket.socket], tls: Callable[[], ssl.SSLContext] | None
    ) -> None:
        """Serve these sockets once started."""
        timeout = self._limits.head_timeout
        self._acceptors += [
            Acceptor(opened, self._protocol, gate=self._gate, timeout=timeout, tls=tls)
            for opened in sockets
        ]

    def _protocol(self, lease: Lease) -> asyncio.Protocol:
        state = self.lifespan.state
        return GuardedHttp(self.config, self.server_state, state, lease=lease, limits=self._limits)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Signals belong to the program."""
        yield

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Run until `should_exit`."""
        try:
            await super().serve(sockets)
        finally:
            self.is_started.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, then accept."""
        await self.lifespan.startup()
        if self.lifespan.should_exit:
            raise RuntimeError("the web application did not start")
        for acceptor in self._acceptors:
            acceptor.start()
        self.started = True
        self.is_started.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept nothing more, then let uvicorn finish what is under way."""
        for acceptor in self._acceptors:
            await acceptor.close()
        await super().shutdown(sockets)
