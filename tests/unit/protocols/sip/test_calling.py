"""Telephones that call: into rooms and to accounts. A test plays the telephone, in virtual time."""

import asyncio

import pytest

from antiphon._native import SipFlow, SipRequest
from antiphon.core import event as events
from antiphon.core.call import CallState
from antiphon.core.member import Source
from antiphon.core.ports import RoomSettings
from antiphon.core.reason import Reason
from antiphon.protocols.sip.agent import AgentLimits
from antiphon.protocols.sip.leg import Times
from antiphon.protocols.sip.session_timer import Terms
from tests.support.fakes import DOMAIN, FakeDevice, FakeEndpoint, Recorder, account, guest
from tests.support.sip_agent import Office, office
from tests.support.sip_wire import THEIRS, settle
from tests.support.virtual_time import virtual

ROOM = f"sip:standup@rooms.{DOMAIN}"
RELIABLY = ("Require", "100rel")


async def in_a_room(made: Office) -> None:
    made.phone.invite(ROOM)
    await made.phone.accepted()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_into_a_room_and_out_again(transport: str) -> None:
    @virtual
    async def play() -> None:
        made = office(transport)
        made.phone.invite(ROOM)
        answer = await made.phone.accepted()
        assert answer.body == b"answer to offer"
        assert "isfocus" in answer.contacts()[0][1]
        assert made.members("standup") == ["Alice"]
        room = made.house.switchboard.find("standup")
        assert room is not None
        (track,) = room.tracks.values()
        assert (track.source, track.section) == (Source.MICROPHONE, "audio")
        assert made.last.rooms == [("standup", track.member)]
        assert made.last.played == ["alone"]
        made.phone.send("BYE")
        assert (await made.phone.status()).status == 200
        await settle()
        assert made.last.closed
        assert made.rooms == []
        assert made.agent.calls == 0

    play()


@virtual
async def test_its_member_goes_with_it_whatever_fails() -> None:
    made = office()
    await in_a_room(made)
    (party,) = made.agent._parties

    def fails(_: object) -> None:
        raise RuntimeError("a bug")

    party.gone = fails
    made.phone.send("BYE")
    await made.phone.status()
    await settle()
    assert made.rooms == []


@virtual
async def test_a_moderator_removes_it() -> None:
    made = office()
    await in_a_room(made)
    room = made.house.switchboard.find("standup")
    assert room is not None
    (member,) = room.members
    await made.house.switchboard.leave("standup", member, Reason.REMOVED)
    bye = await made.phone.request("BYE")
    made.phone.reply(bye, 200)
    assert "cause=403" in (bye.get("reason") or "")
    assert made.last.closed
    assert made.agent.calls == 0


@virtual
async def test_it_hears_who_comes_goes_and_mutes() -> None:
    made = office()
    await in_a_room(made)
    switchboard = made.house.switchboard
    bob = await switchboard.join(account("bob"), "standup", Recorder())
    room = bob.room
    (track,) = room.tracks
    room.mute(track, True)
    room.mute(track, False)
    await switchboard.leave("standup", bob.member.id)
    assert made.last.played == ["alone", "joined", "muted", "unmuted", "left"]


@virtual
async def test_a_late_offer_is_answered_in_the_ack() -> None:
    made = office()
    made.phone.invite(ROOM, body="")
    answer = await made.phone.accepted("their answer")
    assert answer.body == b"our offer 1"
    assert made.last.texts == ["their answer"]
    room = made.house.switchboard.find("standup")
    assert room is not None
    assert len(room.tracks) == 1


@virtual
async def test_an_ack_without_the_answer_that_was_due_ends_the_call() -> None:
    made = office()
    made.phone.invite(ROOM, body="")
    await made.phone.accepted()
    made.phone.reply(await made.phone.request("BYE"), 200)
    await settle()
    assert made.rooms == []


@virtual
async def test_nobody_acknowledges() -> None:
    made = office()
    made.phone.invite(ROOM)
    made.back.lose = lambda data: data.startswith(b"ACK")
    await made.phone.accepted()
    bye = await made.phone.request("BYE")
    made.phone.reply(bye, 200)
    assert made.agent.calls == 0


