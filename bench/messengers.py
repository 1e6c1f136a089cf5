"""XMPP servers to measure, each in a process of its own on the server's core: a node with accounts,
Prosody and ejabberd, as far as they are installed.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from antiphon.core.address import Addresses
from antiphon.services.config import AccountsConfig
from antiphon.services.keys import derive
from antiphon.services.normalize import PrecisNormalizer
from antiphon.stores import accounts as statements
from antiphon.stores.config import StorageConfig
from antiphon.stores.database import Database
from antiphon.stores.records import Account, KeyKind
from bench.machine import Cores, on_core
from bench.programs import BUILD, HERE, Failed
from tests.support.node import run_node
from tests.support.ports import free_ports

DOMAIN = "localhost"
PASSWORD = "correct-horse-battery"
WEBSOCKET = "/xmpp-websocket"
START = 30.0
# What strangers may cost is not what is measured: all load comes from one address.
UNLIMITED = {
    "ANTIPHON_LIMITS_MESSAGE_RATE": "1000000",
    "ANTIPHON_LIMITS_MESSAGE_BURST": "1000000",
    "ANTIPHON_LIMITS_XMPP_STANZA_RATE": "1000000",
    "ANTIPHON_LIMITS_XMPP_BYTE_RATE": "1000000000",
    "ANTIPHON_NODE_WORKERS": "1",
    "ANTIPHON_NODE_LOG_LEVEL": "info",
    "ANTIPHON_LIMITS_CONNECTIONS": "20000",
    "ANTIPHON_LIMITS_CONNECTIONS_PER_ADDRESS": "20000",
}
HASHES = {"SCRAM-SHA-1": "sha", "SCRAM-SHA-256": "sha256"}  # as ejabberd names them
KINDS = (KeyKind.SCRAM_SHA_1, KeyKind.SCRAM_SHA_256)


@dataclass(frozen=True)
class Messenger:
    """A running server, whose CPU time counts, and where its clients go.

    `archives`: whether it keeps messages, as well as carbons and stream management.
    """

    name: str
    pid: int
    port: int
    http_port: int
    archives: bool = True

    def at(self, websocket: bool = False) -> tuple[str, ...]:
        """What the load generator is told of it."""
        port = self.http_port if websocket else self.port
        path = ("-websocket", WEBSOCKET) if websocket else ()
        return ("-pid", str(self.pid), "-address", f"127.0.0.1:{port}", *path)


Start = Callable[[], AbstractAsyncContextManager[Messenger]]


async def make_accounts(data: Path, count: int) -> None:
    """Accounts in the database of a node that does not run."""
    addresses, config = Addresses(DOMAIN, PrecisNormalizer()), AccountsConfig()
    keys = [derive(kind, addresses.parse("anybody"), PASSWORD, config) for kind in KINDS]

    def create(connection: Connection) -> None:
        for number in range(count):
            user = f"user{number:05d}"
            account = Account(
                id=user,
                address=addresses.parse(user),
                name=user,
                disabled=False,
                created_at=time.time(),
                stamp=user,
            )
            statements.create(connection, account, keys)

    async with Database(StorageConfig().url(data)) as database:
        await database.write(create)


@contextlib.asynccontextmanager
async def antiphon(cores: Cores, accounts: Path) -> AsyncIterator[Messenger]:
    """A node with a copy of the data folder `accounts`, in development mode: plain log-ins too."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "data")
        shutil.copytree(accounts, data)
        log = BUILD / "xmpp.log"
        log.parent.mkdir(exist_ok=True)
        log.unlink(missing_ok=True)
        inside = on_core(cores.server)
        async with run_node(data, log, environment=UNLIMITED, inside=inside) as node:
            yield Messenger("antiphon", node.pid, node.port("xmpp"), node.port("http"))


