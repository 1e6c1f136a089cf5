"""The media side of one room: applies what the graph says, with the engine's numbers for the room's
names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from antiphon import _native
from antiphon.core.graph import Change, Hub
from antiphon.core.media import MediaEvents, MediaRoom


class PeerListener(Protocol):
    """Hears the native events of one peer."""

    def hear(self, event: _native.Event) -> None:
        """Take one event."""

    def hear_statistics(self, row: _native.PeerStatistics) -> None:
        """Take the figures of the last interval."""


class Registry(Protocol):
    """The native engine, and who hears of which of its numbers."""

    native: _native.Engine

    def add_peer(self, number: int, listener: PeerListener) -> None:
        """Tell `listener` what happens to the peer. Raises `Refused(TOO_MANY)`."""

    def remove_peer(self, number: int) -> None:
        """The peer was closed."""

    def add_track(self, number: int, room: EngineRoom, track: str) -> None:
        """Remember the name of a track."""

    def remove_track(self, number: int) -> None:
        """The track is no more."""

    def forget_room(self, room: EngineRoom) -> None:
        """The room was closed."""


class Visitor(Protocol):
    """An endpoint that goes from room to room (a telephone)."""

    @property
    def number(self) -> int:
        """Of the peer in the engine."""

    def leave_room(self) -> None:
        """The room ends: go elsewhere now, or end with it."""


class EngineRoom(MediaRoom):
    """Names of this room → numbers of the engine. What is not (or no longer) known is left out: it
    is gone.
    """

    def __init__(self, engine: Registry, number: int, name: str, events: MediaEvents) -> None:
        self.number = number
        self.name = name
        self.events = events
        self._engine = engine
        self._native = engine.native
        self._numbers: dict[str, int] = {}
        self._visitors: dict[str, Visitor] = {}
        self._open = True
        self._native.open_room(number)

    # core.media.MediaRoom

    def apply(self, change: Change) -> None:
        """Connect before disconnecting: what stays wired by another way is not interrupted."""
        for hub in change.open:
            self._numbers[hub] = self._native.new_id()
            self._native.open_hub(self.number, self._numbers[hub], mix=hub == Hub.MIX)
        for hub, sources in change.feed.items():
            for source in sources:
                self._wire(self._native.connect, source, (hub,))
        for source, sinks in change.connect.items():
            self._wire(self._native.connect, source, sinks)
        for source, sinks in change.disconnect.items():
            self._wire(self._native.disconnect, source, sinks)
        for hub, sources in change.starve.items():
            for source in sources:
                self._wire(self._native.disconnect, source, (hub,))
        for hub in change.close:
            self._native.close_hub(self._numbers.pop(hub))

    def pause(self, track: str, paused: bool) -> None:
        """Drop, or pass again, what a track sends."""
        if (number := self._numbers.get(track)) is not None:
            self._native.pause(number, paused)

    def close(self) -> None:
        """Free everything of this room. Idempotent."""
        if not self._open:
            return
        self._open = False
        for visitor in tuple(self._visitors.values()):
            visitor.leave_room()
        for number in self._numbers.values():
            self._engine.remove_peer(number)
            self._engine.remove_track(number)
        self._numbers.clear()
        self._native.close_room(self.number)
        self._engine.forget_room(self)

    # endpoints

    def open_peer(self, member: str, listener: PeerListener, *, may_offer: bool) -> int:
        """Open a WebRTC endpoint for a member. Raises `Refused(TOO_MANY)`."""
        number = self._add(member, listener)
        self._native.open_peer(self.number, number, may_offer)
        return number

    def open_audio(
        self, member: str, listener: PeerListener, *, sample_rate: int, channels: int
    ) -> int:
        """Open an endpoint of PCM audio for a member of this process."""
        number = self._add(member, listener)
        self._native.open_audio(self.number, number, sample_rate=sample_rate, channels=channels)
        return number

    def close_peer(self, member: str, number: int) -> None:
        """Close an endpoint."""
        self.let_go(member, number)
        self._engine.remove_peer(number)
        self._native.close_peer(number)

    def take_in(self, member: str, visitor: Visitor) -> None:
        """An endpoint that is open already comes from elsewhere, as this member."""
        self._numbers[member] = visitor.number
        self._visitors[member] = visitor

    def let_go(self, member: str, number: int) -> None:
        """It goes elsewhere."""
        if self._numbers.get(member) == number:
            del self._numbers[member]
            self._visitors.pop(member, None)

    def bind(self, peer: int, section: str, track: str) -> None:
        """Name the media that arrives in a section of a peer."""
        number = self._numbers[track] = self._native.new_id()
        self._engine.add_track(number, self, track)
        self._native.publish(peer, section, number)

    def release(self, track: str) -> None:
        """The track is no more."""
        if (number := self._numbers.pop(track, None)) is not None:
            self._engine.remove_track(number)
            self._native.unpublish(number)

    def _add(self, member: str, listener: PeerListener) -> int:
        number = self._native.new_id()
        self._engine.add_peer(number, listener)
        self._numbers[member] = number
        return number

    def _wire(
        self, verb: Callable[[int, list[int]], None], source: str, sinks: Iterable[str]
    ) -> None:
        numbers = self._numbers
        if (origin := numbers.get(source)) is not None:
            verb(origin, [numbers[sink] for sink in sinks if sink in numbers])