@pytest.mark.parametrize(
    ("body", "more", "status"),
    [
        ("garbage", [], 400),
        ("alien", [], 488),
        ("offer", [("Require", "antimatter")], 420),
        ("offer", [("Content-Type", "text/plain")], 415),
        ("offer", [("Supported", "timer"), ("Session-Expires", "30")], 422),
        ("offer", [("Session-Expires", "often")], 400),
    ],
)
def test_what_it_does_not_understand_is_refused(
    body: str, more: list[tuple[str, str]], status: int
) -> None:
    @virtual
    async def play() -> None:
        made = office()
        made.phone.invite(ROOM, body, *more)
        answer = await made.phone.status()
        assert answer.status == status
        if status == 420:
            assert answer.get("unsupported") == "antimatter"
        if status == 422:
            assert answer.get("min-se") == "90"
        await settle()
        assert made.rooms == []
        assert made.agent.calls == 0
        assert all(phone.closed for phone in made.phones.opened)

    play()


@virtual
async def test_no_such_account_nor_room() -> None:
    made = office()
    made.phone.invite(f"sip:nobody@{DOMAIN}")
    assert (await made.phone.status()).status == 404


@virtual
async def test_a_room_by_its_name_alone() -> None:
    made = office()
    await made.house.switchboard.join(account("bob"), "standup", Recorder())
    made.phone.invite(f"sip:standup@{DOMAIN}")
    await made.phone.accepted()
    assert made.members("standup") == ["Bob", "Alice"]


@virtual
@pytest.mark.parametrize("can", [True, False])
async def test_what_is_written_in_a_room_is_shown_by_telephones_that_can(can: bool) -> None:
    made = office()
    await made.house.switchboard.join(account("bob"), "standup", Recorder())
    heard: list[SipRequest] = []
    made.theirs.on("MESSAGE", heard.append)
    made.phone.invite(ROOM, "offer", ("Allow", "INVITE, MESSAGE" if can else "INVITE"))
    await made.phone.accepted()
    await made.house.switchboard.say(account("bob"), "standup", "Grüße ☕")
    await made.house.switchboard.say(account("alice"), "standup", "my own")
    await settle()
    assert [message.body.decode() for message in heard] == (["Grüße ☕"] if can else [])
    if can:
        shown = heard[0].address("from")
        assert shown is not None
        assert shown[:2] == ("Bob", f"sip:standup@rooms.{DOMAIN}")


@virtual
async def test_a_full_room_is_busy() -> None:
    made = office()
    await made.house.rooms.save(RoomSettings(name="standup", max_members=1))
    await made.house.switchboard.join(account("bob"), "standup", Recorder())
    made.phone.invite(ROOM)
    assert (await made.phone.status()).status == 486


# to accounts


async def ringing(
    made: Office, body: str = "offer", *headers: tuple[str, str]
) -> tuple[FakeDevice, str]:
    """Alice's telephone calls bob, whose browser rings."""
    made.house.directory.names.add("bob")
    browser = made.house.reach.add("bob", "web")
    made.phone.invite(f"sip:bob@{DOMAIN}", body, *headers)
    for _ in range(100):
        if browser.events:
            break
        await settle()
    (invited,) = browser.take()
    assert isinstance(invited, events.Invited)
    assert invited.call.caller_name == "Alice"
    return browser, invited.call.id


@virtual
async def test_a_call_that_a_browser_answers() -> None:
    made = office()
    browser, call = await ringing(made)
    switchboard = made.house.switchboard
    switchboard.ringing(call, browser.address)
    await made.phone.status(180)
    info = switchboard.answer(call, browser.address)
    await switchboard.join(account("bob"), info.room, Recorder())
    await made.phone.accepted()
    assert made.members(info.room) == ["Alice", "Bob"]
    made.phone.send("BYE")
    await made.phone.status(200)
    await settle()
    assert made.house.calls.stored[call].state is CallState.ENDED
    assert made.rooms == []


