"""Messages, contacts and presence on the WebSocket, asked for by those who mean no good: two who
talk to each other must notice nothing.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from tests.support.node import Node, run_node
from tests.support.signalling import Signalling, signalling
from tests.support.telephony import PASSWORD, make_account
from tests.support.wait import soon

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SLOWEST_MESSAGE = 5.0  # the machine is busy with what is done to the node as well
MEMORY_GROWTH = 32 << 20
FILE = {"url": "https://example.org/a"}


async def token_of(node: Node, user: str) -> str:
    async with httpx.AsyncClient(base_url=node.url) as http:
        given = {"address": user, "password": PASSWORD}
        answer = await http.post("/api/v1/auth/login", json=given)
        return str(answer.raise_for_status().json()["token"])


@contextlib.asynccontextmanager
async def online(node: Node, user: str) -> AsyncIterator[Signalling]:
    """Somebody whose page is open."""
    async with signalling(node.url) as client:
        await client.hello(await token_of(node, user), reachable=True)
        yield client


@contextlib.asynccontextmanager
async def two_who_talk(node: Node) -> AsyncIterator[None]:
    """Ann and Bob write to each other all the time, and are not kept waiting."""
    for user in ("ann", "bob", "mallory"):
        await make_account(node, user)
    delays: list[float] = []

    async def talk(ann: Signalling, bob: Signalling) -> None:
        for number in range(10**9):
            text, began = f"message {number}", time.monotonic()
            reply = await ann.request("send", to="bob", text=text, origin_id=text)
            assert reply["type"] == "accepted", reply
            assert (await bob.event("direct_message"))["message"]["text"] == text
            delays.append(time.monotonic() - began)
            await asyncio.sleep(0.1)

    async with online(node, "ann") as ann, online(node, "bob") as bob:
        talking = asyncio.create_task(talk(ann, bob))
        await soon("they talk", lambda: talking.done() or len(delays) > 2)
        memory = node.rss()
        yield
        said = len(delays)
        await soon("they talk on", lambda: talking.done() or len(delays) > said + 2)
        assert not talking.done(), talking.exception()
        talking.cancel()
        assert max(delays) < SLOWEST_MESSAGE
        assert node.rss() - memory < MEMORY_GROWTH
        assert {event["type"] for event in ann.events} <= {"contact_asked"}


async def test_what_makes_no_sense_is_refused_and_the_session_goes_on(node: Node) -> None:
    own = {"origin_id": "1", "to": "bob"}
    bad: dict[str, dict[str, Any]] = {
        "nothing to say": {"type": "send", "text": "", **own},
        "too much to say": {"type": "send", "text": "x" * 10_001, **own},
        "too many files": {"type": "send", "text": "x", "attachments": [FILE] * 11, **own},
        "a file nowhere": {"type": "send", "text": "x", "attachments": [{"name": "a"}], **own},
        "a long address": {"type": "send", "text": "x", "to": "b" * 5000, "origin_id": "1"},
        "to nobody": {"type": "send", "text": "x", "to": "nobody", "origin_id": "1"},
        "to no address": {"type": "send", "text": "x", "to": "@@/", "origin_id": "1"},
        "into a room by its address": {"type": "retract", "about": "x", "origin_id": "1"},
        "another's words": {"type": "correct", "about": "message 0", "text": "x", **own},
        "too many reactions": {"type": "react", "about": "x", "reactions": ["x"] * 99, **own},
        "a novel as reaction": {"type": "react", "about": "x", "reactions": ["x" * 999], **own},
        "a mark of nothing": {"type": "mark", "mark": "displayed", "message": "x", "to": "bob"},
        "an odd mark": {"type": "mark", "mark": "burnt", "message": "x", "to": "bob"},
        "both directions": {"type": "history", "before": "a", "after": "b", "to": "bob"},
        "endless history": {"type": "history", "limit": 10**6, "to": "bob"},
        "an endless search": {"type": "history", "search": "x" * 999, "to": "bob"},
        "odd pages": {"type": "conversations", "limit": 0},
        "many groups": {"type": "set_contact", "address": "bob", "groups": ["x"] * 99},
        "a contact nowhere": {"type": "set_contact", "address": "@"},
        "a long question": {"type": "ask_contact", "address": "bob", "text": "x" * 5000},
        "a whole list blocked": {"type": "block", "addresses": ["x"] * 5000},
        "odd presence": {"type": "set_presence", "show": "dancing"},
        "a long note": {"type": "set_presence", "show": "away", "note": "x" * 5000},
        "an unknown field": {"type": "typing", "active": True, "to": "bob", "as": "ann"},
    }
    async with two_who_talk(node), online(node, "mallory") as mallory:
        for what, fields in bad.items():
            reply = await mallory.request(**fields)
            assert reply["type"] == "refused", (what, reply)
            assert reply["reason"] != "internal", what
            assert reply["text"], what
        assert (await mallory.request("watch_contacts"))["type"] == "contacts"


async def test_nobody_reads_or_changes_what_others_wrote(node: Node) -> None:
    async with two_who_talk(node), online(node, "mallory") as mallory:
        page = await mallory.request("history", to="ann")
        assert page["messages"] == []
        assert (await mallory.request("conversations"))["conversations"] == []
        for about in ("message 0", "message 1"):
            for to in ("ann", "bob"):
                fields = {"about": about, "origin_id": "x", "to": to}
                reply = await mallory.request("retract", **fields)
                assert (reply["type"], reply["reason"]) == ("refused", "not_found")
        # Asking is not seeing.
        await mallory.request("ask_contact", address="ann", text="Let me in")
        watched = await mallory.request("watch_contacts")
        assert [one["account"] for one in watched["presence"]] == ["mallory@localhost"]


async def test_a_flood_of_messages_and_signs_is_slowed(tmp_path: Path, artifacts: Path) -> None:
    """Whom it is for is told no more than an account may send."""
    data = tmp_path / "data"
    data.mkdir()
    limits = {
        "ANTIPHON_LIMITS_WS_REQUEST_RATE": "5000",
        "ANTIPHON_LIMITS_WS_REQUEST_BURST": "20000",
        "ANTIPHON_LIMITS_MESSAGE_RATE": "5",
        "ANTIPHON_LIMITS_MESSAGE_BURST": "40",
    }
    async with run_node(data, artifacts / "node.log", environment=limits) as node:
        await make_account(node, "victim")
        await make_account(node, "flooder")
        async with online(node, "victim") as victim, online(node, "flooder") as flooder:
            for number in range(2000):
                fields = {"to": "victim", "text": "buy!", "origin_id": str(number)}
                await flooder.send({"type": "send", "id": number + 1, **fields})
            while sum(one["type"] in ("accepted", "refused") for one in flooder.events) < 2000:
                await asyncio.sleep(0.1)
            refused = [one for one in flooder.events if one["type"] == "refused"]
            assert {one["reason"] for one in refused} == {"too_many"}
            came = [one for one in victim.events if one["type"] == "direct_message"]
            assert 0 < len(came) < 200
            assert len(came) + len(refused) == 2000


async def test_a_reader_that_sleeps_is_let_go(tmp_path: Path, artifacts: Path) -> None:
    """What waits for it is bounded; its messages are in the archive."""
    data = tmp_path / "data"
    data.mkdir()
    limits = {
        "ANTIPHON_LIMITS_WS_QUEUE_LIMIT": str(1 << 20),
        "ANTIPHON_LIMITS_WS_REQUEST_BURST": "1000",
    }
    async with run_node(data, artifacts / "node.log", environment=limits) as node:
        await make_account(node, "ann")
        await make_account(node, "sleeper")
        token = await token_of(node, "sleeper")
        async with online(node, "ann") as ann, signalling(node.url, max_queue=1) as sleeper:
            await sleeper.hello(token, reachable=True)
            sleeper.socket.transport.pause_reading()
            memory = node.rss()
            for number in range(250):
                fields = {"to": "sleeper", "text": "z" * 9000, "origin_id": str(number)}
                reply = await ann.request("send", **fields)
                assert reply["type"] == "accepted", reply
            assert node.rss() - memory < MEMORY_GROWTH
            sleeper.socket.transport.abort()
            with contextlib.suppress(ConnectionClosed):
                await sleeper.close_code()
        async with online(node, "sleeper") as awake:
            read = 0
            before: dict[str, Any] = {}
            while True:
                page = await awake.request("history", to="ann", limit=200, **before)
                read += len(page["messages"])
                if not page["more"]:
                    break
                before = {"before": page["next"]}
            assert read == 250
