"""The signalling schema as plain records; knows nothing of the languages generated from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_PREFIX = "#/$defs/"
_ANNOTATIONS = {"description"}


class SchemaError(Exception):
    """The schema uses something that the generator does not know."""


@dataclass(frozen=True)
class Text:
    """A string; lengths in characters."""

    minimum: int | None = None
    maximum: int | None = None


@dataclass(frozen=True)
class Number:
    """An integer or a floating-point number with inclusive limits."""

    integer: bool
    minimum: int | None = None
    maximum: int | None = None


@dataclass(frozen=True)
class Flag:
    """True or false."""


@dataclass(frozen=True)
class Choice:
    """One of some strings."""

    values: tuple[str, ...]


@dataclass(frozen=True)
class Reference:
    """A definition of the schema by its name."""

    name: str


@dataclass(frozen=True)
class ListOf:
    """A list of at most `maximum` items."""

    item: Type
    maximum: int | None = None


@dataclass(frozen=True)
class MapOf:
    """An object with arbitrary names."""

    value: Type


@dataclass(frozen=True)
class Nullable:
    """The inner type or null."""

    inner: Type


Type = Text | Number | Flag | Choice | Reference | ListOf | MapOf | Nullable


@dataclass(frozen=True)
class Field:
    """A property of a record."""

    name: str
    type: Type
    required: bool
    description: str


@dataclass(frozen=True)
class Record:
    """An object: a message when `tag` is its `type`, else a part of messages."""

    name: str
    description: str
    fields: tuple[Field, ...]
    tag: str | None

    def has(self, field: str) -> bool:
        """Whether the record has a field of this name."""
        return any(own.name == field for own in self.fields)


@dataclass(frozen=True)
class Enumeration:
    """A named choice."""

    name: str
    description: str
    choice: Choice


@dataclass(frozen=True)
class Schema:
    """The whole schema, everything in the order of the file."""

    description: str
    enumerations: tuple[Enumeration, ...]
    parts: tuple[Record, ...]
    client: tuple[Record, ...]
    server: tuple[Record, ...]


def parse(document: dict[str, Any]) -> Schema:
    """Read a JSON schema of the subset in use; raises SchemaError for anything else."""
    definitions: dict[str, Any] = document["$defs"]
    client = _members(definitions["ClientMessage"])
    server = _members(definitions["ServerMessage"])
    enumerations = [
        Enumeration(name, _description(body), Choice(tuple(body["enum"])))
        for name, body in definitions.items()
        if "enum" in body
    ]
    records = {
        name: _record(name, body)
        for name, body in definitions.items()
        if body.get("type") == "object"
    }
    _check_names(definitions, records, client, server)
    return Schema(
        description=_description(document),
        enumerations=tuple(enumerations),
        parts=tuple(record for record in records.values() if record.tag is None),
        client=tuple(records[name] for name in client),
        server=tuple(records[name] for name in server),
    )


def _check_names(
    definitions: dict[str, Any],
    records: dict[str, Record],
    client: list[str],
    server: list[str],
) -> None:
    messages = {name for name, record in records.items() if record.tag is not None}
    if messages != {*client, *server}:
        raise SchemaError(f"not in exactly one union: {messages ^ {*client, *server}}")
    for record in records.values():
        for field in record.fields:
            for name in references(field.type):
                if name not in definitions:
                    raise SchemaError(f"{record.name}.{field.name} refers to unknown {name}")


def references(kind: Type) -> list[str]:
    """Names of the definitions that a type refers to."""
    match kind:
        case Reference(name):
            return [name]
        case ListOf(inner) | MapOf(inner) | Nullable(inner):
            return references(inner)
        case _:
            return []


def _members(union: dict[str, Any]) -> list[str]:
    return [_target(option) for option in union["oneOf"]]


def _target(body: dict[str, Any]) -> str:
    reference: str = body["$ref"]
    if not reference.startswith(_PREFIX):
        raise SchemaError(f"unknown reference: {reference}")
    return reference.removeprefix(_PREFIX)


def _record(name: str, body: dict[str, Any]) -> Record:
    if body.get("additionalProperties") is not False:
        raise SchemaError(f"{name} must forbid additional properties")
    properties: dict[str, Any] = body["properties"]
    required = set(body["required"])
    tag = properties.get("type", {}).get("const")
    fields = tuple(
        Field(field, _type(f"{name}.{field}", shape), field in required, _description(shape))
        for field, shape in properties.items()
        if not (field == "type" and tag is not None)
    )
    return Record(name, _description(body), fields, tag)


def _description(body: dict[str, Any]) -> str:
    text: str = body.get("description", "")
    if not text and "anyOf" in body:
        return _description(body["anyOf"][0])
    return text


def _type(where: str, body: dict[str, Any]) -> Type:
    keys = set(body) - _ANNOTATIONS
    if keys == {"$ref"}:
        return Reference(_target(body))
    if keys == {"anyOf"} and len(body["anyOf"]) == 2 and body["anyOf"][1] == {"type": "null"}:
        return Nullable(_type(where, body["anyOf"][0]))
    if keys == {"type", "enum"}:
        return Choice(tuple(body["enum"]))
    return _plain(where, body, keys)


def _plain(where: str, body: dict[str, Any], keys: set[str]) -> Type:
    kind = body.get("type")
    extra = keys - {"type"}
    if kind == "string" and extra <= {"minLength", "maxLength"}:
        return Text(body.get("minLength"), body.get("maxLength"))
    if kind in ("integer", "number") and extra <= {"minimum", "maximum"}:
        return Number(kind == "integer", body.get("minimum"), body.get("maximum"))
    if kind == "boolean" and not extra:
        return Flag()
    if kind == "array" and extra <= {"items", "maxItems"}:
        return ListOf(_type(f"{where}[]", body["items"]), body.get("maxItems"))
    if kind == "object" and extra == {"additionalProperties"}:
        return MapOf(_type(f"{where}{{}}", body["additionalProperties"]))
    raise SchemaError(f"{where}: the generator does not know {sorted(keys)} of {kind}")
