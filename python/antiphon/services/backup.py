"""Everything that a node stores in one file, made while it runs, and a node made of it again.

The file is a gzipped tar archive: `manifest.json` (format, program, schema, domain), tables as
lines of JSON (`tables/NAME.NUMBER.jsonl`), uploaded files by their ids, the node's secrets, and at
its end `end.json`, without which it is not complete. It is as secret as the node itself.
"""

import gzip
import io
import json
import logging
import os
import secrets
import tarfile
import tempfile
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection

from antiphon.stores.blobs import Blobs, NoBlob, check_key, clear_spool
from antiphon.stores.database import Database
from antiphon.stores.dump import Piece, dump, load, newest_schema

log = logging.getLogger(__name__)

FORMAT = 1
KEPT = ("secret", "push.key")
MANIFEST, END = "manifest.json", "end.json"
SMALL = ".small"
IN_MEMORY = 8 * 1024 * 1024
MAX_SMALL = 64 * 1024 * 1024  # members that are read at once: pieces of tables, secrets


class BackupError(Exception):
    """The backup cannot be made or used; the text says why."""


@dataclass(slots=True)
class Summary:
    """What a backup has. `missing`: files that were deleted while it was made."""

    made_at: float
    schema: str
    tables: dict[str, int] = field(default_factory=dict[str, int])
    files: int = 0
    missing: int = 0


async def back_up(
    target: Path,
    *,
    database: Database,
    blobs: Blobs,
    folder: Path,
    domain: str,
    version: str,
    clock: Callable[[], float] = time.time,
) -> Summary:
    """Write everything to a new file; it appears under its name when it is complete.

    All rows are those of one moment. Raises `BackupError`, OSError, `Refused`, `CannotOpen`.
    """
    aside = _aside(target)
    try:
        with _private(aside) as opened, tarfile.open(fileobj=opened, mode="w|gz") as archive:
            writer = _Writer(archive, clock())
            summary = Summary(made_at=writer.now, schema="")
            ids = await database.snapshot(
                lambda c: _write_tables(c, writer, summary, domain=domain, version=version)
            )
            for id, size, small in ids:
                await _write_file(writer, blobs, summary, id, size, small)
            for name in KEPT:
                if (folder / name).exists():
                    writer.add(name, (folder / name).read_bytes())
            end = {"tables": summary.tables, "files": summary.files, "missing": summary.missing}
            writer.add(END, json.dumps(end, indent=1).encode())
        aside.rename(target)
    finally:
        aside.unlink(missing_ok=True)
    return summary


def _aside(target: Path) -> Path:
    if target.exists():
        raise BackupError(f"there is {target} already")
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")


class _Writer:
    """Adds members to an archive."""

    def __init__(self, archive: tarfile.TarFile, now: float) -> None:
        self.now = now
        self._archive = archive

    def add(self, name: str, data: bytes) -> None:
        """Something small."""
        self.add_file(name, io.BytesIO(data), len(data))

    def add_file(self, name: str, file: IO[bytes], size: int) -> None:
        """The bytes of an open file."""
        info = tarfile.TarInfo(name)
        info.size, info.mtime, info.mode = size, int(self.now), 0o600
        self._archive.addfile(info, file)


def _write_tables(
    connection: Connection, writer: _Writer, summary: Summary, *, domain: str, version: str
) -> list[tuple[str, int, bool]]:
    """Manifest and tables; the uploaded files that there are: id, size, whether it has a smaller
    picture.
    """
    summary.schema = newest_schema(connection) or ""
    manifest = {
        "format": FORMAT,
        "antiphon": version,
        "schema": summary.schema,
        "domain": domain,
        "made_at": summary.made_at,
    }
    writer.add(MANIFEST, json.dumps(manifest, indent=1).encode())
    files: list[tuple[str, int, bool]] = []
    for number, piece in enumerate(dump(connection)):
        writer.add(f"tables/{piece.table}.{number:06}.jsonl", piece.text)
        summary.tables[piece.table] = summary.tables.get(piece.table, 0) + piece.rows
        if piece.table == "files":
            files += _files_in(piece)
    return files


def _files_in(piece: Piece) -> Iterator[tuple[str, int, bool]]:
    head, *lines = (json.loads(line) for line in piece.text.splitlines())
    for line in lines:
        row = dict(zip(head, line, strict=True))
        if row["stored_at"] is not None:
            yield row["id"], row["size"], bool(row["thumbnail"])


