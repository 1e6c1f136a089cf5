"""Uploads by strangers who lie, dawdle, climb or explode; `kill -9` between them; a backup of it
all while it runs.
"""

import asyncio
import contextlib
import hashlib
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.support.node import PROGRAM, Node, run_node

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PASSWORD = "correct horse battery staple"
LIMITS = {"ANTIPHON_LIMITS_BODY_TIMEOUT": "2", "ANTIPHON_FILES_SLOTS": "1000"}
MEGABYTE = 1 << 20


async def command(*arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *(str(PROGRAM), *arguments), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode()


@pytest_asyncio.fixture
async def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    await command(
        *("user", "add", "ann@localhost", "--password", PASSWORD, "--admin"),
        *("--data", str(folder)),
    )
    return folder


@pytest_asyncio.fixture
async def node(data: Path, artifacts: Path) -> AsyncIterator[Node]:
    async with run_node(data, artifacts / "node.log", environment=LIMITS) as running:
        yield running


@contextlib.asynccontextmanager
async def client(node: Node) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=node.url, timeout=30) as http:
        body = {"address": "ann@localhost", "password": PASSWORD}
        token = (await http.post("/api/v1/auth/login", json=body)).json()["token"]
        http.headers["Authorization"] = f"Bearer {token}"
        yield http


async def slot(http: httpx.AsyncClient, size: int, name: str = "a.bin") -> dict[str, Any]:
    answer = await http.post("/api/v1/uploads", json={"name": name, "size": size})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def target(made: dict[str, Any]) -> bytes:
    return httpx.URL(made["put_url"]).raw_path


