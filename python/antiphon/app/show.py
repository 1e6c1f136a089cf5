"""`antiphon config`: is it right, what is in force and why, and the JSON schema of the file."""

import argparse
import json
import re
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from .config import LISTENERS, Config, choices_of
from .keys import Key, keys, sections
from .options import read_config

MASK = "***"

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def run(options: argparse.Namespace) -> int:
    """Do what the command says; returns the exit code."""
    if options.verb == "schema":
        print(json.dumps(schema(), indent=2))
        return 0
    config = read_config(options)
    if options.verb == "show":
        print(show(config))
    else:
        print(f"{config.file or 'embedded defaults'}: ok")
    return 0


def show(config: Config) -> str:
    """All values as TOML, each with its origin as a comment; secrets are masked."""
    blocks = []
    for section, of_it in sections().items():
        lines = [f"[{section}]"]
        for key in of_it:
            value = _toml(_masked(key, config.value(key)))
            lines.append(f"{key.name} = {value}  # {config.origin(key)}")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _masked(key: Key, value: Any) -> Any:
    if isinstance(value, tuple) and value and is_dataclass(value[0]):
        return tuple(_table_of(item) for item in value)
    if not key.is_secret or not value:
        return value
    if key.name == "database":
        return _without_password(str(value))
    if isinstance(value, tuple):
        return tuple(f"{str(item).partition(':')[0]}:{MASK}" for item in value)
    return MASK


def _without_password(url: str) -> str:
    try:
        return make_url(url).render_as_string(hide_password=True)
    except (ArgumentError, ValueError):
        return MASK


def _table_of(value: Any) -> dict[str, Any]:
    """What was set of a table; what its class does not show either is a secret."""
    given = {item: getattr(value, item.name) for item in fields(value)}
    return {
        item.name: found if item.repr else MASK
        for item, found in given.items()
        if found is not None and (item.default is MISSING or found != item.default)
    }


def _toml(value: Any) -> str:
    """A value as TOML spells it; its strings are those of JSON (TOML 1.0, "Basic strings")."""
    match value:
        case bool():
            return "true" if value else "false"
        case Enum():
            return json.dumps(value.value)
        case int() | float():
            return repr(value)
        case str() | Path():
            return json.dumps(str(value)).replace("\x7f", "\\u007f")
        case Mapping():
            return "{ " + ", ".join(f"{_bare(k)} = {_toml(v)}" for k, v in value.items()) + " }"
        case _:
            return "[" + ", ".join(map(_toml, value)) + "]"


def _bare(name: str) -> str:
    """A key as TOML spells it."""
    return name if _BARE_KEY.fullmatch(name) else json.dumps(name)


def schema() -> dict[str, Any]:
    """JSON schema (draft 2020-12) of the configuration file."""
    properties: dict[str, Any] = {}
    for section, of_it in sections().items():
        entries: dict[str, Any] = {}
        for key in of_it:
            entries[key.name] = _schema_of(key)
            if key.is_secret:
                text = f"File that holds {key.name}."
                entries[f"{key.name}_file"] = {"type": "string", "description": text}
        properties[section] = {
            "type": "object",
            "properties": entries,
            "additionalProperties": False,
        }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "antiphon.toml",
        "description": f"Configuration of an Antiphon node: {len(keys())} keys, all with defaults.",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }


def _schema_of(key: Key) -> dict[str, Any]:
    found = _type(key.type)
    if (key.section, key.name) in LISTENERS:
        found = {"type": ["string", "integer"]}
    return {**found, "description": key.text, "default": json.loads(_json(key.default))}


def _type(kind: Any) -> dict[str, Any]:
    simple = {bool: "boolean", int: "integer", float: "number", str: "string", Path: "string"}
    if kind in simple:
        return {"type": simple[kind]}
    if get_origin(kind) is Mapping:
        return {"type": "object", "additionalProperties": _type(get_args(kind)[1])}
    if get_origin(kind) is tuple:
        item = get_args(kind)[0]
        choices = choices_of(kind)
        return {"type": "array", "items": {"enum": list(choices)} if choices else _type(item)}
    if get_origin(kind) is Literal:
        return {"enum": list(get_args(kind))}
    if is_dataclass(kind):
        return _table(kind)
    if type(None) in get_args(kind):
        return _type(next(item for item in get_args(kind) if item is not type(None)))
    raise TypeError(f"no schema for {kind!r}")


def _table(kind: Any) -> dict[str, Any]:
    needed = [
        item.name
        for item in fields(kind)
        if item.default is MISSING and item.default_factory is MISSING
    ]
    return {
        "type": "object",
        "properties": {item.name: _type(item.type) for item in fields(kind)},
        "required": needed,
        "additionalProperties": False,
    }


def _json(value: Any) -> str:
    return json.dumps(
        value, default=lambda item: item.value if isinstance(item, Enum) else str(item)
    )
