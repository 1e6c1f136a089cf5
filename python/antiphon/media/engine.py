"""Drives the native media engine from the event loop: names become numbers, batches of events
become calls.

It knows rooms, endpoints, tracks and hubs as numbers that are wired; never what a room is for.
"""

import asyncio
import logging
from collections.abc import Callable

from antiphon import _native
from antiphon.core.media import Media, MediaEvents
from antiphon.core.reason import Reason, Refused, WrongState

from .config import MediaConfig
from .room import EngineRoom, PeerListener

log = logging.getLogger(__name__)


class Engine(Media):
    """The media threads of this node. `start` and `close` belong to the event loop that is to be
    told.
    """

    def __init__(self, config: MediaConfig) -> None:
        """Bind the ports and start the threads. Raises OSError when a port is taken."""
        self.native = _native.Engine(
            workers=config.workers,
            udp_port=config.udp_port,
            addresses=config.addresses,
            public_addresses=config.public_addresses,
            max_peers=config.max_peers,
            estimate_bandwidth=config.estimate_bandwidth,
            phone_ports=config.phone_ports,
        )
        self._capacity = config.max_peers * config.workers
        self._loop: asyncio.AbstractEventLoop | None = None
        self._rooms: dict[str, EngineRoom] = {}
        self._by_number: dict[int, EngineRoom] = {}
        self._peers: dict[int, PeerListener] = {}
        self._tracks: dict[int, tuple[EngineRoom, str]] = {}
        self._handlers: dict[type, Callable[..., None]] = {
            _native.TrackStarted: self._track_started,
            _native.Speaker: self._speaker,
            _native.Statistics: self._statistics,
            _native.WorkerFailed: self._worker_failed,
            _native.AudioLevels: self._ignore,
        }

    @property
    def ports(self) -> list[int]:
        """The UDP ports, one for each thread."""
        return self.native.ports()

    def start(self) -> None:
        """Begin to hear events on the running loop."""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self.native.fileno(), self._drain)

    def close(self) -> None:
        """End all media. Idempotent."""
        if self._loop is not None:
            self._loop.remove_reader(self.native.fileno())
            self._loop = None
        self.native.close()

    # rooms (core.media.Media)

    def open_room(self, name: str, events: MediaEvents) -> EngineRoom:
        """Place a room on the thread with the fewest peers."""
        if name in self._rooms:
            raise WrongState(f"room {name} is open")
        room = EngineRoom(self, self.native.new_id(), name, events)
        self._rooms[name] = self._by_number[room.number] = room
        return room

    def forget_room(self, room: EngineRoom) -> None:
        """The room was closed."""
        self._rooms.pop(room.name, None)
        self._by_number.pop(room.number, None)

    def room(self, name: str) -> EngineRoom:
        """The media side of a living room. Raises `Refused(NOT_FOUND)`."""
        if (room := self._rooms.get(name)) is None:
            raise Refused(Reason.NOT_FOUND, "There is no such room now.")
        return room

    # peers and tracks of rooms

    def add_peer(self, number: int, listener: PeerListener) -> None:
        """Tell `listener` what happens to the peer. Raises `Refused(TOO_MANY)`."""
        if len(self._peers) >= self._capacity:
            raise Refused(Reason.TOO_MANY, "This server has no place for another media session.")
        self._peers[number] = listener

    def remove_peer(self, number: int) -> None:
        """The peer was closed."""
        self._peers.pop(number, None)

    def add_track(self, number: int, room: EngineRoom, track: str) -> None:
        """Remember the name of a track."""
        self._tracks[number] = (room, track)

    def remove_track(self, number: int) -> None:
        """The track is no more."""
        self._tracks.pop(number, None)

    def track_name(self, number: int) -> str | None:
        """The name of a track, None when it is gone."""
        found = self._tracks.get(number)
        return found[1] if found else None

    # events

    def _drain(self) -> None:
        for event in self.native.drain():
            try:
                self._dispatch(event)
            except Exception:
                log.exception("a media event could not be handled: %r", event)

    def _dispatch(self, event: _native.Event) -> None:
        if (handler := self._handlers.get(type(event))) is not None:
            handler(event)
        elif (listener := self._peers.get(event.peer)) is not None:  # type: ignore[attr-defined]
            listener.hear(event)

    def _track_started(self, event: _native.TrackStarted) -> None:
        if (found := self._tracks.get(event.track)) is not None:
            room, track = found
            room.events.track_started(track, event.codec)

    def _speaker(self, event: _native.Speaker) -> None:
        if (room := self._by_number.get(event.room)) is None:
            return
        name = None if event.track is None else self.track_name(event.track)
        if event.track is None or name is not None:
            room.events.speaker_changed(name)

    def _statistics(self, event: _native.Statistics) -> None:
        for row in event.peers:
            if (listener := self._peers.get(row.peer)) is not None:
                listener.hear_statistics(row)

    def _worker_failed(self, event: _native.WorkerFailed) -> None:
        log.error("media of a room broke down: %s", event.text)
        if (room := self._by_number.get(event.room)) is not None:
            room.events.failed("The media of this room broke down.")

    def _ignore(self, event: _native.Event) -> None:
        """Audio levels are for those who watch a room; nobody does yet."""
