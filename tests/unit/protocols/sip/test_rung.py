"""Telephones that are called: a test plays them, in virtual time."""

import pytest

from antiphon._native import SipFlow
from antiphon.core import event as events
from antiphon.core.address import Address
from antiphon.core.call import CallInfo, CallState
from antiphon.core.ports import Caller as CoreCaller
from antiphon.core.reason import Reason
from antiphon.protocols.sip.credentials import Credentials
from antiphon.protocols.sip.header import parse_name_address
from antiphon.protocols.sip.leg import Times
from antiphon.protocols.sip.outgoing import Way
from antiphon.protocols.sip.rung import Rung
from antiphon.protocols.sip.session_timer import Terms
from antiphon.protocols.sip.uri import parse_uri
from tests.support.fakes import DOMAIN, FakeEndpoint, Recorder, account
from tests.support.sip_agent import Office, office
from tests.support.sip_wire import THEIRS, Opposite, settle
from tests.support.virtual_time import virtual


class Caller(Recorder):
    """Carol in a browser, who calls."""

    def __init__(self, made: Office) -> None:
        super().__init__()
        self.made = made
        self.info: CallInfo | None = None

    async def call(self, whom: str, **options: bool) -> CallInfo:
        switchboard = self.made.house.switchboard
        self.info = await switchboard.call(account("carol"), whom, self, **options)  # type: ignore[arg-type]
        await switchboard.join(account("carol"), self.info.room, self)
        return self.info

    @property
    def ended(self) -> Reason | None:
        found = [one.call.reason for one in self.events if isinstance(one, events.CallEnded)]
        return found[-1] if found else None


async def called(made: Office, **options: bool) -> tuple[Caller, Opposite]:
    made.register("bob")
    bob, caller = made.another("bob"), Caller(made)
    await caller.call(f"bob@{DOMAIN}", **options)
    return caller, bob


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_it_rings_answers_and_is_hung_up_on(transport: str) -> None:
    @virtual
    async def play() -> None:
        made = office(transport)
        caller, bob = await called(made)
        assert caller.info is not None
        invite = await bob.request("INVITE")
        assert invite.uri.startswith("sip:bob@")
        assert invite.body == b"our offer 1"
        display, uri, _ = invite.address("from") or ("", "", {})
        assert (display, uri) == ("Carol", f"sip:carol@{DOMAIN}")
        assert "carol" in (invite.get("p-asserted-identity") or "")
        bob.take_dialog(invite)
        bob.reply(invite, 180)
        await settle(0.2)
        assert any(isinstance(one, events.CallRinging) for one in caller.events)
        bob.reply(invite, 200, "their answer")
        await bob.request("ACK")
        await settle()
        assert made.members(caller.info.room) == ["Carol", "bob"]
        call = made.house.calls.stored[caller.info.id]
        assert call.state is CallState.ANSWERED
        assert call.by is not None
        assert call.by.device.startswith("sip-")
        made.house.switchboard.hang_up(caller.info.id)
        bye = await bob.request("BYE")
        bob.reply(bye, 200)
        await settle()
        assert made.agent.calls == 0
        assert made.last.closed
        assert made.rooms == []

    play()


@virtual
async def test_it_hangs_up() -> None:
    made = office()
    caller, bob = await called(made)
    invite = await bob.request("INVITE")
    bob.take_dialog(invite)
    bob.reply(invite, 200, "their answer")
    await settle(0.2)
    bob.send("BYE")
    assert (await bob.status()).status == 200
    await settle()
    assert caller.ended is Reason.LEFT


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (486, Reason.BUSY),
        (600, Reason.BUSY),
        (603, Reason.DECLINED),
        (480, Reason.UNAVAILABLE),
        (404, Reason.NOT_FOUND),
        (408, Reason.TIMEOUT),
        (500, Reason.UNAVAILABLE),
    ],
)
def test_it_does_not_take_the_call(status: int, reason: Reason) -> None:
    @virtual
    async def play() -> None:
        made = office()
        caller, bob = await called(made)
        bob.reply(await bob.request("INVITE"), status)
        await settle(0.5)
        assert caller.ended is reason
        assert made.agent.calls == 0
        assert made.last.closed

    play()


@virtual
async def test_nobody_is_there() -> None:
    made = office()
    made.away.target = None
    caller, _ = await called(made)
    await settle(40)
    assert caller.ended is Reason.UNAVAILABLE


@virtual
async def test_the_caller_gives_up() -> None:
    made = office()
    caller, bob = await called(made)
    assert caller.info is not None
    invite = await bob.request("INVITE")
    bob.take_dialog(invite)
    bob.reply(invite, 180)
    await settle(0.2)
    made.house.switchboard.hang_up(caller.info.id, Reason.CANCELLED)
    await settle(0.2)
    assert len(bob.cancels) == 1
    assert made.agent.calls == 0


@virtual
async def test_another_one_is_faster() -> None:
    made = office()
    made.register("bob")
    browser = made.house.reach.add("bob", "web")
    caller, bob = await called(made)
    assert caller.info is not None
    invite = await bob.request("INVITE")
    bob.take_dialog(invite)
    bob.reply(invite, 180)
    await settle(0.2)
    made.house.switchboard.answer(caller.info.id, browser.address)
    await settle(0.2)
    (cancel,) = bob.cancels
    assert "cause=200" in (cancel.reason or "")


