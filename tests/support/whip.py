"""WHIP and WHEP with aiortc: a person who publishes, and one who watches what comes."""

import asyncio
import contextlib
import fractions
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aioice.ice
import httpx
import numpy as np
import pytest
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, AudioResampler, VideoFrame
from numpy.typing import NDArray

from tests.support.person import (
    RATE,
    SAMPLE_RATE,
    Person,
    frequency_of,
    hue_of,
    picture_of,
    tone_of,
)

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
AUDIO_FRAME = SAMPLE_RATE // 50


@pytest.fixture
def loopback_candidates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let aioice offer 127.0.0.1 alone: nodes in development mode are there."""
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda **_: ["127.0.0.1"])


class Camera(MediaStreamTrack):
    """The person's picture, at its pace."""

    kind = "video"

    def __init__(self, person: Person) -> None:
        super().__init__()
        self._person = person
        self._start = time.monotonic()
        self._number = 0

    async def recv(self) -> VideoFrame:
        at = self._number / RATE
        await asyncio.sleep(self._start + at - time.monotonic())
        frame = VideoFrame.from_ndarray(picture_of(self._person, at), format="rgb24")
        frame.pts, frame.time_base = int(at * 90_000), fractions.Fraction(1, 90_000)
        self._number += 1
        return frame


class Microphone(MediaStreamTrack):
    """The person's tone, at its pace."""

    kind = "audio"

    def __init__(self, person: Person) -> None:
        super().__init__()
        self._person = person
        self._start = time.monotonic()
        self._sent = 0

    async def recv(self) -> AudioFrame:
        await asyncio.sleep(self._start + self._sent / SAMPLE_RATE - time.monotonic())
        samples = tone_of(self._person, self._sent, AUDIO_FRAME)
        frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        frame.pts, frame.time_base = self._sent, fractions.Fraction(1, SAMPLE_RATE)
        self._sent += AUDIO_FRAME
        return frame


@dataclass
class Watcher:
    """What arrives at a peer connection, decoded."""

    pictures: int = 0
    samples: int = 0
    hue: float | None = None
    sound: NDArray[np.int16] = field(default_factory=lambda: np.zeros(0, np.int16))
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _last: float = 0.0
    _gap: float = 0.0

    def watch(self, track: MediaStreamTrack) -> None:
        take = self._pictures if track.kind == "video" else self._sounds
        self.tasks.append(asyncio.create_task(take(track)))

    @property
    def frequency(self) -> float | None:
        """Strongest frequency of the last second."""
        return frequency_of(self.sound) if len(self.sound) >= SAMPLE_RATE else None

    def forget(self) -> None:
        """What comes from now on is new."""
        self.pictures, self.hue, self.sound = 0, None, np.zeros(0, np.int16)

    def start_clock(self) -> None:
        """Gaps count from now on."""
        self._last, self._gap = time.monotonic(), 0.0

    def longest_gap(self) -> float:
        """Longest time without sound since the clock started, in seconds."""
        return max(self._gap, time.monotonic() - self._last)

    async def _pictures(self, track: MediaStreamTrack) -> None:
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                assert isinstance(frame, VideoFrame)
                self.pictures += 1
                if self.pictures % 5 == 0:
                    picture = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
                    self.hue = hue_of(picture[::8, ::8])

    async def _sounds(self, track: MediaStreamTrack) -> None:
        resampler = AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                assert isinstance(frame, AudioFrame)
                self.samples += frame.samples
                now = time.monotonic()
                self._last, self._gap = now, max(self._gap, now - self._last)
                for part in resampler.resample(frame):
                    new = part.to_ndarray().reshape(-1)
                    self.sound = np.concatenate([self.sound, new])[-SAMPLE_RATE:]


@dataclass
class Session:
    """A WHIP or WHEP session: the peer connection and its resource at the server."""

    http: httpx.AsyncClient
    connection: RTCPeerConnection
    watcher: Watcher
    location: str = ""
    etag: str = ""
    answer: str = ""

    async def begin(self, endpoint: str) -> None:
        """Offer with all candidates, and take the answer."""
        await self.connection.setLocalDescription(await self.connection.createOffer())
        offer = self.connection.localDescription.sdp
        response = await self.http.post(endpoint, content=offer, headers={"Content-Type": SDP})
        assert response.status_code == 201, response.text
        assert response.headers["Content-Type"].startswith(SDP)
        self.location, self.etag = response.headers["Location"], response.headers["ETag"]
        self.answer = response.text
        description = RTCSessionDescription(sdp=self.answer, type="answer")
        await self.connection.setRemoteDescription(description)

    async def patch(self, fragment: str, etag: str | None) -> httpx.Response:
        headers = {"Content-Type": FRAGMENT} | ({} if etag is None else {"If-Match": etag})
        return await self.http.patch(self.location, content=fragment, headers=headers)

    def own_fragment(self) -> str:
        """Our credentials and candidates, as RFC 8840 §9 has them."""
        sdp = self.connection.localDescription.sdp
        wanted = r"^(?:a=ice-ufrag|a=ice-pwd|m=|a=mid|a=candidate).*$"
        lines: list[str] = []
        for line in re.findall(wanted, sdp, re.MULTILINE):
            name = line.split(":" if line.startswith("a=") else "=")[0]
            if name == "a=candidate" or not any(one.startswith(name) for one in lines):
                lines.append(line.strip())
        return "\r\n".join([*lines, "a=end-of-candidates", ""])

    async def delete(self) -> httpx.Response:
        return await self.http.delete(self.location)


@contextlib.asynccontextmanager
async def session(url: str, token: str | None = None) -> AsyncIterator[Session]:
    """A peer without tracks yet; its connection and tasks end with it."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    watcher = Watcher()
    connection.on("track", watcher.watch)
    async with httpx.AsyncClient(base_url=url, headers=headers) as http:
        try:
            yield Session(http, connection, watcher)
        finally:
            await connection.close()
            for task in watcher.tasks:
                task.cancel()
            await asyncio.gather(*watcher.tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def publishing(url: str, room: str, person: Person) -> AsyncIterator[Session]:
    """The person publishes into the room by WHIP."""
    async with session(url) as publisher:
        publisher.connection.addTransceiver(Microphone(person), direction="sendonly")
        publisher.connection.addTransceiver(Camera(person), direction="sendonly")
        await publisher.begin(f"/rooms/{room}/whip?name={person.name}")
        yield publisher


@contextlib.asynccontextmanager
async def playing(url: str, room: str, member: str | None = None) -> AsyncIterator[Session]:
    """Somebody plays the room's speaker, or `member`, by WHEP."""
    async with session(url) as player:
        player.connection.addTransceiver("audio", direction="recvonly")
        player.connection.addTransceiver("video", direction="recvonly")
        await player.begin(f"/rooms/{room}/whep" + (f"?member={member}" if member else ""))
        yield player
