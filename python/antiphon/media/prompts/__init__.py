"""Recorded announcements for telephones: what they are called, what they say, and their samples.

`tools/record_prompts.py` records them from the texts below; a chime has no text.
"""

import struct
from collections.abc import Mapping
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from antiphon.core.reason import Reason, Refused

RATE = 16_000
TEXTS: Mapping[str, str] = {
    "welcome": "Welcome.",
    "enter_room_number": "Please enter the room number, followed by the hash key.",
    "no_such_room": "There is no such room.",
    "enter_pin": "Please enter the pin, followed by the hash key.",
    "wrong_pin": "That pin is not correct.",
    "not_allowed": "You may not enter this room.",
    "room_full": "This room is full.",
    "alone": "You are the first one here.",
    "muted": "You are muted.",
    "unmuted": "You can be heard.",
    "goodbye": "Goodbye.",
}
# Notes in Hz, one after the other: somebody comes, somebody goes.
CHIMES: Mapping[str, tuple[float, ...]] = {"joined": (660.0, 880.0), "left": (660.0, 440.0)}
NAMES = frozenset({*TEXTS, *CHIMES})
MU_LAW = 7  # RFC 2361: the format tag of G.711 μ-law in WAVE files
MOST_BYTES = 1 << 20


class Prompts:
    """Loads each prompt once. Samples are int16, mono, at `rate`."""

    rate = RATE

    def __init__(self) -> None:
        self._loaded: dict[str, NDArray[np.int16]] = {}

    def load(self, name: str) -> NDArray[np.int16]:
        """The samples of a prompt. Raises `Refused(NOT_FOUND)`."""
        if (samples := self._loaded.get(name)) is None:
            if name not in NAMES:
                raise Refused(Reason.NOT_FOUND, f"There is no prompt {name!r}.")
            data = resources.files(__name__).joinpath(f"{name}.wav").read_bytes()
            samples = self._loaded[name] = decode(data)
        return samples


def decode(data: bytes) -> NDArray[np.int16]:
    """Samples of a WAVE file of mono μ-law at `RATE`. Raises ValueError for another."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE" or len(data) > MOST_BYTES:
        raise ValueError("not a WAVE file, or a very long one")
    known, at = False, 12
    while at + 8 <= len(data):
        chunk, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        body = data[at + 8 : at + 8 + length]
        if chunk == b"fmt ":
            known = struct.unpack_from("<HHI", body) == (MU_LAW, 1, RATE)
        elif chunk == b"data" and known:
            return MU_LAW_SAMPLES[np.frombuffer(body, np.uint8)]
        at += 8 + length + length % 2
    raise ValueError(f"not mono μ-law at {RATE} Hz")


def _mu_law() -> NDArray[np.int16]:
    """ITU-T G.711, table 2: the sample of each of the 256 codes, in 16 bits."""
    code = ~np.arange(256, dtype=np.uint8)
    exponent, mantissa = (code >> 4) & 7, code & 15
    magnitude = (((mantissa.astype(np.int32) << 3) + 0x84) << exponent) - 0x84
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


MU_LAW_SAMPLES = _mu_law()
