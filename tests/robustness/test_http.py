"""Requests that are too large, too slow, too many, or that show a token that is no good."""

import asyncio
import base64
import contextlib
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import jwt
import pytest
import pytest_asyncio

from tests.support.calm import calm_room
from tests.support.node import Node, run_node
from tests.support.signalling import guest_token
from tests.support.whip import SDP, loopback_candidates

__all__ = ["loopback_candidates"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SECONDS = 2.0  # how long this node waits for heads and bodies
LIMITS = {
    "ANTIPHON_LIMITS_HEAD_TIMEOUT": str(SECONDS),
    "ANTIPHON_LIMITS_BODY_TIMEOUT": str(SECONDS),
    "ANTIPHON_LIMITS_CONNECTIONS_PER_ADDRESS": "200",
    "ANTIPHON_AUTH_SECRET": "a secret of this test, long enough for HS256 and for HS512 as well",
}
SECRET = LIMITS["ANTIPHON_AUTH_SECRET"]


@pytest_asyncio.fixture
async def strict(tmp_path: Path, artifacts: Path) -> AsyncIterator[Node]:
    """A node with little patience."""
    data = tmp_path / "data"
    data.mkdir()
    async with run_node(data, artifacts / "node.log", environment=LIMITS) as running:
        yield running


@contextlib.asynccontextmanager
async def raw(node: Node) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", node.port("http"))
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def answer_to(node: Node, request: bytes, within: float = 20.0) -> bytes:
    """What comes until the node closes, or the first answer's bytes."""
    async with raw(node) as (reader, writer), asyncio.timeout(within):
        with contextlib.suppress(ConnectionError):
            writer.write(request)
            await writer.drain()
            return await reader.read(65536)
    return b""


def status(answer: bytes) -> int:
    """Status code of the answer; 0 when the connection was closed without one."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


HOST = b"Host: localhost\r\n"
GUEST = b"POST /api/v1/auth/guest HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"


async def test_oversize_requests_are_refused(strict: Node, loopback_candidates: None) -> None:
    large = b"x" * (1 << 20)
    head = b"GET / HTTP/1.1\r\n" + HOST
    requests = {
        "long line": (b"GET /" + large + b" HTTP/1.1\r\n" + HOST + b"\r\n", {0, 400, 414, 431}),
        "long field": (head + b"X: " + large + b"\r\n\r\n", {0, 400, 431}),
        "many fields": (head + b"".join(b"X%d: y\r\n" % n for n in range(50_000)), {0, 400, 431}),
        "announced body": (GUEST + b"Content-Length: 99999999999\r\n\r\n{", {413}),
        "chunked body": (
            GUEST + b"Transfer-Encoding: chunked\r\n\r\n" + b"100000\r\n" + large + b"\r\n",
            {413},
        ),
        "no HTTP": (b"\x16\x03\x01" + large[:500] + b"\r\n\r\n", {0, 400}),
        "two lengths": (GUEST + b"Content-Length: 2\r\nContent-Length: 5\r\n\r\n{}", {0, 400}),
        "length and chunks": (
            GUEST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            {0, 400},
        ),
    }
    async with calm_room(strict):
        for what, (request, wanted) in requests.items():
            assert status(await answer_to(strict, request)) in wanted, what


async def test_slow_requests_end(strict: Node, loopback_candidates: None) -> None:
    """Heads and bodies that come by the byte hold a place for a few seconds only."""

    async def drip(start: bytes) -> float:
        began = time.monotonic()
        async with raw(strict) as (reader, writer), asyncio.timeout(60):
            writer.write(start)
            closed = asyncio.create_task(reader.read())
            while not closed.done():
                with contextlib.suppress(ConnectionError):
                    writer.write(b"a")
                    await writer.drain()
                await asyncio.wait([closed], timeout=0.2)
        return time.monotonic() - began

    async with calm_room(strict):
        heads = [drip(b"GET / HTTP/1.1\r\nX-Slow: ") for _ in range(50)]
        bodies = [drip(GUEST + b'Content-Length: 1000\r\n\r\n{"name":"') for _ in range(50)]
        durations = await asyncio.gather(*heads, *bodies)
    # Far less than a byte every now and then would keep it; the rest is for this machine.
    assert max(durations) < SECONDS * 10


async def test_bodies_that_are_not_what_they_should_be(strict: Node) -> None:
    async with httpx.AsyncClient(base_url=strict.url) as http:

        async def post(body: bytes, kind: str = "application/json") -> httpx.Response:
            return await http.post(
                "/api/v1/auth/guest", content=body, headers={"Content-Type": kind}
            )

        bad: dict[str, tuple[bytes, str]] = {
            "not JSON": (b"{", "application/json"),
            "not UTF-8": (b'{"name": "\xff\xfe"}', "application/json"),
            "a list": (b"[]", "application/json"),
            "wrong type": (b'{"name": {"first": 1}}', "application/json"),
            "unknown field": (b'{"name": "Ann", "admin": true}', "application/json"),
            "deep": (b"[" * 60_000 + b"]" * 60_000, "application/json"),
            "NaN": (b'{"name": NaN}', "application/json"),
            "text": (b"name=Ann", "text/plain"),
            "name of 100,000 letters": (
                json.dumps({"name": "x" * 100_000}).encode(),
                "application/json",
            ),
            "name with controls": (b'{"name": "a\\u0000b\\u001b[2J"}', "application/json"),
        }
        for what, (body, kind) in bad.items():
            answer = await post(body, kind)
            assert 400 <= answer.status_code < 500, what
            assert answer.headers["Content-Type"] == "application/problem+json", what
            assert answer.json()["status"] == answer.status_code, what


def tokens(good: str) -> dict[str, str]:
    """Tokens that must not open anything, made of one that does."""
    claims = jwt.decode(good, options={"verify_signature": False})
    now = int(time.time())

    def part(value: object) -> str:
        text = json.dumps(value).encode()
        return base64.urlsafe_b64encode(text).rstrip(b"=").decode()

    head, _, signature = good.split(".")
    admin = claims | {"grants": {"admin": True}}
    return {
        "expired": jwt.encode(claims | {"exp": now - 3600}, SECRET, "HS256"),
        "of tomorrow": jwt.encode(claims | {"iat": now + 86_400, "nbf": now + 86_400}, SECRET),
        "without an end": jwt.encode({k: v for k, v in claims.items() if k != "exp"}, SECRET),
        "of somebody else": jwt.encode(claims, "x" * 40, "HS256"),
        "without signature": f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(admin)}.",
        "with other claims": f"{head}.{part(admin)}.{signature}",
        "of another algorithm": jwt.encode(claims, SECRET, "HS512"),
        "of a strange subject": jwt.encode(claims | {"sub": "no@body@here"}, SECRET),
        "cut": good[:-4],
        "garbage": "garbage",
        "huge": "a." + "b" * 30_000 + ".c",
    }


async def test_bad_tokens_open_nothing(strict: Node) -> None:
    good = await guest_token(strict.url, "Ann")
    async with httpx.AsyncClient(base_url=strict.url) as http:

        async def rooms(token: str) -> httpx.Response:
            return await http.get("/api/v1/rooms", headers={"Authorization": f"Bearer {token}"})

        assert (await rooms(good)).status_code == 200
        for what, token in tokens(good).items():
            answer = await rooms(token)
            assert answer.status_code == 401, what
            assert "Bearer" in answer.headers["WWW-Authenticate"], what
            assert answer.headers["Content-Type"] == "application/problem+json", what
            whip = await http.post(
                "/rooms/calm/whip",
                content="v=0",
                headers={"Authorization": f"Bearer {token}", "Content-Type": SDP},
            )
            assert whip.status_code == 401, what


async def test_too_many_connections_and_requests(strict: Node, loopback_candidates: None) -> None:
    """Idle connections of one address are limited, and so are its requests."""
    async with calm_room(strict), contextlib.AsyncExitStack() as stack:
        open_connections = 0
        for _ in range(400):
            reader, writer = await stack.enter_async_context(raw(strict))
            with contextlib.suppress(ConnectionError):
                writer.write(b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n")
                async with asyncio.timeout(20):
                    answered = await reader.read(12)
                open_connections += answered.startswith(b"HTTP/1.1 200")
        assert 100 < open_connections < 200

    async with httpx.AsyncClient(base_url=strict.url) as http:
        answer = await http.get("/api/v1/rooms")
        for _ in range(2000):
            if answer.status_code == 429:
                break
            answer = await http.get("/api/v1/rooms")
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) >= 1
        assert answer.headers["Content-Type"] == "application/problem+json"
