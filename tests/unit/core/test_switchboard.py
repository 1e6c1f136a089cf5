"""The verbs among fakes: two adapters that are no protocol at all, and a node that is elsewhere."""

import asyncio

import pytest

from antiphon.core.change import Act, Attach, Moderate, Mute, Present, Publish, RaiseHand, Rename
from antiphon.core.event import Ended, RoomClosed, RoomOpened, Said
from antiphon.core.member import Receive, Role, Source
from antiphon.core.message import Draft
from antiphon.core.outlet import Outlet
from antiphon.core.policy import Policy
from antiphon.core.ports import Caller, RoomSettings
from antiphon.core.reason import Reason, Refused
from antiphon.core.room_member import Member
from antiphon.core.switchboard import Membership, Place
from tests.support.fakes import FakeEndpoint, House, Recorder, account, guest, house


async def refusal(reason: Reason, verb: object) -> None:
    with pytest.raises(Refused) as refused:
        await verb  # type: ignore[misc]
    assert refused.value.reason is reason


async def test_the_first_opens_the_room_and_the_last_closes_it() -> None:
    here = house()
    watcher = Recorder()
    here.switchboard.watch(watcher)
    ann = await here.switchboard.join(account("ann"), "Standup", Recorder())
    bob = await here.switchboard.join(guest("bob"), "standup@rooms.example.org", Recorder())
    assert ann.room is bob.room
    assert (ann.member.info.role, bob.member.info.role) == (Role.MODERATOR, Role.SPEAKER)
    await here.switchboard.say(ann.member.caller, "standup", "hello")
    await here.switchboard.leave("standup", ann.member.id)
    assert here.switchboard.find("standup") is ann.room
    await here.switchboard.leave("standup", bob.member.id)
    assert here.switchboard.find("standup") is None
    assert here.messages.stored == [], "the next room of this name begins without messages"
    told = watcher.take()
    assert told[0] == RoomOpened("standup")
    assert told[-1] == RoomClosed("standup", Reason.CLOSED)


async def test_what_a_crash_left_of_a_room_is_not_for_the_next_ones() -> None:
    here = house()
    await here.rooms.save(RoomSettings(name="lasting"))
    for name in ("standup", "lasting"):
        room = here.switchboard.addresses.room(name)
        await here.messages.append(room, account("ann").address, "Ann", Draft(text=f"of {name}"))
    for name in ("standup", "lasting"):
        await here.switchboard.join(account("bob"), name, Recorder())
    assert [message.text for message in here.messages.stored] == ["of lasting"]


async def test_two_who_come_at_once_meet() -> None:
    here = house()
    joined = await asyncio.gather(
        *(here.switchboard.join(guest(f"g{i}"), "r", Recorder()) for i in range(20))
    )
    assert len({id(one.room) for one in joined}) == 1
    assert sum(one.member.info.role is Role.MODERATOR for one in joined) == 1


@pytest.mark.parametrize(
    ("caller", "policy", "reason"),
    [
        (guest("g"), Policy(guests=False), Reason.FORBIDDEN),
        (account("a", rooms=frozenset({"other"})), Policy(), Reason.FORBIDDEN),
        (account("a", create=False), Policy(), Reason.FORBIDDEN),
        (account("a"), Policy(max_members=0), Reason.TOO_MANY),
    ],
)
async def test_who_may_not_come_in(caller: Caller, policy: Policy, reason: Reason) -> None:
    here = house(policy)
    await refusal(reason, here.switchboard.join(caller, "r", Recorder()))
    assert not list(here.switchboard.rooms), "a refused caller opens no room"


async def test_the_node_has_a_limit_of_rooms() -> None:
    here = house(max_rooms=1)
    await here.switchboard.join(guest("a"), "one", Recorder())
    await refusal(Reason.TOO_MANY, here.switchboard.join(guest("a"), "two", Recorder()))


