"""What devices say of one person, and what all of them say in one word; pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from .address import Address
from .message import Original

# What counts most comes first.
ORDER = ("busy", "chat", "available", "away", "xa")


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceState:
    """What one device says of its user. `show`: available, chat, away, xa (away for long), busy,
    offline. `since`: seconds since 1970. `priority`: -128 to 127; messages to the account do not go
    to a device with a negative one. `idle_since`: when its user was last seen to do something.
    """

    device: Address
    show: str = "available"
    note: str = ""
    since: float = 0.0
    priority: int = 0
    idle_since: float | None = None
    original: Original | None = None


def foremost(states: Iterable[PresenceState]) -> PresenceState | None:
    """The device whose word counts most, of those the one that said it last; None: nobody is there.

    Busy counts most, for who is on a call with one device is not free on the others.
    """
    there = [state for state in states if state.show in ORDER]
    return min(there, key=lambda one: (ORDER.index(one.show), -one.since), default=None)
