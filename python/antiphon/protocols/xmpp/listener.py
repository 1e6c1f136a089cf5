"""Streams that the stream engine carries: TCP with STARTTLS, TLS from the start, WebSocket. It
brings the engine's events to whoever has the stream, and their verbs to the engine.
"""

import logging
import secrets
from collections.abc import Callable, Iterator
from typing import Protocol

from antiphon._native import (
    Kept,
    Stanza,
    StreamAccepted,
    StreamClosed,
    StreamRequest,
    Streams,
    StreamSecured,
)
from antiphon.net.gate import Gate, Lease

from .binding import bindings
from .message import escape
from .namespaces import CLIENT, FRAMING, STREAM
from .wire import Bounds, End, Header

log = logging.getLogger(__name__)

VERSION = "1.0"
LANGUAGE = "en"
END_OF_STREAM = b"</stream:stream>"
END_OF_FRAMES = f"<close xmlns='{FRAMING}'/>".encode()


class Engine(Protocol):
    """The stream engine of this node (`net.streams`)."""

    @property
    def streams(self) -> Streams:
        """Its verbs."""

    def touched(self) -> None:
        """Something was sent; it is written at the end of this turn."""


class Nobody:
    """Hears nothing: a stream that has been closed, but whose connection is not gone yet."""

    def secured(self, bindings: dict[str, bytes]) -> None:
        """Ignored."""

    def opened(self, header: Header) -> None:
        """Ignored."""

    def received(self, stanza: Stanza) -> None:
        """Ignored."""

    def ended_by_peer(self) -> None:
        """Ignored."""

    def failed(self, condition: str) -> None:
        """Ignored."""

    def lost(self) -> None:
        """Ignored."""


NOBODY = Nobody()


class EngineWire:
    """Implements `wire.Wire` over one connection of the engine. `end` hears what comes; `lease` is
    the place that the connection takes.
    """

    __slots__ = ("_listener", "connection", "end", "lease")

    def __init__(self, listener: "Listener", connection: int, lease: Lease | None) -> None:
        self._listener = listener
        self.connection = connection
        self.end: End = NOBODY
        self.lease = lease

    @property
    def keeps(self) -> bool:
        """The engine counts and keeps."""
        return True

    def carry(self, end: End) -> None:
        """Tell what comes to this one."""
        self.end = end

    def open(self, to: str | None, *, from_: str | None = None) -> str:
        """Send our header."""
        id = secrets.token_hex(8)
        self.send(self._listener.header(id, to, from_))
        return id

    def send(self, data: bytes) -> None:
        """One element."""
        engine = self._listener.engine
        engine.streams.send(self.connection, data)
        engine.touched()

    def forward(
        self,
        stanza: Stanza,
        from_: str | None,
        *,
        address: str | None = None,
        extra: bytes = b"",
        drop: int = 0,
        by: str = "",
    ) -> None:
        """Send what came from another."""
        engine = self._listener.engine
        engine.streams.forward(
            self.connection, stanza, from_, address=address, extra=extra, drop=drop, by=by
        )
        engine.touched()

    def resume(self, *, restart: bool = False, starttls: bool = False, free: bool = False) -> None:
        """Let the next element come."""
        engine = self._listener.engine
        engine.streams.resume(self.connection, restart=restart, starttls=starttls, free=free)
        engine.touched()

    def keep(self, kept: Kept | None) -> None:
        """Count and keep stanzas."""
        self._listener.engine.streams.keep(self.connection, kept)

    def name(self, address: str) -> None:
        """What groups are stamped with."""
        self._listener.engine.streams.name(self.connection, address)

    def limit(self, bounds: Bounds) -> None:
        """From now on."""
        self._listener.engine.streams.limits(
            self.connection,
            element=bounds.element,
            bytes_per_s=bounds.bytes_per_s,
            elements_per_s=bounds.elements_per_s,
            outbox=bounds.outbox,
        )

    def idle(self) -> float:
        """Seconds of silence."""
        return self._listener.engine.streams.idle(self.connection)

    def close(self, error: bytes = b"") -> None:
        """End the stream in order."""
        self.carry(NOBODY)
        engine = self._listener.engine
        if error:
            engine.streams.send(self.connection, error)
        engine.streams.close(self.connection, self._listener.end)
        engine.touched()

    def abort(self) -> None:
        """Drop the connection; whoever has the stream hears that it is lost."""
        self._listener.engine.streams.abort(self.connection)