@virtual
async def test_its_answer_crosses_our_cancel() -> None:
    made = office()
    caller, bob = await called(made)
    assert caller.info is not None
    invite = await bob.request("INVITE")
    bob.take_dialog(invite)
    bob.reply(invite, 180)
    await settle(0.2)
    made.away.lose = lambda data: data.startswith(b"CANCEL")
    made.house.switchboard.hang_up(caller.info.id, Reason.CANCELLED)
    bob.reply(invite, 200, "their answer")
    await bob.request("ACK")
    bob.reply(await bob.request("BYE"), 200)
    await settle()
    assert made.agent.calls == 0


@virtual
async def test_of_several_that_answer_one_is_kept() -> None:
    made = office()
    made.register("bob")
    made.register("bob", "bob2")
    caller = Caller(made)
    info = await caller.call(f"bob@{DOMAIN}")
    bob = made.another("bob")
    first, second = await bob.request("INVITE"), await bob.request("INVITE")
    assert {first.uri, second.uri} == {"sip:bob@192.0.2.9", "sip:bob2@192.0.2.9"}
    bob.take_dialog(first)
    other = made.another("bob2")
    other.take_dialog(second)
    bob.reply(first, 200, "one")
    other.reply(second, 200, "two")
    await settle(0.3)
    assert made.members(info.room) == ["Carol", "bob"]
    said = [one.method for one in (*bob.requests, *other.requests)]
    assert said.count("ACK") == 2
    assert said.count("BYE") == 1


@virtual
async def test_early_media_reaches_the_caller() -> None:
    made = office()
    caller, bob = await called(made)
    assert caller.info is not None
    invite = await bob.request("INVITE")
    bob.take_dialog(invite)
    bob.reply(invite, 183, "early answer", reliable=True)
    prack = await bob.request("PRACK")
    assert prack.confirmed
    bob.stack.reply(prack, 200)
    await settle(0.2)
    assert made.members(caller.info.room) == ["Carol", "bob"]
    assert made.house.calls.stored[caller.info.id].state is CallState.CALLING
    bob.reply(invite, 200)
    await bob.request("ACK")
    await settle()
    assert made.house.calls.stored[caller.info.id].state is CallState.ANSWERED
    assert made.last.texts == ["early answer"]


@virtual
async def test_a_longer_interval_is_granted() -> None:
    made = office()
    _, bob = await called(made)
    invite = await bob.request("INVITE")
    bob.reply(invite, 422, "", ("Min-SE", "3600"))
    again = await bob.request("INVITE")
    assert again.get("session-expires") == "3600"
    assert again.get("min-se") == "3600"
    assert again.call_id == invite.call_id
    assert again.cseq == invite.cseq + 1


@virtual
async def test_a_telephone_is_asked_with_each_kind_of_protection() -> None:
    made = office()
    _, bob = await called(made)
    for _ in range(3):
        bob.reply(await bob.request("INVITE"), 488)
    kinds = [(phone.browser, phone.secure) for phone in made.phones.opened]
    assert kinds == [(False, False), (True, False), (False, True)]
    await settle(0.3)
    assert made.agent.calls == 0
    assert all(phone.closed for phone in made.phones.opened)


@virtual
async def test_it_sends_its_calls_to_a_colleague() -> None:
    made = office()
    caller, bob = await called(made)
    made.register("dave")
    invite = await bob.request("INVITE")
    bob.reply(invite, 302, "", ("Contact", f"<sip:dave@{DOMAIN}>"))
    second = await bob.request("INVITE")
    assert second.uri.startswith("sip:dave@")
    assert caller.ended is None


@virtual
async def test_one_of_the_colleagues_has_no_address() -> None:
    made = office()
    _, bob = await called(made)
    made.register("dave")
    contacts = f"<sip:%20@{DOMAIN}>, <sip:dave@{DOMAIN}>"
    bob.reply(await bob.request("INVITE"), 302, "", ("Contact", contacts))
    second = await bob.request("INVITE")
    assert second.uri.startswith("sip:dave@")


@virtual
async def test_an_answer_of_another_call() -> None:
    made = office()
    caller, bob = await called(made)
    invite = await bob.request("INVITE")
    send = made.back.send

    def changed(flow: SipFlow, data: bytes) -> None:
        send(flow, data.replace(invite.call_id.encode(), b"another-call"))

    made.back.send = changed  # type: ignore[method-assign]
    bob.reply(invite, 200, "their answer")
    await settle(0.5)
    assert made.last.texts == []
    assert caller.ended in (None, Reason.UNSUPPORTED)


@virtual
async def test_an_answer_that_cannot_be_understood() -> None:
    made = office()
    caller, bob = await called(made)
    invite = await bob.request("INVITE")
    bob.take_dialog(invite)
    bob.reply(invite, 200, "garbage")
    await bob.request("ACK")
    bob.reply(await bob.request("BYE"), 200)
    await settle()
    assert caller.ended is Reason.UNSUPPORTED


