"""The room WebSocket over a real ASGI conversation, among fakes of the core's ports."""

import asyncio
import math
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from antiphon.core.media import Answer
from antiphon.core.ports import Caller
from antiphon.core.reason import Reason, Refused
from antiphon.protocols.web import server
from antiphon.protocols.web.config import WebConfig
from tests.support.fakes import FakeSession, account, house
from tests.unit.protocols.web.stand import CONFIG, Tokens, World


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World(house())
    yield made
    await made.server.close()


async def test_hello_and_welcome(world: World) -> None:
    client = world.connect("antiphon.v1")
    welcome = await client.hello("ann")
    assert client.subprotocol == "antiphon.v1"
    assert (welcome["address"], welcome["name"]) == ("ann@example.org", "Ann")
    assert welcome["ice_servers"] == [{"urls": ["stun:stun.example.org"]}]
    assert not welcome["resumed"]


async def test_the_token_may_be_a_subprotocol(world: World) -> None:
    client = world.connect("antiphon.v1", "antiphon.token.ann")
    client.send("hello")
    assert (await client.expect("welcome"))["address"] == "ann@example.org"


@pytest.mark.parametrize(("token", "code"), [("no token!", 1008), ("", 1008)])
async def test_without_a_good_token_there_is_a_reason_and_an_end(
    world: World, token: str, code: int
) -> None:
    client = world.connect()
    client.send("hello", token=token)
    assert (await client.expect("failed"))["reason"] == "unauthorized"
    await client.task
    assert client.closed == code


async def test_a_room_of_two(world: World) -> None:
    ann = await world.joined("ann")
    bob = world.connect()
    await bob.hello("gbob")
    state = (await bob.ask("join", "joined", room="r", name="Bobby"))["room"]
    assert [one["name"] for one in state["members"]] == ["Ann", "Bobby"]
    assert (await ann.expect("member_joined"))["member"]["address"] == "gbob@guest.example.org"

    accepted = await bob.ask("say", "accepted", text="hi", origin_id="1")
    said = await ann.expect("said")
    assert said["message"] == accepted["message"]
    assert (await ann.ask("history", "messages"))["messages"] == [said["message"]]

    await bob.ask("raise_hand", raised=True)
    assert (await ann.expect("member_changed"))["member"]["hand"]
    await bob.ask("leave")
    left = await ann.expect("member_left")
    assert left["reason"] == "left"


async def test_media_is_offered_published_and_mapped(world: World) -> None:
    ann = await world.joined("ann")
    bob = await world.joined("bob")
    answered = await ann.ask("offer", "answered", sdp="v=0")
    assert answered["sdp"] == "answer to v=0"
    track = (await ann.ask("publish", "published", mid="0", source="microphone"))["track"]
    assert (await bob.expect("track_added"))["track"] == track
    (session,) = world.house.sessions.opened
    session.events.offered(1, "v=1")
    assert (await ann.expect("offered"))["sdp"] == "v=1"
    await ann.ask("answer", request=1, sdp="v=2")
    await ann.ask("candidate", candidate="candidate:1")
    assert (session.answers, session.candidates) == ([(1, "v=2")], ["candidate:1"])
    session.events.mapped({"5": "t"})
    assert (await ann.expect("mapped"))["tracks"] == {"5": "t"}
    session.events.connected("AEAD_AES_256_GCM")
    assert (await ann.expect("media_state"))["srtp_profile"] == "AEAD_AES_256_GCM"
    await ann.ask("mute", track=track["id"], muted=True)
    assert (await bob.expect("track_changed"))["track"]["muted"]
    session.events.closed("timeout")
    assert (await ann.expect("media_state", state="closed"))["srtp_profile"] is None
    assert (await bob.expect("track_removed"))["track"] == track["id"]
    assert session.closed
    await ann.ask("offer", "answered", sdp="v=3")
    assert len(world.house.sessions.opened) == 2


async def test_what_the_engine_offers_does_not_overtake_its_answer(world: World) -> None:
    ann = await world.joined("ann")

    class Eager(FakeSession):
        async def accept_offer(self, text: str) -> Answer:
            answer = await super().accept_offer(text)
            self.events.offered(2, "again")
            self.events.mapped({"1": "t"})
            return answer

    world.house.sessions.session = Eager
    ann.request("offer", sdp="v=0")
    kinds = [(await ann.received.get())["type"] for _ in range(3)]
    assert kinds == ["answered", "offered", "mapped"]


