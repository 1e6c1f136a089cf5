"""Installs a plug-in package of the examples, as somebody would who has one; knows pip."""

import subprocess
import sys
from pathlib import Path

from tests.support.node import ROOT


def install(name: str, folder: Path) -> Path:
    """The package `examples/NAME`, into a folder; that folder."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-input"]
    package = ROOT / "examples" / name
    subprocess.run(
        [*command, "--disable-pip-version-check", "--target", str(folder), str(package)],
        check=True,
        timeout=150,
    )
    return folder
