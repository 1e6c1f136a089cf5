"""Writes the schema as TypeScript types and as shapes to check messages by; knows TypeScript."""

from __future__ import annotations

import json
from collections.abc import Iterable

from .model import (
    Choice,
    Flag,
    ListOf,
    MapOf,
    Nullable,
    Number,
    Record,
    Reference,
    Schema,
    Text,
    Type,
)

WIDTH = 100
_HEADER = """\
/**
 * Messages of the room WebSocket `/ws`; field names are those on the wire.
 *
 * Generated from schema/signalling.json by tools/generate_signalling.py: change the schema.
 */
"""
_SHAPES_HEADER = """\
/**
 * Shapes of what a server sends, to check it by before it is believed.
 *
 * Generated from schema/signalling.json by tools/generate_signalling.py: change the schema.
 */

/** What a value must look like; the values of enumerations stay open for newer servers. */
export type Shape =
  | "string"
  | "number"
  | "integer"
  | "boolean"
  | { readonly list: Shape }
  | { readonly map: Shape }
  | { readonly nullable: Shape }
  | { readonly optional: Shape }
  | { readonly part: string };

/** Field name → shape. Fields that are not named here are allowed. */
export type Shapes = { readonly [field: string]: Shape };
"""


def write(schema: Schema) -> str:
    """The text of the module of types."""
    blocks = [_HEADER]
    for item in schema.enumerations:
        values = [json.dumps(value) for value in item.choice.values]
        blocks.append(_alternatives(item.name, item.description, values))
    blocks += [_interface(record) for record in (*schema.parts, *schema.client, *schema.server)]
    blocks += [_alternatives(name, text, names) for name, text, names in _unions(schema)]
    return "\n".join(blocks)


def _unions(schema: Schema) -> Iterable[tuple[str, str, list[str]]]:
    requests = _with(schema.client, "id")
    replies = _with(schema.server, "id")
    events = _with(schema.server, "seq")
    client = [record.name for record in schema.client if record.name not in requests]
    server = [record.name for record in schema.server if record.name not in {*replies, *events}]
    yield "ClientRequest", "A request: it has a reply.", requests
    yield "ClientMessage", "Everything a client may send.", [*client, "ClientRequest"]
    yield "ServerReply", "The reply to a request.", replies
    yield "ServerEvent", "A numbered event.", events
    yield (
        "ServerMessage",
        "Everything a server may send.",
        [*server, "ServerReply", "ServerEvent"],
    )


def write_shapes(schema: Schema) -> str:
    """The text of the module of shapes."""
    enumerations = {item.name for item in schema.enumerations}
    parts = _table("partShapes", "Parts of messages.", schema.parts, enumerations)
    messages = _table("serverShapes", "Messages by their `type`.", schema.server, enumerations)
    return f"{_SHAPES_HEADER}\n{parts}\n{messages}"


def _table(name: str, text: str, records: Iterable[Record], enumerations: set[str]) -> str:
    lines = [f"/** {text} */", f"export const {name}: {{ readonly [name: string]: Shapes }} = {{"]
    for record in records:
        fields = []
        for field in record.fields:
            shape = _shape(field.type, enumerations)
            fields.append(f"{field.name}: {shape if field.required else _wrap('optional', shape)}")
        inside = f" {', '.join(fields)} " if fields else ""
        lines.append(f"  {record.tag or record.name}: {{{inside}}},")
    return "\n".join([*lines, "};", ""])


def _shape(kind: Type, enumerations: set[str]) -> str:
    match kind:
        case Text() | Choice():
            return '"string"'
        case Number(integer):
            return '"integer"' if integer else '"number"'
        case Flag():
            return '"boolean"'
        case Reference(name):
            return '"string"' if name in enumerations else f"{{ part: {json.dumps(name)} }}"
        case ListOf(item):
            return _wrap("list", _shape(item, enumerations))
        case MapOf(value):
            return _wrap("map", _shape(value, enumerations))
        case Nullable(inner):
            return _wrap("nullable", _shape(inner, enumerations))


def _wrap(name: str, shape: str) -> str:
    return f"{{ {name}: {shape} }}"


def _with(records: Iterable[Record], field: str) -> list[str]:
    return [record.name for record in records if record.has(field)]


def _alternatives(name: str, text: str, options: list[str]) -> str:
    line = f"export type {name} = {' | '.join(options)};"
    if len(line) > WIDTH:
        line = f"export type {name} =" + "".join(f"\n  | {option}" for option in options) + ";"
    return f"{_comment(text, '')}{line}\n"


def _interface(record: Record) -> str:
    lines = [f"{_comment(record.description, '')}export interface {record.name} {{"]
    if record.tag is not None:
        lines.append(f'  type: "{record.tag}";')
    for field in record.fields:
        mark = "" if field.required else "?"
        lines.append(
            f"{_comment(field.description, '  ')}  {field.name}{mark}: {_type(field.type)};"
        )
    return "\n".join([*lines, "}", ""])


def _comment(text: str, indent: str) -> str:
    return f"{indent}/** {text} */\n" if text else ""


def _type(kind: Type) -> str:
    match kind:
        case Text():
            return "string"
        case Number():
            return "number"
        case Flag():
            return "boolean"
        case Choice(values):
            return " | ".join(json.dumps(value) for value in values)
        case Reference(name):
            return name
        case ListOf(item):
            inner = _type(item)
            return f"({inner})[]" if " | " in inner else f"{inner}[]"
        case MapOf(value):
            return f"{{ [name: string]: {_type(value)} }}"
        case Nullable(inner):
            return f"{_type(inner)} | null"
