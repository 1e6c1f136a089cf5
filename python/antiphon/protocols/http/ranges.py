"""Parts of a file that a request asks for (RFC 9110 §14): one range of bytes."""

import re

from antiphon.core.reason import Reason

from .errors import HttpRefused

_RANGE = re.compile(r"bytes=\s*(\d{0,18})-(\d{0,18})\s*", re.IGNORECASE)


def read_range(text: str, size: int) -> tuple[int, int] | None:
    """Start and length of the one range in a `Range` field; None for what is to be ignored.

    Several ranges are answered with the whole file, as RFC 9110 §14.2 allows: nobody sends many
    small ones to make us work. Raises `HttpRefused` (416) for a range behind the end.
    """
    found = _RANGE.fullmatch(text)
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:  # the last so many bytes
        length = min(int(found[2]), size)
        start = size - length
    else:
        start = int(found[1])
        last = min(int(found[2]), size - 1) if found[2] else size - 1
        if found[2] and int(found[2]) < start:
            return None  # invalid (§14.1.1)
        length = last - start + 1
    if length <= 0 or start >= size:
        raise HttpRefused(
            Reason.BAD_REQUEST,
            "The file has no such part.",
            status=416,
            headers={"Content-Range": f"bytes */{size}"},
        )
    return start, length
