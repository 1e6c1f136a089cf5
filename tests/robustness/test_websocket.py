"""Garbage on the room WebSocket, and clients that do not read."""

import asyncio
import contextlib
import itertools
import json
import random
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from tests.support.calm import calm_room
from tests.support.node import Node, run_node
from tests.support.signalling import guest_token, joined, signalling
from tests.support.wait import until
from tests.support.whip import loopback_candidates

__all__ = ["loopback_candidates"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

QUEUE_LIMIT = 1 << 20  # bytes that wait for one client
TALKATIVE = {
    "ANTIPHON_LIMITS_WS_QUEUE_LIMIT": str(QUEUE_LIMIT),
    "ANTIPHON_LIMITS_WS_REQUEST_RATE": "10000",
}
MEMORY_OF_ONE = 48 << 20


def garbage() -> dict[str, str | bytes]:
    return {
        "not JSON": "{",
        "empty": "",
        "a number": "1",
        "a list": "[]",
        "no type": '{"id": 1}',
        "unknown type": '{"type": "sudo", "id": 1}',
        "wrong types": '{"type": "hello", "token": {"a": 1}}',
        "unknown field": '{"type": "hello", "token": "x", "admin": true}',
        "deep": "[" * 50_000 + "]" * 50_000,
        "binary": b"\x00\x01\x02",
        "join before hello": '{"type": "join", "id": 1, "room": "a"}',
        "bad token": '{"type": "hello", "token": "a.b.c"}',
        "no token": '{"type": "hello"}',
        "lone surrogate": '{"type": "hello", "token": "\\ud800"}',
    }


async def test_garbage_ends_the_connection_in_clear_words(
    node: Node, loopback_candidates: None
) -> None:
    async with calm_room(node):
        for what, frame in garbage().items():
            async with signalling(node.url) as stranger:
                await stranger.socket.send(frame)
                failed = await stranger.event("failed")
                assert failed["reason"], what
                assert failed["text"], what
                assert (await stranger.close_code()) not in (None, 1000, 1006, 1011), what


async def test_a_huge_message_is_not_taken(node: Node, loopback_candidates: None) -> None:
    async with calm_room(node), signalling(node.url) as stranger:
        with contextlib.suppress(ConnectionClosed):
            await stranger.socket.send("x" * (16 << 20))
        assert await stranger.close_code() == 1009


async def test_bad_requests_are_refused_and_the_member_stays(
    node: Node, loopback_candidates: None
) -> None:
    bad: dict[str, dict[str, object]] = {
        "nothing": {"type": "say"},
        "wrong type": {"type": "say", "text": 1, "origin_id": "a"},
        "too long": {"type": "say", "text": "x" * 20_000, "origin_id": "a"},
        "no such action": {"type": "moderate", "member": "m", "action": "ban"},
        "no such member": {"type": "moderate", "member": "m", "action": "remove"},
        "no such track": {"type": "mute", "track": "t", "muted": True},
        "no such section": {"type": "publish", "mid": "7", "source": "camera"},
        "second room": {"type": "join", "room": "another"},
        "no such message": {"type": "history", "before": "zzz", "limit": 1000},
        "unknown field": {"type": "raise_hand", "raised": True, "for": "all"},
        "garbage candidate": {"type": "candidate", "candidate": "candidate:x"},
        "answer to nothing": {"type": "answer", "request": 99, "sdp": "v=0"},
    }
    async with calm_room(node), joined(node.url, "other", "Mallory") as mallory:
        for what, fields in bad.items():
            reply = await mallory.request(**fields)  # type: ignore[arg-type]
            assert reply["type"] == "refused", (what, reply)
            assert reply["reason"] != "internal", what
            assert reply["text"], what
        assert (await mallory.request("raise_hand", raised=True))["type"] == "result"


async def test_random_messages_never_break_the_node(node: Node, loopback_candidates: None) -> None:
    chance = random.Random(6455)
    words = ["type", "id", "hello", "join", "say", "room", "text", "sdp", "x", ""]

    def value(depth: int = 0) -> object:
        match chance.randrange(7 if depth < 4 else 5):
            case 0:
                return chance.choice(words)
            case 1:
                return chance.choice([-1, 0, 1, 2**53, 2**70, 1e308, -0.0])
            case 2:
                return chance.choice([None, True, False])
            case 3:
                return "".join(map(chr, chance.choices(range(1, 0xD000), k=5)))
            case 4:
                return chance.randbytes(8).hex()
            case 5:
                return [value(depth + 1) for _ in range(chance.randrange(4))]
            case _:
                return {chance.choice(words): value(depth + 1) for _ in range(4)}

    token = await guest_token(node.url, "Mallory")
    async with calm_room(node):
        for _ in range(30):
            async with signalling(node.url) as stranger:
                await stranger.hello(token)
                with contextlib.suppress(ConnectionClosed):
                    for _ in range(20):
                        message = {"type": chance.choice(words), "id": 1} | {
                            chance.choice(words): value() for _ in range(3)
                        }
                        await stranger.socket.send(json.dumps(message))
        async with joined(node.url, "other", "Ann") as ann:
            assert (await ann.request("raise_hand", raised=True))["type"] == "result"


async def test_a_flood_of_requests_is_slowed_and_ended(
    node: Node, loopback_candidates: None
) -> None:
    async with calm_room(node), joined(node.url, "other", "Mallory") as mallory:
        with contextlib.suppress(ConnectionClosed):
            for number in range(5000):
                await mallory.send({"type": "raise_hand", "id": 100 + number, "raised": True})
        assert await mallory.close_code() not in (None, 1000, 1011)
        refused = [one for one in mallory.events if one["type"] == "refused"]
        assert refused
        assert {one["reason"] for one in refused} == {"too_many"}


async def test_a_client_that_does_not_read_harms_only_itself(
    tmp_path: Path, artifacts: Path, loopback_candidates: None
) -> None:
    """What waits for it is limited; then it is let go."""
    data = tmp_path / "data"
    data.mkdir()
    text = "x" * 9000
    async with (
        run_node(data, artifacts / "node.log", environment=TALKATIVE) as node,
        calm_room(node),
        joined(node.url, "loud", "Talker") as talker,
        deaf_member(node, "loud"),
    ):
        deaf = (await talker.event("member_joined"))["member"]["id"]
        before = node.rss()
        numbers = itertools.count()

        async def shout() -> bool:
            await talker.request("say", text=text, origin_id=str(next(numbers)))
            return any(
                event["type"] == "member_left" and event["member"] == deaf
                for event in talker.events
            )

        await until("the deaf one is let go", shout, within=60, interval=0)
        assert next(numbers) * len(text) > QUEUE_LIMIT * 0.9
        assert node.rss() - before < MEMORY_OF_ONE


@contextlib.asynccontextmanager
async def deaf_member(node: Node, room: str) -> AsyncIterator[None]:
    """A guest whose socket is never read after joining, with a small receive buffer."""
    token = await guest_token(node.url, "Deaf")
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.setblocking(False)
    await asyncio.get_running_loop().sock_connect(deaf, ("127.0.0.1", node.port("http")))
    async with signalling(node.url, sock=deaf, max_queue=1, close_timeout=0.1) as client:
        await client.hello(token)
        assert (await client.request("join", room=room))["type"] == "joined"
        client.socket.transport.pause_reading()
        yield
        client.socket.transport.abort()
