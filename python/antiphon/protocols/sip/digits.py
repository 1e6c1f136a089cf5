"""Keys of a telephone's pad in the body of INFO: `application/dtmf-relay` and `application/dtmf`.

Pure: text in, values out.
"""

import re

KINDS = frozenset({"application/dtmf-relay", "application/dtmf"})

_SIGNAL = re.compile(r"(?im)^\s*Signal\s*[=:]\s*([0-9A-D*#]|1[0-5])\s*$")
_DURATION = re.compile(r"(?im)^\s*Duration\s*[=:]\s*([0-9]{1,5})\s*$")
_PLAIN = re.compile(r"\s*([0-9A-Da-d*#])\s*")
_NAMES = {"10": "*", "11": "#", "12": "A", "13": "B", "14": "C", "15": "D"}

# What telephones take for a key pressed shortly, in ms.
USUAL = 160
LONGEST = 8000


def pressed(kind: str, body: bytes) -> tuple[str, float] | None:
    """The key and for how many seconds; None if the body says none."""
    text = body[:200].decode("ascii", "replace")
    if kind == "application/dtmf":
        found = _PLAIN.fullmatch(text)
        return (found[1].upper(), USUAL / 1000) if found else None
    if (signal := _SIGNAL.search(text)) is None:
        return None
    duration = _DURATION.search(text)
    length = min(int(duration[1]) if duration else USUAL, LONGEST)
    key = signal[1].upper()
    return _NAMES.get(key, key), length / 1000
