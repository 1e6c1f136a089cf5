"""XML elements in and out: reading what came, writing what goes, and the replies and errors that
every handler needs. It knows no address, no connection and no meaning.

Texts are unescaped `str` everywhere; what is `bytes` is well-formed XML that goes as it is, where
elements without a namespace of their own are of jabber:client.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Protocol
from xml.etree.ElementTree import Element, ParseError, XMLParser

from .namespaces import CLIENT, STANZA_ERRORS, STREAM_ERRORS, XML

Child = Element | str | bytes

_SPECIAL = re.compile("[&<>'\"\x00-\x08\x0b\x0c\x0d\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&apos;", '"': "&quot;", "\r": "&#13;"}
# What XML 1.0 §2.2 has no way to write.
_REPLACEMENT = "\ufffd"
_DECLARATION = b"<!DOCTYPE"

# The type of each stanza error (RFC 6120 §8.3.3), unless a standard says otherwise for its case.
ERROR_TYPES: Mapping[str, str] = {
    "bad-request": "modify",
    "conflict": "cancel",
    "feature-not-implemented": "cancel",
    "forbidden": "auth",
    "gone": "cancel",
    "internal-server-error": "cancel",
    "item-not-found": "cancel",
    "jid-malformed": "modify",
    "not-acceptable": "modify",
    "not-allowed": "cancel",
    "not-authorized": "auth",
    "policy-violation": "modify",
    "recipient-unavailable": "wait",
    "redirect": "modify",
    "registration-required": "auth",
    "remote-server-not-found": "cancel",
    "remote-server-timeout": "wait",
    "resource-constraint": "wait",
    "service-unavailable": "cancel",
    "subscription-required": "auth",
    "undefined-condition": "cancel",
    "unexpected-request": "wait",
}


class Asked(Protocol):
    """What is needed of a stanza to reply to it."""

    @property
    def name(self) -> str:
        """message, presence or iq."""

    @property
    def id(self) -> str | None:
        """Its id."""

    @property
    def to(self) -> str | None:
        """Whom it was for."""


class Malformed(ValueError):
    """What came cannot be understood; the text says why."""


# writing


def escape(text: str) -> str:
    """Text as it stands in an element or, between either kind of quotes, in an attribute."""
    if _SPECIAL.search(text) is None:
        return text
    return _SPECIAL.sub(lambda found: _ENTITIES.get(found[0], _REPLACEMENT), text)


def element(
    name: str,
    namespace: str,
    *children: Child,
    attributes: Mapping[str, str | None] | None = None,
) -> Element:
    """An element to be written or compared. Children without a namespace inherit `namespace`.

    Attributes that are None are left out. Bytes among the children are read first.
    """
    made = Element(f"{{{namespace}}}{name}")
    for key, value in (attributes or {}).items():
        if value is not None:
            made.set(key, value)
    add(made, *children)
    return made


def add(parent: Element, *children: Child) -> Element:
    """Append elements and text; the parent."""
    for child in children:
        if isinstance(child, bytes):
            child = parse(child)
        if isinstance(child, Element):
            parent.append(child)
        elif len(parent):
            parent[-1].tail = (parent[-1].tail or "") + child
        else:
            parent.text = (parent.text or "") + child
    return parent


def write(made: Element, inside: str = CLIENT) -> bytes:
    """The element as XML that stands in one whose default namespace is `inside`."""
    parts: list[str] = []
    _write(made, inside, parts)
    return "".join(parts).encode()


def _write(made: Element, inside: str, parts: list[str]) -> None:
    namespace, name = split(made.tag, inside)
    parts.append(f"<{name}")
    if namespace != inside:
        parts.append(f' xmlns="{escape(namespace)}"')
    foreign = 0
    for key, value in made.items():
        if key[0] != "{":
            parts.append(f' {key}="{_attribute(value)}"')
            continue
        space, local = split(key)
        if space == XML:
            parts.append(f' xml:{local}="{_attribute(value)}"')
            continue
        foreign += 1
        parts.append(
            f' xmlns:n{foreign}="{escape(space)}" n{foreign}:{local}="{_attribute(value)}"'
        )
    if not len(made) and not made.text:
        parts.append("/>")
        return
    parts.append(">")
    if made.text:
        parts.append(escape(made.text))
    for child in made:
        _write(child, namespace, parts)
        if child.tail:
            parts.append(escape(child.tail))
    parts.append(f"</{name}>")


def _attribute(value: str) -> str:
    """Line breaks survive only as references (XML 1.0 §3.3.3)."""
    return escape(value).replace("\n", "&#10;").replace("\t", "&#9;")


def split(tag: str, otherwise: str = "") -> tuple[str, str]:
    """(namespace, local name) of `{namespace}name`; `otherwise` stands where there is none."""
    if tag[0] != "{":
        return otherwise, tag
    namespace, _, name = tag[1:].partition("}")
    return namespace, name


# reading


def parse(data: bytes) -> Element:
    """Read one element that stands alone, out of a stanza: the stream engine has seen to it that it
    is well-formed and not too deep. Raises `Malformed`.
    """
    if _DECLARATION in data:  # with it go entities, and what bombs are made of (RFC 6120 §11.1)
        raise Malformed("a document type is not allowed")
    parser = XMLParser(encoding="utf-8")  # noqa: S314
    try:
        parser.feed(data)
        made = parser.close()
    except ParseError as error:
        raise Malformed(str(error)) from None
    assert isinstance(made, Element)
    return made


def named(parent: Element, name: str, namespace: str | None = None) -> Element | None:
    """The first child of that name; without `namespace`, of the parent's."""
    if namespace is None:
        namespace = split(parent.tag)[0]
    return parent.find(f"{{{namespace}}}{name}")


