"""The event stream: who is told what, and what becomes of slow, gone and too many readers."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from antiphon.core.change import Attach, Publish
from antiphon.core.event import Draining
from antiphon.core.member import Source
from antiphon.core.ports import Caller
from antiphon.core.reason import Reason
from antiphon.protocols.http import HttpLimits, drain
from antiphon.protocols.http.listeners import Listener, frame, spell
from antiphon.protocols.http.resources import events
from tests.support.fakes import FakeEndpoint, Recorder, account, guest
from tests.support.wait import soon
from tests.unit.protocols.http.stand import Stand, settle, stand

ANN, BOB = account("ann"), account("bob")


@dataclass
class Reader:
    """What one reader got; `open`: the server may send more."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    content: bytearray = field(default_factory=bytearray)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    ended: bool = False
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    task: "asyncio.Task[None] | None" = None

    async def receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {k.decode(): v.decode() for k, v in message["headers"]}
            return
        await self.open.wait()
        self.content += message.get("body", b"")
        self.ended = not message.get("more_body", False)

    async def events(self) -> list[tuple[str, Any]]:
        """What came since, as (event, data)."""
        await settle()
        text, self.content = self.content.decode(), bytearray()
        found = []
        for block in text.split("\n\n"):
            lines = dict(
                line.split(": ", 1) for line in block.split("\n") if line[:1] not in ("", ":")
            )
            if "event" in lines:
                found.append((lines["event"], json.loads(lines["data"])))
        return found

    async def names(self) -> list[str]:
        """Names of what came since."""
        return [name for name, _ in await self.events()]


@asynccontextmanager
async def reading(here: Stand, caller: Caller, query: bytes = b"") -> AsyncIterator[Reader]:
    """A reader; the transport of the other tests waits for the end of a response."""
    reader = Reader()
    reader.open.set()
    token = here.headers(caller)["Authorization"]
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/api/v1/events",
        "raw_path": b"/api/v1/events",
        "query_string": query,
        "scheme": "http",
        "http_version": "1.1",
        "headers": [(b"host", b"node.example"), (b"authorization", token.encode())],
        "client": ("192.0.2.9", 1),
        "server": ("node.example", 80),
    }
    reader.task = asyncio.ensure_future(here.app(scope, reader.receive, reader.send))
    await settle()
    try:
        yield reader
    finally:
        reader.gone.set()
        await reader.task


async def test_everything_that_happens_in_a_room(here: Stand) -> None:
    switchboard = here.house.switchboard
    async with reading(here, BOB) as reader:
        assert reader.status == 200
        assert reader.headers["content-type"].startswith("text/event-stream")
        assert reader.headers["cache-control"] == "no-store"
        ann = (await switchboard.join(ANN, "hall", Recorder())).member
        await asyncio.sleep(0)
        await switchboard.update("hall", ann.id, Attach(FakeEndpoint()))
        track = await switchboard.update("hall", ann.id, Publish("0", Source.MICROPHONE))
        assert track is not None
        room = here.house.media.rooms["hall"]
        room.events.track_started(track.id, "opus")
        room.events.speaker_changed(track.id)
        await switchboard.say(ANN, "hall", "hello\nthere")
        await asyncio.sleep(0)
        await switchboard.leave("hall", ann.id)
        told = await reader.events()
    assert [name for name, _ in told] == [
        "room_opened",
        "member_joined",
        "member_changed",
        "track_added",
        "track_changed",
        "speaker_changed",
        "said",
        "track_removed",
        "member_left",
        "speaker_changed",
        "room_closed",
    ]
    assert all(data["room"] == "hall" for _, data in told)
    data = dict(told)
    assert data["member_joined"]["member"]["name"] == "Ann"
    assert data["track_changed"]["track"]["codec"] == "opus"
    assert data["said"]["message"]["text"] == "hello\nthere"
    assert data["member_left"] == {"room": "hall", "member": ann.id, "reason": "left"}
    assert data["room_closed"]["reason"] == "closed"


async def test_events_are_numbered(here: Stand) -> None:
    async with reading(here, BOB) as reader:
        await here.house.switchboard.join(ANN, "hall", Recorder())
        await settle()
        numbers = [line for line in reader.content.decode().splitlines() if line[:3] == "id:"]
        assert numbers == ["id: 1", "id: 2"]


async def test_who_is_told(here: Stand) -> None:
    switchboard = here.house.switchboard
    gus = guest("gus")
    elsewhere = account("joe", rooms=frozenset({"cellar"}))
    async with reading(here, gus) as guests, reading(here, elsewhere) as joes:
        ann = (await switchboard.join(ANN, "hall", Recorder())).member
        assert await guests.names() == []
        inside = (await switchboard.join(gus, "hall", Recorder())).member
        assert await guests.names() == ["member_joined"]
        await switchboard.say(ANN, "hall", "hi")
        assert await guests.names() == ["said"]
        await switchboard.leave("hall", inside.id)
        await settle()
        guests.content.clear()
        await switchboard.say(ANN, "hall", "he is gone")
        await switchboard.leave("hall", ann.id)
        assert await guests.names() == []
        assert await joes.names() == []


