"""Sounds of telephones, and their packets: something like speech, the noise of a quiet room, and
clicks to be found again. It knows samples and codecs, no network.
"""

from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

PCMU: tuple[int, str, int, int, str] = (0, "PCMU", 8000, 1, "")
OPUS: tuple[int, str, int, int, str] = (96, "opus", 48000, 2, "")
FRAME = 0.02  # s
SPEECH, ROOM = 4000.0, 8.0  # amplitudes

Samples = NDArray[np.float64]


def speech(rate: int, seconds: float, seed: int) -> Samples:
    """Harmonics of a voice in syllables, with pauses between words."""
    random = np.random.default_rng(seed)
    time = np.arange(int(rate * seconds)) / rate
    pitch = 110 + 60 * random.random()
    sweep = 2 * np.pi * pitch * (time + 0.01 * np.sin(2 * np.pi * 0.7 * time))
    voice = sum(np.sin(sweep * n) / n for n in range(1, 20) if n * pitch < rate / 2)
    syllables = np.clip(np.sin(2 * np.pi * (3 + seed % 3) * time), 0.05, 1)
    words = np.where(np.sin(2 * np.pi * 0.4 * time + seed) > -0.8, 1.0, 0.02)
    return np.asarray(voice * syllables * words * SPEECH + quiet(rate, seconds, seed))


def quiet(rate: int, seconds: float, seed: int) -> Samples:
    """Noise at about -70 dBov."""
    return np.random.default_rng(seed).standard_normal(int(rate * seconds)) * ROOM


def pcmu(samples: Samples) -> bytes:
    """G.711 µ-law (ITU-T G.711): sign, exponent, four bits of mantissa, all inverted."""
    sign = np.where(samples < 0, 0x80, 0)
    size = np.clip(np.abs(samples), 0, 32_635).astype(np.int64) + 132
    exponent = np.floor(np.log2(size)).astype(np.int64) - 7
    mantissa = (size >> (exponent + 3)) & 0x0F
    return bytes((~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8))


def from_pcmu(data: bytes) -> NDArray[np.int64]:
    """The samples of µ-law bytes."""
    codes = ~np.frombuffer(data, dtype=np.uint8).astype(np.int64) & 0xFF
    size = (((codes & 0x0F) << 3) + 132 << ((codes >> 4) & 7)) - 132
    return np.where(codes & 0x80, -size, size)


def pcmu_packets(samples: Samples) -> list[bytes]:
    """Payloads of 20 ms of 8 kHz each."""
    data = pcmu(samples)
    return [data[at : at + 160] for at in range(0, len(data), 160)]


def opus_packets(samples: Samples) -> list[bytes]:
    """Payloads of 20 ms of 48 kHz each."""
    encoder: Any = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = 48_000, "mono", "s16"
    encoder.bit_rate, encoder.options = 32_000, {"application": "voip"}
    packets = []
    for at in range(0, len(samples) - 959, 960):
        part = np.clip(samples[at : at + 960], -32_000, 32_000).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(part.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts = 48_000, at
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    return packets


def payloads(name: str, loud: bool, seconds: float, seed: int) -> list[bytes]:
    """A talker's or a listener's payloads in `PCMU` or `opus`."""
    rate = 8000 if name == "PCMU" else 48_000
    samples = (speech if loud else quiet)(rate, seconds, seed)
    return pcmu_packets(samples) if name == "PCMU" else opus_packets(samples)


CLICK_AT = 40  # samples of 8 kHz into its packet: 5 ms
_WIDTH = 24


def click() -> bytes:
    """20 ms of soft noise with a short loud pulse of 1 kHz at `CLICK_AT`, its highest point."""
    samples = np.random.default_rng(1).standard_normal(160) * 300
    time = np.arange(-_WIDTH, _WIDTH + 1)
    pulse = np.cos(2 * np.pi * time / 8) * np.cos(np.pi * time / (2 * _WIDTH + 2)) ** 2
    samples[CLICK_AT - _WIDTH : CLICK_AT + _WIDTH + 1] += 20_000 * pulse
    return pcmu(samples)


def soft(seed: int) -> bytes:
    """20 ms of what is between clicks."""
    return pcmu(np.random.default_rng(seed).standard_normal(160) * 300)


def find_click(payload: bytes) -> int | None:
    """Where the highest point of a click is in a payload of PCMU."""
    samples = np.abs(from_pcmu(payload))
    at = int(np.argmax(samples))
    return at if samples[at] > 10_000 else None