async def test_a_session_that_ends_while_it_is_negotiated_leaves_none(world: World) -> None:
    ann = await world.joined("ann")

    class Brief(FakeSession):
        async def accept_offer(self, text: str) -> Answer:
            answer = await super().accept_offer(text)
            self.events.closed("error")
            return answer

    world.house.sessions.session = Brief
    assert (await ann.ask("offer", "refused", sdp="v=0"))["reason"] == "gone"
    assert world.house.sessions.opened[0].closed
    world.house.sessions.session = FakeSession
    await ann.ask("offer", "answered", sdp="v=0")


@pytest.mark.parametrize(
    ("kind", "fields", "reason"),
    [
        ("leave", {}, "conflict"),
        ("offer", {"sdp": "v=0"}, "conflict"),
        ("say", {"text": "x", "origin_id": "1"}, "conflict"),
        ("join", {"room": "not a room"}, "bad_request"),
    ],
)
async def test_requests_out_of_place_are_refused(
    world: World, kind: str, fields: dict[str, object], reason: str
) -> None:
    client = world.connect()
    await client.hello("ann")
    assert (await client.ask(kind, "refused", **fields))["reason"] == reason


async def test_bad_descriptions_are_refused_and_leave_no_session(world: World) -> None:
    ann = await world.joined("ann")
    refused = await ann.ask("offer", "refused", sdp="garbage")
    assert refused["reason"] == "bad_request"
    (session,) = world.house.sessions.opened
    assert session.closed
    assert (await ann.ask("candidate", "refused", candidate="x"))["reason"] == "conflict"
    assert (await ann.ask("join", "refused", room="s"))["reason"] == "conflict"


async def test_a_lost_connection_is_resumed_without_losing_or_repeating(world: World) -> None:
    bob = await world.joined("bob")
    ann = world.connect()
    session = (await ann.hello("ann"))["session"]
    await ann.ask("join", "joined", room="r")
    await bob.ask("say", "accepted", text="one", origin_id="1")
    after = (await ann.expect("said"))["seq"]
    await ann.lose()
    assert not (await bob.expect("member_changed"))["member"]["present"]
    await bob.ask("say", "accepted", text="two", origin_id="2")

    again = world.connect()
    again.requests = ann.requests
    welcome = await again.hello("ann", resume=session, after=after)
    assert welcome["resumed"]
    assert (await again.expect("said"))["message"]["text"] == "two"
    assert (await bob.expect("member_changed"))["member"]["present"]
    # A request of which the reply was lost is answered again and not done twice.
    again.send("join", id=1, room="r")
    assert (await again.expect("joined"))["id"] == 1
    assert len(world.house.switchboard.find("r").members) == 2  # type: ignore[union-attr]


async def test_a_session_that_is_not_resumed_leaves_its_room() -> None:
    world = World(house(), replace(CONFIG, resume_timeout=0.2))
    bob = await world.joined("bob")
    ann = await world.joined("ann")
    await ann.lose()
    assert (await bob.expect("member_left"))["reason"] == "lost"
    assert world.server.open_sessions == 1
    await world.server.close()


async def test_a_page_that_is_closed_leaves_at_once(world: World) -> None:
    bob = await world.joined("bob")
    ann = await world.joined("ann")
    await ann.lose(code=1001)
    assert (await bob.expect("member_left"))["reason"] == "left"
    assert world.server.open_sessions == 1


async def test_nobody_else_resumes_a_session(world: World) -> None:
    ann = world.connect()
    session = (await ann.hello("ann"))["session"]
    eve = world.connect()
    welcome = await eve.hello("eve", resume=session, after=0)
    assert not welcome["resumed"]
    assert welcome["session"] != session


async def test_a_second_connection_takes_the_session_over(world: World) -> None:
    ann = world.connect()
    session = (await ann.hello("ann"))["session"]
    second = world.connect()
    assert (await second.hello("ann", resume=session, after=0))["resumed"]
    assert (await ann.expect("failed"))["reason"] == "replaced"
    await ann.task
    assert world.server.open_sessions == 1


async def test_who_does_not_read_is_given_up_and_the_others_notice_nothing(world: World) -> None:
    bob = await world.joined("bob")
    ann = await world.joined("ann")
    ann.reads.clear()
    for number in range(40):
        await bob.ask("say", "accepted", text="x" * 1000, origin_id=str(number))
        bob.send("ack", seq=10_000)
    ann.reads.set()
    assert (await ann.expect("failed"))["reason"] == "too_many"
    await ann.task
    (left,) = world.house.switchboard.find("r").members.values()  # type: ignore[union-attr]
    assert left.info.name == "Bob"


async def test_sessions_are_limited_for_each_address() -> None:
    world = World(house(), WebConfig(max_sessions_per_address=2))
    for _ in range(2):
        await world.connect().hello("ann")
    third = world.connect()
    third.send("hello", token="ann")
    assert (await third.expect("failed"))["reason"] == "too_many"
    await world.connect().hello("bob")
    await world.server.close()


