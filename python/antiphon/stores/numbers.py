"""Numbers of names, for indices that are small whatever the names are."""

from functools import lru_cache
from hashlib import blake2b

REMEMBERED = 65_536


@lru_cache(REMEMBERED)
def number_of(name: str) -> int:
    """The number of a bare address, the same on every node and for ever; from 0 to below 2^63.

    That two names have the same is not to be expected: rows are compared by their names as well.
    """
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest()) >> 1
