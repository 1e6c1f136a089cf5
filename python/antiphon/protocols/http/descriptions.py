"""What WHIP and WHEP read and change in session descriptions (RFC 8866) besides their meaning,
which is the engine's.

Works on lines; a text without the lines in question raises `DescriptionError`.
"""

import re
from collections.abc import Iterable, Iterator

from antiphon.core.reason import Reason, Refused

from .sdpfrag import Fragment

_DIRECTIONS = frozenset({"a=sendrecv", "a=sendonly", "a=recvonly", "a=inactive"})
_ORIGIN = re.compile(r"o=(\S+) (\d{1,20}) (\d{1,20}) (.+)")
_ICE = ("a=ice-ufrag:", "a=ice-pwd:", "a=candidate:", "a=end-of-candidates")


class DescriptionError(Refused):
    """The text is not a session description of WebRTC."""

    def __init__(self, text: str) -> None:
        super().__init__(Reason.BAD_REQUEST, f"Not a session description for WebRTC: {text}.")


def lines_of(text: str) -> list[str]:
    """Its lines, without their ends. The first one says that it is a session description."""
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    if lines[0] != "v=0":
        raise DescriptionError("it does not begin with v=0")
    return [line for line in lines if line]


def text_of(lines: Iterable[str]) -> str:
    """The other way."""
    return "".join(f"{line}\r\n" for line in lines)


def credentials_of(text: str) -> tuple[str, str]:
    """Username fragment and password of the first section, or of all (RFC 8839 §5.4)."""
    found: list[str] = []
    for name in ("a=ice-ufrag:", "a=ice-pwd:"):
        value = next((line for line in lines_of(text) if line.startswith(name)), None)
        if value is None:
            raise DescriptionError(f"it has no {name[2:-1]}")
        found.append(value.removeprefix(name))
    return found[0], found[1]


def one_way(text: str, *, sends: bool) -> str:
    """The same with every `sendrecv` narrowed to what WHIP (`sends`) or WHEP carries: one
    direction.

    RFC 9725 §4.2: a client may offer `sendrecv`, the answer must be `recvonly` all the same.
    """
    narrowed = "a=sendonly" if sends else "a=recvonly"
    out: list[str] = []
    for section in _sections(lines_of(text)):
        head = section[0]
        if head.startswith(("m=audio", "m=video")):
            if not _DIRECTIONS.intersection(section):
                # RFC 8866 §6.7: sendrecv is meant where nothing is said.
                section = [*section, "a=sendrecv"]
            section = [narrowed if line == "a=sendrecv" else line for line in section]
        out += section
    return text_of(out)


def restarted(text: str, fragment: Fragment) -> str:
    """The offer that an ICE restart by a fragment stands for: new credentials and candidates, all
    else as it was.
    """
    assert fragment.ufrag is not None
    out: list[str] = []
    for number, section in enumerate(_sections(lines_of(text))):
        had = any(line.startswith("a=ice-ufrag:") for line in section)
        kept = [_next_version(line) for line in section if not line.startswith(_ICE)]
        if had:
            kept += [f"a=ice-ufrag:{fragment.ufrag}", f"a=ice-pwd:{fragment.password}"]
        if number == 1:
            kept += [f"a={candidate}" for candidate in fragment.candidates]
        out += kept
    return text_of(out)


def fragment_of(text: str) -> str:
    """The fragment that tells our side's ICE after a restart, from our answer (RFC 8840 §9)."""
    ufrag, password = credentials_of(text)
    sections = list(_sections(lines_of(text)))
    if len(sections) < 2:
        raise DescriptionError("it has no media")
    session, media = sections[0], sections[1]
    out = [line for line in session if line == "a=ice-lite" or line.startswith("a=ice-options:")]
    out.append(media[0])
    out += [line for line in media if line.startswith("a=mid:")]
    out += [f"a=ice-ufrag:{ufrag}", f"a=ice-pwd:{password}"]
    candidates = [line for line in session + media if line.startswith("a=candidate:")]
    return text_of([*out, *candidates, "a=end-of-candidates"])


def _sections(lines: Iterable[str]) -> Iterator[list[str]]:
    """The session's own lines, then those of each medium."""
    section: list[str] = []
    for line in lines:
        if line.startswith("m="):
            yield section
            section = []
        section.append(line)
    yield section


def _next_version(line: str) -> str:
    """RFC 3264 §8: a changed description has a higher version in its origin."""
    if (origin := _ORIGIN.fullmatch(line)) is None:
        return line
    return f"o={origin[1]} {origin[2]} {int(origin[3]) + 1} {origin[4]}"