async def test_a_moderator_removes_somebody(world: World) -> None:
    ann = await world.joined("ann")
    bob = await world.joined("bob")
    member = (await ann.expect("member_joined"))["member"]["id"]
    refused = await bob.ask("moderate", "refused", member=member, action="remove")
    assert refused["reason"] == "forbidden"
    await ann.ask("moderate", member=member, action="remove")
    assert (await bob.expect("ended"))["reason"] == "removed"
    assert (await bob.ask("leave", "refused"))["reason"] == "conflict"
    await bob.ask("join", "joined", room="other")


async def test_a_stopping_server_says_so(world: World) -> None:
    ann = await world.joined("ann")
    await world.house.switchboard.drain()
    assert await ann.expect("draining")
    await world.server.close()
    await ann.task
    assert ann.closed == 1012
    late = world.connect()
    late.send("hello", token="bob")
    assert (await late.expect("failed"))["reason"] == "draining"


async def test_a_failing_request_is_refused_and_logged(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    ann = await world.joined("ann")
    world.house.switchboard.say = None  # type: ignore[assignment,method-assign]
    refused = await ann.ask("say", "refused", text="x", origin_id="1")
    assert refused["reason"] == "internal"
    assert "Say" in caplog.text
    assert await ann.ask("raise_hand", raised=True)


class Guarded(Tokens):
    """Tokens that end, or are void; `holds` lets those who verify wait."""

    def __init__(self) -> None:
        self.ends: dict[str, float] = {}
        self.void: set[str] = set()
        self.holds = asyncio.Event()
        self.holds.set()
        self.asked = 0
        self.now = 1000.0

    async def verify(self, token: str) -> Caller:
        self.asked += 1
        if token in self.void:
            raise Refused(Reason.UNAUTHORIZED, "void")
        if self.ends.get(token, math.inf) <= self.now:
            raise Refused(Reason.UNAUTHORIZED, "it has expired")
        caller = await super().verify(token.rstrip("x"))
        await self.holds.wait()
        return replace(caller, expires_at=self.ends.get(token))


@pytest.fixture
def guarded(world: World) -> Guarded:
    world.server._authenticator = tokens = Guarded()
    world.server._clock = lambda: tokens.now
    return tokens


async def test_a_connection_ends_with_its_token_and_its_session_goes_on_by_a_new_one(
    world: World, guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "LOOK_AGAIN", 0.001)
    guarded.ends |= {"ann": 1001.0, "annx": 1100.0}
    client = world.connect()
    session = (await client.hello("ann"))["session"]
    await client.ask("join", "joined", room="r")
    guarded.now = 1001.0
    assert (await client.expect("failed"))["reason"] == "unauthorized"
    await client.task
    assert client.closed == 1008
    late = world.connect()
    late.send("hello", token="ann", resume=session, after=0)
    assert (await late.expect("failed"))["reason"] == "unauthorized"
    again = world.connect()
    assert (await again.hello("annx", resume=session, after=1))["resumed"]
    room = world.house.switchboard.find("r")
    assert room is not None
    assert [member.info.name for member in room.members.values()] == ["Ann"]


async def test_only_sessions_whose_token_is_void_end(world: World, guarded: Guarded) -> None:
    before, after, locked = world.connect(), world.connect(), world.connect()
    for client, token in ((before, "ann"), (after, "annx"), (locked, "bob")):
        await client.hello(token)
    guarded.void.add("ann")
    world.server.end_sessions(account("ann").address, "another stamp")
    assert (await before.expect("failed"))["reason"] == "unauthorized"
    # Whoever's account is locked has no valid token, whoever signed it.
    world.server.end_sessions(account("bob").address, None)
    assert (await locked.expect("failed"))["reason"] == "unauthorized"
    await after.ask("join", "joined", room="r")
    assert world.server.open_sessions == 1


async def test_a_session_that_begins_while_its_log_in_is_voided_does_not_last(
    world: World, guarded: Guarded
) -> None:
    guarded.holds.clear()
    client = world.connect()
    client.send("hello", token="ann")
    async with asyncio.timeout(20):
        while not guarded.asked:
            await asyncio.sleep(0)
    guarded.void.add("ann")
    world.server.end_sessions(account("ann").address, None)
    guarded.holds.set()
    assert (await client.expect("failed"))["reason"] == "unauthorized"
    assert world.server.open_sessions == 0


async def test_a_session_with_other_rights_is_another_one(world: World) -> None:
    client = world.connect()
    session = (await client.hello("ann"))["session"]
    await client.lose()
    confined = world.connect()
    assert not (await confined.hello("ANN", resume=session, after=0))["resumed"]
