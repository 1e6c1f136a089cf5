"""One database, opened, migrated and closed; transactions finish whatever becomes of the caller.

Knows SQLite and PostgreSQL through one SQL toolkit, and not what is stored.
"""

import asyncio
import logging
import os
import sqlite3
from collections import Counter
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection, event, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from antiphon.core.reason import Reason, WrongState

from .errors import FAILURES, CannotOpen, brief, translate
from .migrate import migrate
from .url import Location, locate

log = logging.getLogger(__name__)

T = TypeVar("T")
Work = Callable[[Connection], T]

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
        self._reader: AsyncEngine | None = None
        self._writer: AsyncEngine | None = None
        self._running: set[asyncio.Task[Any]] = set()

    async def open(self) -> None:
        """Connect, and migrate to this version's schema. Raises `CannotOpen`."""
        try:
            self._connect()
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
        for engine in {self._reader, self._writer} - {None}:
            assert engine is not None
            await engine.dispose()
        self._reader = self._writer = None

    async def __aenter__(self) -> "Database":
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def read(self, work: Work[T]) -> T:
        """Run a function that only reads; each of its statements sees what is committed then."""
        return await self._run(self._reader, False, work, FAILURES)

    async def write(
        self, work: Work[T], *, failures: tuple[type[BaseException], ...] = FAILURES
    ) -> T:
        """Run a function as one transaction; returns after the commit.

        `failures`: the errors to turn into `Refused`.
        """
        return await self._run(self._writer, True, work, failures)

    async def _run(
        self,
        engine: AsyncEngine | None,
        begin: bool,
        work: Work[T],
        failures: tuple[type[BaseException], ...],
    ) -> T:
        if engine is None:
            raise WrongState("the database is not open")
        task = asyncio.create_task(_transact(engine, begin, work))
        self._running.add(task)
        task.add_done_callback(self._finished)
        try:
            return await asyncio.shield(task)
        except failures as error:
            refused = translate(error)
            self.failures[refused.reason] += 1
            log.error("database %s: %s", self.location, brief(error))
            raise refused from error

    def _finished(self, task: "asyncio.Task[Any]") -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # the one who waited has it, or was cancelled

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
        self._writer = engine
        self._reader = engine.execution_options(isolation_level="AUTOCOMMIT")

    def _connect_sqlite(self) -> None:
        if sqlite3.sqlite_version_info < MIN_SQLITE:
            raise CannotOpen(f"SQLite {sqlite3.sqlite_version} is older than 3.35")
        assert self.location.file is not None
        self.location.file.parent.mkdir(parents=True, exist_ok=True)
        # Made here, so that nobody else can read it: SQLite's own files take its mode.
        os.close(os.open(self.location.file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        self._writer = self._sqlite_engine(1)  # SQLite has one writer: they queue for it here
        self._reader = self._sqlite_engine(max(self._connections - 1, 1), "AUTOCOMMIT")
        event.listen(self._writer.sync_engine, "begin", _begin_immediate)

    def _sqlite_engine(self, connections: int, isolation_level: Any = None) -> AsyncEngine:
        options = {"isolation_level": isolation_level} if isolation_level else {}
        engine = create_async_engine(
            self.location.url,
            hide_parameters=True,
            pool_reset_on_return=None,  # `_transact` leaves no transaction open
            pool_size=connections,
            max_overflow=0,
            pool_timeout=POOL_TIMEOUT,
            connect_args={"timeout": LOCK_TIMEOUT, "isolation_level": None},
            **options,
        )
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        return engine


async def _transact(engine: AsyncEngine, begin: bool, work: Work[T]) -> T:
    async with engine.begin() if begin else engine.connect() as connection:
        return await connection.run_sync(work)


def _begin_immediate(connection: Connection) -> None:
    """Take the write lock at once: a reader that turns writer later could only fail."""
    connection.execute(text("BEGIN IMMEDIATE"))


def _prepare_sqlite(connection: Any, _: ConnectionPoolEntry) -> None:
    """Settings of each SQLite connection; `docs/decisions` tells why FULL."""
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