@virtual
async def test_video_is_offered_in_a_call_with_video() -> None:
    made = office()
    _, bob = await called(made, video=True)
    invite = await bob.request("INVITE")
    assert invite.body == b"our offer 1 video"


@virtual
async def test_keys_and_hold_of_the_other_one() -> None:
    made = office()
    caller, bob = await called(made)
    assert caller.info is not None
    invite = await bob.request("INVITE")
    bob.take_dialog(invite)
    bob.reply(invite, 200, "their answer")
    await bob.request("ACK")
    await settle()
    room = made.house.switchboard.find(caller.info.room)
    assert room is not None
    carol = next(iter(room.members))
    made.house.switchboard.press(room.name, carol, "9", 0.1)
    assert made.last.keys == "9"
    made.house.switchboard.hold(room.name, carol, True)
    assert made.last.holds == [True]
    held = await bob.request("INVITE")
    bob.reply(held, 200, "their answer to hold")
    await bob.request("ACK")
    made.house.switchboard.hold(room.name, carol, False)
    resumed = await bob.request("INVITE")
    assert made.last.holds == [True, False]
    assert resumed.body == b"our offer 3"


@virtual
async def test_a_telephone_does_not_ring_itself() -> None:
    made = office()
    made.register("alice")
    made.phone.invite(f"sip:alice@{DOMAIN}")
    assert (await made.phone.status()).status == 480


@virtual
async def test_what_it_hears_in_the_room_is_published() -> None:
    made = office()
    caller, bob = await called(made)
    assert caller.info is not None
    room = made.house.switchboard.find(caller.info.room)
    assert room is not None
    (carol,) = room.members
    room.attach(carol, FakeEndpoint())
    invite = await bob.request("INVITE")
    bob.take_dialog(invite)
    bob.reply(invite, 200, "their answer")
    await settle(0.3)
    assert [track.kind for track in room.tracks.values()] == ["audio"]


def number(made: Office, *ways: Way) -> None:
    """A telephone number that is reached by these ways."""

    class Trunks:
        async def devices(self, caller: object, callee: Address) -> list[Rung]:
            address = callee.bare.on("trunk")
            who = CoreCaller(address=address, name=callee.local)
            return [Rung(made.agent, address, who, ways, outside=True)]

        def present(self, account: Address) -> list[Rung]:
            return []

    made.house.switchboard.add_reach(Trunks())


def way(made: Office, name: str, **more: object) -> Way:
    flow = SipFlow(0, "udp", 0, THEIRS)
    return Way(uri=parse_uri(f"sip:+49301@{name}.example"), flow=flow, **more)  # type: ignore[arg-type]


@virtual
async def test_the_next_trunk_is_taken_when_one_fails() -> None:
    made = office()
    failed: list[str] = []
    shown = parse_name_address('"Us" <sip:+4940@second.example>')
    number(
        made,
        way(made, "first", failed=lambda: failed.append("first")),
        way(made, "second", caller=shown, failed=lambda: failed.append("second")),
    )
    caller = Caller(made)
    await caller.call("+49301")
    first = await made.phone.request("INVITE")
    assert first.uri == "sip:+49301@first.example"
    made.phone.reply(first, 503)
    second = await made.phone.request("INVITE")
    assert second.uri == "sip:+49301@second.example"
    assert (second.address("from") or ("", "", {}))[1] == "sip:+4940@second.example"
    assert "sip:+4940@second.example" in (second.get("p-asserted-identity") or "")
    assert failed == ["first"]
    made.phone.reply(second, 180)
    await settle(0.2)
    made.phone.reply(second, 503)
    await settle(0.2)
    assert failed == ["first", "second"]
    assert caller.ended is Reason.UNAVAILABLE


@virtual
async def test_a_trunk_that_asks_for_a_password() -> None:
    made = office()
    number(made, way(made, "carrier", credentials=Credentials("us", "secret")))
    caller = Caller(made)
    await caller.call("+49301")
    challenge = 'Digest realm="carrier", nonce="abc", qop="auth", algorithm=MD5'
    first = await made.phone.request("INVITE")
    made.phone.reply(first, 407, "", ("Proxy-Authenticate", challenge))
    second = await made.phone.request("INVITE")
    answer = second.get("proxy-authorization") or ""
    assert 'username="us"' in answer
    assert second.cseq == first.cseq + 1
    made.phone.reply(second, 407, "", ("Proxy-Authenticate", challenge))
    await settle(0.3)
    assert caller.ended is Reason.FORBIDDEN


@virtual
async def test_who_knows_no_timers_and_refuses_a_refresh_is_there() -> None:
    made = office(times=Times(session=Terms(interval=200)))
    _, bob = await called(made)
    invite = await bob.request("INVITE")
    bob.take_dialog(invite)
    bob.reply(invite, 200, "their answer")
    await bob.request("ACK")
    for _ in range(3):
        bob.reply(await bob.request("INVITE"), 488)  # each half an interval after the other
    assert made.agent.calls == 1
    made.back.lose = lambda _: True  # now it is gone
    await settle(300)
    assert made.agent.calls == 0
