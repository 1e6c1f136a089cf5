"""What several devices say of one person, in one word; pure."""

from collections.abc import Iterable

from .ports import PresenceState

# What counts most comes first.
ORDER = ("busy", "chat", "available", "away", "xa")


def foremost(states: Iterable[PresenceState]) -> PresenceState | None:
    """The device whose word counts most, of those the one that said it last; None: nobody is there.

    Busy counts most, for who is on a call with one device is not free on the others.
    """
    there = [state for state in states if state.show in ORDER]
    return min(there, key=lambda one: (ORDER.index(one.show), -one.since), default=None)
