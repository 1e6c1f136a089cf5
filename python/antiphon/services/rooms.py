"""Rooms that were made to last. Implements `core.ports.Rooms`; does not know who is in them.

Whoever enters a room, opens it and leaves it as the last one looks for its settings: what was found
is remembered for a moment. What this node changes counts at once, what others do a moment later.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from antiphon.core.address import PART_LIMIT, Address
from antiphon.core.ports import RoomSettings
from antiphon.core.reason import Reason, Refused
from antiphon.core.standing import Standing
from antiphon.stores import rooms as statements
from antiphon.stores.addresses import check_text
from antiphon.stores.database import Database

MAX_PAGE = 500
# How long what was found is remembered (s), and of how many rooms.
REMEMBERED_FOR = 1.0
REMEMBERED = 4096
MAX_TITLE = 1024  # bytes
MAX_DESCRIPTION = 4096
MAX_PASSWORD = 256
MAX_HISTORY = 1000  # messages
MIN_PIN, MAX_PIN = 4, 16  # digits
MAX_NUMBER = 1_000_000  # of members and of cameras


class StoredRooms:
    """Settings of rooms by their canonical name."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock`: seconds since 1970; `steady` runs evenly."""
        self._database = database
        self._clock = clock
        self._steady = steady
        self._remembered: dict[str, tuple[float, RoomSettings | None]] = {}
        self._changes = 0

    async def find(self, name: str) -> RoomSettings | None:
        """Settings of the stored room with all its affiliations, None if there is none."""
        if len(name) > PART_LIMIT or "\0" in name:
            return None
        now = self._steady()
        if (known := self._remembered.get(name)) is not None and now < known[0]:
            return known[1]
        before = self._changes
        found = await self._database.read(lambda c: statements.find(c, name))
        if before == self._changes:
            if len(self._remembered) >= REMEMBERED:
                self._remembered.clear()
            self._remembered[name] = now + REMEMBERED_FOR, found
        return found

    async def save(self, settings: RoomSettings) -> None:
        """Create with its affiliations, or replace all but these. A `created_at` of 0 means now;
        that of a room that exists stays.
        """
        _check(settings)
        if not settings.created_at:
            settings = replace(settings, created_at=self._clock())
        try:
            await self._database.write(lambda c: statements.save(c, settings))
        finally:
            self._forget(settings.name)

    async def affiliate(self, name: str, account: Address, standing: Standing | None) -> None:
        """Replace what is kept of an account's affiliation with a stored room; None: nothing."""
        if standing is not None:
            check_text("The name", standing.nick, PART_LIMIT)
            check_text("The reason", standing.reason, MAX_TITLE)
        try:
            await self._database.write(
                lambda c: statements.affiliate(c, name, account.bare, standing)
            )
        finally:
            self._forget(name)

    async def remove(self, name: str) -> bool:
        """Delete; False if there was none."""
        try:
            return await self._database.write(lambda c: statements.remove(c, name))
        finally:
            self._forget(name)

    async def page(
        self, after: str | None = None, limit: int = 100, account: Address | None = None
    ) -> Sequence[RoomSettings]:
        """Up to `limit` stored rooms by name, behind `after`, each with the affiliation of
        `account` only.
        """
        limit = max(1, min(limit, MAX_PAGE))
        return await self._database.read(lambda c: statements.page(c, after, limit, account))

    async def owned(self, account: Address) -> int:
        """How many stored rooms an account has made."""
        return await self._database.read(lambda c: statements.owned(c, account.bare))

    async def erase(self, account: Address) -> None:
        """An account is no more: nor is what it was to rooms. Those it made go over to another
        owner, or have none but the node's administrators.
        """
        for name in await self._database.write(lambda c: statements.forget(c, account.bare)):
            self._forget(name)

    def _forget(self, name: str) -> None:
        # A look-up that is on its way may have seen what was before.
        self._changes += 1
        self._remembered.pop(name, None)


def _check(settings: RoomSettings) -> None:
    if not settings.name:
        raise Refused(Reason.BAD_REQUEST, "A room has a name.")
    check_text("The name", settings.name, PART_LIMIT)
    check_text("The title", settings.title, MAX_TITLE)
    check_text("The description", settings.description, MAX_DESCRIPTION)
    check_text("The password", settings.password, MAX_PASSWORD)
    if settings.pin and not (settings.pin.isascii() and settings.pin.isdecimal()):
        raise Refused(Reason.BAD_REQUEST, "A PIN is made of digits.")
    if settings.pin and not MIN_PIN <= len(settings.pin) <= MAX_PIN:
        raise Refused(Reason.BAD_REQUEST, f"A PIN has {MIN_PIN} to {MAX_PIN} digits.")
    if settings.max_members is not None and not 1 <= settings.max_members <= MAX_NUMBER:
        raise Refused(Reason.BAD_REQUEST, f"max_members must be from 1 to {MAX_NUMBER}.")
    if not 0 <= settings.history <= MAX_HISTORY:
        raise Refused(Reason.BAD_REQUEST, f"history must be from 0 to {MAX_HISTORY}.")
    if not 0 <= settings.stage <= MAX_NUMBER:
        raise Refused(Reason.BAD_REQUEST, f"stage must be from 0 to {MAX_NUMBER}.")
