"""Transfers by REFER and calls that replace others: a test plays the telephones."""

import pytest

from antiphon.core import event as events
from antiphon.core.call import CallState
from antiphon.core.reason import Reason
from antiphon.protocols.sip.moving import Mover
from tests.support.fakes import DOMAIN, FakeDevice, Recorder, account
from tests.support.sip_agent import Office, office
from tests.support.sip_wire import Opposite, settle
from tests.support.virtual_time import virtual


async def talking(made: Office, phone: Opposite, whom: str) -> tuple[str, FakeDevice, Recorder]:
    """The telephone talks with somebody in a browser: the room, the browser, the member's news."""
    made.house.directory.names.add(whom)
    browser = made.house.reach.add(whom, "web")
    phone.invite(f"sip:{whom}@{DOMAIN}")
    await settle(1.0)
    (invited,) = browser.take()
    assert isinstance(invited, events.Invited)
    made.house.switchboard.answer(invited.call.id, browser.address)
    news = Recorder()
    await made.house.switchboard.join(account(whom), invited.room, news)
    await phone.accepted()
    return invited.room, browser, news


async def told(phone: Opposite) -> str:
    """What the next NOTIFY says."""
    notify = await phone.request("NOTIFY")
    phone.stack.reply(notify, 200)
    assert (notify.get("event") or "").startswith("refer")
    return notify.body.decode().strip()


def second_line(made: Office) -> Opposite:
    """Alice's telephone on its second line."""
    line = made.another("alice")
    line.call_id, line.tag = "second", "second-tag"
    return line


@virtual
async def test_blind() -> None:
    made = office()
    room, _, _ = await talking(made, made.phone, "bob")
    made.house.directory.names.add("carol")
    carol = made.house.reach.add("carol", "web")
    made.phone.send("REFER", "", ("Refer-To", f"<sip:carol@{DOMAIN}>"))
    assert (await made.phone.status()).status == 202
    assert await told(made.phone) == "SIP/2.0 100 Trying"
    (invited,) = carol.take()
    assert isinstance(invited, events.Invited)
    assert invited.room == room
    assert invited.call.caller_name == "Bob"
    made.house.switchboard.ringing(invited.call.id, carol.address)
    assert await told(made.phone) == "SIP/2.0 180 Ringing"
    made.house.switchboard.answer(invited.call.id, carol.address)
    await made.house.switchboard.join(account("carol"), room, Recorder())
    assert await told(made.phone) == "SIP/2.0 200 OK"
    bye = await made.phone.request("BYE")
    made.phone.reply(bye, 200)
    await settle()
    assert made.members(room) == ["Bob", "Carol"]
    assert made.agent.calls == 0


@virtual
async def test_blind_to_one_who_declines() -> None:
    made = office()
    room, _, _ = await talking(made, made.phone, "bob")
    made.house.directory.names.add("carol")
    carol = made.house.reach.add("carol", "web")
    made.phone.send("REFER", "", ("Refer-To", f"<sip:carol@{DOMAIN}>"))
    await told(made.phone)
    (invited,) = carol.take()
    made.house.switchboard.decline(invited.call.id, carol.address)  # type: ignore[attr-defined]
    assert await told(made.phone) == "SIP/2.0 603 Decline"
    await settle(10)
    assert made.members(room) == ["Alice", "Bob"]


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("<sip:a@b>, <sip:c@d>", 400),
        ("garbage", 400),
        (f"<sip:carol@{DOMAIN};method=BYE>", 603),
    ],
)
def test_what_cannot_be_done_is_refused(target: str, status: int) -> None:
    @virtual
    async def play() -> None:
        made = office()
        await talking(made, made.phone, "bob")
        made.phone.send("REFER", "", ("Refer-To", target))
        assert (await made.phone.status()).status == status

    play()


@virtual
async def test_blind_to_nobody() -> None:
    made = office()
    await talking(made, made.phone, "bob")
    made.phone.send("REFER", "", ("Refer-To", f"<sip:nobody@{DOMAIN}>"))
    assert await told(made.phone) == "SIP/2.0 100 Trying"
    assert await told(made.phone) == "SIP/2.0 404 Not Found"


