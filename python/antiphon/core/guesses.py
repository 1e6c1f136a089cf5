"""Wrong passwords of rooms: how many somebody has given lately, and whether to listen to more of
them. The same for all protocols. Time is an argument, in seconds of one clock.

Guests are counted together, for each room: each of them is a new address.
"""

from collections import OrderedDict

from .address import Address
from .reason import Reason, Refused

# Wrong ones until one must wait; one of them is forgotten in so many seconds.
MOST, FORGOTTEN = 5, 60.0
MOST_OF_GUESTS, FORGOTTEN_OF_GUESTS = 100, 6.0
# Who guesses at what, the latest.
REMEMBERED = 20_000

_GUESTS = Address("", "guests")

Key = tuple[Address, str]


class Guesses:
    """By account and room."""

    def __init__(self) -> None:
        self._wrong: OrderedDict[Key, tuple[float, float]] = OrderedDict()

    def must_be_few(self, who: Address, room: str, now: float) -> None:
        """Before a password is looked at, right or wrong. Raises `Refused(TOO_MANY)`."""
        if not self._wrong:
            return
        most = MOST_OF_GUESTS if who.is_guest else MOST
        if self._level(_key(who, room), now) + 0.5 >= most:
            text = "There were too many wrong passwords. Please try again in some minutes."
            raise Refused(Reason.TOO_MANY, text)

    def wrong(self, who: Address, room: str, now: float) -> None:
        """That was not the room's password."""
        key = _key(who, room)
        self._wrong[key] = self._level(key, now) + 1.0, now
        self._wrong.move_to_end(key)
        if len(self._wrong) > REMEMBERED:
            self._wrong.popitem(last=False)

    def _level(self, key: Key, now: float) -> float:
        found = self._wrong.get(key)
        if found is None:
            return 0.0
        level, when = found
        left = level - (now - when) / (FORGOTTEN_OF_GUESTS if key[0] == _GUESTS else FORGOTTEN)
        if left <= 0:
            del self._wrong[key]
            return 0.0
        return left


def _key(who: Address, room: str) -> Key:
    return (_GUESTS if who.is_guest else who.bare), room