@pytest.mark.parametrize(
    ("reason", "status"),
    [(Reason.DECLINED, 603), (Reason.BUSY, 486), (Reason.UNAVAILABLE, 480)],
)
def test_a_call_that_a_browser_declines(reason: Reason, status: int) -> None:
    @virtual
    async def play() -> None:
        made = office()
        browser, call = await ringing(made)
        made.house.switchboard.decline(call, browser.address, reason)
        assert (await made.phone.status()).status == status
        await settle()
        assert made.rooms == []
        assert made.agent.calls == 0

    play()


@virtual
async def test_nobody_answers() -> None:
    made = office()
    _, call = await ringing(made)
    assert (await made.phone.status()).status == 408
    assert made.house.calls.stored[call].reason is Reason.TIMEOUT


@virtual
async def test_nobody_is_there() -> None:
    made = office()
    made.house.directory.names.add("bob")
    made.phone.invite(f"sip:bob@{DOMAIN}")
    assert (await made.phone.status()).status == 480


@virtual
async def test_cancelled_by_the_caller() -> None:
    made = office()
    made.house.directory.names.add("bob")
    browser = made.house.reach.add("bob", "web")
    number = made.phone.invite(f"sip:bob@{DOMAIN}")
    await settle(1.0)
    made.theirs.cancel(number)
    assert (await made.phone.status()).status == 487
    await settle()
    _, ended = browser.take()
    assert isinstance(ended, events.CallEnded)
    assert ended.call.reason is Reason.CANCELLED
    assert made.agent.calls == 0
    assert made.last.closed


@virtual
async def test_early_media_is_passed_on_reliably() -> None:
    made = office()
    made.house.directory.names.add("bob")
    browser = made.house.reach.add("bob", "phone")
    made.phone.invite(f"sip:bob@{DOMAIN}", "offer", ("Supported", "100rel"))
    await settle(1.0)
    (invited,) = browser.take()
    assert isinstance(invited, events.Invited)
    bob = await made.house.switchboard.join(account("bob"), invited.room, Recorder())
    bob.room.attach(bob.member.id, FakeEndpoint())
    bob.room.publish(bob.member.id, "0", Source.MICROPHONE)
    progress = await made.phone.status(183)
    assert progress.body == b"answer to offer"
    assert progress.get("require") == "100rel"
    rack = f"{progress.get('rseq')} {made.phone.sequence} INVITE"
    made.phone.send("PRACK", "", ("RAck", rack))
    assert (await made.phone.status(200)).method == "PRACK"
    made.house.switchboard.answer(invited.call.id, browser.address)
    answer = await made.phone.accepted()
    assert answer.method == "INVITE"
    assert answer.body == b""  # said reliably before


@virtual
async def test_the_dialogs_of_a_call_are_known_until_it_ends() -> None:
    made = office()
    _, call = await ringing(made)
    assert made.agent.call_ids(call) == {made.phone.call_id}
    assert made.agent.call_ids("another") == set()
    made.house.switchboard.ringing(call, account("bob").address.on("web"))
    await made.phone.status(180)
    made.phone.send("BYE")
    await settle(1.0)
    assert made.agent.call_ids(call) == set()
    assert made.agent._by_call == {}, "nothing is left of it"


@virtual
async def test_hung_up_before_the_answer() -> None:
    made = office()
    _, call = await ringing(made)
    made.house.switchboard.ringing(call, account("bob").address.on("web"))
    await made.phone.status(180)
    made.phone.send("BYE")
    statuses = {(await made.phone.status()).status, (await made.phone.status()).status}
    assert statuses == {200, 487}  # RFC 3261 §15.1.2
    await settle()
    assert made.agent.calls == 0
    assert made.house.calls.stored[call].state is CallState.ENDED


@virtual
async def test_an_acknowledgement_with_an_answer_that_cannot_be_used() -> None:
    made = office()
    browser, call = await ringing(made, "", RELIABLY)
    made.house.switchboard.ringing(call, browser.address)
    said = await made.phone.status(180)
    assert said.body == b"our offer 1"
    rack = f"{said.get('rseq')} {made.phone.sequence} INVITE"
    made.phone.send("PRACK", "alien", ("RAck", rack))
    found = [await made.phone.status(), await made.phone.status()]
    assert ("PRACK", 488) in [(one.method, one.status) for one in found]
    assert "INVITE" in [one.method for one in found]
    await settle()
    assert made.agent.calls == 0


