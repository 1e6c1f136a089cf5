"""What goes wrong in a database, as reasons a caller may be told; only this file knows codes."""

import asyncio
import sqlite3

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy import exc

from antiphon.core.reason import Reason, Refused

# What `translate` understands; anything else is a bug and passes through.
FAILURES = (
    exc.SQLAlchemyError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    sqlite3.Error,
    OSError,
    asyncio.TimeoutError,
)

# https://www.sqlite.org/rescode.html, primary codes
_SQLITE_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL})

# Classes of PostgreSQL's appendix A: connection, rollback, resources (disk full), state, operator
_POSTGRES_BUSY = ("08", "40", "53", "55", "57")


class CannotOpen(Exception):
    """The database could not be made ready; the text is for the operator."""


class NewerDatabase(CannotOpen):
    """The database was migrated by a newer version of this program."""


def translate(error: BaseException) -> Refused:
    """The refusal for a failure: BUSY if trying again later can help, else INTERNAL."""
    if is_busy(error):
        return Refused(Reason.BUSY, "The storage is not available now. Please try again.")
    return Refused(Reason.INTERNAL, "The storage failed.")


def is_busy(error: BaseException) -> bool:
    """Whether the failure may pass: locked, full, unreachable, restarting, no connection left."""
    if isinstance(error, exc.DBAPIError):
        return error.connection_invalidated or any(map(_is_busy_code, _causes(error)))
    if isinstance(error, (exc.TimeoutError, OSError, asyncio.TimeoutError)):
        return True
    return _is_busy_code(error)


def brief(error: BaseException) -> str:
    """One line for the log, without statements and values."""
    origin = error.orig if isinstance(error, exc.DBAPIError) and error.orig else error
    return f"{type(origin).__name__}: {origin}".splitlines()[0][:500]


def _causes(error: exc.DBAPIError) -> list[BaseException]:
    """The driver's own errors within the toolkit's."""
    found: list[BaseException] = []
    cause: BaseException | None = error.orig
    while cause is not None and len(found) < 5:
        found.append(cause)
        cause = cause.__cause__
    return found


def _is_busy_code(error: BaseException) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    if isinstance(code, int):
        return code & 0xFF in _SQLITE_BUSY
    state = getattr(error, "sqlstate", None)
    if isinstance(state, str):
        return state.startswith(_POSTGRES_BUSY)
    return isinstance(error, (OSError, asyncpg.InterfaceError))
