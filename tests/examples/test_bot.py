"""The parrot example, as its own process, heard by an independent WebRTC client (aiortc)."""

import asyncio
import contextlib
import fractions
import itertools
import json
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import websockets
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from av import AudioFrame
from numpy.typing import NDArray

from tests.support.node import ANY_PORT, ROOT

RATE = 48000
PITCH = 880.0


class Tone(MediaStreamTrack):
    """A sine of PITCH Hz, in frames of 20 ms at the pace of the clock."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._numbers = itertools.count()
        self._begun = asyncio.get_event_loop().time()

    async def recv(self) -> AudioFrame:
        number = next(self._numbers)
        loop = asyncio.get_event_loop()
        await asyncio.sleep(max(0.0, self._begun + number * 0.02 - loop.time()))
        times = (np.arange(960) + number * 960) / RATE
        samples = (np.sin(2 * np.pi * PITCH * times) * 12000).astype(np.int16)
        frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = RATE
        frame.pts = number * 960
        frame.time_base = fractions.Fraction(1, RATE)
        return frame


def pitch(samples: NDArray[np.float64]) -> float:
    """The strongest frequency, in Hz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * RATE / len(samples))


class Visitor:
    """Speaks the room WebSocket."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self.socket = socket
        self.numbers = itertools.count(1)
        self.said: list[str] = []

    async def ask(self, kind: str, **fields: Any) -> dict[str, Any]:
        number = next(self.numbers)
        await self.socket.send(json.dumps({"type": kind, "id": number, **fields}))
        while True:
            message: dict[str, Any] = json.loads(await self.socket.recv())
            if message["type"] == "said":
                self.said.append(message["message"]["text"])
            if message.get("id") == number:
                assert message["type"] != "refused", message
                return message

    async def hears(self, text: str) -> None:
        while text not in self.said:
            message = json.loads(await self.socket.recv())
            if message["type"] == "said":
                self.said.append(message["message"]["text"])


@contextlib.asynccontextmanager
async def parrot(data: Path, log: Path) -> AsyncIterator[str]:
    """The example, running; the address of its server."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("ANTIPHON_")}
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(ROOT / "examples" / "bot.py"),
            stdout=asyncio.subprocess.PIPE,
            stderr=file,
            env=clean | ANY_PORT | {"ANTIPHON_NODE_DATA": str(data)},
        )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            line = (await process.stdout.readline()).decode()
        found = re.match(r"(http://\S+)/r/parrot\?name=Ann&join", line)
        assert found is not None, f"printed {line!r}: {log.read_text()}"
        yield found[1]
    finally:
        process.terminate()
        await process.wait()


async def enter(visitor: Visitor, connection: RTCPeerConnection, token: str) -> list[str]:
    """Join the parrot's room and send a tone; the messages that were there already."""
    await visitor.socket.send(json.dumps({"type": "hello", "token": token}))
    await visitor.socket.recv()
    joined = await visitor.ask("join", room="parrot", name="Ann")
    connection.addTransceiver(Tone(), direction="sendrecv")
    await connection.setLocalDescription(await connection.createOffer())
    answered = await visitor.ask("offer", sdp=connection.localDescription.sdp)
    await connection.setRemoteDescription(RTCSessionDescription(answered["sdp"], "answer"))
    await visitor.ask("publish", mid="0", source="microphone")
    return [message["text"] for message in joined["room"]["messages"]]


async def first_sound(track: MediaStreamTrack, seconds: float = 0.5) -> NDArray[np.float64]:
    """What is heard first, silence left out."""
    parts: list[NDArray[np.float64]] = []
    while sum(map(len, parts)) < RATE * seconds:
        frame = await track.recv()
        assert isinstance(frame, AudioFrame)
        samples = frame.to_ndarray().reshape(-1, len(frame.layout.channels)).mean(axis=1)
        if np.abs(samples).max() > 1000:
            parts.append(samples)
    return np.concatenate(parts)


async def test_the_parrot_greets_and_says_it_again_an_octave_lower(
    tmp_path: Path, artifacts: Path
) -> None:
    async with parrot(tmp_path, artifacts / "bot.log") as url, asyncio.timeout(40):
        async with httpx.AsyncClient(base_url=url) as client:
            guest = await client.post("/api/v1/auth/guest", json={"name": "Ann"})
        async with websockets.connect(f"{url.replace('http', 'ws', 1)}/ws") as socket:
            connection = RTCPeerConnection()
            tracks: asyncio.Queue[MediaStreamTrack] = asyncio.Queue()
            connection.on("track", tracks.put_nowait)
            visitor = Visitor(socket)
            before = await enter(visitor, connection, guest.json()["token"])
            assert before[0].startswith("Hello!")
            await visitor.hears("Welcome, Ann!")
            heard = await first_sound(await tracks.get())
            await connection.close()
    assert pitch(heard) == pytest.approx(PITCH / 2, abs=15)
