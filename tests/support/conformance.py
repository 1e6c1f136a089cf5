"""Where published test vectors lie: they belong to others and are not part of the project."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def folder(name: str) -> Path:
    """The folder of that name (`sip/rfc4475`, `g722`), by `ANTIPHON_CONFORMANCE` or beside the
    checkout; skips the test where there is none, and says so.
    """
    given = os.environ.get("ANTIPHON_CONFORMANCE")
    root = Path(given) if given else ROOT.parent / "shared" / "conformance"
    if not (found := root / name).is_dir():
        pytest.skip(f"no published vectors of {name}: set ANTIPHON_CONFORMANCE to their folder")
    return found
