"""Opening, migrating and failing, on SQLite and PostgreSQL."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, event, text

from antiphon.core.reason import Reason, Refused, WrongState
from antiphon.stores.database import Database
from antiphon.stores.engines import ThreadRunner
from antiphon.stores.errors import CannotOpen, NewerDatabase
from antiphon.stores.tables import metadata
from tests.support.postgres import Cluster


def execute(statement: str) -> Callable[[Connection], None]:
    return lambda connection: connection.execute(text(statement)).close()


def count(table: str) -> Callable[[Connection], int]:
    return lambda connection: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()


ROOM = (
    "INSERT INTO rooms (name, title, stage, audience, created_at) VALUES ('{}', '', 25, false, 0)"
)


async def test_migrations_lead_to_the_tables_of_the_code(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    assert await database.read(differences) == []


async def test_many_open_at_once_and_migrate_once(database_url: str) -> None:
    databases = [Database(database_url, connections=2) for _ in range(8)]
    await asyncio.gather(*(database.open() for database in databases))
    for database in databases:
        assert await database.read(count("alembic_version")) == 1
        await database.close()


async def test_what_was_written_is_there_after_opening_again(database_url: str) -> None:
    async with Database(database_url) as database:
        await database.write(execute(ROOM.format("kept")))
    async with Database(database_url) as database:
        assert await database.read(count("rooms")) == 1


async def test_a_newer_database_is_refused_and_left_alone(database_url: str) -> None:
    async with Database(database_url) as database:
        await database.write(execute("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NewerDatabase, match=r"9999.*newer version"):
        await Database(database_url).open()
    with pytest.raises(NewerDatabase):
        await Database(database_url).open()


async def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    def fail(connection: Connection) -> None:
        execute(ROOM.format("lost"))(connection)
        raise KeyError("later")

    with pytest.raises(KeyError):
        await database.write(fail)
    assert await database.read(count("rooms")) == 0
    await database.write(execute(ROOM.format("kept")))


async def test_a_cancelled_caller_leaves_its_transaction_whole(database: Database) -> None:
    def insert(connection: Connection) -> None:
        for number in range(20):
            execute(ROOM.format(number))(connection)

    for delay in (0, 0, 0.001, 0.002, 0.004, 0.008):
        task = asyncio.create_task(database.write(insert))
        await asyncio.sleep(delay)
        task.cancel()
        await asyncio.wait([task])
        # The next writer waits for the one before, on the database at the latest.
        await database.write(execute("UPDATE rooms SET title = 'seen'"))
        assert await database.read(count("rooms")) in (0, 20)
        await database.write(execute("DELETE FROM rooms"))


async def test_closing_waits_for_transactions_of_cancelled_callers(database_url: str) -> None:
    database = Database(database_url)
    await database.open()
    task = asyncio.create_task(database.write(execute(ROOM.format("kept"))))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    await database.close()
    await database.close()
    async with Database(database_url) as again:
        assert await again.read(count("rooms")) == 1


async def test_use_before_open_is_a_bug(database_url: str) -> None:
    with pytest.raises(WrongState):
        await Database(database_url).read(count("rooms"))


async def test_a_broken_statement_is_internal_and_counted(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(Refused) as refused:
        await database.write(execute("INSERT INTO rooms (name) VALUES ('private words')"))
    assert refused.value.reason is Reason.INTERNAL
    assert database.failures == {Reason.INTERNAL: 1}
    assert len(caplog.records) == 1
    assert "private words" not in str(refused.value)


# SQLite


async def test_file_is_private(sqlite_url: str, tmp_path: Path) -> None:
    async with Database(sqlite_url) as database:
        await database.write(execute(ROOM.format("x")))
        modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    assert modes == {f"antiphon.db{end}": 0o600 for end in ("", "-wal", "-shm")}


async def test_acknowledged_means_synced(sqlite_url: str) -> None:
    async with Database(sqlite_url) as database:

        def pragmas(connection: Connection) -> list[object]:
            names = ("journal_mode", "synchronous", "foreign_keys")
            return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

        assert await database.write(pragmas) == ["wal", 2, 1]
        assert await database.read(pragmas) == ["wal", 2, 1]


async def test_a_locked_database_is_busy(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("antiphon.stores.database.LOCK_TIMEOUT", 0.05)
    async with Database(sqlite_url) as database:
        other = sqlite3.connect(tmp_path / "antiphon.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Refused) as refused:
            await database.write(execute(ROOM.format("x")))
        assert refused.value.reason is Reason.BUSY
        assert await database.read(count("rooms")) == 0  # readers are not held up
        other.execute("ROLLBACK")
        other.close()
        await database.write(execute(ROOM.format("x")))


async def test_a_full_disk_is_busy_until_there_is_room(
    sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with Database(sqlite_url) as database:
        big = f"UPDATE rooms SET title = '{'x' * 200_000}'"
        await database.write(execute(ROOM.format("x")))
        # The limit works on the same path as a full disk: SQLITE_FULL.
        await database.write(execute("PRAGMA max_page_count = 20"))
        with pytest.raises(Refused) as refused:
            await database.write(execute(big))
        assert refused.value.reason is Reason.BUSY
        assert "full" in caplog.text
        assert await database.read(count("rooms WHERE title = ''")) == 1
        await database.write(execute("PRAGMA max_page_count = 100000"))
        await database.write(execute(big))


async def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "garbage.db").write_bytes(b"not a database" * 1000)
    (tmp_path / "file").touch()
    for path in ("garbage.db", "file/antiphon.db", "."):
        with pytest.raises(CannotOpen, match="cannot open the database sqlite:///"):
            await Database(f"sqlite:///{tmp_path / path}").open()


# PostgreSQL


async def test_ids_sort_by_bytes_whatever_the_locale(postgres_url: str) -> None:
    async with Database(postgres_url) as database:
        for name in ("b", "B", "a", "ä", "A"):
            await database.write(execute(ROOM.format(name)))

        def names(connection: Connection) -> list[str]:
            return list(connection.execute(text("SELECT name FROM rooms ORDER BY name")).scalars())

        assert await database.read(names) == ["A", "B", "a", "b", "ä"]


@pytest.fixture
def restartable(postgres: Cluster) -> Iterator[Cluster]:
    """The server, running again afterwards whatever the test did."""
    yield postgres
    postgres.stop()
    postgres.start()


async def test_a_server_that_restarts(restartable: Cluster, postgres_url: str) -> None:
    async with Database(postgres_url) as database:
        await database.write(execute(ROOM.format("x")))
        restartable.stop()
        with pytest.raises(Refused) as refused:
            await database.write(execute(ROOM.format("y")))
        assert refused.value.reason is Reason.BUSY
        restartable.start()
        await database.write(execute(ROOM.format("y")))
        assert await database.read(count("rooms")) == 2


async def test_connections_cut_in_the_middle(postgres_url: str) -> None:
    async with Database(postgres_url, connections=1) as database:
        with pytest.raises(Refused) as refused:
            await database.write(execute("SELECT pg_terminate_backend(pg_backend_pid())"))
        assert refused.value.reason is Reason.BUSY
        await database.write(execute(ROOM.format("x")))


async def test_a_pool_that_is_exhausted(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("antiphon.stores.database.POOL_TIMEOUT", 0.1)
    async with Database(postgres_url, connections=1) as database:
        begun = asyncio.Event()

        def hold(connection: Connection) -> None:
            begun.set()
            execute("SELECT pg_sleep(3)")(connection)

        slow = asyncio.create_task(database.write(hold))
        await begun.wait()
        with pytest.raises(Refused) as refused:
            await database.read(count("rooms"))
        assert refused.value.reason is Reason.BUSY
        await slow


async def test_no_server(tmp_path: Path) -> None:
    database = Database(f"postgresql://someone:secret@/name?host={tmp_path}")
    with pytest.raises(CannotOpen) as error:
        await database.open()
    assert "secret" not in str(error.value)


def test_begin_is_immediate_for_writers_only(sqlite_url: str) -> None:
    """A reader must never take the write lock: it would hold up writers for nothing."""

    async def run() -> list[str]:
        seen: list[str] = []
        async with Database(sqlite_url) as database:
            for runner in (database._reader, database._writer):
                assert isinstance(runner, ThreadRunner)

                def note(_c: object, _k: object, sql: str, *_: object) -> None:
                    seen.append(sql)

                event.listen(runner.engine, "before_cursor_execute", note)
            await database.read(count("rooms"))
            await database.write(count("rooms"))
        return seen

    select = "SELECT count(*) FROM rooms"
    assert asyncio.run(run()) == [select, "BEGIN IMMEDIATE", select]


async def test_one_that_fails_leaves_the_next_a_connection_as_new(database: Database) -> None:
    """Threads keep their connections: not what a failure left of them."""

    def torn(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if connection.dialect.name == "sqlite" else "SELECT 1")
        raise KeyError("in the middle")

    for work in (execute(ROOM.format("same")), execute(ROOM.format("same"))):
        with contextlib.suppress(Refused):
            await database.write(work)
    assert await database.read(count("rooms")) == 1
    for _ in range(10):  # on each of the readers' connections
        with pytest.raises(KeyError):
            await database.read(torn)
    await database.write(execute(ROOM.format("other")))
    for _ in range(10):
        assert await database.read(count("rooms")) == 2
