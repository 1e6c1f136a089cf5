"""Fixtures of tests with real browsers and nodes."""

import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NoReturn

import pytest
import pytest_asyncio

from tests.support import network
from tests.support.browser import DRIVER, installed
from tests.support.node import Node, run_node
from tests.support.sound import silent_sound_server


def unavailable(reason: str) -> NoReturn:
    """Skip what this machine cannot run; on a machine for tests that is a failure."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def namespaces() -> None:
    """Network namespaces can be made here."""
    if reason := network.missing():
        unavailable(reason)


@pytest.fixture(scope="session")
def browser_driver() -> None:
    """The driver's packages, installed as its lock file says."""
    npm = shutil.which("npm")
    programs = {
        "Chromium": installed("chrome"),
        "Firefox": installed("firefox"),
        "PulseAudio": shutil.which("pulseaudio"),
        "npm": npm,
    }
    if missing := [name for name, path in programs.items() if path is None]:
        unavailable(f"not installed: {', '.join(missing)} (see tools/test_packages.sh)")
    assert npm is not None
    if not (DRIVER / "node_modules" / ".package-lock.json").exists():
        subprocess.run([npm, "ci", "--ignore-scripts", "--silent"], cwd=DRIVER, check=True)


@pytest_asyncio.fixture
async def sound(
    browser_driver: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[None]:
    """A sound server that browsers started in this test find."""
    folder = tmp_path / "sound"
    folder.mkdir()
    async with silent_sound_server(folder) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield


@pytest_asyncio.fixture
async def node(tmp_path: Path, artifacts: Path) -> AsyncIterator[Node]:
    """A node in development mode with an empty data folder; its log is kept."""
    data = tmp_path / "data"
    data.mkdir()
    async with run_node(data, artifacts / "node.log") as running:
        yield running
