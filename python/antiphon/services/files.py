"""Files that people upload: slots, quotas, storage, retention; knows neither HTTP nor a protocol.

A slot is made for one file of a known size; whoever has its token may fill it once. A file is
announced only after all its bytes last.
"""

import asyncio
import hmac
import json
import logging
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection

from antiphon.core.address import Address
from antiphon.core.ports import Caller
from antiphon.core.profile import Slot
from antiphon.core.reason import Reason, Refused
from antiphon.stores import files as statements
from antiphon.stores.blobs import Blobs, NoBlob, clear_spool
from antiphon.stores.database import Database
from antiphon.stores.files import FileRecord, Usage
from antiphon.stores.records import Account

from . import pictures
from .config import FilesConfig, PeopleConfig
from .file_names import check_name, check_type, is_taken
from .hashing import HashThreads
from .incoming import Incoming

log = logging.getLogger(__name__)

SMALL = ".small"
AT_ONCE = 100
MAX_PAGE = 200
WAITING = 64  # pictures that wait to be made smaller


class Files:
    """The files of one node (`core.ports.Files`). `base`: gives the node's web address."""

    def __init__(
        self,
        database: Database,
        blobs: Blobs,
        secret: bytes,
        config: FilesConfig | None = None,
        limits: PeopleConfig | None = None,
        *,
        base: Callable[[], str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._secret = hmac.digest(secret, b"tokens of uploads", "sha256")
        self._config = config or FilesConfig()
        self._limits = limits or PeopleConfig()
        self._base = base
        self._clock = clock
        # Slots that are being filled; None: that are looked up for it.
        self._open: dict[str, Incoming | None] = {}
        self._going: set[str] = set()  # those that are being removed
        self._threads = HashThreads(1, WAITING, name="thumbnails")

    @property
    def max_size(self) -> int:
        """Bytes of the largest file."""
        return self._config.max_size

    async def open(self) -> None:
        """Begin to receive: what a crash left half-way is deleted. Raises OSError."""
        await asyncio.to_thread(clear_spool, self._blobs.spool)

    async def close(self) -> None:
        """Stop; uploads that run are dropped."""
        for incoming in list(self._open.values()):
            if incoming is not None:
                await incoming.drop()
        self._open.clear()
        await self._threads.close()

    # slots

    async def slot(self, caller: Caller, name: str, size: int, media_type: str = "") -> Slot:
        """A place for a file of exactly `size` bytes (see `core.ports.Files`)."""
        name = check_name(name)
        media_type = check_type(media_type, name)
        self._check(size, media_type)
        now = self._clock()
        record = FileRecord(
            id=secrets.token_hex(16),
            account=None,
            name=name,
            media_type=media_type,
            size=size,
            created_at=now,
            expires_at=now + self._config.slot_ttl,
        )
        await self._database.write(lambda c: self._reserve(c, caller.address.bare, record))
        return self._slot(record)

    def _check(self, size: int, media_type: str) -> None:
        if size < 1:
            raise Refused(Reason.BAD_REQUEST, "A file has at least one byte.")
        if size > self._config.max_size:
            text = f"A file has at most {self._config.max_size} bytes."
            raise Refused(Reason.TOO_LARGE, text)
        if not is_taken(media_type, self._config.types):
            raise Refused(Reason.UNSUPPORTED, f"Files of type {media_type} are not taken.")

    def _reserve(self, connection: Connection, address: Address, record: FileRecord) -> None:
        owner = statements.owner(connection, address, locked=True)
        if owner is None:
            raise Refused(Reason.FORBIDDEN, "Only those with an account may upload files.")
        account, quota = owner
        quota = self._limits.storage if quota is None else quota
        used = statements.usage(connection, account)
        if used.bytes + record.size > quota or used.files >= self._config.files:
            raise Refused(Reason.TOO_MANY, "Your files have used up their space: delete some.")
        if used.waiting >= self._config.slots:
            raise Refused(Reason.TOO_MANY, "Too many uploads wait: finish some first.")
        statements.insert(connection, replace(record, account=account))

    def _slot(self, record: FileRecord) -> Slot:
        url = self.url(record)
        return Slot(
            id=record.id,
            put_url=f"{url}?token={self._token(record.id)}",
            get_url=url,
            headers={"Content-Type": record.media_type},
            expires_at=record.expires_at or 0.0,
        )

    def url(self, record: FileRecord) -> str:
        """Where a file is read."""
        return f"{self._base().rstrip('/')}/upload/{record.id}/{quote(record.name, safe='')}"

    def _token(self, id: str) -> str:
        return hmac.digest(self._secret, id.encode(), "sha256").hex()[:32]

    # receiving

    async def receive(self, id: str, token: str) -> "Upload":
        """Begin to fill a slot.

        Raises `Refused`: NOT_FOUND for an unknown or outdated slot or a wrong token, CONFLICT if it
        is filled or being filled, BUSY.
        """
        right = hmac.compare_digest(self._token(id).encode(), token.encode("utf-8", "replace"))
        if not right:
            raise _no_place()
        if id in self._open or id in self._going:
            raise Refused(Reason.CONFLICT, "This file is being uploaded, or removed.")
        if len(self._open) >= self._config.uploads:
            raise Refused(Reason.BUSY, "Too many uploads at once. Please try again.")
        # Taken before it is looked up: whoever filled it meanwhile would be overwritten.
        self._open[id] = None
        try:
            record = await self._empty_slot(id)
            incoming = Incoming(record, self._blobs.spool / f"{id}-{secrets.token_hex(4)}")
        except BaseException:
            del self._open[id]
            raise
        self._open[id] = incoming
        return Upload(incoming, self._keep, self._drop)

    async def _empty_slot(self, id: str) -> FileRecord:
        record = await self.find(id)
        if record is None:
            raise _no_place()
        if record.stored_at is not None:
            raise Refused(Reason.CONFLICT, "This file was uploaded already.")
        if (record.expires_at or 0.0) <= self._clock():
            raise _no_place()
        return record

    async def _drop(self, incoming: Incoming) -> None:
        await incoming.drop()
        if self._open.get(incoming.record.id) is incoming:
            del self._open[incoming.record.id]

    async def _keep(self, incoming: Incoming) -> FileRecord:
        record, digest, now = incoming.record, await incoming.finish(), self._clock()
        try:
            small = await self._thumbnail(record, incoming.path)
            if small is not None:
                await self._blobs.put(record.id + SMALL, small[0])
            await self._blobs.put(record.id, incoming.path)
        except OSError as error:
            log.error("file %s cannot be stored: %s", record.id, error)
            raise Refused(Reason.UNAVAILABLE, "The file cannot be stored now.") from error
        keep = self._config.keep_days * 86_400
        stored = replace(
            record,
            stored_at=now,
            expires_at=now + keep if keep else None,
            digest=digest,
            width=small[1][0] if small else None,
            height=small[1][1] if small else None,
            thumbnail=small is not None,
        )
        if not await self._database.write(lambda c: statements.fill(c, stored)):
            if await self.find(record.id) is None:
                await self._delete(record.id)
            raise Refused(Reason.GONE, "The place for this upload is gone.")
        return stored

    async def _thumbnail(
        self, record: FileRecord, file: Path
    ) -> tuple[Path, tuple[int, int]] | None:
        """A smaller picture beside the file; None where it is no picture that we can read."""
        if record.media_type not in pictures.MEDIA_TYPES:
            return None
        small = file.with_name(file.name + SMALL)
        try:
            data, _, size = await self._threads.run(pictures.make_thumbnail, file)
        except Refused as refused:
            log.info("no thumbnail of file %s: %s", record.id, refused.text)
            return None
        await asyncio.to_thread(small.write_bytes, data)
        return small, size

    # reading

    async def find(self, id: str) -> FileRecord | None:
        """A file or slot by its id."""
        return await self._database.read(lambda c: statements.find(c, id))

    async def read(self, record: FileRecord, start: int, length: int) -> AsyncIterator[bytes]:
        """Bytes of a stored file. Raises `Refused`: GONE, UNAVAILABLE."""
        with _reading(record):
            return await self._blobs.open(record.id, start, length)

    async def read_small(self, record: FileRecord) -> bytes:
        """Its thumbnail, a JPEG or PNG file. Raises `Refused`: NOT_FOUND, GONE, UNAVAILABLE."""
        if not record.thumbnail:
            raise Refused(Reason.NOT_FOUND, "There is no smaller picture of this file.")
        with _reading(record):
            return await self._blobs.load(record.id + SMALL)

    async def page(
        self, account: Address, before: tuple[float, str] | None = None, limit: int = 50
    ) -> list[FileRecord]:
        """Stored files of an account, the latest first; `before`: (created_at, id) of the last of
        the page before.
        """
        limit = max(1, min(limit, MAX_PAGE))
        rows = await self._database.read(lambda c: statements.page(c, account.bare, before, limit))
        return list(rows)

    async def usage(self, account: Address) -> tuple[Usage, int]:
        """What the files of an account take, and how many bytes they may. Raises
        `Refused(NOT_FOUND)`.
        """

        def count(connection: Connection) -> tuple[Usage, int]:
            id, own = _owner(connection, account)
            quota = self._limits.storage if own is None else own
            return statements.usage(connection, id), quota

        return await self._database.read(count)

    # removing

    async def remove(self, record: FileRecord) -> None:
        """Delete a file or slot."""
        await self._remove([record.id])

    async def discard(self, caller: Caller, id: str) -> None:
        """Delete one's own file; any for administrators. Raises `Refused(NOT_FOUND)`."""

        def find(connection: Connection) -> FileRecord | None:
            record = statements.find(connection, id)
            if record is None or caller.grants.admin:
                return record
            return record if record.account == _owner(connection, caller.address)[0] else None

        record = await self._database.read(find)
        if record is None:
            raise Refused(Reason.NOT_FOUND, "You have no such file.")
        await self.remove(record)

    async def erase(self, account: Account) -> None:
        """Delete all files of an account."""
        while ids := await self._database.read(lambda c: statements.ids_of(c, account.id, AT_ONCE)):
            await self._remove(ids)

    async def sweep(self) -> int:
        """Delete what has outlived its time or its account; how many."""
        swept, now = 0, self._clock()
        # What is being received now is stored perhaps when its row has been read; nobody begins to
        # fill a slot whose time has come.
        busy = set(self._open)
        while ids := await self._database.read(lambda c: statements.outdated(c, now, AT_ONCE)):
            ended = [id for id in ids if id not in busy]
            if not ended:
                break
            await self._remove(ended)
            swept += len(ended)
        return swept

    async def run(self) -> None:
        """Sweep from time to time, for ever."""
        while True:
            try:
                if swept := await self.sweep():
                    log.info("deleted %d files whose time had come", swept)
            except (OSError, Refused) as error:
                log.error("files cannot be swept now: %s", error)
            await asyncio.sleep(self._config.sweep_interval)

    async def _remove(self, ids: Sequence[str]) -> None:
        """Bytes first: a row without them can be removed again, they without a row cannot."""
        self._going |= set(ids)
        try:
            filled = [id for id in ids if id in self._open]
            for id in ids:
                if (incoming := self._open.get(id)) is not None:
                    await self._drop(incoming)
                await self._delete(id)
            await self._database.write(lambda c: statements.remove(c, ids))
            for id in filled:  # it may have come to its end between
                await self._delete(id)
        finally:
            self._going -= set(ids)

    async def _delete(self, id: str) -> None:
        await self._blobs.remove(id)
        await self._blobs.remove(id + SMALL)

    async def export(self, account: Account) -> AsyncIterator[tuple[str, AsyncIterator[bytes]]]:
        """Files of an account's export: what it uploaded, and a list of that."""
        before, listed = None, []
        while page := await self.page(account.address, before, MAX_PAGE):
            for record in page:
                name = f"files/{record.id[:8]}-{record.name}"
                try:
                    yield name, await self.read(record, 0, record.size)
                except Refused as refused:
                    log.warning("file %s is not exported: %s", record.id, refused.text)
                    continue
                listed.append({"file": name, "id": record.id, "stored_at": record.stored_at})
            before = page[-1].created_at, page[-1].id
        yield "files.json", _once(json.dumps(listed, ensure_ascii=False, indent=1).encode())


class Upload:
    """A file on its way in: give it all bytes and `store` it; `drop` it in any case."""

    def __init__(
        self,
        incoming: Incoming,
        keep: Callable[[Incoming], Awaitable[FileRecord]],
        drop: Callable[[Incoming], Awaitable[None]],
    ) -> None:
        self._incoming = incoming
        self._keep = keep
        self._drop = drop

    @property
    def record(self) -> FileRecord:
        """The slot that it is for."""
        return self._incoming.record

    async def write(self, data: bytes) -> None:
        """Take some bytes. Raises `Refused`: TOO_LARGE, GONE, UNAVAILABLE."""
        await self._incoming.write(data)

    async def store(self) -> FileRecord:
        """Keep what was received; returns when it lasts. Raises `Refused`: BAD_REQUEST if bytes are
        missing, GONE if its slot or account ended meanwhile, UNAVAILABLE.
        """
        return await self._keep(self._incoming)

    async def drop(self) -> None:
        """Forget what is not stored; its slot can be filled by another attempt. Idempotent."""
        await self._drop(self._incoming)


def _no_place() -> Refused:
    return Refused(Reason.NOT_FOUND, "There is no such place for an upload.")


def _owner(connection: Connection, address: Address) -> tuple[str, int | None]:
    found = statements.owner(connection, address.bare)
    if found is None:
        raise Refused(Reason.NOT_FOUND, "There is no such account.")
    return found


@contextmanager
def _reading(record: FileRecord) -> Iterator[None]:
    try:
        yield
    except NoBlob:
        raise Refused(Reason.GONE, "This file is gone.") from None
    except OSError as error:
        log.error("file %s cannot be read: %s", record.id, error)
        raise Refused(Reason.UNAVAILABLE, "The file cannot be read now.") from error


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
