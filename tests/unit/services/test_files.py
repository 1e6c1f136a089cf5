"""Files that people upload: retention, quotas at once, crashes, and both kinds of storage."""

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from moto.server import ThreadedMotoServer
from PIL import Image

from antiphon.core.address import Address, Addresses
from antiphon.core.ports import Caller
from antiphon.core.reason import Reason, Refused
from antiphon.services.accounts import Accounts
from antiphon.services.config import AccountsConfig, FilesConfig, PeopleConfig
from antiphon.services.file_names import check_name, check_type
from antiphon.services.files import Files, Upload
from antiphon.services.incoming import Incoming
from antiphon.stores.blobs import Blobs, FolderBlobs, NoBlob
from antiphon.stores.config import StorageConfig
from antiphon.stores.database import Database
from antiphon.stores.files import FileRecord
from antiphon.stores.object_blobs import ObjectBlobs
from antiphon.stores.records import AccountLimits, KeyKind

QUICK = AccountsConfig(password_hash=(KeyKind.SCRAM_SHA_256,), scram_iterations=4096)
DAY = 86_400.0


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """An S3-compatible server of this run's own."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["folder", "bucket"])
async def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    """Storage of each kind in turn."""
    if request.param == "folder":
        return FolderBlobs(tmp_path / "files")
    return await bucket(request.getfixturevalue("s3"), tmp_path)


async def bucket(endpoint: str, tmp_path: Path) -> Blobs:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(endpoint.rpartition(":")[2]))
    name = f"files{hashlib.sha256(str(tmp_path).encode()).hexdigest()[:12]}"
    writer.write(f"PUT /{name} HTTP/1.1\r\nHost: s3\r\nContent-Length: 0\r\n\r\n".encode())
    assert b" 200 " in await reader.readline()
    writer.close()
    config = StorageConfig(
        files=f"s3://{name}/some/prefix",
        s3_endpoint=endpoint,
        s3_region="us-east-1",
        s3_key="key",
        s3_secret="secret",
    )
    return ObjectBlobs(config, tmp_path / "incoming")


@dataclass
class Here:
    files: Files
    accounts: Accounts
    blobs: Blobs
    clock: Clock
    ann: Address

    @property
    def caller(self) -> Caller:
        return Caller(address=self.ann, name="Ann")

    async def begin(self, size: int, name: str = "a.bin") -> Upload:
        slot = await self.files.slot(self.caller, name, size)
        return await self.files.receive(slot.id, slot.put_url.partition("token=")[2])

    async def store(self, data: bytes, name: str = "a.bin") -> FileRecord:
        upload = await self.begin(len(data), name)
        try:
            for at in range(0, len(data), 50_000):
                await upload.write(data[at : at + 50_000])
            return await upload.store()
        finally:
            await upload.drop()

    async def read(self, record: FileRecord, start: int = 0, length: int | None = None) -> bytes:
        wanted = record.size if length is None else length
        return b"".join([p async for p in await self.files.read(record, start, wanted)])

    async def is_there(self, id: str) -> bool:
        try:
            await self.blobs.load(id)
        except NoBlob:
            return False
        return True


@pytest.fixture
async def here(sqlite_url: str, addresses: Addresses, blobs: Blobs) -> AsyncIterator[Here]:
    async with Database(sqlite_url) as database:
        accounts = Accounts(database, addresses, QUICK)
        ann = addresses.parse("ann")
        await accounts.create(ann, "correct horse")
        clock = Clock()
        config = FilesConfig(keep_days=10, slot_ttl=600, slots=50, uploads=3)
        limits = PeopleConfig(storage=20_000_000)
        files = Files(
            database, blobs, b"s" * 32, config, limits, base=lambda: "http://x/", clock=clock
        )
        await files.open()
        accounts.on_remove(files.erase)
        yield Here(files, accounts, blobs, clock, ann)
        await files.close()
        await accounts.close()


async def reason(coroutine: object) -> Reason:
    with pytest.raises(Refused) as refused:
        await coroutine  # type: ignore[misc]
    return refused.value.reason


async def test_a_file_is_stored_and_read_in_parts(here: Here) -> None:
    data = bytes(range(256)) * 12_000  # 3 MB: several pieces of every storage
    record = await here.store(data)
    assert record.digest == hashlib.sha256(data).hexdigest()
    assert await here.read(record) == data
    assert await here.read(record, 1_000_001, 1_500_000) == data[1_000_001:2_500_001]
    assert not list(here.blobs.spool.iterdir())
    await here.files.remove(record)
    assert await reason(here.read(record)) is Reason.GONE
    assert await here.files.find(record.id) is None


async def test_a_picture_has_a_smaller_one(here: Here) -> None:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((1000, 500)).save(out, "PNG")
    record = await here.store(out.getvalue(), "a.png")
    assert (record.width, record.height, record.thumbnail) == (1000, 500, True)
    small = Image.open(io.BytesIO(await here.files.read_small(record)))
    assert small.size == (640, 320)
    await here.files.remove(record)
    assert not await here.is_there(f"{record.id}.small")


async def test_what_has_outlived_its_time_is_swept(here: Here) -> None:
    old = await here.store(b"old")
    slot = await here.files.slot(here.caller, "never.bin", 5)
    here.clock.now += 601
    assert await here.files.sweep() == 1  # the slot
    assert await here.files.find(slot.id) is None
    token = slot.put_url.partition("token=")[2]
    assert await reason(here.files.receive(slot.id, token)) is Reason.NOT_FOUND
    here.clock.now += 5 * DAY
    new = await here.store(b"new")
    here.clock.now += 5 * DAY
    assert await here.files.sweep() == 1
    assert not await here.is_there(old.id)
    assert await here.read(new) == b"new"


async def test_an_upload_that_runs_is_not_swept(here: Here) -> None:
    upload = await here.begin(5)
    await upload.write(b"abc")
    here.clock.now += 601
    assert await here.files.sweep() == 0
    await upload.write(b"de")
    assert (await upload.store()).size == 5
    await upload.drop()


async def test_an_account_takes_its_files_along(here: Here) -> None:
    record = await here.store(b"mine")
    running = await here.begin(10)
    await running.write(b"12345")
    await here.accounts.remove(here.ann)
    assert not await here.is_there(record.id)
    assert await here.files.find(record.id) is None
    assert await reason(running.write(b"67890")) is Reason.GONE
    await running.drop()
    assert not list(here.blobs.spool.iterdir())


async def test_what_a_crash_left_of_an_account_is_swept(here: Here, sqlite_url: str) -> None:
    record = await here.store(b"mine")
    async with Database(sqlite_url) as database:  # removed without its erasers
        elsewhere = Accounts(database, Addresses("example.org", _Plain()), QUICK)
        await elsewhere.remove(here.ann)
        await elsewhere.close()
    assert await here.files.sweep() == 1
    assert not await here.is_there(record.id)


class _Plain:
    def local(self, text: str) -> str:
        return text

    domain = device = nickname = opaque = local


async def test_slots_at_once_do_not_share_a_quota(here: Here) -> None:
    await here.accounts.update(here.ann, limits=AccountLimits(storage=1000))
    results = await asyncio.gather(
        *(here.files.slot(here.caller, "a", 400) for _ in range(8)), return_exceptions=True
    )
    assert sum(not isinstance(result, BaseException) for result in results) == 2
    usage, quota = await here.files.usage(here.ann)
    assert (usage.bytes, usage.waiting, quota) == (800, 2, 1000)


async def test_an_upload_is_what_it_says(here: Here) -> None:
    upload = await here.begin(5)
    await upload.write(b"1234")
    assert await reason(upload.store()) is Reason.BAD_REQUEST
    assert await reason(upload.write(b"56")) is Reason.TOO_LARGE
    await upload.drop()
    assert not list(here.blobs.spool.iterdir())
    assert not await here.is_there(upload.record.id)


async def test_one_upload_of_a_slot_at_a_time_and_some_of_all(here: Here) -> None:
    slot = await here.files.slot(here.caller, "a", 5)
    token = slot.put_url.partition("token=")[2]
    first = await here.files.receive(slot.id, token)
    assert await reason(here.files.receive(slot.id, token)) is Reason.CONFLICT
    others = [await here.begin(5) for _ in range(2)]
    assert await reason(here.begin(5)) is Reason.BUSY
    for upload in (first, *others):
        await upload.drop()
    again = await here.files.receive(slot.id, token)
    await again.write(b"12345")
    await again.store()
    await again.drop()
    assert await reason(here.files.receive(slot.id, token)) is Reason.CONFLICT


async def test_a_slot_is_filled_once_however_many_try_at_once(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot = await here.files.slot(here.caller, "a", 3)
    token = slot.put_url.partition("token=")[2]
    look, go = asyncio.Event(), asyncio.Event()
    find = here.files.find

    async def slowly(id: str) -> FileRecord | None:
        found = await find(id)
        look.set()
        await go.wait()
        return found

    with monkeypatch.context() as patch:
        patch.setattr(here.files, "find", slowly)
        late = asyncio.create_task(here.files.receive(slot.id, token))
        await look.wait()
    try:  # it was found empty: somebody else must not fill it before it is being filled
        assert await reason(here.files.receive(slot.id, token)) is Reason.CONFLICT
    finally:
        go.set()
    upload = await late
    await upload.write(b"abc")
    record = await upload.store()
    await upload.drop()
    assert await here.read(record) == b"abc"


async def test_what_is_stored_while_files_are_swept_stays(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = await here.begin(3)
    here.clock.now += 601  # the slot's time has come, but it is being filled
    read = here.files._database.read

    async def meanwhile(work: Any) -> Any:
        found = await read(work)
        if upload.record.id in found:
            monkeypatch.undo()
            await upload.write(b"abc")
            await upload.store()
            await upload.drop()
        return found

    monkeypatch.setattr(here.files._database, "read", meanwhile)
    await here.files.sweep()
    record = await here.files.find(upload.record.id)
    assert record is not None
    assert await here.read(record) == b"abc"


async def test_what_is_stored_while_it_is_removed_leaves_nothing(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = await here.begin(3)
    await upload.write(b"abc")
    id, write = upload.record.id, here.files._database.write

    async def meanwhile(work: Any) -> Any:
        monkeypatch.undo()
        await here.files._keep(upload._incoming)
        return await write(work)

    def dropped(self: Incoming) -> asyncio.Future[None]:
        """It was on its way to the storage already."""
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    monkeypatch.setattr(Incoming, "drop", dropped)
    monkeypatch.setattr(here.files._database, "write", meanwhile)
    await here.files.remove(upload.record)
    assert await here.files.find(id) is None
    assert not await here.is_there(id)
    await upload.drop()


async def test_what_a_crash_left_is_cleared(tmp_path: Path, sqlite_url: str) -> None:
    blobs = FolderBlobs(tmp_path / "files")
    blobs.spool.mkdir(parents=True)
    (blobs.spool / "half").write_bytes(b"x")
    async with Database(sqlite_url) as database:
        files = Files(database, blobs, b"s" * 32, base=lambda: "http://x/")
        await files.open()
        assert not list(blobs.spool.iterdir())
        await files.close()


@pytest.mark.parametrize("moment", ["written", "stored"])
async def test_a_disk_that_fails_refuses(
    here: Here, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = io.BytesIO()
    Image.linear_gradient("L").save(out, "PNG")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    name = "os.write" if moment == "written" else "pathlib.Path.write_bytes"
    with monkeypatch.context() as patch:
        patch.setattr(name, full)
        assert await reason(here.store(out.getvalue(), "a.png")) is Reason.UNAVAILABLE
    assert not list(here.blobs.spool.iterdir())
    assert (await here.store(out.getvalue(), "a.png")).thumbnail


async def test_a_storage_that_fails_refuses_and_keeps_the_slot(
    tmp_path: Path, sqlite_url: str, addresses: Addresses
) -> None:
    config = StorageConfig(
        files="s3://nothing", s3_endpoint="http://127.0.0.1:9", s3_key="k", s3_secret="s"
    )
    async with Database(sqlite_url) as database:
        accounts = Accounts(database, addresses, QUICK)
        ann = addresses.parse("ann")
        await accounts.create(ann, "correct horse")
        blobs = ObjectBlobs(config, tmp_path / "incoming")
        files = Files(database, blobs, b"s" * 32, base=lambda: "http://x/")
        await files.open()
        made = Here(files, accounts, blobs, Clock(), ann)
        assert await reason(made.store(b"abc")) is Reason.UNAVAILABLE
        assert not list(blobs.spool.iterdir())
        assert (await files.usage(ann))[0].waiting == 1
        await files.close()
        await accounts.close()


def test_names_and_types() -> None:
    assert check_name(" Gru\u0308ße.txt ") == "Gr\u00fcße.txt"
    assert unquote("%E2%98%8E") == check_name("☎")
    assert check_type("", "a.png") == "image/png"
    assert check_type("", "a") == "application/octet-stream"
    assert check_type("Text/Plain; charset=utf-8", "a") == "text/plain"
    for bad in ("text", "text/", "/plain", "text/pl ain", "text/plain\r\nx: y", "a/" + "b" * 127):
        with pytest.raises(Refused):
            check_type(bad, "a")
    for bad in ("a/b", "..", "\ud800", "a\u2028b", "x" * 256):
        with pytest.raises(Refused):
            check_name(bad)


@pytest.mark.parametrize("key", ["../x", "/etc/passwd", "", "0" * 31, "0" * 32 + ".large"])
async def test_keys_are_ours(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="not a key"):
        await FolderBlobs(tmp_path).load(key)
