"""People with a picture and a tone of their own, as files for fake devices; knows no browser."""

import colorsys
import subprocess
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

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
    samples = tone_of(person, 0, SAMPLE_RATE * SECONDS)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(samples.astype("<i2").tobytes())
    return path


def hue_distance(one: float, other: float) -> float:
    """Degrees between two hues, 0 to 180."""
    return abs((one - other + 180) % 360 - 180)


def encode(person: Person, folder: Path, suffix: str) -> tuple[Path, Path]:
    """The person as files for programs without a camera: `ivf` (VP8) or `h264`, and Ogg (Opus).

    A keyframe comes every second; an Ogg page has one packet, so a reader of pages has the pace.
    """
    picture = write_picture(person, folder / f"{person.name}.y4m")
    tone = write_tone(person, folder / f"{person.name}.wav")
    video, audio = folder / f"{person.name}.{suffix}", folder / f"{person.name}.ogg"
    codecs = {
        "ivf": ("libvpx", "-deadline", "realtime"),
        # One slice a picture: the publisher reads NAL units, not pictures.
        "h264": ("libx264", "-profile:v", "baseline", "-x264-params", "slices=1"),
    }
    keyframes = ("-g", str(RATE), "-b:v", "500k", "-pix_fmt", "yuv420p")
    ffmpeg(picture, "-c:v", *codecs[suffix], *keyframes, video)
    ffmpeg(tone, "-c:a", "libopus", "-b:a", "48k", "-page_duration", "20000", audio)
    return video, audio


def ffmpeg(source: Path, *arguments: str | Path) -> None:
    command = ["ffmpeg", "-y", "-loglevel", "error", "-i", source, *arguments]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def picture_of(person: Person, at: float) -> NDArray[np.uint8]:
    """The picture at a time in seconds: RGB, shape (HEIGHT, WIDTH, 3)."""
    colour = [round(255 * part) for part in colorsys.hls_to_rgb(person.hue / 360, 0.5, 1.0)]
    picture = np.full((HEIGHT, WIDTH, 3), colour, np.uint8)
    bar = int((at / SECONDS) % 1 * WIDTH * 0.9)
    picture[:, bar : bar + WIDTH // 10] = 255
    return picture


def tone_of(person: Person, start: int, count: int) -> NDArray[np.int16]:
    """`count` samples at SAMPLE_RATE from sample `start` on: pulses of the person's tone."""
    time = (start + np.arange(count)) / SAMPLE_RATE
    gate = (time * 1.5) % 1 < 0.7
    return (0.4 * gate * np.sin(2 * np.pi * person.frequency * time) * 32767).astype(np.int16)


def hue_of(picture: NDArray[np.uint8]) -> float | None:
    """Mean hue in degrees of the coloured pixels of an RGB picture, or None without any."""
    pixels = picture.reshape(-1, 3).astype(np.float64)
    pixels = pixels[pixels.max(axis=1) - pixels.min(axis=1) > 60]
    if len(pixels) == 0:
        return None
    red, green, blue = pixels.T
    angles = np.arctan2(np.sqrt(3) * (green - blue), 2 * red - green - blue)
    return float(np.degrees(np.arctan2(np.sin(angles).mean(), np.cos(angles).mean())) % 360)


def frequency_of(samples: NDArray[np.int16]) -> float | None:
    """Strongest frequency (Hz) of mono samples at SAMPLE_RATE, or None in silence."""
    if len(samples) == 0 or np.abs(samples).max() < 500:
        return None
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    spectrum[0] = 0
    return float(np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)[spectrum.argmax()])