async def test_a_message_is_stored_before_it_is_told_and_only_once() -> None:
    here = house()
    outlet = Recorder()
    ann = await here.switchboard.join(account("ann"), "r", outlet)
    message = await here.switchboard.say(ann.member.caller, "r", Draft(text="hi", origin_id="1"))
    again = await here.switchboard.say(ann.member.caller, "r", Draft(text="hi", origin_id="1"))
    assert again == message
    assert here.messages.stored == [message]
    assert [event for event in outlet.take() if isinstance(event, Said)] == [Said("r", message)]
    await refusal(Reason.FORBIDDEN, here.switchboard.say(account("eve"), "r", "hi"))
    await refusal(Reason.NOT_FOUND, here.switchboard.say(account("ann"), "nowhere", "hi"))


async def test_a_member_changes_its_own_things() -> None:
    here = house()
    ann = await here.switchboard.join(account("ann"), "r", Recorder())
    me = ann.member.id
    await here.switchboard.update("r", me, Attach(FakeEndpoint()))
    track = await here.switchboard.update("r", me, Publish("0", Source.MICROPHONE))
    assert track is not None
    await here.switchboard.update("r", me, Mute(track.id, True))
    await here.switchboard.update("r", me, RaiseHand(True))
    await here.switchboard.update("r", me, Rename("  Ann   B "))
    other = Recorder()
    await here.switchboard.update("r", me, Present(False, other))
    info = ann.member.info
    assert (info.name, info.hand, info.present) == ("Ann B", True, False)
    assert ann.room.tracks[track.id].muted
    assert other.names() == ["MemberChanged"]


async def moderated(here: House) -> tuple[Member, Member, Recorder]:
    outlet = Recorder()
    ann = await here.switchboard.join(account("ann"), "r", Recorder())
    bob = await here.switchboard.join(account("bob"), "r", outlet)
    await here.switchboard.update("r", bob.member.id, Attach(FakeEndpoint()))
    await here.switchboard.update("r", bob.member.id, Publish("0", Source.MICROPHONE))
    await here.switchboard.update("r", bob.member.id, Publish("1", Source.CAMERA))
    return ann.member, bob.member, outlet


async def test_a_moderator_mutes_lowers_promotes_and_removes() -> None:
    here = house()
    ann, bob, outlet = await moderated(here)

    async def act(act: Act) -> None:
        await here.switchboard.update("r", ann.id, Moderate(bob.id, act))

    await act(Act.MUTE)
    assert [track.muted for track in bob.tracks.values()] == [True, False]
    await here.switchboard.update("r", bob.id, RaiseHand(True))
    await act(Act.LOWER_HAND)
    assert not bob.info.hand
    roles = []
    for step in (Act.PROMOTE, Act.DEMOTE, Act.DEMOTE):
        await act(step)
        roles.append(bob.info.role)
    assert roles == [Role.MODERATOR, Role.SPEAKER, Role.LISTENER]
    await refusal(
        Reason.FORBIDDEN, here.switchboard.update("r", bob.id, Publish("0", Source.CAMERA))
    )
    await act(Act.REMOVE)
    ended = outlet.take()[-1]
    assert isinstance(ended, Ended)
    assert ended.reason is Reason.REMOVED


async def test_others_may_not_moderate() -> None:
    here = house()
    ann, bob, _ = await moderated(here)
    await refusal(
        Reason.FORBIDDEN, here.switchboard.update("r", bob.id, Moderate(ann.id, Act.REMOVE))
    )


async def test_a_stored_room_outlives_its_members_and_keeps_its_messages() -> None:
    here = house()
    ann = account("ann")
    stored = await here.switchboard.set(ann, RoomSettings(name="Team", title="The team"))
    assert (stored.name, stored.owner) == ("team", ann.address)
    member = (await here.switchboard.join(ann, "team", Recorder())).member
    await here.switchboard.say(ann, "team", "hi")
    await here.switchboard.leave("team", member.id)
    assert len(here.messages.stored) == 1
    await refusal(Reason.FORBIDDEN, here.switchboard.set(account("eve"), RoomSettings(name="team")))
    changed = await here.switchboard.set(ann, RoomSettings(name="team", title="Us"))
    assert (changed.title, changed.created_at) == ("Us", stored.created_at)
    await here.switchboard.remove(ann, "team")
    assert here.rooms.stored == {}
    assert here.messages.stored == []
    await refusal(Reason.NOT_FOUND, here.switchboard.remove(ann, "team"))


