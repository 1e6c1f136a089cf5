"""Drives the native engine in tests: awaits its events, and joins aiortc clients to its rooms."""

import asyncio
import fractions
from collections.abc import Callable
from typing import Any, TypeVar

import av
import numpy as np
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCSessionDescription,
)

from antiphon import _native
from antiphon._native import Engine

T = TypeVar("T", bound=_native.Event)

PATIENCE = 20.0


class Driver:
    """One engine and what it has told so far."""

    def __init__(self, native: Engine) -> None:
        self.native = native
        self.events: list[_native.Event] = []
        self.room = native.new_id()
        self._news = asyncio.Event()
        self._clients: list[Client] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(native.fileno(), self._drain)
        native.open_room(self.room)

    def _drain(self) -> None:
        for event in self.native.drain():
            self.events.append(event)
            if isinstance(event, _native.Offered):
                self._offered(event)
        self._news.set()

    def _offered(self, event: _native.Offered) -> None:
        for client in self._clients:
            if client.peer == event.peer and client.answers:
                self._tasks.append(self._loop.create_task(client.answer(event)))

    async def wait(
        self, kind: type[T], matches: Callable[[T], bool] = lambda _: True, since: int = 0
    ) -> T:
        """The first event of a kind that matches, among those told since index `since`."""
        async with asyncio.timeout(PATIENCE):
            while True:
                self._news.clear()
                for event in self.events[since:]:
                    if isinstance(event, kind) and matches(event):
                        return event
                await self._news.wait()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something outside the events is so."""
        async with asyncio.timeout(PATIENCE):
            while not holds():
                await asyncio.sleep(0.02)

    async def join(
        self,
        *tracks: MediaStreamTrack,
        receive: tuple[str, ...] = (),
        channel: str | None = None,
        via: str | None = None,
    ) -> "Client":
        """A connected client that sends `tracks`, is ready to receive the kinds named, opens a data
        channel, and reaches the engine by another of its addresses than the one offered.
        """
        client = Client(self)
        client.via = via
        if channel is not None:
            client.open(channel)
        self._clients.append(client)
        for track in tracks:
            client.connection.addTrack(track)
        for kind in receive:
            client.connection.addTransceiver(kind, direction="recvonly")
        await client.offer()
        await self.wait(_native.Connected, lambda event: event.peer == client.peer)
        return client

    async def close(self) -> None:
        """End the clients and the engine."""
        for client in self._clients:
            await client.connection.close()
        for task in self._tasks:
            await task
        self._loop.remove_reader(self.native.fileno())
        self.native.close()


class Client:
    """An aiortc peer connection and its peer in the engine."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.native = driver.native
        self.peer = self.native.new_id()
        self.native.open_peer(driver.room, self.peer)
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.received: dict[str, asyncio.Queue[Any]] = {}
        self.answers = True
        self.messages: list[bytes | str] = []
        self.via: str | None = None
        self._channel: RTCDataChannel | None = None
        self._requests = 0
        self._readers: list[asyncio.Task[None]] = []
        self.connection.on("track", self._on_track)

    def _on_track(self, track: MediaStreamTrack) -> None:
        mid = next(
            transceiver.mid
            for transceiver in self.connection.getTransceivers()
            if transceiver.receiver.track is track
        )
        assert mid is not None
        queue: asyncio.Queue[Any] = asyncio.Queue()
        self.received[mid] = queue
        self._readers.append(asyncio.ensure_future(_read(track, queue)))

    def open(self, label: str) -> None:
        """Open a data channel and keep what it brings."""
        self._channel = self.connection.createDataChannel(label)
        self._channel.on("message", self.messages.append)

    @property
    def is_open(self) -> bool:
        """Whether the data channel is open."""
        return self._channel is not None and self._channel.readyState == "open"

    def say(self, message: bytes | str) -> None:
        """Send a message."""
        assert self._channel is not None
        self._channel.send(message)

    async def offer(self) -> _native.Answered:
        """Offer to the engine and apply its answer."""
        await self.connection.setLocalDescription(await self.connection.createOffer())
        self._requests += 1
        request = self._requests
        self.native.accept_offer(self.peer, request, self.connection.localDescription.sdp)
        answered = await self.driver.wait(
            _native.Answered, lambda event: event.peer == self.peer and event.request == request
        )
        sdp = _candidates_everywhere(answered.sdp)
        if self.via is not None:
            sdp = sdp.replace(" 127.0.0.1 ", f" {self.via} ")
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp=sdp, type="answer"))
        return answered

    async def answer(self, offered: _native.Offered) -> None:
        """Answer an offer of the engine."""
        await self.connection.setRemoteDescription(
            RTCSessionDescription(sdp=offered.sdp, type="offer")
        )
        await self.connection.setLocalDescription(await self.connection.createAnswer())
        self.native.accept_answer(self.peer, offered.request, self.connection.localDescription.sdp)

    def publish(self, kind: str) -> int:
        """Name the track that this client sends of a kind."""
        for transceiver in self.connection.getTransceivers():
            sends = transceiver.sender.track is not None
            if transceiver.kind == kind and sends and transceiver.mid is not None:
                track = self.native.new_id()
                self.native.publish(self.peer, transceiver.mid, track)
                return track
        raise LookupError(kind)

    async def mid_of(self, track: int, since: int = 0) -> str:
        """The section in which `track` arrives."""
        mapped = await self.driver.wait(
            _native.Mapped,
            lambda event: event.peer == self.peer and track in event.tracks.values(),
            since,
        )
        return next(mid for mid, carried in mapped.tracks.items() if carried == track)

    async def frames(self, track: int, count: int, since: int = 0) -> list[Any]:
        """The next frames of a track as this client receives them."""
        mid = await self.mid_of(track, since)
        await self.driver.until(lambda: mid in self.received)
        queue = self.received[mid]
        while not queue.empty():
            queue.get_nowait()
        async with asyncio.timeout(PATIENCE):
            return [await queue.get() for _ in range(count)]