@virtual
async def test_required_reliability_makes_ringing_reliable() -> None:
    made = office()
    browser, call = await ringing(made, "offer", RELIABLY)
    made.house.switchboard.ringing(call, browser.address)
    said = await made.phone.status(180)
    assert said.get("rseq") is not None
    made.house.switchboard.answer(call, browser.address)
    await settle(0.2)
    rack = f"{said.get('rseq')} {made.phone.sequence} INVITE"
    made.phone.send("PRACK", "", ("RAck", rack))
    await made.phone.status(200)
    await made.phone.accepted()


@virtual
async def test_a_ringing_that_nobody_acknowledges_ends_the_call() -> None:
    made = office()
    browser, call = await ringing(made, "offer", RELIABLY)
    made.house.switchboard.ringing(call, browser.address)
    assert (await made.phone.status()).status == 504
    assert made.agent.calls == 0


# within the call


@virtual
async def test_hold_and_resume_by_reinvite() -> None:
    made = office()
    await in_a_room(made)
    room = made.house.switchboard.find("standup")
    assert room is not None
    (member,) = room.members.values()
    made.phone.send("INVITE", "held offer")
    assert (await made.phone.accepted()).body == b"answer to held offer"
    assert member.info.held
    made.phone.send("INVITE", "offer again")
    await made.phone.accepted()
    assert not member.info.held


@virtual
async def test_an_update_changes_the_media() -> None:
    made = office()
    await in_a_room(made)
    made.phone.send("UPDATE", "offer with video")
    answer = await made.phone.status()
    assert answer.body == b"answer to offer with video"
    room = made.house.switchboard.find("standup")
    assert room is not None
    await settle()
    assert sorted(track.source for track in room.tracks.values()) == ["camera", "microphone"]


@virtual
async def test_a_change_that_is_not_understood_leaves_the_call_as_it_was() -> None:
    made = office()
    await in_a_room(made)
    made.phone.send("INVITE", "alien")
    assert (await made.phone.status()).status == 488
    made.phone.send("UPDATE", "offer")
    assert (await made.phone.status()).status == 200
    assert made.members("standup") == ["Alice"]


@virtual
async def test_requests_out_of_order_are_refused() -> None:
    made = office()
    await in_a_room(made)
    made.phone.send("OPTIONS", cseq=1)
    assert (await made.phone.status()).status == 500
    made.phone.send("OPTIONS", cseq=20)
    answer = await made.phone.status()
    assert "UPDATE" in (answer.get("allow") or "")


@pytest.mark.parametrize(
    ("kind", "body", "status", "digits"),
    [
        ("application/dtmf-relay", "Signal=5\r\nDuration=250\r\n", 200, ["5"]),
        ("application/dtmf", "#", 200, ["#"]),
        ("application/dtmf-relay", "Signal=x\r\n", 400, []),
        ("application/media_control+xml", "<x/>", 415, []),
    ],
)
def test_keys_by_info(kind: str, body: str, status: int, digits: list[str]) -> None:
    @virtual
    async def play() -> None:
        made = office()
        await in_a_room(made)
        listener = Recorder()
        await made.house.switchboard.join(account("bob"), "standup", listener)
        made.phone.send("INFO", body, ("Content-Type", kind))
        assert (await made.phone.status()).status == status
        pressed = [one for one in listener.events if isinstance(one, events.DigitPressed)]
        assert [one.digit for one in pressed] == digits

    play()


@virtual
async def test_keys_by_rtp() -> None:
    made = office()
    await in_a_room(made)
    listener = Recorder()
    await made.house.switchboard.join(account("bob"), "standup", listener)
    made.last.events.pressed("7", 0.2)
    (pressed,) = (one for one in listener.events if isinstance(one, events.DigitPressed))
    assert (pressed.digit, pressed.duration) == ("7", 0.2)


