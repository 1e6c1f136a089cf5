"""What is said of rooms and in them: subject, whispers, roles, and the end."""

import asyncio
from dataclasses import replace

import pytest

from antiphon.core.change import Act, Attach, Moderate, Publish
from antiphon.core.event import (
    Ended,
    MemberLeft,
    RoomDeclined,
    RoomInvited,
    SubjectChanged,
    Whispered,
)
from antiphon.core.member import Receive, Role, Source
from antiphon.core.message import Draft
from antiphon.core.ports import RoomSettings
from antiphon.core.post import PostLimits
from antiphon.core.reason import Reason, Refused
from antiphon.core.standing import Affiliation
from tests.support.contacts import MemoryContacts
from tests.support.fakes import FakeEndpoint, Recorder, account, guest, house


async def refused(verb: object) -> Reason:
    with pytest.raises(Refused) as caught:
        await verb  # type: ignore[misc]
    return caught.value.reason


async def test_a_subject_is_told_and_stays() -> None:
    here = house()
    ann = account("ann")
    await here.switchboard.set(ann, RoomSettings(name="club"))
    outlet = Recorder()
    await here.switchboard.join(ann, "club", outlet, name="Annie")
    await here.switchboard.join(account("bob"), "club", Recorder())
    outlet.take()
    await here.switchboard.set_subject(ann, "club", "Cake")
    told = outlet.take()
    assert len(told) == 1
    assert isinstance(told[0], SubjectChanged)
    assert (told[0].subject, told[0].sender, told[0].name) == ("Cake", ann.address, "Annie")
    assert here.rooms.stored["club"].subject.text == "Cake"
    await here.switchboard.set(ann, RoomSettings(name="club", title="The club"))
    assert here.rooms.stored["club"].subject.text == "Cake"


async def test_changes_of_settings_do_not_undo_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    here = house()
    ann = account("ann")
    await here.switchboard.set(ann, RoomSettings(name="club"))
    found = here.rooms.find

    async def slowly(name: str) -> RoomSettings | None:
        settings = await found(name)
        await asyncio.sleep(0.01)
        return settings

    monkeypatch.setattr(here.rooms, "find", slowly)
    await asyncio.gather(
        here.switchboard.change(ann, "Club", lambda before: replace(before, title="The club")),
        here.switchboard.change(ann, "club", lambda before: replace(before, history=7)),
    )
    stored = here.rooms.stored["club"]
    assert (stored.title, stored.history) == ("The club", 7)
    change = here.switchboard.change(account("eve"), "club", lambda before: before)
    assert await refused(change) is Reason.FORBIDDEN
    change = here.switchboard.change(ann, "nothing", lambda before: before)
    assert await refused(change) is Reason.NOT_FOUND


async def test_who_may_set_the_subject() -> None:
    here = house()
    ann, bob = account("ann"), account("bob")
    await here.switchboard.set(ann, RoomSettings(name="club"))
    await here.switchboard.join(ann, "club", Recorder())
    await here.switchboard.join(bob, "club", Recorder())
    assert await refused(here.switchboard.set_subject(bob, "club", "Pie")) is Reason.FORBIDDEN
    assert (
        await refused(here.switchboard.set_subject(account("eve"), "club", "Pie"))
        is Reason.FORBIDDEN
    )
    assert await refused(here.switchboard.set_subject(ann, "club", "x" * 5000)) is Reason.TOO_LARGE
    await here.switchboard.set(ann, RoomSettings(name="club", may_set_subject=Role.SPEAKER))
    await here.switchboard.set_subject(bob, "club", "Pie")
    assert here.rooms.stored["club"].subject.name == "Bob"


async def test_a_whisper_is_heard_by_two() -> None:
    here = house()
    outlets = {name: Recorder() for name in ("ann", "bob", "eve")}
    members = {
        name: (await here.switchboard.join(account(name), "r", outlet)).member
        for name, outlet in outlets.items()
    }
    for outlet in outlets.values():
        outlet.take()
    said = here.switchboard.whisper("r", members["ann"].id, members["bob"].id, Draft(text="psst"))
    whispered = Whispered("r", said, members["ann"].id, members["bob"].id)
    assert outlets["bob"].take() == outlets["ann"].take() == [whispered]
    assert outlets["eve"].take() == []
    assert here.messages.stored == []


