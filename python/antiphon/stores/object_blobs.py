"""Bytes of files in a bucket of an S3-compatible object storage."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from .blobs import Blobs, NoBlob, check_key
from .config import StorageConfig

PIECE = 1024 * 1024
CONNECT_TIMEOUT = timedelta(seconds=5)
TIMEOUT = timedelta(seconds=60)  # of one request, which carries some megabytes at most
RETRY_TIMEOUT = timedelta(seconds=30)


class ObjectBlobs(Blobs):
    """An object for each key, below the prefix of the URL `s3://bucket/prefix`."""

    def __init__(self, config: StorageConfig, spool: Path) -> None:
        """Raises ValueError for what is no such URL."""
        parts = urlsplit(config.files)
        if not parts.hostname:
            raise ValueError("write s3://BUCKET or s3://BUCKET/PREFIX")
        self.spool = spool
        endpoint = config.s3_endpoint
        given = {
            "endpoint": endpoint,
            "region": config.s3_region,
            "access_key_id": config.s3_key,
            "secret_access_key": config.s3_secret,
        }
        self._store = S3Store(
            parts.netloc,
            prefix=parts.path.strip("/") or None,
            config={name: value for name, value in given.items() if value},  # type: ignore[arg-type]
            client_options={
                "connect_timeout": CONNECT_TIMEOUT,
                "timeout": TIMEOUT,
                "allow_http": endpoint.startswith("http://"),
            },
            retry_config={"max_retries": 3, "retry_timeout": RETRY_TIMEOUT},
        )

    async def put(self, key: str, file: Path) -> None:
        """Send the file, and delete it here."""
        try:
            await obstore.put_async(self._store, check_key(key), file)
        except BaseError as error:
            raise OSError(f"the object storage failed: {_brief(error)}") from error
        await asyncio.to_thread(file.unlink, missing_ok=True)

    async def open(self, key: str, start: int, length: int) -> AsyncIterator[bytes]:
        """Pieces of the object; each is a request of its own, so that a slow reader holds none."""
        first = await self._piece(key, start, length)
        return self._pieces(key, first, start, length)

    async def load(self, key: str) -> bytes:
        """The whole object."""
        try:
            found = await obstore.get_async(self._store, check_key(key))
            return bytes(await found.bytes_async())
        except (NotFoundError, FileNotFoundError):
            raise NoBlob(key) from None
        except BaseError as error:
            raise OSError(f"the object storage failed: {_brief(error)}") from error

    async def remove(self, key: str) -> None:
        """Delete the object."""
        try:
            await obstore.delete_async(self._store, check_key(key))
        except (NotFoundError, FileNotFoundError):
            return
        except BaseError as error:
            raise OSError(f"the object storage failed: {_brief(error)}") from error

    async def _pieces(
        self, key: str, piece: bytes, start: int, length: int
    ) -> AsyncIterator[bytes]:
        while True:
            yield piece
            start, length = start + len(piece), length - len(piece)
            if length <= 0:
                return
            piece = await self._piece(key, start, length)

    async def _piece(self, key: str, start: int, length: int) -> bytes:
        try:
            data = await obstore.get_range_async(
                self._store, check_key(key), start=start, length=min(PIECE, length)
            )
        except (NotFoundError, FileNotFoundError):
            raise NoBlob(key) from None
        except BaseError as error:
            raise OSError(f"the object storage failed: {_brief(error)}") from error
        return bytes(data)


def _brief(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
