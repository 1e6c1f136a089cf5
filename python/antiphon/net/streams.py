"""Drives the stream engine on the event loop: one object for all listeners of a process.

What the engine tells goes to the handler of the listener; what handlers put into queues is written
once when all has been told. Nothing of what streams carry is known here.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Sequence
from typing import Protocol

from antiphon._native import (
    Stanza,
    StreamAccepted,
    StreamClosed,
    StreamRequest,
    Streams,
    StreamSecured,
)

log = logging.getLogger(__name__)

# Looked up for each event.
ITEM, BYTES = Streams.ITEM, Streams.BYTES


class StreamHandler(Protocol):
    """Serves the connections of one listener, each named by a number. All of these are called
    within a turn of the driver: what they send is written when it ends. None may block. What was
    read in the turn in which a connection is closed or aborted may still be told.
    """

    def accepted(self, stream: int, peer: StreamAccepted) -> None:
        """A connection came; `abort` turns it away."""

    def secured(self, stream: int, secured: StreamSecured) -> None:
        """TLS is there."""

    def requested(self, stream: int, request: StreamRequest) -> None:
        """A WebSocket is asked for: `resume` or `refuse`."""

    def opened(self, stream: int, header: Stanza) -> None:
        """The header of a stream."""

    def received(self, stream: int, stanza: Stanza) -> None:
        """One element."""

    def data(self, stream: int, data: bytes) -> None:
        """Bytes of a connection without framing."""

    def ended(self, stream: int) -> None:
        """The peer will send nothing more."""

    def failed(self, stream: int, condition: str) -> None:
        """What came cannot be read on: stream error to close with (RFC 6120 §4.9.3)."""

    def full(self, stream: int) -> None:
        """Much waits to be written."""

    def drained(self, stream: int) -> None:
        """Not much does any more."""

    def closed(self, stream: int, closed: StreamClosed) -> None:
        """It is gone. Called once for each, and last."""


class StreamDriver:
    """See the module. Verbs are those of `streams`; whoever uses them outside of a handler's call
    says `touched` afterwards.
    """

    def __init__(self, *, handshake_time: float = 15.0, login_time: float = 60.0) -> None:
        """`handshake_time`: seconds for TLS and the head of a request; `login_time`: for what comes
        before a stream is let free. Raises OSError.
        """
        self.streams = Streams(handshake_time=handshake_time, login_time=login_time)
        self.errors = 0  # of handlers
        self._handlers: dict[int, StreamHandler] = {}
        self._last_tag = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        # Whether a flush is sure to come.
        self._will_flush = False
        self._open: set[int] = set()
        self._is_idle = asyncio.Event()

    def start(self) -> None:
        """Begin to serve on the running loop."""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self.streams.fd, self._turn)

    async def close(self, patience: float = 0.0) -> None:
        """Accept nothing more; connections have that many seconds to end, then they are dropped.
        All of them are told to be closed.
        """
        for tag in self._handlers:
            self.streams.unlisten(tag)
        if self._loop is None:
            return
        if self._open:
            self._is_idle.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._is_idle.wait(), patience)
        self._loop.remove_reader(self.streams.fd)
        for stream in self._open:
            self.streams.abort(stream)
        self._turn()
        self._loop = None

    def listen(
        self,
        sockets: Sequence[socket.socket],
        framing: int,
        handler: StreamHandler,
        *,
        tls: bool = False,
        alpn: Sequence[str] = (),
        ask: bool = False,
        paths: Sequence[str] = (),
    ) -> int:
        """Accept on listening sockets, which stay the caller's to close. The rest is as of
        `Streams.listen`. Returns the tag of these listeners. Raises OSError.
        """
        tag = self._tag(handler)
        for opened in sockets:
            self.streams.listen(
                opened.fileno(), framing, tag=tag, tls=tls, alpn=alpn, ask=ask, paths=paths
            )
        return tag

    def connect(
        self,
        opened: socket.socket,
        framing: int,
        handler: StreamHandler,
        *,
        tls: bool = False,
        server_name: str = "",
        alpn: Sequence[str] = (),
    ) -> int:
        """Take a connected socket, which stays the caller's to close. The rest is as of
        `Streams.connect`. Returns the number of the connection. Raises OSError.
        """
        stream = self.streams.connect(
            opened.fileno(),
            framing,
            tag=self._tag(handler),
            tls=tls,
            server_name=server_name,
            alpn=alpn,
        )
        self._open.add(stream)
        return stream

    def _tag(self, handler: StreamHandler) -> int:
        for tag, known in self._handlers.items():
            if known is handler:
                return tag
        self._last_tag += 1
        self._handlers[self._last_tag] = handler
        return self._last_tag

    def unlisten(self, tag: int) -> None:
        """Accept nothing more on these listeners; their connections stay."""
        self.streams.unlisten(tag)

    def touched(self) -> None:
        """Something was put into queues: it is written at the end of this turn of the loop."""
        if not self._will_flush and self._loop is not None:
            self._will_flush = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._will_flush = False
        self.streams.flush()

    def _turn(self) -> None:
        # Also what others say is touched while events are told is written at the end.
        self._will_flush = True
        try:
            for kind, tag, stream, what in self.streams.poll():
                handler = self._handlers[tag]
                try:
                    if kind == ITEM:
                        handler.received(stream, what)
                    elif kind == BYTES:
                        handler.data(stream, what)
                    else:
                        self._count(kind, stream)
                        _tell(handler, kind, stream, what)
                except Exception:
                    # Others are not to suffer from what one connection brought about.
                    self.errors += 1
                    log.exception("stream %d dropped: its handler failed", stream)
                    self.streams.abort(stream)
        finally:
            self._flush()

    def _count(self, kind: int, stream: int) -> None:
        if kind == Streams.ACCEPTED:
            self._open.add(stream)
        elif kind == Streams.CLOSED:
            self._open.discard(stream)
            if not self._open:
                self._is_idle.set()


def _tell(handler: StreamHandler, kind: int, stream: int, what: object) -> None:
    match kind, what:
        case Streams.OPENED, Stanza():
            handler.opened(stream, what)
        case Streams.CLOSED, StreamClosed():
            handler.closed(stream, what)
        case Streams.ACCEPTED, StreamAccepted():
            handler.accepted(stream, what)
        case Streams.SECURED, StreamSecured():
            handler.secured(stream, what)
        case Streams.REQUEST, StreamRequest():
            handler.requested(stream, what)
        case Streams.FAILED, str():
            handler.failed(stream, what)
        case Streams.ENDED, None:
            handler.ended(stream)
        case Streams.FULL, None:
            handler.full(stream)
        case Streams.DRAINED, None:
            handler.drained(stream)
        case _:
            raise ValueError(f"no such event: {kind}")