@virtual
async def test_attended_rings_a_browser_into_the_other_call() -> None:
    made = office()
    _, bob, _ = await talking(made, made.phone, "bob")
    line = second_line(made)
    room, _, _ = await talking(made, line, "carol")
    bob.take()
    replaces = f"{line.call_id}%3Bto-tag%3D{line.their_tag}%3Bfrom-tag%3D{line.tag}"
    made.phone.send("REFER", "", ("Refer-To", f"<sip:carol@{DOMAIN}?Replaces={replaces}>"))
    await told(made.phone)
    (invited,) = bob.take()
    assert isinstance(invited, events.Invited)
    assert invited.room == room
    made.house.switchboard.answer(invited.call.id, bob.address)
    await made.house.switchboard.join(account("bob"), room, Recorder())
    assert await told(made.phone) == "SIP/2.0 200 OK"
    await settle(5)
    assert made.members(room) == ["Carol", "Bob"]


@virtual
async def test_attended_takes_a_telephone_along() -> None:
    made = office()
    made.register("bob")
    bob = made.another("bob")
    made.phone.invite(f"sip:bob@{DOMAIN}")
    invite = await bob.request("INVITE")
    bob.take_dialog(invite)
    bob.reply(invite, 200, "answer of bob")
    await made.phone.accepted()
    session = made.last
    line = second_line(made)
    room, _, _ = await talking(made, line, "carol")
    replaces = f"{line.call_id}%3Bto-tag%3D{line.their_tag}%3Bfrom-tag%3D{line.tag}"
    made.phone.send("REFER", "", ("Refer-To", f"<sip:carol@{DOMAIN}?Replaces={replaces}>"))
    assert await told(made.phone) == "SIP/2.0 100 Trying"
    await settle(8)
    assert made.members(room) == ["Carol", "bob"]
    assert session.rooms[-1][0] == room
    assert not session.closed
    assert made.rooms == [room]
    assert made.agent.calls == 1


@virtual
async def test_who_comes_too_late_with_a_telephone_does_not_end_the_call() -> None:
    made = office()
    room, _, _ = await talking(made, made.phone, "dave")
    (party,) = made.agent._parties
    place = made.agent.place_of(party)
    made.house.directory.names.add("bob")
    browser, news = made.house.reach.add("bob", "web"), Recorder()
    info = await made.house.switchboard.call(account("carol"), f"bob@{DOMAIN}", news)
    await made.house.switchboard.join(account("carol"), info.room, news)
    made.house.switchboard.answer(info.id, browser.address)
    await made.house.switchboard.join(account("bob"), info.room, Recorder())
    invited = events.Invited(info.room, info)
    Mover(made.house.switchboard, party, place).deliver(invited)
    await settle()
    call = made.house.switchboard.call_info(info.id)
    assert call is not None
    assert call.state is CallState.ANSWERED
    assert party.room == room


@virtual
async def test_another_ones_call_cannot_be_replaced_by_refer() -> None:
    made = office()
    await talking(made, made.phone, "bob")
    eve = made.another("eve")
    await talking(made, eve, "dave")
    replaces = (
        f"{made.phone.call_id}%3Bto-tag%3D{made.phone.their_tag}%3Bfrom-tag%3D{made.phone.tag}"
    )
    eve.send("REFER", "", ("Refer-To", f"<sip:bob@{DOMAIN}?Replaces={replaces}>"))
    assert await told(eve) == "SIP/2.0 100 Trying"
    assert await told(eve) == "SIP/2.0 403 Forbidden"


@virtual
async def test_an_invite_takes_the_place_of_a_call() -> None:
    made = office()
    room, _, _ = await talking(made, made.phone, "bob")
    dave = made.another("dave")
    replaces = f"{made.phone.call_id};to-tag={made.phone.their_tag};from-tag={made.phone.tag}"
    dave.invite(f"sip:bob@{DOMAIN}", "offer of dave", ("Replaces", replaces))
    await dave.accepted()
    bye = await made.phone.request("BYE")
    made.phone.reply(bye, 200)
    await settle()
    assert made.members(room) == ["Bob", "Dave"]
    assert made.agent.calls == 1


@virtual
async def test_a_call_that_rings_is_picked_up() -> None:
    made = office()
    made.register("bob")
    bob = made.another("bob")
    caller = Recorder()
    info = await made.house.switchboard.call(account("carol"), f"bob@{DOMAIN}", caller)
    await made.house.switchboard.join(account("carol"), info.room, caller)
    invite = await bob.request("INVITE")
    bob.take_dialog(invite)
    bob.reply(invite, 180)
    await settle(0.2)
    dave = made.another("dave")
    replaces = f"{invite.call_id};to-tag={invite.from_tag};from-tag={invite.local_tag};early-only"
    dave.invite(f"sip:bob@{DOMAIN}", "offer of dave", ("Replaces", replaces))
    await dave.accepted()
    await settle()
    assert len(bob.cancels) == 1
    assert made.members(info.room) == ["Carol", "Dave"]


