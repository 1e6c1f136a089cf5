"""The data folder of a node: one node at a time uses it, and says in it how to reach it.

The lock is the kernel's (flock), so that a crash leaves nothing behind; `node.json` tells other
commands of the same machine where the node listens.
"""

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from antiphon.net.tls import write_private

LOCK = "lock"
RUNTIME = "node.json"


class FolderInUse(Exception):
    """Another node uses this data folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """How to reach a running node.

    `url`: for commands of this machine. `certificate`: file of the certificate of HTTPS, empty
    without. `listening`: (protocol, address) pairs."""

    pid: int
    url: str
    certificate: str
    version: str
    listening: list[list[str]]


class DataFolder:
    """The folder, locked until `close`."""

    def __init__(self, path: Path) -> None:
        """Create and lock it. Raises `FolderInUse` or OSError."""
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise FolderInUse(f"another node uses the data folder {path}") from None
        # What a killed node left.
        (path / RUNTIME).unlink(missing_ok=True)

    def announce(self, running: Running) -> None:
        """Say how to reach this node."""
        write_private(self.path / RUNTIME, json.dumps(asdict(running)).encode())

    def close(self) -> None:
        """Give the folder back."""
        (self.path / RUNTIME).unlink(missing_ok=True)
        os.close(self._lock)


def find_running(path: Path) -> Running | None:
    """The node that uses this data folder now; None if there is none, or it is still starting."""
    try:
        descriptor = os.open(path / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(path / RUNTIME)
    else:
        return None
    finally:
        os.close(descriptor)


def _read(path: Path) -> Running | None:
    try:
        return Running(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
