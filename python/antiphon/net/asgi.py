"""The ASGI server on connections of the stream engine: plain and TLS listeners share one
application and its state. Some paths are WebSockets that the engine serves itself, for others.

It leaves signals alone: whoever runs a node decides when it stops.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Generator, Mapping, Sequence

import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import Config

from antiphon._native import Streams

from .config import ConnectionLimits
from .gate import Gate, Lease
from .guard import GuardedHttp
from .http import HttpListener
from .streams import StreamDriver, StreamHandler

log = logging.getLogger(__name__)

# Seconds that answers under way have once the server stops.
GRACE = 2
ALPN = ("http/1.1",)


class AsgiServer:
    """Serves an application on listening sockets between `start` and `stop`."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        driver: StreamDriver,
        limits: ConnectionLimits,
        gate: Gate,
        message_limit: int,
        plain: Sequence[socket.socket] = (),
        secure: Sequence[socket.socket] = (),
        proxies: Sequence[str] = (),
        websockets: Mapping[str, StreamHandler] | None = None,
    ) -> None:
        """`message_limit`: bytes of a WebSocket message. For `secure` sockets the driver must have
        certificates.

        `proxies`: addresses or networks whose `X-Forwarded-For` and `-Proto` are believed.
        `websockets`: paths of WebSockets that are streams (RFC 7395), and whose they are.
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
        self._server = _Server(config, limits, gate, driver, dict(websockets or {}))
        self._server.sockets = [(opened, False) for opened in plain]
        self._server.sockets += [(opened, True) for opened in secure]
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

    def __init__(
        self,
        config: Config,
        limits: ConnectionLimits,
        gate: Gate,
        driver: StreamDriver,
        websockets: dict[str, StreamHandler],
    ) -> None:
        super().__init__(config)
        self.is_started = asyncio.Event()
        self.servers = []
        self.sockets: list[tuple[socket.socket, bool]] = []
        self._limits = limits
        self._gate = gate
        self._driver = driver
        self._websockets = websockets
        self._tags: list[int] = []

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
        for opened, secure in self.sockets:
            listener = HttpListener(
                self._driver,
                self._gate,
                self._protocol,
                local=opened.getsockname()[:2],
                websockets=self._websockets,
            )
            tag = self._driver.listen(
                [opened],
                Streams.HTTP,
                listener,
                tls=secure,
                alpn=ALPN,
                paths=tuple(self._websockets),
            )
            self._tags.append(tag)
        self.started = True
        self.is_started.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept nothing more, then let uvicorn finish what is under way."""
        for tag in self._tags:
            self._driver.unlisten(tag)
        for opened, _ in self.sockets:
            opened.close()
        await super().shutdown(sockets)