async def test_a_closed_room_is_told_to_those_who_knew_it(here: Stand) -> None:
    switchboard = here.house.switchboard
    async with reading(here, BOB) as reader:
        member = (await switchboard.join(ANN, "hall", Recorder())).member
        await reader.names()
        await switchboard.leave("hall", member.id)
        assert await reader.names() == ["member_left", "room_closed"]


async def test_a_slow_reader_is_let_go_and_others_are_not() -> None:
    async with stand(limits=HttpLimits(listener_queue=5)) as here:
        async with reading(here, BOB) as slow, reading(here, BOB) as quick:
            slow.open.clear()
            membership = await here.house.switchboard.join(ANN, "hall", Recorder())
            for number in range(20):
                await here.house.switchboard.say(ANN, "hall", f"{number}")
                await asyncio.sleep(0)
                await asyncio.sleep(0)
            assert len(await quick.names()) == 22
            slow.open.set()
            told = await slow.events()
            assert told[-1][0] == "ended"
            assert told[-1][1]["reason"] == "too_many"
            assert slow.ended
            assert not quick.ended
            assert membership.member.id in membership.room.members
        registry = here.context.registry
        name = "antiphon_http_event_listeners_dropped_total"
        assert registry.get_sample_value(name) == 1
        assert registry.get_sample_value("antiphon_http_event_listeners") == 0


async def test_a_reader_that_stopped_reading_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "WRITE_TIMEOUT", 0.05)
    async with stand() as here, reading(here, BOB) as reader:
        reader.open.clear()
        await here.house.switchboard.join(ANN, "hall", Recorder())
        assert reader.task is not None
        async with asyncio.timeout(20):
            await asyncio.shield(reader.task)
        assert not reader.ended
        assert here.context.registry.get_sample_value("antiphon_http_event_listeners") == 0


async def test_there_are_only_so_many_readers() -> None:
    async with stand(limits=HttpLimits(listeners=3, listeners_per_caller=2)) as here:
        async with AsyncExitStack() as stack:
            statuses = [
                (await stack.enter_async_context(reading(here, caller))).status
                for caller in (ANN, ANN, ANN, BOB, BOB)
            ]
            assert statuses == [200, 200, 429, 200, 429]
        async with reading(here, ANN) as again:
            assert again.status == 200


async def test_an_ended_token_ends_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "PAUSE", 0.02)
    async with stand() as here, reading(here, BOB) as reader:
        await soon("it is still there", lambda: b": still here" in reader.content)
        assert not reader.ended
        here.tokens.issued.clear()
        await soon("it is ended", lambda: reader.ended)
        assert (await reader.events())[-1][1]["reason"] == "unauthorized"
        assert reader.ended


async def test_a_stream_that_is_never_silent_ends_with_its_token_as_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    monkeypatch.setattr(events, "time", SimpleNamespace(monotonic=lambda: now))
    async with stand() as here:
        await here.house.switchboard.join(BOB, "hall", Recorder())
        async with reading(here, BOB) as reader:
            here.tokens.issued.clear()
            await here.house.switchboard.say(BOB, "hall", "early")
            await settle()
            assert not reader.ended
            now = events.PAUSE
            await here.house.switchboard.say(BOB, "hall", "late")
            await soon("it is ended", lambda: reader.ended)
            assert b": still here" not in reader.content
            assert (await reader.events())[-1][1]["reason"] == "unauthorized"
            assert reader.ended


async def test_draining_ends_streams(here: Stand) -> None:
    async with reading(here, BOB) as reader:
        await drain(here.app)
        assert (await reader.events())[-1] == (
            "ended",
            {"reason": "draining", "text": "The server stops in a moment."},
        )
        assert reader.ended
    async with reading(here, BOB) as late:
        assert late.status == 503


async def test_nobody_listens_when_nobody_reads(here: Stand) -> None:
    switchboard = here.house.switchboard
    async with reading(here, BOB):
        assert len(switchboard._watchers) == 1
    assert switchboard._watchers == []


async def test_a_policy_that_raises_harms_no_room(
    here: Stand, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with reading(here, BOB) as reader:
        ann = await here.house.switchboard.join(ANN, "hall", Recorder())
        await reader.names()

        def broken(*_: object) -> None:
            raise RuntimeError("a plug-in's mistake")

        with monkeypatch.context() as patch:
            patch.setattr(here.house.switchboard.policy, "may_join", broken)
            await here.house.switchboard.say(ANN, "hall", "hi")
            assert await reader.names() == []
        await here.house.switchboard.say(ANN, "hall", "hi again")
        assert await reader.names() == ["said"]
        assert not ann.room.closed
    assert "could not be told" in caplog.text


async def test_a_listener_keeps_order() -> None:
    listener = Listener(ANN, 3)
    listener.put(b"1")
    listener.put(b"2")
    assert await listener.next() == (b"12", False)
    listener.put(b"3")
    listener.end(Reason.DRAINING, "bye")
    listener.put(b"4")
    content, last = await listener.next()
    assert (content[:1], last) == (b"3", True)
    assert b"4" not in content


def test_what_only_members_are_told() -> None:
    assert spell(Draining("hall", "soon")) is None


def test_a_frame_is_one_event() -> None:
    assert frame("said", {"text": "a\n\nb\r: c"}, 7).count(b"\n\n") == 1
    assert frame("said", {}, 7) == b"id: 7\nevent: said\ndata: {}\n\n"
