"""Reads a play: who acts over what, and what they do, line by line. It plays nothing.

A line is a sentence; its verb is found in `SENTENCES`, which is the whole grammar. Text behind a
colon is what is written or heard. `#` begins a comment.
"""

import re
from dataclasses import dataclass
from pathlib import Path

NAME = r"(?P<{}>[A-Z]\w*)"
ROOM = r"(?P<room>[a-z][\w-]*)"
TEXT = r": (?P<text>.+)"

# Verb (a method of actors) → how it is written. The first word is always who does it.
WORDS: dict[str, str] = {
    # coming and going
    "comes": r"comes online",
    "goes": r"goes offline",
    "is_away": r"is away" + TEXT,
    "is_back": r"is back",
    # contacts
    "asks": rf"asks to see {NAME.format('other')}",
    "is_asked": rf"is asked by {NAME.format('other')}",
    "lets": rf"lets {NAME.format('other')} see",
    "refuses": rf"does not let {NAME.format('other')} see",
    "sees_there": rf"sees {NAME.format('other')} online",
    "sees_away": rf"sees {NAME.format('other')} away" + TEXT,
    "sees_gone": rf"sees {NAME.format('other')} offline",
    "blocks": rf"blocks {NAME.format('other')}",
    "unblocks": rf"unblocks {NAME.format('other')}",
    # between two
    "writes": rf"writes to {NAME.format('other')}" + TEXT,
    "reads": rf"reads from {NAME.format('other')}" + TEXT,
    "cannot_write": rf"cannot write to {NAME.format('other')}" + TEXT,
    "types": rf"types to {NAME.format('other')}",
    "sees_typing": rf"sees {NAME.format('other')} typing",
    "has_read": rf"has read what {NAME.format('other')} wrote",
    "sees_read": rf"sees that {NAME.format('other')} has read it",
    "replies": rf"replies to {NAME.format('other')}" + TEXT,
    "reads_reply": rf"reads a reply from {NAME.format('other')}" + TEXT,
    "corrects": rf"corrects what was written to {NAME.format('other')}" + TEXT,
    "reads_correction": rf"reads a correction from {NAME.format('other')}" + TEXT,
    "reacts": rf"reacts to {NAME.format('other')}" + TEXT,
    "sees_reaction": rf"sees the reaction of {NAME.format('other')}" + TEXT,
    "takes_back": rf"takes back what was written to {NAME.format('other')}",
    "sees_taken_back": rf"sees that {NAME.format('other')} took it back",
    "finds": rf"finds in the archive with {NAME.format('other')}" + TEXT,
    # in rooms
    "enters": rf"enters {ROOM}",
    "leaves": rf"leaves {ROOM}",
    "sees_in": rf"sees {NAME.format('other')} in {ROOM}",
    "sees_leave": rf"sees {NAME.format('other')} leave {ROOM}",
    "says": rf"says in {ROOM}" + TEXT,
    "hears": rf"hears {NAME.format('other')} in {ROOM}" + TEXT,
    "whispers": rf"whispers to {NAME.format('other')} in {ROOM}" + TEXT,
    "hears_whisper": rf"hears a whisper of {NAME.format('other')} in {ROOM}" + TEXT,
    "names": rf"sets the subject of {ROOM}" + TEXT,
    "sees_subject": rf"sees the subject of {ROOM}" + TEXT,
    "sends_out": rf"sends {NAME.format('other')} out of {ROOM}",
    "is_sent_out": rf"is sent out of {ROOM}",
    "finds_said": rf"finds in the archive of {ROOM}" + TEXT,
}
# What those say who can call.
CALLS: dict[str, str] = {
    "calls": rf"calls {NAME.format('other')}",
    "is_called": rf"is called by {NAME.format('other')}",
    "hears_ringing": rf"hears it ring at {NAME.format('other')}",
    "answers": rf"answers {NAME.format('other')}",
    "declines": rf"declines {NAME.format('other')}",
    "is_declined": rf"is declined by {NAME.format('other')}",
    "talks": rf"talks to {NAME.format('other')}",
    "hangs_up": rf"hangs up on {NAME.format('other')}",
    "is_left": rf"is left by {NAME.format('other')}",
}
SENTENCES = WORDS | CALLS
_COMPILED = {
    verb: re.compile(rf"{NAME.format('who')} {words}") for verb, words in SENTENCES.items()
}
_CAST = re.compile(r"(?P<who>[A-Z]\w*), (?P<over>on the web|in XMPP|on a telephone)")


@dataclass(frozen=True)
class Line:
    """One sentence: `who` does `verb`; what else it names."""

    number: int
    who: str
    verb: str
    given: dict[str, str]


@dataclass(frozen=True)
class Play:
    """`cast`: name → over what they act."""

    title: str
    cast: dict[str, str]
    lines: tuple[Line, ...]


class NotAPlay(Exception):
    """A line that nobody can act; the text says which."""


def read(path: Path) -> Play:
    """Raises `NotAPlay`."""
    cast: dict[str, str] = {}
    lines: list[Line] = []
    title = ""
    for number, text in enumerate(path.read_text().splitlines(), 1):
        if text.startswith("#"):
            title = title or text.lstrip("# ")
            continue
        if not text.strip():
            continue
        if (found := _CAST.fullmatch(text)) is not None:
            cast[found["who"]] = found["over"]
            continue
        lines.append(_line(path, number, text, cast))
    return Play(title, cast, tuple(lines))


def _line(path: Path, number: int, text: str, cast: dict[str, str]) -> Line:
    for verb, pattern in _COMPILED.items():
        if (found := pattern.fullmatch(text)) is not None:
            given = {key: value for key, value in found.groupdict().items() if key != "who"}
            unknown = {found["who"], given.get("other", found["who"])} - set(cast)
            if unknown:
                raise NotAPlay(f"{path.name}:{number}: {', '.join(unknown)} is not in the cast")
            return Line(number, found["who"], verb, given)
    raise NotAPlay(f"{path.name}:{number}: nobody knows how to do this: {text}")
