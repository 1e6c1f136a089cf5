"""Rooms that were made to last. Implements `core.ports.Rooms`; does not know who is in them."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from antiphon.core.address import PART_LIMIT
from antiphon.core.ports import RoomSettings
from antiphon.core.reason import Reason, Refused
from antiphon.stores import rooms as statements
from antiphon.stores.addresses import check_text
from antiphon.stores.database import Database

MAX_PAGE = 500
MAX_TITLE = 1024  # bytes
MIN_PIN, MAX_PIN = 4, 16  # digits
MAX_NUMBER = 1_000_000  # of members and of cameras


class StoredRooms:
    """Settings of rooms by their canonical name."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def find(self, name: str) -> RoomSettings | None:
        """Settings of the stored room, None if there is none."""
        if len(name) > PART_LIMIT or "\0" in name:
            return None
        return await self._database.read(lambda c: statements.find(c, name))

    async def save(self, settings: RoomSettings) -> None:
        """Create or replace. A `created_at` of 0 means now; that of a room that exists stays."""
        _check(settings)
        if not settings.created_at:
            settings = replace(settings, created_at=self._clock())
        await self._database.write(lambda c: statements.save(c, settings))

    async def remove(self, name: str) -> bool:
        """Delete; False if there was none."""
        return await self._database.write(lambda c: statements.remove(c, name))

    async def page(self, after: str | None = None, limit: int = 100) -> Sequence[RoomSettings]:
        """Up to `limit` stored rooms by name, behind `after`."""
        limit = max(1, min(limit, MAX_PAGE))
        return await self._database.read(lambda c: statements.page(c, after, limit))


def _check(settings: RoomSettings) -> None:
    if not settings.name:
        raise Refused(Reason.BAD_REQUEST, "A room has a name.")
    check_text("The name", settings.name, PART_LIMIT)
    check_text("The title", settings.title, MAX_TITLE)
    if settings.pin and not (settings.pin.isascii() and settings.pin.isdecimal()):
        raise Refused(Reason.BAD_REQUEST, "A PIN is made of digits.")
    if settings.pin and not MIN_PIN <= len(settings.pin) <= MAX_PIN:
        raise Refused(Reason.BAD_REQUEST, f"A PIN has {MIN_PIN} to {MAX_PIN} digits.")
    if settings.max_members is not None and not 1 <= settings.max_members <= MAX_NUMBER:
        raise Refused(Reason.BAD_REQUEST, f"max_members must be from 1 to {MAX_NUMBER}.")
    if not 0 <= settings.stage <= MAX_NUMBER:
        raise Refused(Reason.BAD_REQUEST, f"stage must be from 0 to {MAX_NUMBER}.")
