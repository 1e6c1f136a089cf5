"""Nobody opens a room in the hours of QUIET (as `22-6`, UTC); `GET /api/v1/joins` counts."""

import os
from collections import Counter
from datetime import UTC, datetime

from fastapi import APIRouter

from antiphon.app.plugin import Plugin
from antiphon.core.event import Event, MemberJoined
from antiphon.core.policy import Policy, WrappedPolicy
from antiphon.core.ports import Caller
from antiphon.core.reason import Reason, Refused


class QuietHours(WrappedPolicy):
    """The node's own policy, but for the night."""

    def __init__(self, inner: Policy, begin: int, end: int) -> None:
        """`begin`, `end`: hours of the day, UTC."""
        super().__init__(inner)
        self.begin, self.length = begin, (end - begin) % 24

    def may_create(self, caller: Caller, room: str) -> None:
        """Refuse at night."""
        if (datetime.now(UTC).hour - self.begin) % 24 < self.length:
            raise Refused(Reason.FORBIDDEN, "It is night. Please come back in the morning.")
        super().may_create(caller, room)


def setup(plugin: Plugin) -> None:
    """The entry point."""
    begin, end = (int(hour) for hour in os.environ.get("QUIET", "22-6").split("-"))
    joins: Counter[str] = Counter()
    router = APIRouter()

    def count(event: Event) -> None:
        if isinstance(event, MemberJoined):
            joins[event.room] += 1

    @router.get("/joins")
    async def read() -> dict[str, int]:
        """How many have joined each room."""
        return dict(joins)

    plugin.set_policy(lambda inner: QuietHours(inner, begin, end))
    plugin.on_event(count)
    plugin.add_router(router)
