"""`antiphon backup` and `antiphon restore`: everything stored, in one file and out of it."""

import argparse
import asyncio
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from antiphon.core.reason import Refused
from antiphon.services.backup import BackupError, Summary, back_up, restore
from antiphon.stores.database import Database
from antiphon.stores.errors import FAILURES, CannotOpen, brief

from .config import Config
from .errors import StartError
from .folder import DataFolder, FolderInUse
from .options import read_config
from .people import open_blobs


def run(options: argparse.Namespace) -> int:
    """Do what the command says; returns the exit code."""
    config = read_config(options)
    work = _back_up if options.verb == "backup" else _restore
    try:
        summary = asyncio.run(work(config, options.file))
    except FAILURES as error:
        raise StartError(f"the database failed: {brief(error)}") from error
    except (BackupError, CannotOpen, OSError, ValueError) as error:
        raise StartError(str(error)) from error
    except Refused as refused:
        raise StartError(refused.text) from refused
    _show(options, summary)
    return 0


async def _back_up(config: Config, target: Path) -> Summary:
    database = Database(config.storage.url(config.node.data))
    if database.location.file is not None and not database.location.file.exists():
        raise BackupError(f"there is no database {database.location}")
    await database.open(migrating=False)
    try:
        return await back_up(
            target,
            database=database,
            blobs=open_blobs(config),
            folder=config.node.data,
            domain=config.node.domain,
            version=_version(),
        )
    finally:
        await database.close()


async def _restore(config: Config, source: Path) -> Summary:
    try:
        folder = DataFolder(config.node.data)
    except FolderInUse as error:
        raise BackupError(f"{error}; stop it, and restore into an empty folder") from None
    database = Database(config.storage.url(config.node.data))
    try:
        await database.open(migrating=False)
        return await restore(
            source,
            database=database,
            blobs=open_blobs(config),
            folder=config.node.data,
            domain=config.node.domain,
        )
    finally:
        await database.close()
        folder.close()


def _show(options: argparse.Namespace, summary: Summary) -> None:
    rows = sum(summary.tables.values())
    done = "backed up" if options.verb == "backup" else "restored"
    print(f"{done}: {rows} rows of {len(summary.tables)} tables, {summary.files} files")
    if summary.missing and options.verb == "backup":
        print(f"{summary.missing} files were deleted meanwhile", file=sys.stderr)


def _version() -> str:
    try:
        return version("antiphon")
    except PackageNotFoundError:
        return "0"