@contextlib.asynccontextmanager
async def prosody(cores: Cores, mechanism: str, archives: bool) -> AsyncIterator[Messenger]:
    """Prosody, whose accounts the load generator registers."""
    with _folder() as folder:
        (port,) = free_ports(1, span=2)
        text = (HERE / "prosody.cfg.lua").read_text()
        if not archives:
            text = text.replace('"mam"; ', "").replace('"muc_mam"', "")
        config = folder / "prosody.cfg.lua"
        config.write_text(text)
        environment = {
            "BENCH_FOLDER": str(folder),
            "BENCH_PORT": str(port),
            "BENCH_HASH": mechanism.removeprefix("SCRAM-"),
        }
        command = ("prosody", "--config", str(config), "-F")
        async with _running(cores, command, environment, folder, port) as pid:
            yield Messenger(_name("prosody", archives), pid, port, port + 1, archives)


@contextlib.asynccontextmanager
async def ejabberd(cores: Cores, mechanism: str, archives: bool) -> AsyncIterator[Messenger]:
    """Start ejabberd in a virtual machine of its own, without a cluster."""
    with _folder() as folder:
        (port,) = free_ports(1, span=2)
        values = {
            "FOLDER": str(folder),
            "HTTP_PORT": str(port + 1),
            "PORT": str(port),
            "HASH": HASHES[mechanism],
        }
        text = (HERE / "ejabberd.yml").read_text()
        if not archives:
            text = text.replace("  mod_mam: {default: always, assume_mam_usage: true}\n", "")
            text = text.replace("access_mam: all, ", "").replace("{mam: true}", "{mam: false}")
        for name, value in values.items():
            text = text.replace(name, value)
        config = folder / "ejabberd.yml"
        config.write_text(text)
        environment = {
            "EJABBERD_CONFIG_PATH": str(config),
            "EJABBERD_LOG_PATH": str(folder / "log"),
            "SPOOL_DIR": str(folder),
            "HOME": str(folder),
        }
        # Its schedulers shall sleep when there is nothing to do.
        quiet = ("+K", "true", "+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none")
        command = ("erl", *quiet, "-pa", str(_ejabberd()), "-mnesia", "dir", f'"{folder}"')
        command += ("-noinput", "-s", "ejabberd")
        async with _running(cores, command, environment, folder, port) as pid:
            yield Messenger(_name("ejabberd", archives), pid, port, port + 1, archives)


def peers(cores: Cores, mechanism: str) -> list[Start]:
    """Those that are installed, with archives and without."""
    found: list[Start] = []
    for archives in (True, False):
        if shutil.which("prosody"):
            found.append(lambda on=archives: prosody(cores, mechanism, on))
        if shutil.which("erl") and _ejabberd() is not None:
            found.append(lambda on=archives: ejabberd(cores, mechanism, on))
    return found


def _name(server: str, archives: bool) -> str:
    return server if archives else f"{server}, no archive"


def _ejabberd() -> Path | None:
    """Where its programs are."""
    return next(iter(sorted(Path("/usr/lib").glob("*/ejabberd-*/ebin"))), None)


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """An empty folder but for a certificate."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
        files = ("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem"))
        command = ("openssl", "req", "-x509", *curve, *files, "-days", "2", "-nodes")
        subprocess.run((*command, "-subj", f"/CN={DOMAIN}"), check=True, capture_output=True)
        both = (folder / "cert.pem").read_bytes() + (folder / "key.pem").read_bytes()
        (folder / "both.pem").write_bytes(both)
        yield folder


@contextlib.asynccontextmanager
async def _running(
    cores: Cores, command: tuple[str, ...], environment: dict[str, str], folder: Path, port: int
) -> AsyncIterator[int]:
    said = folder / "said"
    with said.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            *on_core(cores.server),
            *command,
            env=os.environ | environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
    try:
        await _listens(port, said)
        yield process.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        await process.wait()


async def _listens(port: int, said: Path) -> None:
    for _ in range(int(START / 0.2)):
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.2)
    raise Failed(f"it does not listen: {said.read_text(errors='replace')[-1000:]}")
