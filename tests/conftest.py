"""Fixtures for all tests: a folder for artefacts that are kept after the run."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def artifacts(request: pytest.FixtureRequest) -> Path:
    """A folder of this test's own under `test-artifacts/`, for screenshots, logs and captures."""
    name = re.sub(r"[^\w.-]+", "-", request.node.nodeid.removeprefix("tests/")).strip("-")
    folder = ROOT / "test-artifacts" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder
