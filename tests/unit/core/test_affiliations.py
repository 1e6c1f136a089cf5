"""What accounts are to rooms, and what follows for those inside."""

import pytest

from antiphon.core.address import Address
from antiphon.core.event import Ended, MemberChanged, MemberLeft, RoomChanged
from antiphon.core.member import Role
from antiphon.core.outlet import Outlet
from antiphon.core.ports import RoomSettings
from antiphon.core.reason import Reason, Refused
from antiphon.core.standing import Affiliation
from antiphon.core.switchboard import Membership
from tests.support.fakes import House, Recorder, account, guest, house

OWNER, ADMIN, MEMBER = Affiliation.OWNER, Affiliation.ADMIN, Affiliation.MEMBER
NONE, OUTCAST = Affiliation.NONE, Affiliation.OUTCAST


def address(name: str) -> Address:
    return account(name).address


async def lasting(here: House, **settings: object) -> RoomSettings:
    """A room of Ann's, with Adam as its admin and Max as its member."""
    made = RoomSettings(name="club", **settings)  # type: ignore[arg-type]
    await here.switchboard.set(account("ann"), made)
    for name, affiliation in (("adam", ADMIN), ("max", MEMBER)):
        await here.switchboard.affiliate(account("ann"), "club", address(name), affiliation)
    return await here.switchboard.settings("club")


async def enter(
    here: House, name: str, outlet: Outlet | None = None, **options: object
) -> Membership:
    outlet = outlet or Recorder()
    return await here.switchboard.join(account(name), "club", outlet, **options)  # type: ignore[arg-type]


async def refused(verb: object) -> Reason:
    with pytest.raises(Refused) as caught:
        await verb  # type: ignore[misc]
    return caught.value.reason


async def test_they_are_stored_and_give_roles() -> None:
    here = house()
    settings = await lasting(here)
    assert settings.owner == address("ann")
    assert here.rooms.stored["club"].affiliation(address("adam")) is ADMIN
    roles = {name: (await enter(here, name)).member.info for name in ("ann", "adam", "max", "eve")}
    assert [(one.role, one.affiliation) for one in roles.values()] == [
        (Role.MODERATOR, OWNER),
        (Role.MODERATOR, ADMIN),
        (Role.SPEAKER, MEMBER),
        (Role.SPEAKER, NONE),
    ]


@pytest.mark.parametrize(
    ("who", "whom", "affiliation", "allowed"),
    [
        ("ann", "max", ADMIN, True),
        ("ann", "eve", OWNER, True),
        ("adam", "eve", MEMBER, True),
        ("adam", "max", OUTCAST, True),
        ("adam", "eve", ADMIN, False),
        ("adam", "ann", NONE, False),
        ("max", "eve", MEMBER, False),
        ("eve", "max", OUTCAST, False),
    ],
)
async def test_who_may_change_them(
    who: str, whom: str, affiliation: Affiliation, allowed: bool
) -> None:
    here = house()
    await lasting(here)
    verb = here.switchboard.affiliate(account(who), "club", address(whom), affiliation)
    if allowed:
        await verb
        assert here.rooms.stored["club"].affiliation(address(whom)) is affiliation
    else:
        assert await refused(verb) is Reason.FORBIDDEN


async def test_an_outcast_goes_at_once_and_does_not_come_back() -> None:
    here = house()
    await lasting(here)
    ann, max_ = Recorder(), Recorder()
    await enter(here, "ann", ann)
    joined = await enter(here, "max", max_)
    ann.take()
    await here.switchboard.affiliate(account("ann"), "club", address("max"), OUTCAST, "spam")
    assert max_.take()[-1] == Ended("club", joined.member.id, Reason.BANNED, "spam")
    left = [event for event in ann.take() if isinstance(event, MemberLeft)]
    assert [(event.reason, event.text) for event in left] == [(Reason.BANNED, "spam")]
    assert await refused(enter(here, "max")) is Reason.BANNED
    await here.switchboard.affiliate(account("ann"), "club", address("max"), NONE)
    assert (await enter(here, "max")).member.info.affiliation is NONE


async def test_a_room_keeps_an_owner_and_hands_it_on() -> None:
    here = house()
    await lasting(here)
    ann = account("ann")
    assert (
        await refused(here.switchboard.affiliate(ann, "club", ann.address, ADMIN))
        is Reason.CONFLICT
    )
    await here.switchboard.affiliate(ann, "club", address("adam"), OWNER)
    await here.switchboard.affiliate(ann, "club", ann.address, NONE)
    settings = here.rooms.stored["club"]
    assert settings.owner == address("adam")
    assert settings.affiliation(ann.address) is NONE
    assert await refused(here.switchboard.set(ann, settings)) is Reason.FORBIDDEN


async def test_those_inside_rise_and_fall_with_them() -> None:
    here = house()
    await lasting(here, moderated=True)
    eve = (await enter(here, "eve")).member
    assert eve.info.role is Role.LISTENER
    steps = [(MEMBER, Role.SPEAKER), (ADMIN, Role.MODERATOR), (NONE, Role.LISTENER)]
    for affiliation, role in steps:
        await here.switchboard.affiliate(account("ann"), "club", address("eve"), affiliation)
        assert (eve.info.role, eve.info.affiliation) == (role, affiliation)


async def test_one_change_is_told_once() -> None:
    here = house()
    await lasting(here)
    ann = Recorder()
    await enter(here, "ann", ann)
    await enter(here, "eve")
    ann.take()
    await here.switchboard.affiliate(account("ann"), "club", address("eve"), ADMIN)
    assert [type(event) for event in ann.take()] == [MemberChanged, RoomChanged]


