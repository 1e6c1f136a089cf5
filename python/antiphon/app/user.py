"""`antiphon user`: accounts, changed in the database itself, whether a node runs or not.

What must take effect at once on a running node (to lock, to remove) is asked of that node.
"""

import argparse
import asyncio
import getpass
import os
import sys
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from antiphon.core.address import Address, Addresses
from antiphon.core.reason import Reason, Refused
from antiphon.net.listen import parse_listen
from antiphon.services.accounts import Accounts
from antiphon.services.normalize import PrecisNormalizer
from antiphon.services.one_time import OneTime
from antiphon.services.secrets import node_secret
from antiphon.stores.database import Database
from antiphon.stores.errors import CannotOpen
from antiphon.stores.records import Role

from .config import Config
from .folder import find_running
from .keepers import open_keepers
from .options import read_config
from .people import People
from .remote import Failed, Remote

PAGE = 200
PASSWORD_LIMIT = 4096


def run(options: argparse.Namespace) -> int:
    """Do what the command says; returns the exit code."""
    config = read_config(options)
    try:
        return asyncio.run(_run(options, config))
    except (CannotOpen, OSError, ValueError, Failed) as error:
        print(f"antiphon: {error}", file=sys.stderr)
    except Refused as refused:
        print(f"antiphon: {refused.text}", file=sys.stderr)
    return 1


async def _run(options: argparse.Namespace, config: Config) -> int:
    config.node.data.mkdir(parents=True, exist_ok=True)
    addresses = Addresses(config.node.domain, PrecisNormalizer())
    async with AsyncExitStack() as stack:
        database = Database(config.storage.url(config.node.data))
        await stack.enter_async_context(database)
        accounts = Accounts(database, addresses, config.accounts)
        stack.push_async_callback(accounts.close)
        people = People(
            config,
            secret=config.auth.secret.encode() or node_secret(config.node.data),
            database=database,
            accounts=accounts,
            base=lambda: web_address(config),
        )
        await people.open(stack)
        await open_keepers(stack, config, people, database=database, addresses=addresses)
        return await _do(options, config, people, addresses)


async def _do(
    options: argparse.Namespace, config: Config, people: People, addresses: Addresses
) -> int:
    accounts = people.accounts
    if options.verb == "list":
        await _list(accounts)
        return 0
    if options.verb == "invite":
        await _invite(options, config, people, addresses)
        return 0
    address = addresses.parse(options.address).bare
    match options.verb:
        case "add":
            password = _password(options)
            await accounts.create(address, password, name=options.name, role=Role(options.role))
        case "passwd":
            await accounts.set_password(address, _password(options))
        case "role":
            await accounts.update(address, role=Role(options.role))
        case "lock" | "unlock":
            await _lock(config, accounts, address, options.verb == "lock")
        case "reset":
            _show("reset", await people.resets.begin(address), config)
            return 0
        case "export":
            await _export(people, address, options.file)
        case "remove":
            await _remove(config, accounts, address)
    print(address)
    return 0


async def _lock(config: Config, accounts: Accounts, address: Address, locked: bool) -> None:
    if find_running(config.node.data) is not None:
        Remote(config).call("PATCH", _path(address), {"locked": locked})
    else:
        await accounts.update(address, disabled=locked)


async def _remove(config: Config, accounts: Accounts, address: Address) -> None:
    if find_running(config.node.data) is not None:
        Remote(config).call("DELETE", _path(address))
    elif not await accounts.remove(address):
        raise Refused(Reason.NOT_FOUND, f"There is no account {address}.")


def _path(address: Address) -> str:
    return f"/api/v1/accounts/{quote(str(address), safe='@')}"


async def _invite(
    options: argparse.Namespace, config: Config, people: People, addresses: Addresses
) -> None:
    room = None if options.room is None else addresses.room(options.room).local
    _, given = await people.invitations.invite(
        "antiphon user invite", role=Role(options.role), room=room, ttl=options.ttl
    )
    _show("invitation", given, config)


def _show(kind: str, given: OneTime, config: Config) -> None:
    until = datetime.fromtimestamp(given.expires_at, UTC).isoformat(timespec="seconds")
    print(f"{web_address(config)}#{kind}={given.token}\tvalid once, until {until}")


async def _export(people: People, address: Address, file: Path) -> None:
    archive = await people.exports.begin(address)
    descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        async for piece in archive:
            opened.write(piece)


def web_address(config: Config) -> str:
    """Where a node with this configuration is reached, as far as can be told without it."""
    if config.http.public_url:
        return config.http.public_url.rstrip("/") + "/"
    secure = bool(config.tls.certificate and config.http.tls_listen)
    listen = config.http.tls_listen if secure else config.http.listen
    port = parse_listen(listen).port if listen else 0
    known = port in (0, 443 if secure else 80)
    return f"http{'s' * secure}://{config.node.domain}{'' if known else f':{port}'}/"


async def _list(accounts: Accounts) -> None:
    after = None
    while page := await accounts.page(after, PAGE):
        for account in page:
            role = [account.role.value] if account.role is not Role.USER else []
            marks = ",".join([*role, *(["locked"] if account.disabled else [])])
            print("\t".join([str(account.address), account.name, marks]).rstrip())
        after = page[-1].address


def _password(options: argparse.Namespace) -> str:
    """From the option, the terminal (twice) or the first line of stdin. Raises ValueError."""
    if options.password is not None:
        return str(options.password)
    if not sys.stdin.isatty():
        return sys.stdin.readline(PASSWORD_LIMIT).rstrip("\r\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise ValueError("the passwords are not the same")
    return password
