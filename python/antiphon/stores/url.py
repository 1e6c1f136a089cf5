"""Reads database URLs and turns them into what the SQL toolkit wants. Opens nothing."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError


@dataclass(frozen=True, slots=True)
class Location:
    """Where a database is: a file for SQLite, a server for PostgreSQL."""

    url: URL
    file: Path | None

    def __str__(self) -> str:
        return self.url.set(drivername=self.url.get_backend_name()).render_as_string()


def locate(text: str) -> Location:
    """Read `sqlite:///relative`, `sqlite:////absolute` or `postgresql://…`.

    Raises ValueError, whose text never has the password.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise ValueError("not a database URL: write sqlite:///FILE or postgresql://…") from None
    if url.drivername == "sqlite":
        return _sqlite(url)
    if url.drivername in ("postgresql", "postgres"):
        return _postgres(url)
    raise ValueError(
        f"unknown kind of database: {url.drivername}; write sqlite:/// or postgresql://"
    )


def _sqlite(url: URL) -> Location:
    if url.host or url.username or url.query:
        raise ValueError("a SQLite URL is sqlite:///FILE, with four slashes for an absolute path")
    if not url.database or url.database.startswith(":"):
        raise ValueError("a SQLite URL names a file: sqlite:///FILE")
    file = Path(url.database).absolute()
    return Location(URL.create("sqlite+pysqlite", database=str(file)), file)


def _postgres(url: URL) -> Location:
    query = dict(url.query)
    if "sslmode" in query:  # libpq's word; asyncpg's is `ssl`, with the same values
        query["ssl"] = query.pop("sslmode")
    return Location(url.set(drivername="postgresql+asyncpg", query=query), None)
