"""Accounts and telephones of a test node; knows REST and the account lines of baresip."""

import contextlib
import shutil
import sqlite3
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx

from tests.support.baresip import Phone, run_phone
from tests.support.node import Node
from tests.support.wait import until

PASSWORD = "correct-horse-battery"
DOMAIN = "localhost"


def sip_port(node: Node, transport: str) -> int:
    """Where the node listens for SIP by `udp`, `tcp` or `tls`."""
    return node.port("sips" if transport == "tls" else "sip")


async def make_account(node: Node, user: str, name: str = "") -> str:
    """An account with `PASSWORD`; its address."""
    body = {"address": f"{user}@{DOMAIN}", "password": PASSWORD, "name": name or user.title()}
    async with httpx.AsyncClient(base_url=node.url) as http:
        (await http.post("/api/v1/accounts", json=body)).raise_for_status()
    return body["address"]


@contextlib.asynccontextmanager
async def registered(
    node: Node,
    user: str,
    folder: Path,
    *,
    tone: int,
    transport: str = "udp",
    codecs: str = "",
    encryption: str = "",
    options: str = "",
    account: bool = True,
    settings: Mapping[str, str] | None = None,
) -> AsyncIterator[Phone]:
    """A telephone with an account of the node, registered. `options`: more account parameters."""
    if account:
        await make_account(node, user)
    server = f"sip:127.0.0.1:{sip_port(node, transport)};transport={transport}"
    line = (
        f"<sip:{user}@{DOMAIN};transport={transport}>;auth_user={user};auth_pass={PASSWORD}"
        f';outbound="{server}";regint=600'
        + (f";audio_codecs={codecs}" if codecs else "")
        + (f";mediaenc={encryption}" if encryption else "")
        + options
    )
    async with run_phone(folder / user, user, tone=tone, account=line, settings=settings) as phone:
        await phone.registered()
        yield phone


async def talk(one: Phone, other: Phone, *, dial: str = "", cleanly: bool = True) -> None:
    """`one` calls `other`, who answers; each hears the other's tone, and nothing of its own."""
    await one.dial(dial or f"sip:{other.name}@{DOMAIN}")
    await other.event("CALL_INCOMING")
    await other.accept()
    await one.event("CALL_ESTABLISHED")
    await other.event("CALL_ESTABLISHED")
    await one.hears(other.tone)
    await other.hears(one.tone)
    if cleanly:
        for phone in (one, other):
            assert phone.loudness(phone.tone) < 0.01, f"{phone.name} hears itself"


def programs() -> str:
    """Which program for telephones is missing; empty if none is."""
    return "" if shutil.which("baresip") and shutil.which("sipp") else "baresip or sipp"


async def stored_contacts(node: Node, count: int) -> None:
    """Wait until so many registered contacts would outlive the node: they are stored together, now
    and then.
    """

    async def look() -> int:
        place = f"file:{node.data / 'antiphon.db'}?mode=ro"
        with contextlib.closing(sqlite3.connect(place, uri=True, timeout=20)) as database:
            return int(database.execute("SELECT count(*) FROM bindings").fetchone()[0])

    await until(f"{count} contacts are stored", look, lambda found: found == count)
