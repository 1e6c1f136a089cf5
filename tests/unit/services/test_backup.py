"""Backups: from every kind of database into every other one, while somebody writes."""

import asyncio
import gzip
import io
import json
import tarfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import Connection, func, select, text

from antiphon.core.address import Address, Addresses
from antiphon.core.ports import Caller
from antiphon.core.profile import Profile
from antiphon.services.accounts import Accounts
from antiphon.services.backup import BackupError, back_up, check, restore
from antiphon.services.config import AccountsConfig, FilesConfig, PeopleConfig
from antiphon.services.files import Files
from antiphon.services.profiles import Profiles
from antiphon.services.secrets import node_secret
from antiphon.stores.blobs import FolderBlobs
from antiphon.stores.database import Database
from antiphon.stores.dump import NotEmpty, dump
from antiphon.stores.errors import CannotOpen
from antiphon.stores.records import AccountLimits, Role
from antiphon.stores.tables import metadata
from tests.support.postgres import Cluster
from tests.support.wait import soon

QUICK = AccountsConfig(argon2_memory=64, argon2_time=1, scram_iterations=4096)
PASSWORD = "correct horse"
DOMAIN = "example.org"

NewUrl = Callable[[str], str]


@pytest.fixture
def new_url(tmp_path: Path, postgres: Cluster) -> NewUrl:
    made: list[str] = []

    def new(kind: str) -> str:
        made.append(kind)
        if kind == "sqlite":
            return f"sqlite:///{tmp_path / f'node{len(made)}.db'}"
        return postgres.create_database()

    return new


