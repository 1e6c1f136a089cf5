"""Writes the schema as msgspec structs; knows Python, not the other languages."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from .model import (
    Choice,
    Enumeration,
    Field,
    Flag,
    ListOf,
    MapOf,
    Nullable,
    Number,
    Record,
    Reference,
    Schema,
    SchemaError,
    Text,
    Type,
)

WIDTH = 100
_HEADER = '''\
"""Messages of the room WebSocket `/ws` as msgspec structs; knows no room and no connection.

Generated from schema/signalling.json by tools/generate_signalling.py: change the schema, not this.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType
'''
_BASES = """\
class FromClient(Struct, frozen=True, kw_only=True, tag_field="type", forbid_unknown_fields=True):
    \"""A message that a client sends; a field it does not know is an error.\"""


class FromServer(Struct, frozen=True, kw_only=True, tag_field="type"):
    \"""A message that a server sends; readers ignore fields they do not know.\"""
"""
# Constraints that occur often get a name.
_NAMED: dict[Type, tuple[str, str]] = {
    Text(1, 64): ("Id", "An id of a member, a track or a message."),
    Number(True, 1, 2**53 - 1): (
        "RequestId",
        "Number of a request, chosen by the client, rising by one; the reply carries it.",
    ),
    Number(True, 1, None): ("Seq", "Number of an event in its session, rising by one."),
    Text(1, 65536): ("Sdp", "A session description (RFC 8866)."),
    Text(1, 40): ("Emoji", "What somebody reacts with."),
    Text(1, 600): ("AddressText", "An address, as its sender spells it."),
    Text(1, 255): ("ShortText", "A name, or an id of somebody else's making."),
}
_UNDOCUMENTED = {"id", "seq"}


def write(schema: Schema) -> str:
    """The Python module's text, formatted."""
    blocks = [_enumeration(item) for item in schema.enumerations]
    blocks += [_alias(kind, name, text) for kind, (name, text) in _NAMED.items()]
    classes = [_struct(record, "Struct") for record in schema.parts]
    classes.append(_BASES)
    classes += [_struct(record, "FromClient") for record in schema.client]
    classes += [_struct(record, "FromServer") for record in schema.server]
    text = _HEADER + "\n" + "\n".join(blocks) + "\n\n" + "\n\n".join(classes)
    text += "\n\n" + "\n".join(_unions(schema))
    _check_width(text)
    return text


def _unions(schema: Schema) -> Iterable[str]:
    client = [record.name for record in schema.client if not record.has("id")]
    server = [
        record.name for record in schema.server if not record.has("id") and not record.has("seq")
    ]
    yield _union("ClientRequest", "A request: it has a reply.", _with(schema.client, "id"))
    yield _union("ClientMessage", "Everything a client may send.", [*client, "ClientRequest"])
    yield _union("ServerReply", "The reply to a request.", _with(schema.server, "id"))
    yield _union("ServerEvent", "A numbered event.", _with(schema.server, "seq"))
    everything = [*server, "ServerReply", "ServerEvent"]
    yield _union("ServerMessage", "Everything a server may send.", everything)


def _with(records: Iterable[Record], field: str) -> list[str]:
    return [record.name for record in records if record.has(field)]


def _union(name: str, text: str, names: list[str]) -> str:
    line = f"{name} = {' | '.join(names)}"
    if len(line) > WIDTH:
        line = f"{name} = (\n    {names[0]}\n"
        line += "".join(f"    | {other}\n" for other in names[1:]) + ")"
    return f'{line}\n"""{text}"""\n'


def _alias(kind: Type, name: str, text: str) -> str:
    return f'{name} = {_annotation(kind)}\n"""{text}"""\n'


def _enumeration(item: Enumeration) -> str:
    values = _quoted(item.choice.values)
    line = f"{item.name} = Literal[{', '.join(values)}]"
    if len(line) > WIDTH:
        line = f"{item.name} = Literal[\n" + "".join(f"    {value},\n" for value in values) + "]"
    return f"{line}\n{_docstring(item.description, '')}"


def _struct(record: Record, base: str) -> str:
    # Type checkers want `frozen` and `kw_only` on each class, though msgspec inherits the first.
    arguments = [base, "frozen=True", "kw_only=True"]
    if record.tag is not None:
        arguments.append(f'tag="{record.tag}"')
    text = f"class {record.name}({', '.join(arguments)}):\n"
    text += _docstring(record.description, "    ")
    if record.fields:
        text += "\n" + "".join(_field(field) for field in record.fields)
    return text


def _field(field: Field) -> str:
    line = f"    {field.name}: {_type(field.type)}"
    if not field.required:
        line += " | UnsetType = UNSET"
    if field.name in _UNDOCUMENTED or not field.description:
        return line + "\n"
    return line + "\n" + _docstring(field.description, "    ")


def _docstring(text: str, indent: str) -> str:
    line = f'{indent}"""{text}"""'
    if len(line) <= WIDTH:
        return line + "\n"
    # As long as the closing quotes need no line of their own, they stay at the text's end.
    wrapped = textwrap.wrap(f'{indent}"""{text}', WIDTH - 3, subsequent_indent=indent)
    return "\n".join(wrapped) + '"""\n'


def _type(kind: Type) -> str:
    if kind in _NAMED:
        return _NAMED[kind][0]
    return _annotation(kind)


def _annotation(kind: Type) -> str:
    match kind:
        case Text(minimum, maximum):
            return _constrained("str", min_length=minimum, max_length=maximum)
        case Number(integer, minimum, maximum):
            return _constrained("int" if integer else "float", ge=minimum, le=maximum)
        case Flag():
            return "bool"
        case Choice(values):
            return f"Literal[{', '.join(_quoted(values))}]"
        case Reference(name):
            return name
        case ListOf(item, maximum):
            return _constrained(f"list[{_type(item)}]", max_length=maximum)
        case MapOf(value):
            return f"dict[str, {_type(value)}]"
        case Nullable(inner):
            return f"{_type(inner)} | None"


def _quoted(values: Iterable[str]) -> list[str]:
    return [f'"{value}"' for value in values]


def _constrained(base: str, **limits: int | None) -> str:
    given = [f"{name}={limit}" for name, limit in limits.items() if limit is not None]
    return f"Annotated[{base}, Meta({', '.join(given)})]" if given else base


def _check_width(text: str) -> None:
    for line in text.splitlines():
        if len(line) > WIDTH:
            raise SchemaError(f"line too long, name its constraint in _NAMED: {line}")
