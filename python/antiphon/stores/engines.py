"""How functions of a connection are run: SQLite's in threads of their own, PostgreSQL's by its
asynchronous driver. Knows neither what they do nor what their failures mean.
"""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import ConnectionPoolEntry

from .errors import FAILURES
from .url import Location

T = TypeVar("T")
Work = Callable[[Connection], T]

PRAGMAS = (
    "synchronous = FULL",  # `docs/decisions` tells why
    "foreign_keys = ON",
    # Messages of many accounts touch many pages: those of the busy ones stay in memory (KiB), and
    # what is written again and again is brought to the file once (pages).
    "cache_size = -16384",
    "wal_autocheckpoint = 4000",
    "temp_store = MEMORY",
)

# How long others may take to make the file what it is to be (s).
WAL_TIMEOUT = 5.0


class Runner(Protocol):
    """Runs functions of a connection, one after the other or several at once."""

    def start(self, work: Work[T], *, begin: bool) -> "asyncio.Future[T]":
        """Run one, within a transaction or not; it is carried through whatever becomes of the
        caller, who must not cancel what is given.
        """

    async def close(self) -> None:
        """Disconnect, when nothing runs any more."""


class DriverRunner:
    """By an asynchronous driver."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    def start(self, work: Work[T], *, begin: bool) -> "asyncio.Future[T]":
        """See `Runner`."""
        return asyncio.get_running_loop().create_task(self._run(work, begin))

    async def _run(self, work: Work[T], begin: bool) -> T:
        async with self.engine.begin() if begin else self.engine.connect() as connection:
            return await connection.run_sync(work)

    async def close(self) -> None:
        """See `Runner`."""
        await self.engine.dispose()


class ThreadRunner:
    """In threads, each with a connection: a whole transaction is one step of the event loop."""

    def __init__(self, engine: Engine, threads: int) -> None:
        self.engine = engine
        self._threads = ThreadPoolExecutor(threads, "sqlite")
        # A thread's own stays with it: to take one from the pool costs more than a small
        # transaction.
        self._own = threading.local()
        self._connections: set[Connection] = set()

    def start(self, work: Work[T], *, begin: bool) -> "asyncio.Future[T]":
        """See `Runner`."""
        return asyncio.get_running_loop().run_in_executor(self._threads, self._run, work, begin)

    async def close(self) -> None:
        """See `Runner`."""
        # Threads that were waited for end at once.
        self._threads.shutdown()
        while self._connections:
            self._connections.pop().close()
        self.engine.dispose()

    def _run(self, work: Work[T], begin: bool) -> T:
        connection: Connection | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._own.connection = self.engine.connect()
            self._connections.add(connection)
        try:
            if not begin:
                return work(connection)
            with connection.begin():
                return work(connection)
        except BaseException as error:
            if isinstance(error, FAILURES) or driver_connection(connection).in_transaction:
                # Whatever state it is in, the next one shall not find it so.
                self._drop(connection)
            raise

    def _drop(self, connection: Connection) -> None:
        self._own.connection = None
        self._connections.discard(connection)
        connection.invalidate()
        connection.close()


def sqlite_runner(
    location: Location, threads: int, *, timeout: float, writes: bool
) -> ThreadRunner:
    """Threads for a SQLite file. `timeout`: seconds to wait for another process's transaction."""
    options = {} if writes else {"isolation_level": "AUTOCOMMIT"}
    engine = create_engine(
        location.url,
        hide_parameters=True,
        pool_reset_on_return=None,  # a runner leaves no transaction open
        pool_size=threads,
        max_overflow=0,
        connect_args={"timeout": timeout, "isolation_level": None, "check_same_thread": False},
        **options,
    )
    event.listen(engine, "connect", _prepare)
    if writes:
        event.listen(engine, "begin", _begin_immediate)
    return ThreadRunner(engine, threads)


def driver_connection(connection: Connection) -> sqlite3.Connection:
    """The driver's own connection within the toolkit's, which must be one to SQLite."""
    found: Any = connection.connection.driver_connection
    assert isinstance(found, sqlite3.Connection)
    return found


def _begin_immediate(connection: Connection) -> None:
    """Take the write lock at once: a reader that turns writer later could only fail."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _prepare(connection: Any, _: ConnectionPoolEntry) -> None:
    """Settings of each SQLite connection; its own `lower` knows ASCII only."""
    connection.create_function("casefold", 1, str.casefold, deterministic=True)
    cursor = connection.cursor()
    _use_wal(cursor)
    for pragma in PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _use_wal(cursor: sqlite3.Cursor) -> None:
    """SQLite does not wait for a lock when it is to change the mode of a file that is new."""
    deadline = time.monotonic() + WAL_TIMEOUT
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(0.01)
