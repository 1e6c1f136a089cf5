"""SIP servers to measure, each in a process of its own on the server's core: a node with accounts,
and Kamailio.
"""

import asyncio
import contextlib
import shutil
import socket
import tempfile
import time
from collections.abc import AsyncIterator
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
from bench.machine import ROOT, Cores, on_core
from bench.programs import BUILD, HERE, Failed
from bench.rule import PROFILE
from tests.support.node import run_node
from tests.support.ports import free_ports

DOMAIN = "localhost"
PASSWORD = "correct-horse-battery"  # also in kamailio.cfg
START = 10.0
# What strangers may cost is not what is measured: all load comes from one address.
UNLIMITED = {
    "ANTIPHON_NODE_WORKERS": "1",
    "ANTIPHON_NODE_LOG_LEVEL": "info",
    "ANTIPHON_LIMITS_SIP_RATE": "1000000",
    "ANTIPHON_LIMITS_SIP_BURST": "1000000",
    "ANTIPHON_LIMITS_SIP_CALLS_PER_ACCOUNT": "5000",
}


@dataclass(frozen=True)
class Registrar:
    """A running server, and whose CPU time counts."""

    name: str
    pid: int
    port: int
    has_rooms: bool


def users(count: int) -> list[str]:
    """Names of accounts."""
    return [f"user{number:05d}" for number in range(count)]


async def make_accounts(data: Path, count: int) -> None:
    """Accounts in the database of a node that does not run, for log-ins by digest alone."""
    addresses, config = Addresses(DOMAIN, PrecisNormalizer()), AccountsConfig()

    def create(connection: Connection) -> None:
        for user in users(count):
            address = addresses.parse(user)
            account = Account(
                id=user,
                address=address,
                name=user,
                disabled=False,
                created_at=time.time(),
                stamp=user,
            )
            keys = [derive(KeyKind.DIGEST_MD5, address, PASSWORD, config)]
            statements.create(connection, account, keys)

    async with Database(StorageConfig().url(data)) as database:
        await database.write(create)


def add_rule(folder: Path) -> str:
    """Make the routing rule an installed plug-in; the PYTHONPATH by which it is found."""
    facts = folder / "antiphon_bench-1.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: antiphon-bench\nVersion: 1\n")
    (facts / "entry_points.txt").write_text("[antiphon.plugins]\nbench = bench.rule:setup\n")
    return f"{folder}:{ROOT}"


@contextlib.asynccontextmanager
async def antiphon(
    cores: Cores, accounts: Path, profile: Path | None = None
) -> AsyncIterator[Registrar]:
    """A node with a copy of the data folder `accounts`. `profile`: a file for one."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "data")
        shutil.copytree(accounts, data)
        environment = UNLIMITED | {"PYTHONPATH": add_rule(Path(folder, "plug-in"))}
        if profile is not None:
            environment[PROFILE] = str(profile)
        log = BUILD / "sip.log"
        log.parent.mkdir(exist_ok=True)
        log.unlink(missing_ok=True)
        inside = on_core(cores.server)
        async with run_node(data, log, environment=environment, inside=inside) as node:
            yield Registrar("antiphon", node.pid, node.port("sip"), has_rooms=True)


@contextlib.asynccontextmanager
async def kamailio(cores: Cores) -> AsyncIterator[Registrar]:
    """Kamailio with one worker and everything in memory."""
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        with log.open("wb") as file:
            process = await asyncio.create_subprocess_exec(
                *on_core(cores.server),
                *("kamailio", "-f", str(HERE / "kamailio.cfg"), "-DD", "-m", "1024", "-M", "16"),
                *("-l", f"udp:127.0.0.1:{port}", "-Y", folder, "-P", f"{folder}/pid"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )
        try:
            await _answers(port, log)
            yield Registrar("kamailio", process.pid, port, has_rooms=False)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()


async def _answers(port: int, log: Path) -> None:
    """Wait until a server answers anything at all."""
    question = (
        "OPTIONS sip:localhost SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bKb\r\n"
        "Max-Forwards: 1\r\nFrom: <sip:b@b.test>;tag=b\r\nTo: <sip:localhost>\r\n"
        "Call-ID: b\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    )
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.setblocking(False)
        for _ in range(int(START / 0.2)):
            await loop.sock_sendto(asker, question.encode(), ("127.0.0.1", port))
            with contextlib.suppress(TimeoutError, ConnectionError):
                await asyncio.wait_for(loop.sock_recv(asker, 4096), 0.2)
                return
            await asyncio.sleep(0.1)
    raise Failed(f"kamailio does not answer: {log.read_text(errors='replace')[-1000:]}")
