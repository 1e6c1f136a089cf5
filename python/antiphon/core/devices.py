"""Which devices of an account are connected now: asked several times for each message, of all that
know some.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from .address import Address
from .ports import Device, Reach


@runtime_checkable
class Steady(Reach, Protocol):
    """A reach that says when its devices of an account are others, so that it is asked once.

    `changed` is set by whoever asks it, and takes the account (bare).
    """

    changed: Callable[[Address], None]


class Devices:
    """Devices of all reaches. Of those that are steady, it remembers who has any."""

    def __init__(self) -> None:
        self._steady: list[Steady] = []
        self._others: list[Reach] = []
        self._known: dict[Address, tuple[Device, ...]] = {}

    def add(self, reach: Reach) -> None:
        """Ask it from now on."""
        if isinstance(reach, Steady):
            self._steady.append(reach)
            reach.changed = self._changed
        else:
            self._others.append(reach)
        self._known.clear()

    def remove(self, reach: Reach) -> None:
        """Ask it no more."""
        self._steady = [one for one in self._steady if one is not reach]
        self._others = [one for one in self._others if one is not reach]
        self._known.clear()

    def of(self, account: Address) -> Sequence[Device]:
        """Those of an account (bare) that are connected now, listening or not. What is given does
        not change any more: whoever goes through it may end a device meanwhile.
        """
        if (known := self._known.get(account)) is None:
            known = tuple(one for reach in self._steady for one in reach.present(account))
            if known:
                # Those that are nowhere are not remembered: anybody may write to any name.
                self._known[account] = known
        for reach in self._others:
            if found := reach.present(account):
                known = (*known, *found)
        return known

    def _changed(self, account: Address) -> None:
        self._known.pop(account, None)