async def test_removing_a_room_ends_it_for_those_inside() -> None:
    here = house()
    outlet = Recorder()
    boss = account("boss", admin=True)
    await here.switchboard.join(account("ann"), "r", outlet)
    await refusal(Reason.FORBIDDEN, here.switchboard.remove(account("eve"), "r"))
    await here.switchboard.remove(boss, "r")
    assert outlet.names()[-1] == "Ended"
    assert here.switchboard.find("r") is None


async def test_a_stream_opens_a_room_but_does_not_moderate_it() -> None:
    here = house()
    encoder = await here.switchboard.join(guest("obs"), "r", Recorder(), stream=True)
    person = await here.switchboard.join(guest("ann"), "r", Recorder())
    other = await here.switchboard.join(guest("bob"), "r", Recorder())
    roles = [one.member.info.role for one in (encoder, person, other)]
    assert roles == [Role.SPEAKER, Role.MODERATOR, Role.SPEAKER]


async def test_a_program_with_the_grant_speaks_from_outside() -> None:
    here = house()
    outlet = Recorder()
    await here.switchboard.join(account("ann"), "r", outlet)
    await here.switchboard.say(account("robot", moderate=True), "r", "in five minutes")
    assert outlet.names()[-1] == "Said"
    await here.switchboard.set(account("ann"), RoomSettings(name="quiet"))
    stored = await here.switchboard.say(account("robot", admin=True), "quiet", "for later")
    assert here.messages.stored[-1] == stored


async def test_an_audience_only_listens() -> None:
    here = house()
    owner = account("ann")
    await here.switchboard.set(owner, RoomSettings(name="talk", audience=True))
    bob = await here.switchboard.join(account("bob"), "talk", Recorder())
    ann = await here.switchboard.join(owner, "talk", Recorder())
    assert (bob.member.info.role, ann.member.info.role) == (Role.LISTENER, Role.MODERATOR)


async def test_a_draining_node_takes_nobody_in() -> None:
    here = house()
    outlet = Recorder()
    await here.switchboard.join(account("ann"), "r", outlet)
    await here.switchboard.drain()
    assert outlet.names()[-1] == "Draining"
    await refusal(Reason.DRAINING, here.switchboard.join(account("bob"), "r", Recorder()))
    await here.switchboard.close()
    assert outlet.names()[-1] == "Ended"
    assert not list(here.switchboard.rooms)


async def test_a_broken_room_ends_and_the_others_live(caplog: pytest.LogCaptureFixture) -> None:
    here = house()
    ann = await here.switchboard.join(account("ann"), "broken", Recorder())
    await here.switchboard.join(account("bob"), "fine", Recorder())
    await here.switchboard.join(account("cy"), "broken", Recorder())
    await here.switchboard.update("broken", ann.member.id, Attach(FakeEndpoint()))
    here.media.rooms["broken"].apply = lambda change: 1 / 0  # type: ignore[assignment,method-assign]
    other = next(id for id in ann.room.members if id != ann.member.id)
    await refusal(Reason.INTERNAL, here.switchboard.update("broken", other, Attach(FakeEndpoint())))
    assert here.switchboard.find("broken") is None
    assert here.switchboard.find("fine") is not None
    assert "broke" in caplog.text


class Elsewhere(Place):
    """Another node, as a farm would give it."""

    def __init__(self) -> None:
        self.there = house()
        self.asked: list[str] = []

    async def locate(self, room: str) -> Place | None:
        return self if room.startswith("far-") else None

    async def join(
        self,
        caller: Caller,
        room: str,
        outlet: Outlet,
        *,
        name: str,
        receive: Receive,
        stream: bool,
        password: str | None,
        locked: bool,
    ) -> Membership:
        self.asked.append(room)
        return await self.there.switchboard.join(
            caller, room, outlet, name=name, receive=receive, stream=stream
        )


async def test_a_room_on_another_node_is_entered_through_its_place() -> None:
    far = Elsewhere()
    here = house(locator=far)
    outlet = Recorder()
    joined = await here.switchboard.join(account("ann"), "far-away", outlet)
    await here.switchboard.join(account("ann"), "near", Recorder())
    assert far.asked == ["far-away"]
    assert [room.name for room in here.switchboard.rooms] == ["near"]
    await far.there.switchboard.say(joined.member.caller, "far-away", "hi")
    assert outlet.names() == ["Said"]