@virtual
async def test_silence_for_long_ends_the_call() -> None:
    made = office()
    await in_a_room(made)
    made.last.events.interrupted()
    await settle(10)
    made.last.events.connected("")
    await settle(30)
    assert made.agent.calls == 1
    made.last.events.interrupted()
    await settle(21)
    made.phone.reply(await made.phone.request("BYE"), 200)
    assert made.agent.calls == 0


@virtual
async def test_a_telephone_that_does_not_refresh_is_gone() -> None:
    made = office()
    made.phone.invite(ROOM, "offer", ("Supported", "timer"), ("Session-Expires", "120"))
    answer = await made.phone.accepted()
    assert answer.get("session-expires") == "120;refresher=uac"
    await settle(70)
    made.phone.send("UPDATE", "", ("Supported", "timer"), ("Session-Expires", "120"))
    await made.phone.status(200)
    await settle(70)
    assert made.agent.calls == 1
    await settle(60)
    made.phone.reply(await made.phone.request("BYE"), 200)
    assert made.agent.calls == 0


@virtual
async def test_we_refresh_when_that_is_ours() -> None:
    made = office(times=Times(session=Terms(interval=200)))
    more = [("Supported", "timer"), ("Session-Expires", "200;refresher=uas"), ("Allow", "UPDATE")]
    made.phone.invite(ROOM, "offer", *more)
    answer = await made.phone.accepted()
    assert answer.get("session-expires") == "200;refresher=uas"
    update = await made.phone.request("UPDATE")
    assert update.get("session-expires") == "200;refresher=uac"
    made.phone.reply(update, 200, "", ("Session-Expires", "200;refresher=uac"))
    made.phone.reply(await made.phone.request("UPDATE"), 481)
    await settle(0.2)
    assert made.agent.calls == 0


def timed(*allowed: str) -> list[tuple[str, str]]:
    """A telephone with session timers that wants us to refresh."""
    return [
        ("Supported", "timer"),
        ("Session-Expires", "200;refresher=uas"),
        ("Allow", ", ".join(("INVITE", *allowed))),
    ]


@pytest.mark.parametrize("method", ["UPDATE", "INVITE"])
def test_a_refresh_that_failed_is_tried_again(method: str) -> None:
    @virtual
    async def play() -> None:
        made = office(times=Times(session=Terms(interval=200)))
        made.phone.invite(ROOM, "offer", *timed(method))
        await made.phone.accepted()
        made.phone.reply(await made.phone.request(method), 500)
        again = await made.phone.request(method)
        body = "their answer" if method == "INVITE" else ""
        made.phone.reply(again, 200, body, ("Session-Expires", "200;refresher=uac"))
        await settle(70)
        assert made.agent.calls == 1
        # It counts anew: the next one comes, and when that fails again, another one.
        made.phone.reply(await made.phone.request(method), 500)
        made.phone.reply(await made.phone.request(method), 500)
        await settle(40)
        assert made.agent.calls == 1
        made.phone.reply(await made.phone.request("BYE"), 200)
        assert made.agent.calls == 0

    play()


@virtual
async def test_a_longer_interval_is_granted_at_a_refresh() -> None:
    made = office(times=Times(session=Terms(interval=200)))
    made.phone.invite(ROOM, "offer", *timed("UPDATE"))
    await made.phone.accepted()
    made.phone.reply(await made.phone.request("UPDATE"), 422, "", ("Min-SE", "often"))
    made.phone.reply(await made.phone.request("UPDATE"), 422, "", ("Min-SE", "600"))
    again = await made.phone.request("UPDATE")
    assert again.get("session-expires") == "600;refresher=uac"
    assert made.ours.failures["malformed answer"] == 1


@virtual
async def test_what_only_one_request_failed_by_does_not_end_the_call() -> None:
    made = office()
    await in_a_room(made)
    (party,) = made.agent._parties
    heard: list[int] = []
    party.leg.request("INFO", heard=lambda response: heard.append(response.status))
    made.phone.reply(await made.phone.request("INFO"), 481)
    await settle()
    assert heard == [481]
    assert made.agent.calls == 1