@virtual
async def test_nothing_to_replace() -> None:
    made = office()
    made.phone.invite(f"sip:bob@{DOMAIN}", "offer", ("Replaces", "x;to-tag=a;from-tag=b"))
    assert (await made.phone.status()).status == 481


@virtual
async def test_the_referrer_that_hangs_up_at_once() -> None:
    made = office()
    room, _, _ = await talking(made, made.phone, "bob")
    made.house.directory.names.add("carol")
    carol = made.house.reach.add("carol", "web")
    made.phone.send("REFER", "", ("Refer-To", f"<sip:carol@{DOMAIN}>"))
    await told(made.phone)
    made.phone.send("BYE")
    await made.phone.status(200)
    await settle()
    (invited,) = carol.take()
    assert isinstance(invited, events.Invited)
    made.house.switchboard.answer(invited.call.id, carol.address)
    await made.house.switchboard.join(account("carol"), room, Recorder())
    await settle()
    assert made.members(room) == ["Bob", "Carol"]
    assert made.house.calls.stored[invited.call.id].reason is not Reason.CANCELLED


@virtual
async def test_somebody_joins_a_call() -> None:
    made = office()
    room, _, _ = await talking(made, made.phone, "bob")
    dave = made.another("dave")
    join = f"{made.phone.call_id};to-tag={made.phone.their_tag};from-tag={made.phone.tag}"
    dave.invite(f"sip:bob@{DOMAIN}", "offer of dave", ("Join", join))
    await dave.accepted()
    assert made.members(room) == ["Alice", "Bob", "Dave"]


@virtual
async def test_the_one_who_was_called_transfers() -> None:
    made = office()
    made.register("bob")
    bob = made.another("bob")
    caller = Recorder()
    info = await made.house.switchboard.call(account("carol"), f"bob@{DOMAIN}", caller)
    await made.house.switchboard.join(account("carol"), info.room, caller)
    invite = await bob.request("INVITE")
    bob.take_dialog(invite)
    bob.reply(invite, 200, "answer of bob")
    await bob.request("ACK")
    made.house.directory.names.add("dave")
    dave = made.house.reach.add("dave", "web")
    bob.sequence = 100
    bob.send("REFER", "", ("Refer-To", f"<sip:dave@{DOMAIN}>"))
    await settle(1.0)
    (invited,) = dave.take()
    assert isinstance(invited, events.Invited)
    assert (invited.room, invited.call.caller_name) == (info.room, "Carol")


@virtual
async def test_to_somebody_of_another_domain() -> None:
    made = office()
    await talking(made, made.phone, "bob")
    made.phone.send("REFER", "", ("Refer-To", "<sip:carol@elsewhere.example>"))
    assert await told(made.phone) == "SIP/2.0 100 Trying"
    assert await told(made.phone) == "SIP/2.0 403 Forbidden"


@virtual
async def test_whoever_calls_from_outside_may_not_call_on() -> None:
    made = office()
    made.trunk = "carrier"
    await talking(made, made.phone, "bob")
    made.phone.send("REFER", "", ("Refer-To", "<tel:+4930123456>"))
    assert (await made.phone.status()).status == 403


@virtual
async def test_a_conference_grows_by_refer_and_the_referrer_stays() -> None:
    made = office()
    made.phone.invite(f"sip:standup@rooms.{DOMAIN}")
    await made.phone.accepted()
    made.house.directory.names.add("bob")
    bob = made.house.reach.add("bob", "web")
    made.phone.send("REFER", "", ("Refer-To", f"<sip:bob@{DOMAIN}>"))
    await told(made.phone)
    (invited,) = bob.take()
    assert isinstance(invited, events.Invited)
    made.house.switchboard.answer(invited.call.id, bob.address)
    await made.house.switchboard.join(account("bob"), "standup", Recorder())
    assert await told(made.phone) == "SIP/2.0 200 OK"
    await settle(20)
    assert made.members("standup") == ["Alice", "Bob"]


@virtual
async def test_into_a_conference() -> None:
    made = office()
    made.register("bob")
    bob = made.another("bob")
    made.phone.invite(f"sip:bob@{DOMAIN}")
    invite = await bob.request("INVITE")
    bob.take_dialog(invite)
    bob.reply(invite, 200, "answer of bob")
    await made.phone.accepted()
    made.phone.send("REFER", "", ("Refer-To", f"<sip:standup@rooms.{DOMAIN}>"))
    assert await told(made.phone) == "SIP/2.0 100 Trying"
    assert await told(made.phone) == "SIP/2.0 200 OK"
    await settle(10)
    assert made.members("standup") == ["bob"]
    assert made.agent.calls == 1