async def test_a_room_for_members_only() -> None:
    here = house()
    await lasting(here, members_only=True)
    assert await refused(enter(here, "eve")) is Reason.MEMBERS_ONLY
    max_ = Recorder()
    await enter(here, "max", max_)
    await here.switchboard.affiliate(account("ann"), "club", address("max"), NONE)
    ended = max_.take()[-1]
    assert isinstance(ended, Ended)
    assert ended.reason is Reason.MEMBERS_ONLY
    assert here.switchboard.find("club") is None, "nobody is left in it"


async def test_closing_a_room_to_strangers_sends_them_away() -> None:
    here = house()
    settings = await lasting(here)
    await enter(here, "ann")
    eve = Recorder()
    await enter(here, "eve", eve)
    changed = RoomSettings(name="club", members_only=True)
    after = await here.switchboard.set(account("ann"), changed)
    assert after.affiliations == settings.affiliations
    ended = eve.take()[-1]
    assert isinstance(ended, Ended)
    assert ended.reason is Reason.MEMBERS_ONLY


async def test_a_password_is_for_those_without_an_affiliation() -> None:
    here = house()
    await lasting(here, password="sesame")
    await enter(here, "max")
    for wrong in (None, "", "Sesame"):
        assert await refused(enter(here, "eve", password=wrong)) is Reason.PASSWORD
    await enter(here, "eve", password="sesame")
    here.switchboard.may_enter(account("eve"), await here.switchboard.settings("club"))
    with pytest.raises(Refused):
        here.switchboard.may_enter(account("bob"), await here.switchboard.settings("club"))


async def test_whoever_opens_an_ad_hoc_room_owns_it() -> None:
    here = house()
    ann = await here.switchboard.join(account("ann"), "talk", Recorder(), locked=True)
    assert ann.room.settings.owner == address("ann")
    assert (
        await refused(here.switchboard.join(account("bob"), "talk", Recorder())) is Reason.NOT_FOUND
    ), "it is not set up yet"
    await here.switchboard.set(account("ann"), RoomSettings(name="talk", lasting=False))
    assert "talk" not in here.rooms.stored
    bob = await here.switchboard.join(account("bob"), "talk", Recorder())
    assert (
        await refused(here.switchboard.set(account("bob"), RoomSettings(name="talk")))
        is Reason.FORBIDDEN
    ), "nobody takes a room that another one has opened"
    await here.switchboard.affiliate(account("ann"), "talk", address("bob"), ADMIN)
    assert bob.member.info.role is Role.MODERATOR
    await here.switchboard.set(account("ann"), RoomSettings(name="talk"))
    assert here.rooms.stored["talk"].affiliation(address("bob")) is ADMIN


async def test_guests_and_encoders_own_nothing() -> None:
    here = house()
    first = await here.switchboard.join(guest("g"), "talk", Recorder(), locked=True)
    assert first.room.settings.owner is None
    assert not first.room.settings.locked
    stream = await here.switchboard.join(account("cam"), "show", Recorder(), stream=True)
    assert stream.room.settings.owner is None


async def test_names_are_kept() -> None:
    here = house()
    await lasting(here)
    await here.switchboard.register(account("eve"), "club", "Eve")
    settings = here.rooms.stored["club"]
    assert settings.nick_holder("EVE") == address("eve")
    assert settings.affiliation(address("eve")) is MEMBER
    assert (
        await refused(here.switchboard.register(account("bob"), "club", "eve")) is Reason.CONFLICT
    )
    await here.switchboard.affiliate(account("ann"), "club", address("eve"), ADMIN)
    assert here.rooms.stored["club"].nick_holder("Eve") == address("eve")
    await here.switchboard.register(account("eve"), "club", "")
    settings = here.rooms.stored["club"]
    assert settings.nick_holder("Eve") is None
    assert settings.affiliation(address("eve")) is ADMIN
    assert await refused(here.switchboard.register(guest("g"), "club", "G")) is Reason.FORBIDDEN


async def test_lists_are_for_those_who_run_the_room() -> None:
    here = house()
    await lasting(here)
    ann, max_ = account("ann"), account("max")
    found = await here.switchboard.affiliations(account("adam"), "club", OWNER)
    assert list(found) == [ann.address]
    assert await refused(here.switchboard.affiliations(max_, "club", MEMBER)) is Reason.FORBIDDEN
    closed = RoomSettings(name="club", members_only=True)
    await here.switchboard.set(ann, closed)
    await enter(here, "max")
    assert list(await here.switchboard.affiliations(max_, "club", MEMBER)) == [max_.address]
    assert await refused(here.switchboard.affiliations(max_, "club", OUTCAST)) is Reason.FORBIDDEN


async def test_an_account_that_is_gone_is_nothing_any_more() -> None:
    here = house()
    await lasting(here)
    ann = await enter(here, "ann")
    for name in ("max", "ann"):
        await here.switchboard.erase(address(name))
    settings = ann.room.settings
    assert settings.owner is None
    assert list(settings.affiliations) == [address("adam")]


async def test_there_is_a_limit_of_rooms_for_each() -> None:
    here = house(max_owned=2)
    for name in ("a", "b"):
        await here.switchboard.set(account("ann"), RoomSettings(name=name))
    assert (
        await refused(here.switchboard.set(account("ann"), RoomSettings(name="c")))
        is Reason.TOO_MANY
    )
    await here.switchboard.set(account("ann"), RoomSettings(name="a", title="Still mine"))
    await here.switchboard.set(account("bob"), RoomSettings(name="c"))
