"""An endpoint whose media ends in this process: audio as arrays, for bots, recorders and
experiments.

Decoding and encoding happen on the media threads; here pass arrays of some 20 ms, never packets.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from antiphon import _native
from antiphon.core.description import Codec, Description, Direction, Kind, Section
from antiphon.core.media import Endpoint
from antiphon.core.reason import Reason, Refused

from .engine import Engine

log = logging.getLogger(__name__)

SECTION = "audio"
# Some 5 s of one speaker: who does not keep up loses the oldest, not the newest.
QUEUE = 250


@dataclass(frozen=True, slots=True, eq=False)
class AudioFrame:
    """What one track sounded for some 20 ms. `time`: RTP timestamp in samples; `samples`: int16,
    shape (n, channels).
    """

    track: str
    time: int
    samples: NDArray[np.int16]


class AudioEndpoint(Endpoint):
    """Hears what is wired to it as arrays, and speaks arrays. Make it within the event loop."""

    def __init__(
        self, engine: Engine, room: str, member: str, *, sample_rate: int = 48000, channels: int = 1
    ) -> None:
        """Raises `Refused(NOT_FOUND)` without such a room, ValueError for a rate Opus does not
        have.
        """
        self.sample_rate = sample_rate
        self.channels = channels
        self.dropped = 0
        self._engine = engine
        self._room = engine.room(room)
        self._member = member
        self._frames: asyncio.Queue[AudioFrame | None] = asyncio.Queue()
        self._closed = False
        self._number = self._room.open_audio(
            member, self, sample_rate=sample_rate, channels=channels
        )

    # core.media.Endpoint

    @property
    def number(self) -> int:
        """Of the peer in the engine."""
        return self._number

    @property
    def description(self) -> Description:
        """One section of Opus in both directions."""
        return Description((Section(SECTION, Kind.AUDIO, Direction.SENDRECV, (Codec("opus"),)),))

    def bind(self, section: str, track: str) -> None:
        """Name what we speak."""
        self._room.bind(self._number, section, track)

    def release(self, track: str) -> None:
        """What we speak is no track any more."""
        self._room.release(track)

    def close(self) -> None:
        """Close the endpoint; `frames` ends. Idempotent."""
        if not self._closed:
            self._closed = True
            self._room.close_peer(self._member, self._number)
            self._frames.put_nowait(None)

    # for the program

    async def frames(self) -> AsyncIterator[AudioFrame]:
        """What is heard, track by track, until the endpoint is closed."""
        while (frame := await self._frames.get()) is not None:
            yield frame
        self._frames.put_nowait(None)

    def play(self, samples: NDArray[np.int16]) -> float:
        """Queue samples (int16, shape (n,) or (n, channels)) to be spoken; seconds that are queued
        now.

        Raises `Refused(TOO_MANY)` when a minute is queued already.
        """
        if self._closed:
            raise Refused(Reason.GONE, "The endpoint is closed.")
        try:
            queued = self._engine.native.play_audio(self._number, np.ascontiguousarray(samples))
        except BufferError as error:
            raise Refused(Reason.TOO_MANY, str(error)) from None
        return queued / self.sample_rate

    # room.PeerListener

    def hear(self, event: _native.Event) -> None:
        """Queue what was heard."""
        match event:
            case _native.AudioReceived():
                self._heard(event)
            case _native.Closed():
                self.close()
            case _:
                log.debug("not for an audio endpoint: %r", event)

    def hear_statistics(self, row: _native.PeerStatistics) -> None:
        """Nobody asks for them."""

    def _heard(self, event: _native.AudioReceived) -> None:
        if (track := self._engine.track_name(event.track)) is None:
            return
        if self._frames.qsize() >= QUEUE:
            self._frames.get_nowait()
            self.dropped += 1
        self._frames.put_nowait(AudioFrame(track, event.time, event.samples))
