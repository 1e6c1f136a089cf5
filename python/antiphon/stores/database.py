"""One database, opened, migrated and closed; transactions finish whatever becomes of the caller.

Knows SQLite and PostgreSQL through one SQL toolkit, and not what is stored.
"""

import asyncio
import logging
import os
import sqlite3
from collections import Counter
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from antiphon.core.reason import Reason, WrongState

from .engines import DriverRunner, Runner, Work, sqlite_runner
from .errors import FAILURES, CannotOpen, brief, translate
from .migrate import migrate
from .url import Location, locate

log = logging.getLogger(__name__)

T = TypeVar("T")

LOCK_TIMEOUT = 5.0  # seconds to wait for another process's write transaction
POOL_TIMEOUT = 10.0  # seconds to wait for a connection of ours
CONNECT_TIMEOUT = 5.0  # seconds to reach PostgreSQL
COMMAND_TIMEOUT = 15.0  # seconds of one statement on PostgreSQL
MIN_SQLITE = (3, 35)  # RETURNING


class Database:
    """A database by its URL. `read` and `write` run a function of a connection as one unit.

    Both raise `Refused` when the database fails: BUSY if trying again can help, else INTERNAL.
    When the caller is cancelled, what was begun is still carried through.
    """

    def __init__(self, url: str, *, connections: int = 5) -> None:
        self.location: Location = locate(url)
        self.failures: Counter[Reason] = Counter()
        self._connections = connections
        self._reader: Runner | None = None
        self._writer: Runner | None = None
        self._running: set[asyncio.Future[Any]] = set()

    async def open(self, *, migrating: bool = True) -> None:
        """Connect, and (`migrating`) migrate to this version's schema. Raises `CannotOpen`."""
        try:
            self._connect()
            if migrating:
                await self.write(migrate, failures=())
        except FAILURES as error:
            await self.close()
            raise CannotOpen(f"cannot open the database {self.location}: {brief(error)}") from error
        except CannotOpen as error:
            await self.close()
            raise type(error)(f"cannot open the database {self.location}: {error}") from None

    async def close(self) -> None:
        """Finish what is running and disconnect. Idempotent."""
        while self._running:
            await asyncio.wait(self._running)
        for runner in (self._reader, self._writer):
            if runner is not None:
                await runner.close()
        self._reader = self._writer = None

    async def __aenter__(self) -> "Database":
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def read(self, work: Work[T]) -> T:
        """Run a function that only reads; each of its statements sees what is committed then."""
        return await self._run(self._reader, False, work, FAILURES)

    async def snapshot(self, work: Work[T]) -> T:
        """Run a function that only reads; all of its statements see the same moment."""
        if self.location.file is None:
            return await self.write(lambda connection: _read_one_moment(connection, work))
        return await self.read(lambda connection: _read_deferred(connection, work))

    async def write(
        self, work: Work[T], *, failures: tuple[type[BaseException], ...] = FAILURES
    ) -> T:
        """Run a function as one transaction; returns after the commit.

        `failures`: the errors to turn into `Refused`.
        """
        return await self._run(self._writer, True, work, failures)

    async def _run(
        self,
        runner: Runner | None,
        begin: bool,
        work: Work[T],
        failures: tuple[type[BaseException], ...],
    ) -> T:
        if runner is None:
            raise WrongState("the database is not open")
        running = runner.start(work, begin=begin)
        self._running.add(running)
        running.add_done_callback(self._finished)
        try:
            return await asyncio.shield(running)
        except failures as error:
            refused = translate(error)
            self.failures[refused.reason] += 1
            log.error("database %s: %s", self.location, brief(error))
            raise refused from error

    def _finished(self, running: "asyncio.Future[Any]") -> None:
        self._running.discard(running)
        if not running.cancelled():
            running.exception()  # the one who waited has it, or was cancelled

    def _connect(self) -> None:
        if self.location.file is None:
            self._connect_postgres()
        else:
            self._connect_sqlite()

    def _connect_postgres(self) -> None:
        engine = create_async_engine(
            self.location.url,
            hide_parameters=True,
            pool_size=self._connections,
            max_overflow=0,
            pool_timeout=POOL_TIMEOUT,
            pool_pre_ping=True,  # a restart of the server is not a failed request
            connect_args={"timeout": CONNECT_TIMEOUT, "command_timeout": COMMAND_TIMEOUT},
        )
        self._writer = DriverRunner(engine)
        self._reader = DriverRunner(engine.execution_options(isolation_level="AUTOCOMMIT"))

    def _connect_sqlite(self) -> None:
        if sqlite3.sqlite_version_info < MIN_SQLITE:
            raise CannotOpen(f"SQLite {sqlite3.sqlite_version} is older than 3.35")
        assert self.location.file is not None
        self.location.file.parent.mkdir(parents=True, exist_ok=True)
        # Made here, so that nobody else can read it: SQLite's own files take its mode.
        os.close(os.open(self.location.file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        # SQLite has one writer: they queue for it here.
        self._writer = sqlite_runner(self.location, 1, timeout=LOCK_TIMEOUT, writes=True)
        readers = max(self._connections - 1, 1)
        self._reader = sqlite_runner(self.location, readers, timeout=LOCK_TIMEOUT, writes=False)


def _read_one_moment(connection: Connection, work: Work[T]) -> T:
    """Within PostgreSQL's transaction, which has not asked for anything yet."""
    connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    return work(connection)


def _read_deferred(connection: Connection, work: Work[T]) -> T:
    """In a transaction of SQLite's that never writes, and so keeps nobody from writing."""
    connection.exec_driver_sql("BEGIN DEFERRED")
    try:
        return work(connection)
    finally:
        connection.exec_driver_sql("ROLLBACK")