async def _write_file(
    writer: _Writer, blobs: Blobs, summary: Summary, id: str, size: int, small: bool
) -> None:
    try:
        pieces = await blobs.open(id, 0, size)
        thumbnail = await blobs.load(id + SMALL) if small else None
    except NoBlob:
        summary.missing += 1
        return
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
        await _gather(pieces, file)
        file.seek(0)
        writer.add_file(f"files/{id}", file, size)
    if thumbnail is not None:
        writer.add(f"files/{id}{SMALL}", thumbnail)
    summary.files += 1


async def _gather(pieces: AsyncIterator[bytes], file: IO[bytes]) -> None:
    async for piece in pieces:
        file.write(piece)


# restoring


async def restore(
    source: Path, *, database: Database, blobs: Blobs, folder: Path, domain: str
) -> Summary:
    """Fill an empty database, storage and data folder. The database is filled in one transaction.

    Raises `BackupError`, `CannotOpen`, OSError, `Refused`.
    """
    summary = check(source, domain)
    for name in KEPT:
        if (folder / name).exists():
            raise BackupError(f"the data folder is not empty: there is {folder / name}")
    rows = await database.write(lambda c: load(c, summary.schema, _pieces_of(source)), failures=())
    if {name: rows.get(name, 0) for name in summary.tables} != summary.tables:
        raise BackupError("the database has not taken all rows")
    clear_spool(blobs.spool)
    for member, opened in _members(source):
        if member.name.startswith("files/"):
            aside = blobs.spool / "restored"
            with aside.open("wb") as file:
                _copy(opened, file)
            await blobs.put(check_key(member.name.removeprefix("files/")), aside)
        elif member.name in KEPT:
            with _private(folder / member.name) as file:
                _copy(opened, file)
    return summary


def check(source: Path, domain: str) -> Summary:
    """Read a backup from its beginning to its end. Raises `BackupError` for one that is damaged,
    not complete, not ours, or of another domain.
    """
    with _reading(source):
        return _check(source, domain)


def _check(source: Path, domain: str) -> Summary:
    manifest, end, rows, files = None, None, dict[str, int](), 0
    for member, opened in _members(source):
        if member.name == MANIFEST:
            manifest = _read_manifest(_read(member, opened), domain)
        elif member.name == END:
            end = json.loads(_read(member, opened))
        elif member.name.startswith("tables/"):
            piece = _piece(member, opened)
            rows[piece.table] = rows.get(piece.table, 0) + piece.rows
        elif member.name.startswith("files/"):
            files += not member.name.endswith(SMALL)
    if manifest is None or end is None or files != end["files"]:
        raise BackupError(f"{source} is not a complete backup")
    if rows != {name: count for name, count in end["tables"].items() if count}:
        raise BackupError(f"{source} is damaged: its tables are not complete")
    return Summary(
        made_at=manifest["made_at"],
        schema=manifest["schema"],
        tables=end["tables"],
        files=files,
        missing=end["missing"],
    )


def _read_manifest(data: bytes, domain: str) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(data)
    if manifest.get("format") != FORMAT:
        raise BackupError("this backup was made by a newer version: upgrade the program")
    if manifest["domain"] != domain:
        raise BackupError(
            f"this backup is of the domain {manifest['domain']}, this node is configured for"
            f" {domain}: set [node] domain"
        )
    return manifest


def _pieces_of(source: Path) -> Iterator[Piece]:
    for member, opened in _members(source):
        if member.name.startswith("tables/"):
            yield _piece(member, opened)


def _piece(member: tarfile.TarInfo, opened: IO[bytes]) -> Piece:
    text = _read(member, opened)
    name = member.name.removeprefix("tables/").partition(".")[0]
    return Piece(name, text.count(b"\n") - 1, text)


def _members(source: Path) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    """Regular files of an archive with their bytes; names are looked at, never used as paths. Ends
    only when the checksum of the whole was right.
    """
    with gzip.open(source) as stream:
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            for member in archive:
                opened = archive.extractfile(member) if member.isreg() else None
                if opened is not None:
                    yield member, opened
        while stream.read(256 * 1024):
            pass


@contextmanager
def _reading(source: Path) -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise BackupError(f"{source} is damaged or no backup: {error}") from error


def _read(member: tarfile.TarInfo, opened: IO[bytes]) -> bytes:
    if member.size > MAX_SMALL:
        raise BackupError(f"{member.name} is larger than anything that we write")
    return opened.read()


def _copy(opened: IO[bytes], file: IO[bytes]) -> None:
    while piece := opened.read(256 * 1024):
        file.write(piece)


@contextmanager
def _private(path: Path) -> Iterator[IO[bytes]]:
    """A new file that nobody else can read, and that lasts once it is closed."""
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
