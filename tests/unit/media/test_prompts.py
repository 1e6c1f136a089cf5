"""Recorded prompts: each name has a recording that can be heard, and no other name has."""

import struct
from importlib import resources

import numpy as np
import pytest

from antiphon.core.reason import Reason, Refused
from antiphon.media import prompts
from antiphon.media.prompts import CHIMES, NAMES, RATE, TEXTS, Prompts, decode


@pytest.mark.parametrize("name", sorted(NAMES))
def test_each_prompt_can_be_heard(name: str) -> None:
    samples = Prompts().load(name)
    assert samples.dtype == np.int16
    # Some 15 letters a second, give or take; a chime is as long as its notes.
    seconds = len(TEXTS[name]) / 15 if name in TEXTS else 0.2 * len(CHIMES[name])
    assert seconds / 2 < len(samples) / RATE < seconds * 2 + 0.3
    loudness = np.sqrt(np.mean(samples.astype(float) ** 2)) / 32768
    assert 0.05 < loudness < 0.2
    assert np.abs(samples[-160:]).max() < 3000, "it does not end in a click"


def test_there_are_as_many_recordings_as_names_and_they_are_small() -> None:
    folder = resources.files(prompts)
    files = {file.name: len(file.read_bytes()) for file in folder.iterdir() if ".wav" in file.name}
    assert files.keys() == {f"{name}.wav" for name in NAMES}
    assert sum(files.values()) < 500_000


def test_a_prompt_is_read_once() -> None:
    loader = Prompts()
    assert loader.load("welcome") is loader.load("welcome")


@pytest.mark.parametrize("name", ["", "nonsense", "../welcome", "welcome.wav"])
def test_unknown_prompts_are_refused(name: str) -> None:
    with pytest.raises(Refused) as error:
        Prompts().load(name)
    assert error.value.reason is Reason.NOT_FOUND


def wave(form: tuple[int, int, int], data: bytes) -> bytes:
    body = struct.pack("<HHIIHH", *form, 16_000, 1, 8)
    chunks = b"odd \x01\x00\x00\x00x\x00fmt \x10\x00\x00\x00" + body
    chunks += b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks


def test_mu_law_is_decoded_as_itu_t_g_711_says() -> None:
    decoded = decode(wave((7, 1, RATE), bytes([0xFF, 0x7F, 0x80, 0x00, 0xEF, 0x8F])))
    assert decoded.tolist() == [0, 0, 32124, -32124, 132, 16764]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF\x00\x00\x00\x00WAVE",
        wave((1, 1, RATE), b"xx"),
        wave((7, 2, RATE), b"xx"),
        wave((7, 1, 8000), b"xx"),
        b"OggS" + bytes(100),
    ],
)
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not"):
        decode(data)
