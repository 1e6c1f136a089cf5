"""What carries one stream, as its state machine sees it: verbs that put something on the way and
never block. It says nothing of TCP, WebSocket or BOSH.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Protocol

from antiphon._native import Kept, Stanza


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a peer says at the beginning of a stream (RFC 6120 §4.7), however its framing spells
    it. `content`: the default namespace of what follows, where the framing leaves it open.
    """

    to: str | None
    from_: str | None = None
    version: str | None = None
    language: str = ""
    content: str | None = None

    @classmethod
    def of(cls, opening: Stanza) -> "Header":
        """Of a stream's own header, or of RFC 7395's `<open/>`."""
        return cls(
            to=opening.to,
            from_=opening.from_,
            version=opening.get("version"),
            language=opening.lang or opening.get("xml:lang") or "",
            content=opening.content or "",  # one that is not known
        )


class End(Protocol):
    """Who hears what a wire brings: a stream that is negotiated, or a session."""

    def secured(self, bindings: dict[str, bytes]) -> None:
        """TLS is there; `bindings`: channel-binding type → data."""

    def opened(self, header: Header) -> None:
        """The header of a stream."""

    def received(self, stanza: Stanza) -> None:
        """One element."""

    def ended_by_peer(self) -> None:
        """The peer ended the stream."""

    def failed(self, condition: str) -> None:
        """What came was no stream, or beyond a limit; a condition of RFC 6120 §4.9.3."""

    def lost(self) -> None:
        """The connection is gone. Not told after `Wire.close`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a peer may do. `element`: bytes of one; `outbox`: bytes that may wait to be read by it;
    a rate of 0 is no limit.
    """

    element: int
    outbox: int
    bytes_per_s: int = 0
    elements_per_s: int = 0


class Line(Protocol):
    """What a session's stanzas travel over. After `close` and `abort` verbs do nothing."""

    @property
    def connection(self) -> int | None:
        """Its id in the stream engine, for groups; None of what the engine does not carry."""

    @property
    def keeps(self) -> bool:
        """Whether it can count and keep stanzas for XEP-0198."""

    def send(self, data: bytes) -> None:
        """One element."""

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
        """Send what came from another, as `Stanza.stamp` would."""

    def resume(self, *, restart: bool = False, starttls: bool = False, free: bool = False) -> None:
        """Let the next element come; see `antiphon._native.Streams.resume`."""

    def keep(self, kept: Kept | None) -> None:
        """Count and keep stanzas from now on."""

    def idle(self) -> float:
        """Seconds since something was received."""

    def close(self, error: bytes = b"") -> None:
        """Send a stream error, if there is one, and end the stream in order."""

    def abort(self) -> None:
        """Drop it now."""


class Wire(Line, Protocol):
    """One connection, whose stream is negotiated."""

    def carry(self, end: End) -> None:
        """Tell what comes to this one from now on."""

    def open(self, to: str | None, *, from_: str | None = None) -> str:
        """Answer a stream's header by ours; the stream's id. `to`: who says to have sent it;
        `from_`: who we are, if not the domain.
        """

    def name(self, address: str) -> None:
        """The address that what is sent to a group is for."""

    def limit(self, bounds: Bounds) -> None:
        """From now on."""


class Detached(ABC):
    """Base of lines that are no connections of the stream engine: they are in no groups of it, and
    it keeps nothing for them.
    """

    connection: int | None = None
    keeps = False

    @abstractmethod
    def put(self, data: bytes) -> None:
        """An element that stands alone goes to the peer."""

    def send(self, data: bytes) -> None:
        """One element."""
        self.put(data)

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
        self.put(stanza.stamp(from_, to=address, extra=extra, drop=drop, by=by))