async def raw(node: Node, *pieces: bytes, pause: float = 0.0, within: float = 20.0) -> bytes:
    """What comes back for these bytes until the node closes or answers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", node.port("http"))
    try:
        async with asyncio.timeout(within):
            with contextlib.suppress(ConnectionError):
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(pause)
                return await reader.read(65536)
    finally:
        writer.transport.abort()
    return b""


def head(path: bytes, *fields: bytes) -> bytes:
    lines = [b"PUT " + path + b" HTTP/1.1", b"Host: localhost", *fields]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


def left(data: Path) -> list[Path]:
    return [path for path in (data / "files").rglob("*") if path.is_file()]


async def test_lies_about_a_file(node: Node, data: Path) -> None:
    async with client(node) as http:
        made = await slot(http, 1000)
        path = target(made)
        huge = head(path, b"Content-Length: 1000000000000")
        assert status(await raw(node, huge, b"x" * 1000)) == 413
        assert status(await raw(node, head(path, b"Content-Length: 999"), b"x" * 999)) == 400
        assert status(await raw(node, head(path, b"Content-Length: -5"))) in (0, 400, 411)
        chunked = head(path, b"Transfer-Encoding: chunked")
        assert status(await raw(node, chunked, b"3e8\r\n" + b"x" * 1000 + b"\r\n0\r\n\r\n")) == 411
        typed = head(path, b"Content-Length: 1000", b"Content-Type: text/html")
        assert status(await raw(node, typed, b"x" * 1000)) == 415
        assert not left(data)
        put = await http.put(made["put_url"], content=b"x" * 1000, headers=made["headers"])
        assert put.status_code == 201
        assert len(left(data)) == 1


async def test_who_dawdles_or_goes_away_leaves_nothing(node: Node, data: Path) -> None:
    async with client(node) as http:
        made = await slot(http, MEGABYTE)
        begin = head(target(made), b"Content-Length: %d" % MEGABYTE)
        assert status(await raw(node, begin, b"x" * 300_000)) == 408
        # Gone in the middle, many times: the slot can be used all the same.
        for _ in range(20):
            _, writer = await asyncio.open_connection("127.0.0.1", node.port("http"))
            writer.write(begin + b"x" * 500_000)
            await asyncio.sleep(0.02)
            writer.transport.abort()
        async with asyncio.timeout(20):
            while (
                await http.put(made["put_url"], content=b"y" * MEGABYTE, headers=made["headers"])
            ).status_code != 201:
                await asyncio.sleep(0.1)
        (path,) = left(data)
        assert path.read_bytes() == b"y" * MEGABYTE


@pytest.mark.parametrize("method", [b"GET", b"PUT", b"HEAD", b"DELETE"])
async def test_nobody_climbs_out_of_the_folder(node: Node, data: Path, method: bytes) -> None:
    zero = b"0" * 32
    for path in (
        b"/upload/../secret",
        b"/upload/%2e%2e/secret",
        b"/upload/..%2f..%2fsecret",
        b"/upload/" + zero + b"/../../../secret",
        b"/upload/" + zero + b"/%2e%2e%2f%2e%2e%2fsecret",
        b"/upload/" + zero + b"/..\\..\\secret",
        b"/upload//etc/passwd",
        b"/upload/.incoming/x",
        b"/upload/" + zero + b"/x%00.png",
        b"/upload/" + b"\xff" * 32 + b"/x",
        b"/avatars/../secret",
        b"/avatars/%2e%2e%2fsecret",
    ):
        request = (
            method + b" " + path + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
        )
        answer = await raw(node, request)
        assert status(answer) in (400, 404, 405), path
        assert (data / "secret").read_bytes().strip() not in answer


def bomb(side: int = 30_000) -> bytes:
    """A PNG of 900 million pixels in some hundred kilobytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = zlib.crc32(kind + body)
        return len(body).to_bytes(4) + kind + body + check.to_bytes(4)

    packer = zlib.compressobj(9)
    row = b"\0" * (side + 1)
    rows = [packer.compress(row * 100) for _ in range(side // 100)] + [packer.flush()]
    header = side.to_bytes(4) * 2 + bytes([8, 0, 0, 0, 0])
    body = chunk(b"IHDR", header) + chunk(b"IDAT", b"".join(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


async def test_bombs_do_not_explode(node: Node) -> None:
    data = await asyncio.to_thread(bomb)
    assert len(data) < MEGABYTE
    async with client(node) as http:
        await http.put("/api/v1/accounts/me/avatar", content=b"no picture")
        before = node.rss()
        for _ in range(5):
            answer = await http.put("/api/v1/accounts/me/avatar", content=data)
            assert answer.status_code == 413
        made = await slot(http, len(data), "bomb.png")
        put = await http.put(made["put_url"], content=data, headers=made["headers"])
        assert put.status_code == 201  # a file as any other, without a smaller picture
        assert (await http.get(f"{made['get_url']}?small=true")).status_code == 404
        assert (await http.get("/readyz")).status_code == 200
        assert node.rss() - before < 64 * MEGABYTE


async def test_many_uploads_take_little_memory(node: Node) -> None:
    async with client(node) as http:
        before = node.rss()

        async def upload(number: int) -> None:
            data = bytes([number]) * (8 * MEGABYTE)
            made = await slot(http, len(data))
            put = await http.put(made["put_url"], content=data, headers=made["headers"])
            assert put.status_code == 201

        await asyncio.gather(*(upload(number) for number in range(16)))
        assert node.rss() - before < 64 * MEGABYTE


async def test_what_was_acknowledged_survives_kill(data: Path, artifacts: Path) -> None:
    log = artifacts / "node.log"
    stored: dict[str, str] = {}
    async with run_node(data, log, environment=LIMITS) as node, client(node) as http:

        async def upload(number: int) -> None:
            content = hashlib.sha256(str(number).encode()).digest() * 20_000
            with contextlib.suppress(httpx.TransportError, AssertionError):
                made = await slot(http, len(content))
                put = await http.put(made["put_url"], content=content, headers=made["headers"])
                if put.status_code == 201:
                    path = httpx.URL(made["get_url"]).path
                    stored[path] = hashlib.sha256(content).hexdigest()

        tasks = [asyncio.create_task(upload(number)) for number in range(60)]
        async with asyncio.timeout(60):
            while len(stored) < 10:
                await asyncio.sleep(0.01)
        await node.kill()
        await asyncio.gather(*tasks)
    assert 10 <= len(stored) < 60
    async with run_node(data, log, environment=LIMITS) as node, client(node) as http:
        for path, digest in stored.items():
            answer = await http.get(path)
            assert answer.status_code == 200
            assert hashlib.sha256(answer.content).hexdigest() == digest
        assert not list((data / "files" / ".incoming").iterdir())


async def test_a_backup_of_a_running_node(
    node: Node, data: Path, tmp_path: Path, artifacts: Path
) -> None:
    stopped = False
    stored: list[str] = []

    async with client(node) as http:

        async def load() -> None:
            while not stopped:
                content = str(len(stored)).encode() * 5000
                made = await slot(http, len(content))
                put = await http.put(made["put_url"], content=content, headers=made["headers"])
                assert put.status_code == 201
                stored.append(httpx.URL(made["get_url"]).path)

        task = asyncio.create_task(load())
        while len(stored) < 5:
            await asyncio.sleep(0.01)
        acknowledged = list(stored)
        out = await command("backup", str(tmp_path / "all.tar.gz"), "--data", str(data))
        assert out.startswith("backed up: ")
        stopped = True
        await task
    again = tmp_path / "again"
    await command("restore", str(tmp_path / "all.tar.gz"), "--data", str(again))
    async with (
        run_node(again, artifacts / "again.log", environment=LIMITS) as other,
        client(other) as http,
    ):
        for path in acknowledged:
            answer = await http.get(path)
            assert answer.status_code == 200
        listed = (await http.get("/api/v1/uploads?limit=200")).json()["files"]
        for file in listed:
            path = httpx.URL(file["url"]).path
            assert len((await http.get(path)).content) == file["size"]
