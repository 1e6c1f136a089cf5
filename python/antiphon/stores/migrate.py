"""Brings a database to this version's schema, whoever opens it first; not what the tables mean."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from .errors import NewerDatabase

MIGRATIONS = Path(__file__).parent / "migrations"

# Any number that other programs in the same database are unlikely to lock.
_ADVISORY_LOCK = 0x416E7469_70686F6E


def configure(connection: Connection) -> Config:
    """Alembic's configuration, without a file: it works from an installed wheel."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def migrate(connection: Connection, to: str = "head") -> None:
    """Upgrade within the caller's transaction, one process at a time. Raises `NewerDatabase`.

    `to`: an older schema, which a newer database is left beyond.

    SQLite's caller began the transaction as a writer, so it is alone already.
    """
    if connection.dialect.name == "postgresql":
        lock = text("SELECT pg_advisory_xact_lock(:key)")
        connection.execute(lock, {"key": _ADVISORY_LOCK})
    config = configure(connection)
    script = ScriptDirectory.from_config(config)
    known = {revision.revision for revision in script.walk_revisions()}
    present = set(MigrationContext.configure(connection).get_current_heads())
    if present == set(script.get_heads()):
        return
    if unknown := present - known:
        raise NewerDatabase(
            f"the database has schema {', '.join(sorted(unknown))}, made by a newer version; "
            f"this version knows up to {script.get_current_head()}: upgrade the program"
        )
    if to != "head" and to not in known:
        raise NewerDatabase(f"schema {to} was made by a newer version: upgrade the program")
    command.upgrade(config, to)