Take = Callable[[EngineWire, str], End]
"""Make the end of a new stream from its wire and the address of its peer."""


class Listener:
    """The handler of one listener of the engine (`net.streams.StreamHandler`)."""

    def __init__(
        self,
        engine: Engine,
        gate: Gate,
        domain: str,
        take: Take,
        *,
        strangers: Bounds,
        content: str = CLIENT,
    ) -> None:
        """`domain`: whose streams these are; `content`: the namespace of their stanzas;
        `strangers`: what anybody may do until they have logged in.
        """
        self.engine = engine
        self.end = END_OF_STREAM
        self._gate = gate
        self._domain = domain
        self._take = take
        self._content = content
        self._strangers = strangers
        self._wires: dict[int, EngineWire] = {}

    def __len__(self) -> int:
        return len(self._wires)

    @property
    def ends(self) -> Iterator[End]:
        """Those who hear what its connections bring."""
        return (wire.end for wire in list(self._wires.values()))

    def header(self, id: str, to: str | None, from_: str | None) -> bytes:
        """Ours (RFC 6120 §4.7)."""
        said = f" to='{escape(to)}'" if to else ""
        return (
            f"<?xml version='1.0'?><stream:stream xmlns='{self._content}' xmlns:stream='{STREAM}'"
            f" from='{escape(from_ or self._domain)}'{said} id='{id}' version='{VERSION}'"
            f" xml:lang='{LANGUAGE}'>"
        ).encode()

    # what the engine tells

    def accepted(self, stream: int, peer: StreamAccepted) -> None:
        """A connection came."""
        lease = self._gate.admit(peer.host)
        wire = self._wires[stream] = EngineWire(self, stream, lease)
        if lease is None:
            self.engine.streams.abort(stream)
            return
        wire.limit(self._strangers)
        wire.end = self._take(wire, peer.host)

    def secured(self, stream: int, secured: StreamSecured) -> None:
        """TLS is there."""
        self._wires[stream].end.secured(bindings(secured.exporter, secured.certificate))

    def requested(self, stream: int, request: StreamRequest) -> None:
        """A WebSocket on a path of ours."""
        self.engine.streams.resume(stream)

    def opened(self, stream: int, header: Stanza) -> None:
        """The header of a stream."""
        self._wires[stream].end.opened(Header.of(header))

    def received(self, stream: int, stanza: Stanza) -> None:
        """One element."""
        self._wires[stream].end.received(stanza)

    def data(self, stream: int, data: bytes) -> None:
        """Of other framings."""

    def ended(self, stream: int) -> None:
        """The peer ended the stream."""
        self._wires[stream].end.ended_by_peer()

    def failed(self, stream: int, condition: str) -> None:
        """What came was no stream."""
        wire = self._wires[stream]
        if wire.lease is not None:
            wire.lease.refuse(f"xmpp_{condition}")
        wire.end.failed(condition)

    def full(self, stream: int) -> None:
        """A client does not read; beyond `outbox` the engine drops it."""

    def drained(self, stream: int) -> None:
        """It does again."""

    def closed(self, stream: int, closed: StreamClosed) -> None:
        """A connection is gone."""
        wire = self._wires.pop(stream)
        if wire.lease is not None:
            wire.lease.release()
        end, wire.end = wire.end, NOBODY
        end.lost()
