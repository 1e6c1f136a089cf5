"""Reads settings from a TOML file and from the environment, each with where it came from; knows no
meaning of them.
"""

import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from .keys import Key, keys, sections

# Larger files are no configuration and no secret.
FILE_LIMIT = 1024 * 1024
PREFIX = "ANTIPHON_"
# What Kubernetes puts into the environment of every pod beside a service that is called "antiphon".
FOREIGN = re.compile(
    r"ANTIPHON_(SERVICE_|PORT(_|$))|ANTIPHON_\w+_(SERVICE_(HOST|PORT)|PORT_\d+_\w+)"
)

_HEADER = re.compile(r"\s*\[\[?\s*([\w.\"' -]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"\s*([\w-]+|\"[^\"]*\"|'[^']*')((?:\s*\.\s*[\w-]+)*)\s*=")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with the configuration. `where`: file and line, or the name of a variable."""

    where: str
    key: str
    text: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.where, self.key, self.text) if part)


class ConfigError(Exception):
    """The configuration cannot be used; all that is wrong with it at once."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Setting:
    """A value as it was found. `literal`: text that is not yet of its type."""

    key: Key
    value: Any
    origin: str
    literal: bool = False


def read_file(path: Path, problems: list[Problem]) -> Iterator[Setting]:
    """Settings of a TOML file."""
    try:
        text = _read(path)
        table = tomllib.loads(text)
    except OSError as error:
        problems.append(Problem(str(path), "", error.strerror or str(error)))
        return
    except ValueError as error:  # TOML syntax, or bytes that are no UTF-8
        line = re.search(r"line (\d+)", str(error))
        problems.append(Problem(f"{path}:{line[1]}" if line else str(path), "", str(error)))
        return
    lines = _lines(text)
    for section, entries in table.items():
        where = f"{path}:{lines.get((section, ''), 1)}"
        if not isinstance(entries, Mapping):
            problems.append(Problem(where, section, "must stand in a section, as [node]"))
        elif section not in sections():
            problems.append(
                Problem(where, f"[{section}]", _unknown("section", section, sections()))
            )
        else:
            yield from _of_section(path, section, entries, lines, problems)


def _of_section(
    path: Path,
    section: str,
    entries: Mapping[str, Any],
    lines: Mapping[tuple[str, str], int],
    problems: list[Problem],
) -> Iterator[Setting]:
    names = {key.name: key for key in sections()[section]}
    for name, value in entries.items():
        where = f"{path}:{lines.get((section, name), lines.get((section, ''), 1))}"
        if (key := names.get(name)) is not None:
            yield Setting(key, value, where)
        elif (key := _secret_file(section, name)) is None:
            problems.append(Problem(where, f"[{section}] {name}", _unknown("key", name, names)))
        elif key.name in entries:
            problems.append(Problem(where, f"[{section}] {name}", f"stands beside {key.name}"))
        else:
            yield from _from_file(key, path.parent / str(value), where, problems)


def read_environment(environment: Mapping[str, str], problems: list[Problem]) -> Iterator[Setting]:
    """Settings of `ANTIPHON_SECTION_KEY` variables."""
    names = {key.variable: key for key in keys().values()}
    for variable, value in sorted(environment.items()):
        if not variable.startswith(PREFIX) or FOREIGN.match(variable):
            continue
        if (key := names.get(variable)) is not None:
            yield Setting(key, value, variable, literal=True)
            continue
        plain = names.get(variable.removesuffix("_FILE"))
        if plain is None or not plain.is_secret or not variable.endswith("_FILE"):
            problems.append(Problem(variable, "", _unknown("variable", variable, names)))
        elif plain.variable in environment:
            problems.append(Problem(variable, "", f"stands beside {plain.variable}"))
        else:
            yield from _from_file(plain, Path(value), variable, problems)


def _secret_file(section: str, name: str) -> Key | None:
    """The secret that `NAME_file` (or `NAME_FILE`) gives the file of."""
    stem = name[:-5] if name.lower().endswith("_file") else ""
    key = keys().get((section, stem))
    return key if key is not None and key.is_secret else None


def _from_file(key: Key, path: Path, where: str, problems: list[Problem]) -> Iterator[Setting]:
    try:
        text = _read(path).strip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        problems.append(Problem(where, f"[{key.section}] {key.name}", f"{path}: {reason}"))
        return
    yield Setting(key, text, f"{where} ({path})", literal=True)


def _read(path: Path) -> str:
    with path.open("rb") as file:
        content = file.read(FILE_LIMIT + 1)
    if len(content) > FILE_LIMIT:
        raise ValueError(f"is larger than {FILE_LIMIT} bytes")
    return content.decode("utf-8-sig")


def _unknown(kind: str, name: str, known: Mapping[str, Any]) -> str:
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f", did you mean {near[0]}?" if near else f"; known are {', '.join(sorted(known))}"
    return f"unknown {kind}{hint if len(hint) < 400 else ''}"


def _lines(text: str) -> dict[tuple[str, str], int]:
    """(section, key) → line, (section, "") → line of its header: the TOML reader does not tell."""
    found: dict[tuple[str, str], int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if (header := _HEADER.match(line)) is not None:
            section, _, table = (part.strip("\"' ") for part in header[1].partition("."))
            found.setdefault((section, ""), number)
            found.setdefault((section, table), number)
        elif (key := _KEY.match(line)) is not None:
            names = [key[1].strip("\"'"), *(part.strip() for part in key[2].split(".")[1:])]
            place = (section, names[0]) if section else (names[0], "".join(names[1:2]))
            found.setdefault((place[0], ""), number)
            found.setdefault(place, number)
    return found


def from_literal(text: str, kind: Any) -> Any:
    """What a text of the environment says, as TOML would: JSON for tables, commas between the items
    of a list.
    """
    if text[:1] in ("[", "{"):
        return json.loads(text)
    if kind is bool:
        words = {"true": True, "on": True, "yes": True, "1": True}
        words |= {"false": False, "off": False, "no": False, "0": False}
        return words.get(text.strip().lower(), text)
    if getattr(kind, "__origin__", None) is tuple:
        return [item.strip() for item in re.split(r"[,\n]", text) if item.strip()]
    return text


def default_file(folder: Path | None = None) -> Path | None:
    """`antiphon.toml` here, else in /etc/antiphon; None if there is neither."""
    here = (folder or Path(os.curdir)) / "antiphon.toml"
    for path in (here, Path("/etc/antiphon/antiphon.toml")):
        if path.is_file():
            return path
    return None
