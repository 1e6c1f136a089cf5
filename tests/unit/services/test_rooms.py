import asyncio
from dataclasses import replace
from typing import Any

import pytest

from antiphon.core.address import Addresses
from antiphon.core.ports import RoomSettings
from antiphon.core.reason import Reason, Refused
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
