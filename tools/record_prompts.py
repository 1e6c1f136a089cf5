"""Records the announcements for telephones from their texts in `antiphon.media.prompts`.

Run from anywhere in a checkout: `python tools/record_prompts.py [NAME…]`. It needs an `ffmpeg` with
the speech synthesizer flite. Each file is a WAVE of mono μ-law at 16 kHz: small, and any player
plays it.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from antiphon.media.prompts import CHIMES, RATE, TEXTS

FOLDER = Path(__file__).resolve().parent.parent / "python/antiphon/media/prompts"
VOICE = "slt"
# Silence at both ends is cut; all are as loud as each other (EBU R 128).
TRIM = "silenceremove=start_periods=1:start_threshold=-45dB"
SPEECH = f"{TRIM},areverse,{TRIM},areverse,loudnorm=I=-20:TP=-3:LRA=7,apad=pad_dur=0.1"
NOTE = "aevalsrc=exprs=0.25*exp(-9*t)*sin(2*PI*{frequency}*t):s=16000:d=0.22"


def main(arguments: list[str]) -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these")
    names = parser.parse_args(arguments).names or [*TEXTS, *CHIMES]
    if unknown := set(names) - {*TEXTS, *CHIMES}:
        parser.error(f"no such prompt: {', '.join(sorted(unknown))}")
    if shutil.which("ffmpeg") is None:
        print("ffmpeg is not installed", file=sys.stderr)
        return 1
    for name in names:
        filters = chime(CHIMES[name]) if name in CHIMES else speech(TEXTS[name])
        record(FOLDER / f"{name}.wav", filters)
        print(name)
    return 0


def speech(text: str) -> str:
    """A filter graph that speaks."""
    quoted = text.replace("\\", "\\\\").replace("'", r"\'").replace(",", r"\,")
    return f"flite=text='{quoted}':voice={VOICE},aresample={RATE},{SPEECH}[out]"


def chime(notes: tuple[float, ...]) -> str:
    """A filter graph that sounds notes one after the other."""
    parts = [f"{NOTE.format(frequency=one)}[n{index}]" for index, one in enumerate(notes)]
    together = "".join(f"[n{index}]" for index in range(len(notes)))
    return ";".join([*parts, f"{together}concat=n={len(notes)}:v=0:a=1[out]"])


def record(path: Path, filters: str) -> None:
    """Render a filter graph into a file, the same bytes each time."""
    quiet = ["ffmpeg", "-hide_banner", "-loglevel", "error", "-y"]
    form = ["-ar", str(RATE), "-ac", "1", "-c:a", "pcm_mulaw"]
    nameless = ["-fflags", "+bitexact", "-map_metadata", "-1"]
    graph = ["-filter_complex", filters, "-map", "[out]"]
    subprocess.run([*quiet, *graph, *form, *nameless, str(path)], check=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
