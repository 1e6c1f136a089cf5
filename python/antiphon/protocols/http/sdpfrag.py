"""SDP fragments: ICE credentials and candidates of a session that is there already (RFC 8840 §9).
No I/O.

It reads any text into a `Fragment` or raises `FragmentError`, never anything else.
"""

import re
from dataclasses import dataclass

from antiphon.core.reason import Reason, Refused

MEDIA_TYPE = "application/trickle-ice-sdpfrag"

# A browser has some dozen candidates; each is a line of some hundred bytes.
MAX_CANDIDATES = 128
MAX_LINE = 1024

_UFRAG = re.compile(r"[A-Za-z0-9+/]{4,256}")  # RFC 8839 §5.4
_PASSWORD = re.compile(r"[A-Za-z0-9+/]{22,256}")
_MEDIA = re.compile(r"[a-z]+ [0-9]{1,5} [A-Za-z0-9/]+ .+")
_LINE = re.compile(r"[a-z]=[^\x00-\x08\x0b-\x1f\x7f]+")


class FragmentError(Refused):
    """The text is not a fragment, or one that is larger than any honest one."""

    def __init__(self, text: str) -> None:
        super().__init__(Reason.BAD_REQUEST, f"Not an SDP fragment: {text}.")


@dataclass(frozen=True, slots=True)
class Fragment:
    """What a fragment says. `candidates` as they are offered: `candidate:…`; `ended`: there are no
    more.
    """

    ufrag: str | None = None
    password: str | None = None
    candidates: tuple[str, ...] = ()
    ended: bool = False
    options: str | None = None
    mid: str | None = None


def parse(text: str) -> Fragment:
    """Read a fragment. Raises `FragmentError`.

    All media are bundled here, so it does not matter which section a candidate stands in; unknown
    attributes are passed over (RFC 8866 §5).
    """
    seen: dict[str, str] = {}
    candidates: list[str] = []
    ended = False
    for line in _lines(text):
        if line.startswith("m="):
            if not _MEDIA.fullmatch(line[2:]):
                raise FragmentError(f"not a media line: {line[:80]!r}")
        elif line.startswith("a=candidate:"):
            candidates.append(line[2:])
        elif line == "a=end-of-candidates":
            ended = True
        elif line.startswith("a="):
            _keep(seen, line[2:])
        else:
            raise FragmentError(f"a fragment has no such line: {line[:80]!r}")
    if len(candidates) > MAX_CANDIDATES:
        raise FragmentError(f"more than {MAX_CANDIDATES} candidates")
    return _fragment(seen, tuple(candidates), ended)


def _lines(text: str) -> list[str]:
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    for line in lines:
        if len(line) > MAX_LINE or not _LINE.fullmatch(line):
            raise FragmentError(f"not a line of a fragment: {line[:80]!r}")
    return lines


_SINGLE = frozenset({"ice-ufrag", "ice-pwd", "ice-options"})


def _keep(seen: dict[str, str], attribute: str) -> None:
    name, _, value = attribute.partition(":")
    if name == "mid":
        seen.setdefault(name, value)
    elif name in _SINGLE and seen.setdefault(name, value) != value:
        # One transport for all that is bundled (RFC 9143 §7.1.3).
        raise FragmentError(f"two different values of {name}")


def _fragment(seen: dict[str, str], candidates: tuple[str, ...], ended: bool) -> Fragment:
    ufrag, password = seen.get("ice-ufrag"), seen.get("ice-pwd")
    if (ufrag is None) != (password is None):
        raise FragmentError("ice-ufrag and ice-pwd come together or not at all")
    if ufrag is not None and not _UFRAG.fullmatch(ufrag):
        raise FragmentError("ice-ufrag is not 4 to 256 ICE characters")
    if password is not None and not _PASSWORD.fullmatch(password):
        raise FragmentError("ice-pwd is not 22 to 256 ICE characters")
    if ufrag is None and not candidates and not ended:
        raise FragmentError("the fragment says nothing")
    return Fragment(ufrag, password, candidates, ended, seen.get("ice-options"), seen.get("mid"))