async def test_whispering_can_be_for_some_only() -> None:
    here = house()
    ann = account("ann")
    await here.switchboard.set(ann, RoomSettings(name="r", may_whisper=Role.MODERATOR))
    boss = (await here.switchboard.join(ann, "r", Recorder())).member
    bob = (await here.switchboard.join(account("bob"), "r", Recorder())).member
    here.switchboard.whisper("r", boss.id, bob.id, Draft(text="hi"))
    with pytest.raises(Refused):
        here.switchboard.whisper("r", bob.id, boss.id, Draft(text="hi"))
    await here.switchboard.set(ann, RoomSettings(name="r", may_whisper=None))
    with pytest.raises(Refused):
        here.switchboard.whisper("r", boss.id, bob.id, Draft(text="hi"))


async def test_listeners_do_not_write_in_a_moderated_room() -> None:
    here = house()
    ann, bob = account("ann"), account("bob")
    await here.switchboard.set(ann, RoomSettings(name="r", moderated=True))
    boss = (await here.switchboard.join(ann, "r", Recorder())).member
    other = (await here.switchboard.join(bob, "r", Recorder())).member
    assert await refused(here.switchboard.say(bob, "r", "hello")) is Reason.FORBIDDEN
    act = Moderate(other.id, Act.SET_ROLE, role=Role.SPEAKER)
    await here.switchboard.update("r", boss.id, act)
    await here.switchboard.say(bob, "r", "hello")


async def test_a_voice_that_is_taken_away_takes_its_tracks_along() -> None:
    here = house()
    boss = (await here.switchboard.join(account("ann"), "r", Recorder())).member
    other = (await here.switchboard.join(account("bob"), "r", Recorder())).member
    await here.switchboard.update("r", other.id, Attach(FakeEndpoint()))
    await here.switchboard.update("r", other.id, Publish("0", Source.MICROPHONE))
    act = Moderate(other.id, Act.SET_ROLE, role=Role.LISTENER)
    await here.switchboard.update("r", boss.id, act)
    assert other.tracks == {}
    assert other.info.role is Role.LISTENER


async def test_whoever_is_removed_and_the_others_hear_why() -> None:
    here = house()
    ann, bob = Recorder(), Recorder()
    boss = (await here.switchboard.join(account("ann"), "r", ann)).member
    other = (await here.switchboard.join(account("bob"), "r", bob)).member
    await here.switchboard.update("r", boss.id, Moderate(other.id, Act.REMOVE, reason="noise"))
    assert bob.take()[-1] == Ended("r", other.id, Reason.REMOVED, "noise")
    left = ann.take()[-1]
    assert isinstance(left, MemberLeft)
    assert (left.reason, left.text) == (Reason.REMOVED, "noise")


async def test_moderators_do_not_touch_those_above_them() -> None:
    here = house()
    await here.switchboard.set(account("ann"), RoomSettings(name="r"))
    owner = (await here.switchboard.join(account("ann"), "r", Recorder())).member
    bob = (await here.switchboard.join(account("bob"), "r", Recorder())).member
    act = Moderate(bob.id, Act.SET_ROLE, role=Role.MODERATOR)
    await here.switchboard.update("r", owner.id, act)
    remove = Moderate(owner.id, Act.REMOVE)
    assert await refused(here.switchboard.update("r", bob.id, remove)) is Reason.FORBIDDEN


async def test_a_room_that_ends_says_where_to_meet() -> None:
    here = house()
    outlet = Recorder()
    ann = account("ann")
    member = (await here.switchboard.join(ann, "r", outlet)).member
    elsewhere = "hall@rooms.example.org"
    await here.switchboard.remove(ann, "r", "too small", elsewhere)
    ended = Ended("r", member.id, Reason.CLOSED, "too small", elsewhere)
    assert outlet.take()[-1] == ended


async def test_an_invitation_reaches_all_devices_and_may_be_declined() -> None:
    here = house()
    here.directory.names |= {"ann", "bob"}
    ann, bob = account("ann"), account("bob")
    await here.switchboard.join(ann, "r", Recorder())
    desk, phone = here.reach.add("bob", "desk"), here.reach.add("bob", "phone")
    own = here.reach.add("ann", "desk")
    assert (
        await refused(here.switchboard.decline_room(bob, "r", ann.address)) is Reason.FORBIDDEN
    ), "nobody has asked"
    await here.switchboard.invite_into(ann, "r", bob.address, "come")
    invited = RoomInvited("r", ann.address, "Ann", "come")
    assert desk.events == phone.events == [invited]
    await here.switchboard.decline_room(bob, "r", ann.address, "no time")
    assert own.events == [RoomDeclined("r", bob.address, "no time")]
    assert (
        await refused(here.switchboard.decline_room(bob, "r", ann.address)) is Reason.FORBIDDEN
    ), "once is enough"