def each(parent: Element, name: str, namespace: str | None = None) -> Iterator[Element]:
    """All children of that name."""
    if namespace is None:
        namespace = split(parent.tag)[0]
    return iter(parent.findall(f"{{{namespace}}}{name}"))


def text_of(parent: Element, name: str, namespace: str | None = None) -> str | None:
    """Text of the first child of that name, "" if it is empty; None without one."""
    found = named(parent, name, namespace)
    return None if found is None else found.text or ""


# replies


def stanza(
    name: str,
    *children: bytes | Element,
    to: str | None = None,
    from_: str | None = None,
    id: str | None = None,
    kind: str | None = None,
    lang: str | None = None,
) -> bytes:
    """A message, presence or iq; `kind` is its type."""
    head = f"<{name}"
    if to is not None:
        head += f" to='{_attribute(to)}'"
    if from_ is not None:
        head += f" from='{_attribute(from_)}'"
    if kind is not None:
        head += f" type='{_attribute(kind)}'"
    if id is not None:
        head += f" id='{_attribute(id)}'"
    if lang is not None:
        head += f" xml:lang='{_attribute(lang)}'"
    if not children:
        return f"{head}/>".encode()
    body = b"".join(child if isinstance(child, bytes) else write(child) for child in children)
    return f"{head}>".encode() + body + f"</{name}>".encode()


def result(
    asked: Asked, to: str | None, *children: bytes | Element, from_: str | None = None
) -> bytes:
    """The result of an iq. `to`: who asked; `from_`: who answers, if not the one it was for."""
    answers = asked.to if from_ is None else from_
    return stanza("iq", *children, to=to, from_=answers, id=asked.id or "", kind="result")


def refusal(
    asked: Asked,
    to: str | None,
    condition: str,
    text: str = "",
    *,
    from_: str | None = None,
    kind: str | None = None,
    extra: bytes = b"",
    by: str | None = None,
) -> bytes:
    """A stanza that says that another one was not done; for `error` see there."""
    body = error(condition, text, kind=kind, extra=extra, by=by)
    answers = asked.to if from_ is None else from_
    return stanza(asked.name, body, to=to, from_=answers, id=asked.id, kind="error")


def error(
    condition: str,
    text: str = "",
    *,
    kind: str | None = None,
    extra: bytes = b"",
    by: str | None = None,
) -> bytes:
    """A stanza error (RFC 6120 §8.3). `kind`: its type, where it is not the usual one; `extra`: an
    application's own condition; `by`: who detected it.
    """
    shown = kind or ERROR_TYPES[condition]
    blame = "" if by is None else f" by='{_attribute(by)}'"
    said = f"<text xmlns='{STANZA_ERRORS}' xml:lang='en'>{escape(text)}</text>" if text else ""
    head = f"<error type='{shown}'{blame}><{condition} xmlns='{STANZA_ERRORS}'/>{said}"
    return head.encode() + extra + b"</error>"


def stream_error(condition: str, text: str = "", extra: bytes = b"") -> bytes:
    """A stream error (RFC 6120 §4.9); the prefix `stream` is that of the stream's header."""
    said = f"<text xmlns='{STREAM_ERRORS}' xml:lang='en'>{escape(text)}</text>" if text else ""
    head = f"<stream:error><{condition} xmlns='{STREAM_ERRORS}'/>{said}"
    return head.encode() + extra + b"</stream:error>"
