"""The node's own secret: made once, kept in the data folder, read by nobody else."""

import logging
import os
import secrets
import stat
from pathlib import Path

from .config import MIN_SECRET_BYTES

log = logging.getLogger(__name__)

FILE = "secret"
_MODE = 0o600


def node_secret(folder: Path) -> bytes:
    """The secret in `folder`, made first if there is none; processes that race get the same one.

    Raises OSError if the folder cannot be used, ValueError if the file holds no secret.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    if not path.exists():
        _create(path)
    return _read(path)


def _create(path: Path) -> None:
    """Write aside, then link: the name appears with all its bytes, and only for the first."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, _MODE)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(MIN_SECRET_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(aside)
        except FileExistsError:
            return  # another process was first
        _sync(path.parent)
    finally:
        aside.unlink(missing_ok=True)


def _read(path: Path) -> bytes:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        log.warning("%s could be read by others (mode %o): closed to them now", path, mode)
        path.chmod(_MODE)
    secret = path.read_bytes().strip()
    if len(secret) < MIN_SECRET_BYTES:
        raise ValueError(f"{path} has less than {MIN_SECRET_BYTES} bytes: remove it to make anew")
    return secret


def _sync(folder: Path) -> None:
    """Make the new name survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