async def test_who_may_not_invite() -> None:
    contacts = MemoryContacts()
    here = house(contacts=contacts)
    here.directory.names |= {"ann", "bob", "eve"}
    ann, bob, eve = account("ann"), account("bob"), account("eve")
    await here.switchboard.set(ann, RoomSettings(name="r", may_invite=Role.MODERATOR))
    await here.switchboard.join(bob, "r", Recorder())
    assert await refused(here.switchboard.invite_into(bob, "r", eve.address)) is Reason.FORBIDDEN
    await here.switchboard.invite_into(ann, "r", eve.address)
    contacts.blockings[eve.address].add(str(ann.address))
    assert await refused(here.switchboard.invite_into(ann, "r", eve.address)) is Reason.FORBIDDEN, (
        "who blocks is not bothered"
    )
    await here.switchboard.affiliate(ann, "r", bob.address, Affiliation.OUTCAST)
    assert await refused(here.switchboard.invite_into(ann, "r", bob.address)) is Reason.FORBIDDEN


async def test_whispers_and_invitations_are_messages_to_be_counted() -> None:
    here = house(post_limits=PostLimits(rate=0.001, burst=2))
    here.directory.names |= {"ann", "bob"}
    ann = (await here.switchboard.join(account("ann"), "r", Recorder())).member
    bob = (await here.switchboard.join(account("bob"), "r", Recorder())).member
    here.switchboard.whisper("r", ann.id, bob.id, Draft(text="one"))
    await here.switchboard.invite_into(ann.caller, "r", account("eve").address)
    with pytest.raises(Refused) as refusal:
        here.switchboard.whisper("r", ann.id, bob.id, Draft(text="three"))
    assert refusal.value.reason is Reason.TOO_MANY
    here.switchboard.whisper("r", bob.id, ann.id, Draft(text="mine"))


async def test_an_account_is_inside_by_any_of_its_devices() -> None:
    here = house()
    ann = account("ann")
    await here.switchboard.set(ann, RoomSettings(name="r", password="sesame"))
    bob = account("bob")
    outlets = {name: Recorder() for name in ("desk", "phone")}
    members = {}
    for device, outlet in outlets.items():
        caller = replace(bob, address=bob.address.on(device))
        joined = await here.switchboard.join(caller, "r", outlet, password="sesame", name=device)
        members[device] = joined.member
    assert (await here.switchboard.say(members["phone"].caller, "r", "hi")).name == "phone"
    assert (await here.switchboard.say(bob, "r", "hi")).name == "desk"
    here.switchboard.may_enter(bob, await here.switchboard.settings("r"))


async def test_who_only_reads_does_not_change_how_media_go() -> None:
    here = house()
    for name in ("ann", "bob"):
        member = (await here.switchboard.join(account(name), "r", Recorder())).member
        await here.switchboard.update("r", member.id, Attach(FakeEndpoint()))
        await here.switchboard.update("r", member.id, Publish("0", Source.MICROPHONE))
    room = here.switchboard.find("r")
    assert room is not None
    before = room.wiring
    assert before.wires
    await here.switchboard.join(account("eve"), "r", Recorder(), receive=Receive.NONE)
    assert room.wiring == before


async def test_nobody_takes_a_room_from_those_who_are_in_it() -> None:
    here = house()
    visitor, ann = guest("visitor"), account("ann")
    member = (await here.switchboard.join(visitor, "talk", Recorder())).member
    seized = RoomSettings(name="talk", members_only=True)
    assert await refused(here.switchboard.set(ann, seized)) is Reason.FORBIDDEN
    inside = (await here.switchboard.join(ann, "talk", Recorder())).member
    assert await refused(here.switchboard.set(ann, seized)) is Reason.FORBIDDEN
    promote = Moderate(inside.id, Act.SET_ROLE, role=Role.MODERATOR)
    await here.switchboard.update("talk", member.id, promote)
    await here.switchboard.set(ann, RoomSettings(name="talk"))
    assert here.rooms.stored["talk"].owner == ann.address
    await here.switchboard.join(guest("other"), "else", Recorder())
    await here.switchboard.set(account("root", admin=True), RoomSettings(name="else"))
    await here.switchboard.join(guest("encoder"), "studio", Recorder(), stream=True)
    await here.switchboard.set(ann, RoomSettings(name="studio"))
