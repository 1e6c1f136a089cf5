"""`antiphon user`: accounts, changed in the database itself, whether a node runs or not."""

import argparse
import asyncio
import getpass
import sys

from antiphon.core.address import Addresses
from antiphon.core.reason import Refused
from antiphon.services.accounts import Accounts
from antiphon.services.normalize import PrecisNormalizer
from antiphon.stores.database import Database
from antiphon.stores.errors import CannotOpen
from antiphon.stores.records import Role

from .config import Config
from .options import read_config

PAGE = 200
PASSWORD_LIMIT = 4096


def run(options: argparse.Namespace) -> int:
    """Do what the command says; returns the exit code."""
    config = read_config(options)
    try:
        return asyncio.run(_run(options, config))
    except (CannotOpen, ValueError) as error:
        print(f"antiphon: {error}", file=sys.stderr)
    except Refused as refused:
        print(f"antiphon: {refused.text}", file=sys.stderr)
    return 1


async def _run(options: argparse.Namespace, config: Config) -> int:
    config.node.data.mkdir(parents=True, exist_ok=True)
    addresses = Addresses(config.node.domain, PrecisNormalizer())
    async with Database(config.storage.url(config.node.data)) as database:
        accounts = Accounts(database, addresses, config.accounts)
        try:
            return await _do(options, accounts, addresses)
        finally:
            await accounts.close()


async def _do(options: argparse.Namespace, accounts: Accounts, addresses: Addresses) -> int:
    if options.verb == "list":
        await _list(accounts)
        return 0
    address = addresses.parse(options.address).bare
    match options.verb:
        case "add":
            password = _password(options)
            await accounts.create(address, password, name=options.name, role=Role(options.role))
        case "passwd":
            await accounts.set_password(address, _password(options))
        case "remove":
            if not await accounts.remove(address):
                print(f"antiphon: There is no account {address}.", file=sys.stderr)
                return 1
    print(address)
    return 0


async def _list(accounts: Accounts) -> None:
    after = None
    while page := await accounts.page(after, PAGE):
        for account in page:
            marks = [
                *([account.role] * (account.role != Role.USER)),
                *(["locked"] * account.disabled),
            ]
            print("\t".join([str(account.address), account.name, ",".join(marks)]).rstrip())
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