@virtual
async def test_our_offer_meets_theirs() -> None:
    made = office()
    await in_a_room(made)
    made.last.events.offered(1, "")
    first = await made.phone.request("INVITE")
    assert first.body == b"our offer 1"
    made.phone.send("INVITE", "their offer")
    assert (await made.phone.status()).status == 491
    made.phone.reply(first, 491)
    again = await made.phone.request("INVITE")
    assert again.cseq > first.cseq
    assert made.last.withdrawn == 1
    made.phone.reply(again, 200, "their answer")
    await made.phone.request("ACK")
    await settle()
    assert made.last.texts[-1] == "their answer"


@virtual
async def test_a_request_that_comes_another_way_shows_the_way_back() -> None:
    made = office("tcp")
    await in_a_room(made)
    made.back.connection = 2
    made.phone.send("OPTIONS")
    await made.phone.status()
    made.last.events.offered(1, "")
    await made.phone.request("INVITE")
    assert made.away.flows[-1].connection == 2


@virtual
async def test_the_node_stops() -> None:
    made = office()
    await in_a_room(made)
    other = made.another("carol")
    made.house.directory.names.add("bob")
    made.house.reach.add("bob", "web")
    other.invite(f"sip:bob@{DOMAIN}")
    await settle(1.0)
    draining = asyncio.create_task(made.agent.drain())
    assert (await other.status()).status == 503
    bye = await made.phone.request("BYE")
    assert not draining.done()
    made.phone.reply(bye, 200)
    await settle(0.2)
    assert draining.done()
    third = made.another("dave")
    third.invite(ROOM)
    assert (await third.status()).status == 503


@virtual
async def test_calls_are_limited() -> None:
    made = office(limits=AgentLimits(calls_per_account=1))
    await in_a_room(made)
    second = made.another("alice")
    second.call_id, second.tag = "another", "another"
    second.invite(ROOM)
    assert (await second.status()).status == 486
    assert made.agent.counters["refused"] == 1


@virtual
async def test_a_dialog_that_is_asked_too_much() -> None:
    made = office()
    await in_a_room(made)
    for _ in range(60):
        made.phone.send("OPTIONS")
    await settle(1.0)
    statuses = made.phone.statuses
    assert statuses.count(503) > 0
    assert statuses.count(200) >= 32
    assert made.agent.home.stack.failures["too many requests of a dialog"] > 0


@virtual
async def test_a_guest_without_a_name() -> None:
    made = office()
    await made.house.switchboard.join(guest("x"), "standup", Recorder())
    await in_a_room(made)
    assert made.members("standup") == ["X", "Alice"]


@virtual
async def test_a_lost_connection_does_not_end_the_call() -> None:
    made = office("tcp")
    made.register("alice")
    made.phone.contact = "<sip:alice@192.0.2.9>"
    await in_a_room(made)
    lost = made.away.flows[-1]
    made.ours.closed(lost)
    await settle()
    (binding,) = made.location.bindings("alice")
    binding.flow = SipFlow(0, "tcp", 7, THEIRS)
    made.away.gone.add(lost.connection)
    made.last.events.offered(1, "")
    again = await made.phone.request("INVITE")
    made.phone.reply(again, 200, "their answer")
    await made.phone.request("ACK")
    assert made.away.flows[-1].connection == 7
    assert made.agent.calls == 1


@virtual
async def test_the_menu_has_an_address() -> None:
    made = office()
    made.phone.invite(f"sip:menu@{DOMAIN}")
    await made.phone.accepted()
    assert made.last.played == ["welcome", "enter_room_number"]


@virtual
async def test_a_hangup_before_our_answer_is_acknowledged() -> None:
    made = office()
    made.phone.invite(ROOM)
    await made.phone.status(200)
    made.last.events.closed("the media broke")
    await settle(0.2)
    assert made.phone.requests == []  # RFC 3261 §15: no BYE before the ACK
    made.back.lose = lambda _: True
    await settle(40)
    assert [one.method for one in made.phone.requests] == ["BYE"]