def _candidates_everywhere(sdp: str) -> str:
    """Repeat the candidates in every section: aiortc takes those of the last one of a bundle, where
    RFC 8843 §7.1.3 has them in the first.
    """
    head, *sections = sdp.split("m=")
    ending = ("a=candidate:", "a=end-of-candidates")
    lines = [line for line in sdp.splitlines(True) if line.startswith(ending)]
    bare = ["".join(line for line in s.splitlines(True) if line not in lines) for s in sections]
    return head + "".join("m=" + section + "".join(lines) for section in bare)


async def _read(track: MediaStreamTrack, queue: asyncio.Queue[Any]) -> None:
    try:
        while True:
            queue.put_nowait(await track.recv())
    except Exception:
        return


class Tone(MediaStreamTrack):
    """A sine of one frequency, 48 kHz mono in frames of 20 ms."""

    kind = "audio"

    def __init__(self, frequency: float, amplitude: int = 12_000) -> None:
        super().__init__()
        self.frequency = frequency
        self.amplitude = amplitude
        self._sent = 0
        self._start = 0.0

    async def recv(self) -> av.AudioFrame:
        loop = asyncio.get_running_loop()
        if self._sent == 0:
            self._start = loop.time()
        await asyncio.sleep(max(0.0, self._start + self._sent / 48_000 - loop.time()))
        samples = tone(self.frequency, 960, self._sent, 48_000, self.amplitude)
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = 48_000
        frame.pts = self._sent
        frame.time_base = fractions.Fraction(1, 48_000)
        self._sent += 960
        return frame


class Flat(MediaStreamTrack):
    """A picture of one brightness (0 … 255), 320×240 at 20 frames a second."""

    kind = "video"

    def __init__(self, brightness: int) -> None:
        super().__init__()
        self.brightness = brightness
        self._sent = 0
        self._start = 0.0

    async def recv(self) -> av.VideoFrame:
        loop = asyncio.get_running_loop()
        if self._sent == 0:
            self._start = loop.time()
        await asyncio.sleep(max(0.0, self._start + self._sent / 20 - loop.time()))
        picture = np.full((360, 320), 128, dtype=np.uint8)
        picture[:240] = self.brightness
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts = self._sent * 4500
        frame.time_base = fractions.Fraction(1, 90_000)
        self._sent += 1
        return frame


def tone(
    frequency: float, count: int, start: int = 0, rate: int = 48_000, amplitude: int = 12_000
) -> np.ndarray[Any, np.dtype[np.int16]]:
    """Samples of a sine."""
    phase = 2 * np.pi * frequency * (np.arange(count) + start) / rate
    return (np.sin(phase) * amplitude).astype(np.int16)


def pitch(samples: np.ndarray[Any, Any], rate: int) -> float:
    """The strongest frequency."""
    mono = samples.astype(np.float64).reshape(-1)
    spectrum = np.abs(np.fft.rfft(mono * np.hanning(len(mono))))
    return float(np.argmax(spectrum) * rate / len(mono))


def brightness(frame: av.VideoFrame) -> float:
    """Mean luminance."""
    return float(frame.to_ndarray(format="yuv420p")[: frame.height].mean())


def pitch_of(frames: list[av.AudioFrame]) -> float:
    """The strongest frequency in received frames."""
    channels = len(frames[0].layout.channels)
    samples = np.concatenate([frame.to_ndarray().reshape(-1, channels)[:, 0] for frame in frames])
    return pitch(samples, frames[0].sample_rate)
