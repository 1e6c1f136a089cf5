"""`kill -9` and a new start: what was acknowledged is there."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from websockets.exceptions import ConnectionClosed

from tests.support.node import PROGRAM, Node, run_node
from tests.support.signalling import Signalling, guest_token, joined, signalling

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PASSWORD = "correct horse battery staple"
WRITERS = 4
MESSAGES = 60


@pytest_asyncio.fixture
async def data(tmp_path: Path) -> AsyncIterator[Path]:
    folder = tmp_path / "data"
    folder.mkdir()
    process = await asyncio.create_subprocess_exec(
        *(str(PROGRAM), "user", "add", "ann@localhost", "--password", PASSWORD),
        *("--admin", "--data", str(folder)),
        cwd=tmp_path,
    )
    assert await process.wait() == 0
    yield folder


async def login(http: httpx.AsyncClient) -> dict[str, str]:
    answer = await http.post(
        "/api/v1/auth/login", json={"address": "ann@localhost", "password": PASSWORD}
    )
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['token']}"}


async def everything(url: str, room: str, headers: dict[str, str]) -> list[dict[str, Any]]:
    """All messages of a room, oldest first, page by page."""
    found: list[dict[str, Any]] = []
    async with httpx.AsyncClient(base_url=url, headers=headers) as http:
        before: dict[str, str] = {}
        while True:
            answer = await http.get(
                f"/api/v1/rooms/{room}/messages", params={"limit": "100", **before}
            )
            assert answer.status_code == 200, answer.text
            page = answer.json()
            found[:0] = page["messages"]
            if not page["more"]:
                return found
            before = {"before": page["messages"][0]["id"]}


async def talk(client: Signalling, name: str, acknowledged: list[str]) -> None:
    """Say one thing after the other until the node is gone; note what it said it had stored."""
    for number in range(MESSAGES):
        text = f"{name} {number}"
        try:
            reply = await client.request("say", text=text, origin_id=text)
        except (ConnectionError, ConnectionClosed):  # the node is gone in the middle of this
            return
        if reply["type"] == "accepted":
            acknowledged.append(text)


async def test_acknowledged_things_outlive_a_kill(data: Path, artifacts: Path) -> None:
    log = artifacts / "node.log"
    acknowledged: list[str] = []
    async with run_node(data, log) as node:
        async with httpx.AsyncClient(base_url=node.url) as http:
            headers = await login(http)
            created = await http.post(
                "/api/v1/accounts",
                headers=headers,
                json={"address": "ben@localhost", "password": PASSWORD},
            )
            assert created.status_code == 201, created.text
            kept = await http.put("/api/v1/rooms/kept", headers=headers, json={"title": "Kept"})
            assert kept.status_code in (200, 201), kept.text
        async with AsyncExitStack() as stack:
            writers = [
                await stack.enter_async_context(joined(node.url, "kept", f"Writer {number}"))
                for number in range(WRITERS)
            ]
            talks = [
                asyncio.create_task(talk(writer, f"writer {number}", acknowledged))
                for number, writer in enumerate(writers)
            ]
            while len(acknowledged) < WRITERS * MESSAGES // 3:
                await asyncio.sleep(0.01)
            # In the middle of the next ones.
            await node.kill()
            await asyncio.gather(*talks)
    assert len(acknowledged) < WRITERS * MESSAGES

    with sqlite3.connect(data / "antiphon.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()
    async with run_node(data, log) as node:
        async with httpx.AsyncClient(base_url=node.url) as http:
            headers = await login(http)
            assert (await http.get("/api/v1/accounts/ben@localhost", headers=headers)).is_success
            room = await http.get("/api/v1/rooms/kept", headers=headers)
            assert room.json()["title"] == "Kept"
        found = [message["text"] for message in await everything(node.url, "kept", headers)]
        assert set(acknowledged) <= set(found)
        assert len(found) == len(set(found))
        # A message that was stored but not acknowledged is not doubled when it is said again.
        await said_again(node, headers, found)


async def said_again(node: Node, headers: dict[str, str], found: list[str]) -> None:
    token = await guest_token(node.url, "Again")
    async with signalling(node.url) as client:
        await client.hello(token)
        assert (await client.request("join", room="kept"))["type"] == "joined"
        for _ in range(2):
            reply = await client.request("say", text="once", origin_id="once")
            assert reply["type"] == "accepted"
    after = [message["text"] for message in await everything(node.url, "kept", headers)]
    assert after == [*found, "once"]
