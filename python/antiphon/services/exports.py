"""All that is kept of an account, as one ZIP archive that is made while it is sent.

Whoever keeps something of accounts adds an exporter, which gives files: a name and its bytes.
"""

import asyncio
import json
import logging
import time
import zipfile
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from io import RawIOBase

from antiphon.core.address import Address
from antiphon.core.reason import Reason, Refused
from antiphon.stores.records import Account

from .accounts import Accounts

log = logging.getLogger(__name__)

File = tuple[str, AsyncIterator[bytes]]
Exporter = Callable[[Account], AsyncIterator[File]]

AT_ONCE = 4
PIECE = 64 * 1024
# What is packed already is not made smaller by packing it again.
_PACKED = (".png", ".jpeg", ".jpg", ".webp", ".gif", ".zip", ".gz", ".mp4", ".webm", ".ogg", ".mp3")


class Exports:
    """Makes archives of accounts; some at once, one for an account."""

    def __init__(self, accounts: Accounts, *, clock: Callable[[], float] = time.time) -> None:
        self._accounts = accounts
        self._exporters: list[Exporter] = []
        self._clock = clock
        self._running: set[str] = set()

    def add(self, exporter: Exporter) -> None:
        """Let archives have these files, too."""
        self._exporters.append(exporter)

    async def begin(self, address: Address) -> AsyncIterator[bytes]:
        """The archive, piece by piece. Raises `Refused`: NOT_FOUND, TOO_MANY, BUSY."""
        account = await self._accounts.find(address)
        if account is None:
            raise Refused(Reason.NOT_FOUND, "There is no such account.")
        if account.id in self._running:
            raise Refused(Reason.TOO_MANY, "An export of this account is being made already.")
        if len(self._running) >= AT_ONCE:
            raise Refused(Reason.BUSY, "Too many exports at once. Please try again.")
        archive = self._archive(account)
        await anext(archive)  # from here on it has its place, and gives it back whatever happens
        return archive

    async def _archive(self, account: Account) -> AsyncGenerator[bytes, None]:
        sink = _Sink()
        self._running.add(account.id)
        try:
            yield b""
            with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
                async with aclosing(self._files(account)) as files:
                    async for name, content in files:
                        async with aclosing(self._add(archive, sink, name, content)) as pieces:
                            async for piece in pieces:
                                yield piece
            yield sink.take()
            log.info("account %s exported", account.address)
        finally:
            self._running.discard(account.id)

    async def _files(self, account: Account) -> AsyncGenerator[File, None]:
        yield "account.json", _once(_describe(account))
        for exporter in self._exporters:
            async for file in exporter(account):
                yield file

    async def _add(
        self, archive: zipfile.ZipFile, sink: "_Sink", name: str, content: AsyncIterator[bytes]
    ) -> AsyncGenerator[bytes, None]:
        info = zipfile.ZipInfo(name, time.gmtime(self._clock())[:6])
        packed = name.lower().endswith(_PACKED)
        info.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        try:
            with archive.open(info, "w", force_zip64=True) as member:
                async for data in content:
                    await asyncio.to_thread(member.write, data)
                    if sink.size >= PIECE:
                        yield sink.take()
        finally:
            if isinstance(content, AsyncGenerator):
                await content.aclose()


class _Sink(RawIOBase):
    """Takes what the archive writes, until it is sent; cannot seek."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces = bytearray()

    @property
    def size(self) -> int:
        """Bytes that wait."""
        return len(self._pieces)

    def take(self) -> bytes:
        """What waits."""
        taken, self._pieces = bytes(self._pieces), bytearray()
        return taken

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        """Take it."""
        self._pieces += data
        return len(data)


def _describe(account: Account) -> bytes:
    shown = {
        "address": str(account.address),
        "name": account.name,
        "role": account.role.value,
        "locked": account.disabled,
        "created_at": account.created_at,
    }
    return json.dumps(shown, ensure_ascii=False, indent=1).encode()


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
