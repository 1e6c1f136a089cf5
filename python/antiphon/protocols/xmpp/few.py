"""Sets that have a member or two most of the time: a tuple as long as they are small, which is a
quarter of the size of a set, and a dictionary beyond. In order of arrival.
"""

from typing import TypeVar

T = TypeVar("T")
Few = tuple[T, ...] | dict[T, None]

# Members of the largest tuple: to look through it costs no more than to hash.
SMALL = 4


def with_one(few: Few[T], one: T) -> Few[T]:
    """The same with one more; use the result in its place."""
    if isinstance(few, dict):
        few[one] = None
        return few
    if one in few:
        return few
    longer = (*few, one)
    return longer if len(longer) <= SMALL else dict.fromkeys(longer)


def without(few: Few[T], one: T) -> Few[T]:
    """The same with one less; use the result in its place."""
    if isinstance(few, tuple):
        return tuple(other for other in few if other != one)
    few.pop(one, None)
    return few if len(few) > SMALL else tuple(few)
