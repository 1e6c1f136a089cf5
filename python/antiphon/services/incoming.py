"""One upload on its way in: bytes go into a file of ours, counted and hashed."""

import asyncio
import hashlib
import os
from pathlib import Path

from antiphon.core.reason import Reason, Refused
from antiphon.stores.files import FileRecord

BATCH = 256 * 1024


class Incoming:
    """What was received for a slot so far."""

    def __init__(self, record: FileRecord, path: Path) -> None:
        self.record = record
        self.path = path
        self._hash = hashlib.sha256()
        self._waiting = bytearray()
        self._received = 0
        self._file: int | None = None
        self._dropped = False

    async def write(self, data: bytes) -> None:
        """Take some bytes. Raises `Refused`: TOO_LARGE beyond the slot's size, GONE once it was
        dropped, UNAVAILABLE when the disk does not take them.
        """
        if self._dropped:
            raise Refused(Reason.GONE, "The place for this upload is gone.")
        self._received += len(data)
        if self._received > self.record.size:
            raise Refused(Reason.TOO_LARGE, "These are more bytes than the slot was made for.")
        self._waiting += data
        if len(self._waiting) >= BATCH:
            await self._flush()

    async def finish(self) -> str:
        """No more comes: the hexadecimal SHA-256 of all. Raises `Refused(BAD_REQUEST)` when bytes
        are missing, and as `write`.
        """
        if self._received != self.record.size:
            raise Refused(
                Reason.BAD_REQUEST,
                f"These are {self._received} bytes; the slot was made for {self.record.size}.",
            )
        await self._flush()
        return self._hash.hexdigest()

    async def drop(self) -> None:
        """Delete what is here. Idempotent; after the file was moved away it deletes nothing."""
        self._dropped = True
        await asyncio.to_thread(self._close)

    async def _flush(self) -> None:
        data, self._waiting = bytes(self._waiting), bytearray()
        try:
            await asyncio.to_thread(self._append, data)
        except OSError as error:
            raise Refused(Reason.UNAVAILABLE, "The file cannot be stored now.") from error

    def _append(self, data: bytes) -> None:
        if self._file is None:
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
            self._file = os.open(self.path, flags, 0o600)
        self._hash.update(data)
        while data:
            data = data[os.write(self._file, data) :]

    def _close(self) -> None:
        descriptor, self._file = self._file, None
        if descriptor is not None:
            os.close(descriptor)
        for path in (self.path, self.path.with_name(self.path.name + ".small")):
            path.unlink(missing_ok=True)
