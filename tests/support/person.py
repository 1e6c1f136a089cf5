"""People with a picture and a tone of their own, as files for fake devices; knows no browser."""

import colorsys
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np

WIDTH, HEIGHT, RATE = 640, 360, 15
SECONDS = 2
SAMPLE_RATE = 48_000


@dataclass(frozen=True)
class Person:
    """Who is told from the others by the hue of the picture (degrees) and the tone (Hz)."""

    name: str
    hue: float
    frequency: float
    screen_hue: float = 0.0


ANN = Person("Ann", 0, 520, 180)
BEN = Person("Ben", 120, 880, 300)
CLEO = Person("Cléo", 240, 1400, 60)


def write_picture(person: Person, path: Path) -> Path:
    """A YUV4MPEG2 file that loops: the person's hue, and a white bar moving across."""
    red, green, blue = (255 * part for part in colorsys.hls_to_rgb(person.hue / 360, 0.5, 1.0))
    # ITU-R BT.601, limited range.
    luma = 16 + (65.738 * red + 129.057 * green + 25.064 * blue) / 256
    cb = 128 + (-37.945 * red - 74.494 * green + 112.439 * blue) / 256
    cr = 128 + (112.439 * red - 94.154 * green - 18.285 * blue) / 256
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{RATE}:1 Ip A1:1 C420jpeg\n".encode())
        for number in range(RATE * SECONDS):
            bar = int(number / (RATE * SECONDS) * WIDTH * 0.9) & ~1
            planes = [(luma, 235, 1), (cb, 128, 2), (cr, 128, 2)]
            file.write(b"FRAME\n")
            for value, white, step in planes:
                plane = np.full((HEIGHT // step, WIDTH // step), round(value), np.uint8)
                plane[:, bar // step : (bar + WIDTH // 10) // step] = white
                file.write(plane.tobytes())
    return path


def write_tone(person: Person, path: Path) -> Path:
    """A WAV file that loops: pulses of the person's tone (a steady one is taken for noise)."""
    time = np.arange(SAMPLE_RATE * SECONDS) / SAMPLE_RATE
    gate = ((time * 1.5) % 1 < 0.7).astype(float)
    # Soft edges of 10 ms, so that the pulses do not click.
    gate = np.convolve(gate, np.ones(480) / 480, "same")
    samples = (0.4 * gate * np.sin(2 * np.pi * person.frequency * time) * 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(samples.tobytes())
    return path


def hue_distance(one: float, other: float) -> float:
    """Degrees between two hues, 0 to 180."""
    return abs((one - other + 180) % 360 - 180)
