"""Ids of messages: text that sorts by time and never goes backwards, whatever the clock does."""

import re
import secrets

# Crockford's base 32 in lower case: sorts like the number, byte by byte.
_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}
_PAIRS = [high + low for high in _DIGITS for low in _DIGITS]
_LENGTH = 16  # 80 bits: 48 of milliseconds since 1970, 32 to tell messages apart
_LOW_BITS = 32
_FORM = re.compile(f"[{_DIGITS}]{{{_LENGTH}}}")


class MessageIds:
    """Makes ids, each greater than all before. `now` is in seconds since 1970."""

    def __init__(self) -> None:
        self._last = 0

    def next(self, now: float) -> str:
        """A new id; two of one millisecond, or made while the clock is behind, count up."""
        fresh = int(now * 1000)
        if fresh > self._last >> _LOW_BITS:
            self._last = fresh << _LOW_BITS | secrets.randbits(_LOW_BITS - 1)
        else:
            self._last += 1
        return _write(self._last)

    @property
    def time(self) -> float:
        """`time_of` the last one."""
        return (self._last >> _LOW_BITS) / 1000

    def advance(self, seen: str) -> None:
        """Make all further ids greater than one made elsewhere."""
        self._last = max(self._last, _read(seen))


def first_of(time: float) -> str:
    """What all ids of this time and later sort behind. Seconds since 1970."""
    return _write(max(0, int(time * 1000)) << _LOW_BITS)


def next_after(id: str) -> str:
    """The least id behind one."""
    return _write(_read(id) + 1)


def is_id(text: str) -> bool:
    """Whether the text has the form of an id."""
    return _FORM.fullmatch(text) is not None


def time_of(id: str) -> float:
    """Seconds since 1970 that an id stands for."""
    return (_read(id) >> _LOW_BITS) / 1000


def _write(number: int) -> str:
    # Two digits at a time: this is done for each message.
    pairs = _PAIRS
    return (
        pairs[number >> 70 & 1023]
        + pairs[number >> 60 & 1023]
        + pairs[number >> 50 & 1023]
        + pairs[number >> 40 & 1023]
        + pairs[number >> 30 & 1023]
        + pairs[number >> 20 & 1023]
        + pairs[number >> 10 & 1023]
        + pairs[number & 1023]
    )


def _read(id: str) -> int:
    number = 0
    for digit in id:
        number = number << 5 | _VALUES[digit]
    return number
