import asyncio
from dataclasses import replace
from typing import Any

import pytest

from antiphon.core.address import Addresses
from antiphon.core.ports import RoomSettings, Subject
from antiphon.core.reason import Reason, Refused
from antiphon.core.standing import Affiliation, Role, Standing
from antiphon.services.rooms import StoredRooms
from antiphon.stores.database import Database

NOW = 1_800_000_000.0


@pytest.fixture
def rooms(database: Database) -> StoredRooms:
    return StoredRooms(database, clock=lambda: NOW)


async def test_settings_come_back(rooms: StoredRooms, addresses: Addresses) -> None:
    full = RoomSettings(
        name="büro",
        title="Das Büro \U0001f3e2",
        owner=addresses.parse("ann"),
        guests=False,
        max_members=12,
        stage=4,
        audience=True,
        pin="0815",
        created_at=NOW - 5,
        description="Wo wir sitzen",
        listed=False,
        members_only=True,
        moderated=True,
        password="Sesam",
        addresses_for=Role.MODERATOR,
        may_whisper=None,
        may_invite=Role.SPEAKER,
        may_set_subject=Role.LISTENER,
        archived=False,
        history=7,
        subject=Subject(text="Kuchen", by=addresses.parse("bob"), name="Bob", at=NOW),
        affiliations={
            addresses.parse("bob"): Standing(affiliation=Affiliation.ADMIN, nick="Bobby"),
            addresses.parse("eve"): Standing(affiliation=Affiliation.OUTCAST, reason="spam"),
        },
    )
    for settings in (full, RoomSettings(name="plain", created_at=1.5)):
        await rooms.save(settings)
        assert await rooms.find(settings.name) == settings
    assert await rooms.find("nowhere") is None
    assert await rooms.find("\x00" * 3) is None


async def test_replacing_keeps_the_time_of_creation(rooms: StoredRooms) -> None:
    await rooms.save(RoomSettings(name="a", title="one"))
    made = await rooms.find("a")
    assert made is not None
    assert made.created_at == NOW
    await rooms.save(replace(made, title="two", guests=True, created_at=NOW + 100))
    assert await rooms.find("a") == replace(made, title="two", guests=True)


async def test_many_save_at_once(rooms: StoredRooms) -> None:
    await asyncio.gather(*(rooms.save(RoomSettings(name="a", title=f"{n}")) for n in range(10)))
    assert len(await rooms.page()) == 1


async def test_remove(rooms: StoredRooms) -> None:
    await rooms.save(RoomSettings(name="a"))
    assert await rooms.remove("a")
    assert not await rooms.remove("a")
    assert await rooms.find("a") is None


async def test_pages_by_name(rooms: StoredRooms) -> None:
    names = ["1", "a", "ab", "b", "ä"]
    for name in reversed(names):
        await rooms.save(RoomSettings(name=name))
    first = [settings.name for settings in await rooms.page(limit=3)]
    rest = [settings.name for settings in await rooms.page(after=first[-1])]
    assert first + rest == names
    assert await rooms.page(after="ä") == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"name": ""}, Reason.BAD_REQUEST),
        ({"name": "x" * 256}, Reason.TOO_LARGE),
        ({"name": "\x00"}, Reason.BAD_REQUEST),
        ({"title": "x" * 1025}, Reason.TOO_LARGE),
        ({"title": "\ud800"}, Reason.BAD_REQUEST),
        ({"max_members": 0}, Reason.BAD_REQUEST),
        ({"max_members": 2**40}, Reason.BAD_REQUEST),
        ({"stage": -1}, Reason.BAD_REQUEST),
        ({"stage": 2**40}, Reason.BAD_REQUEST),
    ],
)
async def test_settings_that_are_refused(
    rooms: StoredRooms, change: dict[str, Any], reason: Reason
) -> None:
    with pytest.raises(Refused) as refused:
        await rooms.save(replace(RoomSettings(name="a"), **change))
    assert refused.value.reason is reason
    assert await rooms.page() == []


