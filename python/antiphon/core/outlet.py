"""Where news goes: each protocol has outlets of its own, which spell events in its words."""

from typing import Protocol

from .event import Event


class Outlet(Protocol):
    """Where news for an address or member goes: a browser tab, a phone, a stream, a recorder."""

    def deliver(self, event: Event) -> None:
        """Take one event, in order. Never blocks and never raises."""