@dataclass
class Site:
    """A node's data, without the node."""

    folder: Path
    database: Database
    accounts: Accounts
    profiles: Profiles
    files: Files
    blobs: FolderBlobs

    async def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        def read(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
            return {
                table.name: sorted(
                    (tuple(row) for row in connection.execute(select(table))), key=repr
                )
                for table in metadata.sorted_tables
            }

        return await self.database.read(read)

    async def back_up(self, target: Path) -> None:
        await back_up(
            target,
            database=self.database,
            blobs=self.blobs,
            folder=self.folder,
            domain=DOMAIN,
            version="1",
        )


async def opened(folder: Path, url: str, *, migrating: bool = True) -> Site:
    folder.mkdir(exist_ok=True)
    addresses = Addresses(DOMAIN, _Plain())
    database = Database(url)
    await database.open(migrating=migrating)
    accounts = Accounts(database, addresses, QUICK)
    blobs = FolderBlobs(folder / "files")
    config = FilesConfig(slots=10)
    files = Files(database, blobs, b"s" * 32, config, PeopleConfig(), base=lambda: "http://x/")
    profiles = Profiles(database, accounts, tell=lambda *_: None)
    return Site(folder, database, accounts, profiles, files, blobs)


class _Plain:
    """Leaves text as it is."""

    def local(self, text: str) -> str:
        return text

    domain = device = nickname = opaque = local


async def closed(site: Site) -> None:
    await site.files.close()
    await site.profiles.close()
    await site.accounts.close()
    await site.database.close()


def picture() -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").save(out, "PNG")
    return out.getvalue()


async def fill(site: Site) -> Address:
    ann = Address("ann", DOMAIN)
    await site.accounts.create(ann, PASSWORD, name="Ann ☎")
    await site.profiles.set(ann, Profile(nickname="Ann ☎", note="line\nline\r\u2028\x0b"[:10]))
    await site.profiles.set_avatar(ann, picture())
    await site.files.open()
    caller = Caller(address=ann, name="Ann")
    for name, data in (("a.png", picture()), ("b.bin", bytes(range(256)) * 4000)):
        slot = await site.files.slot(caller, name, len(data))
        upload = await site.files.receive(slot.id, slot.put_url.partition("token=")[2])
        await upload.write(data)
        await upload.store()
        await upload.drop()
    (site.folder / "push.key").write_text("a key")
    node_secret(site.folder)
    return ann


@pytest.mark.parametrize(
    "kinds",
    [("sqlite", "postgresql", "sqlite"), ("postgresql", "postgresql")],
    ids="-".join,
)
async def test_everything_goes_round(
    tmp_path: Path, new_url: NewUrl, kinds: tuple[str, ...]
) -> None:
    site = await opened(tmp_path / "node0", new_url(kinds[0]))
    ann = await fill(site)
    before, secret = await site.rows(), node_secret(site.folder)
    for number, kind in enumerate(kinds[1:], 1):
        target = tmp_path / f"backup{number}"
        await site.back_up(target)
        assert target.stat().st_mode & 0o077 == 0
        await closed(site)
        site = await opened(tmp_path / f"node{number}", new_url(kind), migrating=False)
        summary = await restore(
            target, database=site.database, blobs=site.blobs, folder=site.folder, domain=DOMAIN
        )
        assert (summary.files, summary.missing) == (2, 0)
        assert await site.rows() == before
        assert node_secret(site.folder) == secret
        assert (site.folder / "push.key").read_text() == "a key"
        assert (site.folder / "secret").stat().st_mode & 0o077 == 0
    assert (await site.accounts.authenticate(ann, PASSWORD)).name == "Ann ☎"
    avatar = await site.profiles.avatar(ann)
    assert avatar is not None
    assert avatar.data == picture()
    for record in await site.files.page(ann):
        data = b"".join([p async for p in await site.files.read(record, 0, record.size)])
        assert len(data) == record.size
        if record.thumbnail:
            assert Image.open(io.BytesIO(await site.files.read_small(record))).width == 256
    await closed(site)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_a_backup_is_one_moment_of_a_busy_database(
    tmp_path: Path, new_url: NewUrl, kind: str
) -> None:
    """Each transaction adds to two tables: a backup never has one without the other."""
    url = new_url(kind)
    site = await opened(tmp_path / "node", url)
    await fill(site)
    stopped = False

    def write(number: int) -> Callable[[Connection], None]:
        row = f"('r{number}', '', NULL, NULL, NULL, 25, false, 0, '')"
        columns = "(name, title, owner, guests, max_members, stage, audience, created_at, pin)"
        invitation = f"('i{number}', 'h{number}', 'user', NULL, '{'x' * 2000}', 0, 1)"

        def both(connection: Connection) -> None:
            connection.execute(text(f"INSERT INTO rooms {columns} VALUES {row}"))
            connection.execute(text(f"INSERT INTO invitations VALUES {invitation}"))

        return both

    written = 0

    async def load() -> None:
        nonlocal written
        while not stopped:
            await site.database.write(write(written))
            written += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(load())
    counts, target = [0], tmp_path
    elsewhere = Database(url)
    await elsewhere.open(migrating=False)  # as the command does, beside the node
    for number in range(3):
        await soon("it goes on", lambda: written > counts[-1] + 5)
        target = tmp_path / f"backup{number}"
        await back_up(
            target,
            database=elsewhere,
            blobs=site.blobs,
            folder=site.folder,
            domain=DOMAIN,
            version="1",
        )
        tables = check(target, DOMAIN).tables
        assert tables["rooms"] == tables["invitations"]
        counts.append(tables["rooms"])
    stopped = True
    await task
    assert 0 < counts[1] < counts[2] < counts[3] <= written
    await elsewhere.close()
    fresh = await opened(tmp_path / "fresh", new_url(kind), migrating=False)
    await restore(
        target, database=fresh.database, blobs=fresh.blobs, folder=fresh.folder, domain=DOMAIN
    )
    stored = await fresh.database.read(
        lambda c: c.execute(select(func.count()).select_from(metadata.tables["rooms"])).scalar_one()
    )
    assert stored == counts[3]
    await closed(fresh)
    await closed(site)


async def test_large_rows_come_in_small_pieces(database: Database) -> None:
    def insert(connection: Connection) -> None:
        rows = [
            {
                "id": f"{number:04}",
                "hash": f"{number}",
                "role": "user",
                "made_by": "x" * (200_000 if number % 2 else 10),
                "created_at": 0.0,
                "expires_at": 1.0,
            }
            for number in range(300)
        ]
        connection.execute(metadata.tables["invitations"].insert(), rows)

    await database.write(insert)
    pieces = await database.snapshot(
        lambda c: [piece for piece in dump(c) if piece.table == "invitations"]
    )
    assert sum(piece.rows for piece in pieces) == 300
    assert max(len(piece.text) for piece in pieces) < 8 * 1024 * 1024
    ids = [json.loads(line)[0] for piece in pieces for line in piece.text.splitlines()[1:]]
    assert ids == [f"{number:04}" for number in range(300)]


@pytest.fixture
async def made(tmp_path: Path) -> AsyncIterator[tuple[Path, Path]]:
    """A backup, and the folder of its node."""
    site = await opened(tmp_path / "node", f"sqlite:///{tmp_path / 'node.db'}")
    await fill(site)
    await site.back_up(tmp_path / "backup")
    yield tmp_path / "backup", site.folder
    await closed(site)


async def attempt(tmp_path: Path, source: Path, domain: str = DOMAIN) -> None:
    site = await opened(tmp_path / "other", f"sqlite:///{tmp_path / 'other.db'}", migrating=False)
    try:
        await restore(
            source, database=site.database, blobs=site.blobs, folder=site.folder, domain=domain
        )
    finally:
        await closed(site)


async def test_what_is_there_is_never_overwritten(tmp_path: Path, made: tuple[Path, Path]) -> None:
    source, folder = made
    with pytest.raises(BackupError, match="there is"):
        await back_up(
            source,
            database=Database("sqlite:///unused"),
            blobs=FolderBlobs(folder),
            folder=folder,
            domain=DOMAIN,
            version="1",
        )
    await attempt(tmp_path, source)
    with pytest.raises(BackupError, match="not empty"):
        await attempt(tmp_path, source)
    for name in ("secret", "push.key"):
        (tmp_path / "other" / name).unlink()
    with pytest.raises(NotEmpty, match="there are account"):
        await attempt(tmp_path, source)


async def test_another_domain_is_refused(tmp_path: Path, made: tuple[Path, Path]) -> None:
    with pytest.raises(BackupError, match=r"domain example\.org"):
        await attempt(tmp_path, made[0], "example.net")


@pytest.mark.parametrize("part", [0.3, 0.9, 0.999])
async def test_half_a_backup_is_refused(
    tmp_path: Path, made: tuple[Path, Path], part: float
) -> None:
    data = made[0].read_bytes()
    source = tmp_path / "half"
    source.write_bytes(data[: int(len(data) * part)])
    with pytest.raises(BackupError, match=r"damaged|complete"):
        await attempt(tmp_path, source)
    assert not (tmp_path / "other" / "secret").exists()


async def test_a_flipped_bit_is_noticed(tmp_path: Path, made: tuple[Path, Path]) -> None:
    data = bytearray(made[0].read_bytes())
    data[len(data) // 2] ^= 0x40
    source = tmp_path / "flipped"
    source.write_bytes(data)
    with pytest.raises(BackupError):
        await attempt(tmp_path, source)


def forged(source: Path, target: Path, change: Callable[[str, bytes], tuple[str, bytes]]) -> Path:
    with tarfile.open(source) as old, tarfile.open(target, "w:gz") as new:
        for member in old:
            opened = old.extractfile(member)
            assert opened is not None
            name, data = change(member.name, opened.read())
            info = tarfile.TarInfo(name)
            info.size = len(data)
            new.addfile(info, io.BytesIO(data))
    return target


async def test_a_newer_backup_is_refused(tmp_path: Path, made: tuple[Path, Path]) -> None:
    def newer(name: str, data: bytes) -> tuple[str, bytes]:
        if name == "manifest.json":
            data = json.dumps({**json.loads(data), "schema": "9999"}).encode()
        return name, data

    with pytest.raises(CannotOpen, match="newer version"):
        await attempt(tmp_path, forged(made[0], tmp_path / "forged", newer))
    assert not (tmp_path / "other" / "secret").exists()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_a_backup_of_an_older_version_is_brought_up_to_date(
    tmp_path: Path, new_url: NewUrl, kind: str
) -> None:
    def lines(*rows: object) -> bytes:
        return b"".join(json.dumps(row).encode() + b"\n" for row in rows)

    columns = {
        **dict.fromkeys(("id", "domain", "local", "name"), "text"),
        **dict.fromkeys(("admin", "disabled"), "bool"),
        "created_at": "float",
        "stamp": "text",
    }
    manifest = {"format": 1, "schema": "0003", "domain": DOMAIN, "made_at": 1.0}
    members = {
        "manifest.json": lines(manifest),
        "tables/accounts.000000.jsonl": lines(
            columns,
            ["a1", DOMAIN, "ann", "Ann", True, False, 1.5, "s"],
            ["b1", DOMAIN, "bob", "Bob", False, True, 2.5, "s"],
        ),
        "end.json": lines({"tables": {"accounts": 2}, "files": 0, "missing": 0}),
    }
    source = tmp_path / "old"
    with tarfile.open(source, "w:gz") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    site = await opened(tmp_path / "node", new_url(kind), migrating=False)
    await restore(
        source, database=site.database, blobs=site.blobs, folder=site.folder, domain=DOMAIN
    )
    ann, bob = await site.accounts.page()
    assert (ann.role, ann.disabled, ann.created_at) == (Role.ADMIN, False, 1.5)
    assert (bob.role, bob.disabled, bob.limits) == (Role.USER, True, AccountLimits())
    await closed(site)


async def test_names_in_a_backup_never_become_paths(
    tmp_path: Path, made: tuple[Path, Path]
) -> None:
    def climb(name: str, data: bytes) -> tuple[str, bytes]:
        return name.replace("files/", "files/../../../") if "files/" in name else name, data

    with pytest.raises(ValueError, match="not a key"):
        await attempt(tmp_path, forged(made[0], tmp_path / "forged", climb))


async def test_no_backup_at_all(tmp_path: Path) -> None:
    for data in (b"", b"hello", gzip.compress(b"hello" * 1000)):
        source = tmp_path / "nothing"
        source.write_bytes(data)
        with pytest.raises(BackupError):
            await attempt(tmp_path, source)