async def test_what_was_found_is_remembered_for_a_moment(database: Database) -> None:
    time = 0.0
    ours = StoredRooms(database, steady=lambda: time)
    theirs = StoredRooms(database)
    assert await ours.find("standup") is None
    await theirs.save(RoomSettings(name="standup", title="Theirs"))
    assert await ours.find("standup") is None
    time = 1.5
    found = await ours.find("standup")
    assert found is not None
    assert found.title == "Theirs"
    await ours.save(replace(found, title="Ours"))
    again = await ours.find("standup")
    assert again is not None
    assert again.title == "Ours", "what this node changes counts at once"
    await ours.remove("standup")
    assert await ours.find("standup") is None


async def test_affiliations_are_kept_one_by_one(rooms: StoredRooms, addresses: Addresses) -> None:
    bob, eve = addresses.parse("bob"), addresses.parse("eve")
    await rooms.save(RoomSettings(name="a", created_at=1.0))
    member = Standing(affiliation=Affiliation.MEMBER, nick="Bobby")
    await rooms.affiliate("a", bob.on("phone"), member)
    await rooms.affiliate("a", eve, Standing(affiliation=Affiliation.OUTCAST, reason="spam"))
    # What changes the settings does not change these.
    await rooms.save(RoomSettings(name="a", title="A"))
    found = await rooms.find("a")
    assert found is not None
    assert (found.title, found.affiliation(bob), found.affiliation(eve)) == (
        "A",
        Affiliation.MEMBER,
        Affiliation.OUTCAST,
    )
    assert found.nick_holder("bobby") == bob
    await rooms.affiliate("a", bob, None)
    await rooms.affiliate("nowhere", bob, member)
    found = await rooms.find("a")
    assert found is not None
    assert list(found.affiliations) == [eve]


async def test_pages_tell_what_one_account_is(rooms: StoredRooms, addresses: Addresses) -> None:
    bob, eve = addresses.parse("bob"), addresses.parse("eve")
    for name in ("a", "b"):
        await rooms.save(RoomSettings(name=name))
        await rooms.affiliate(name, eve, Standing(affiliation=Affiliation.MEMBER))
    await rooms.affiliate("b", bob, Standing(affiliation=Affiliation.ADMIN))
    page = await rooms.page(account=bob.on("phone"))
    assert [dict(one.affiliations) for one in page] == [
        {},
        {bob: Standing(affiliation=Affiliation.ADMIN)},
    ]
    assert [dict(one.affiliations) for one in await rooms.page()] == [{}, {}]


async def test_rooms_end_with_what_accounts_are_to_them(
    rooms: StoredRooms, addresses: Addresses
) -> None:
    bob = addresses.parse("bob")
    await rooms.save(RoomSettings(name="a"))
    await rooms.affiliate("a", bob, Standing(affiliation=Affiliation.ADMIN))
    await rooms.remove("a")
    await rooms.save(RoomSettings(name="a"))
    found = await rooms.find("a")
    assert found is not None
    assert found.affiliations == {}


async def test_an_account_that_is_gone_leaves_its_rooms_to_others(
    rooms: StoredRooms, addresses: Addresses
) -> None:
    ann, bob, eve = (addresses.parse(name) for name in ("ann", "bob", "eve"))
    await rooms.save(RoomSettings(name="shared", owner=ann))
    await rooms.save(RoomSettings(name="lonely", owner=ann))
    await rooms.affiliate("shared", bob, Standing(affiliation=Affiliation.OWNER))
    await rooms.affiliate("shared", eve, Standing(affiliation=Affiliation.MEMBER))
    assert await rooms.owned(ann) == 2
    await rooms.erase(ann)
    await rooms.erase(eve)
    shared, lonely = await rooms.find("shared"), await rooms.find("lonely")
    assert shared is not None
    assert lonely is not None
    assert (shared.owner, list(shared.affiliations), lonely.owner) == (bob, [bob], None)
    assert await rooms.owned(ann) == 0


@pytest.mark.parametrize(
    "change", [{"history": 1001}, {"history": -1}, {"description": "x" * 5000}, {"password": "\0"}]
)
async def test_settings_have_limits(rooms: StoredRooms, change: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        await rooms.save(replace(RoomSettings(name="a"), **change))
