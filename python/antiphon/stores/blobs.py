"""Where the bytes of files last, by a key that we made: a folder of this machine.

A key appears with all its bytes or not at all. Knows neither names nor owners.
"""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO, Protocol

PIECE = 256 * 1024
SPOOL = ".incoming"

_KEY = re.compile(r"[0-9a-f]{32}(\.small)?")


class NoBlob(Exception):
    """There is nothing by that key."""


class Blobs(Protocol):
    """Bytes by keys. What is there is never changed. All raise OSError when the storage fails."""

    spool: Path
    """Folder for files that are on their way in."""

    async def put(self, key: str, file: Path) -> None:
        """Take over a file of `spool`; returns when it lasts."""

    async def open(self, key: str, start: int, length: int) -> AsyncIterator[bytes]:
        """Pieces of what is there. Raises `NoBlob`."""

    async def load(self, key: str) -> bytes:
        """All of something small. Raises `NoBlob`."""

    async def remove(self, key: str) -> None:
        """Delete; nothing happens where nothing is."""


def check_key(key: str) -> str:
    """The same key. Raises ValueError for one that we did not make."""
    if _KEY.fullmatch(key) is None:
        raise ValueError("not a key of ours")
    return key


def clear_spool(spool: Path) -> None:
    """Make the folder, and delete what an interrupted upload left."""
    spool.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in spool.iterdir():
        left.unlink(missing_ok=True)


class FolderBlobs(Blobs):
    """A file for each key, in folders by its first two letters."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.spool = folder / SPOOL

    async def put(self, key: str, file: Path) -> None:
        """Move the file to its place; it survives a power cut from then on."""
        await asyncio.to_thread(self._put, self._path(key), file)

    async def open(self, key: str, start: int, length: int) -> AsyncIterator[bytes]:
        """Pieces of the file."""
        try:
            opened = await asyncio.to_thread(self._path(key).open, "rb")
        except FileNotFoundError:
            raise NoBlob(key) from None
        return _pieces(opened, start, length)

    async def load(self, key: str) -> bytes:
        """The whole file."""
        try:
            return await asyncio.to_thread(self._path(key).read_bytes)
        except FileNotFoundError:
            raise NoBlob(key) from None

    async def remove(self, key: str) -> None:
        """Delete the file."""
        await asyncio.to_thread(self._path(key).unlink, missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._folder / check_key(key)[:2] / key

    @staticmethod
    def _put(path: Path, file: Path) -> None:
        try:
            path.parent.mkdir(mode=0o700)
        except FileExistsError:
            pass
        else:
            _sync(path.parent.parent)  # else the new folder itself might not last
        _sync(file)
        shutil.move(file, path)
        _sync(path.parent)


async def _pieces(opened: BinaryIO, start: int, length: int) -> AsyncIterator[bytes]:
    with opened:
        opened.seek(start)
        while length > 0:
            piece = await asyncio.to_thread(opened.read, min(PIECE, length))
            if not piece:
                raise OSError("a stored file is shorter than it should be")
            length -= len(piece)
            yield piece


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
