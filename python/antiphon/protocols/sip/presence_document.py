"""Presence as a document: PIDF (RFC 3863) with activities (RPID, RFC 4480), written and read.

Values in, bytes out, and back; it knows no subscription and no account.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from .uri import MalformedError

CONTENT_TYPE = "application/pidf+xml"
DOCUMENT_LIMIT = 32 * 1024

_PIDF = "urn:ietf:params:xml:ns:pidf"
_MODEL = "urn:ietf:params:xml:ns:pidf:data-model"
_RPID = "urn:ietf:params:xml:ns:pidf:rpid"
# Written out: what a parser may know under any prefix, some telephones know under these only.
_SPACES = {"xmlns": _PIDF, "xmlns:dm": _MODEL, "xmlns:rpid": _RPID}

# Activities by which a person cannot, or does not want to, be reached at once.
_BUSY = frozenset({"busy", "on-the-phone", "meeting", "appointment", "presentation", "in-transit"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuple:
    """What one device says. `show`: available, away, busy or offline. `id`: its name in the
    document; `contact`: where it can be called, empty to say nothing.
    """

    id: str
    show: str
    note: str = ""
    contact: str = ""


def write_presence(entity: str, tuples: Sequence[Tuple]) -> bytes:
    """The document of `entity` (a `sip:` URI). Nobody there is one closed tuple."""
    root = ElementTree.Element("presence", {**_SPACES, "entity": entity})
    for one in tuples or (Tuple(id="none", show="offline"),):
        part = ElementTree.SubElement(root, "tuple", {"id": f"t{one.id}"})
        status = ElementTree.SubElement(part, "status")
        basic = ElementTree.SubElement(status, "basic")
        basic.text = "closed" if one.show == "offline" else "open"
        if one.contact:
            ElementTree.SubElement(part, "contact").text = one.contact
        if one.note:
            ElementTree.SubElement(part, "note").text = one.note
    _write_person(root, tuples)
    return document_bytes(root)


def _write_person(root: ElementTree.Element, tuples: Sequence[Tuple]) -> None:
    """One person behind all devices: away or busy only if every device that is there says so."""
    shows = {one.show for one in tuples} - {"offline"}
    activity = next((show for show in ("busy", "away") if shows == {show}), None)
    if shows == {"busy", "away"}:
        activity = "busy"
    if activity is None:
        return
    person = ElementTree.SubElement(root, "dm:person", {"id": "p"})
    activities = ElementTree.SubElement(person, "rpid:activities")
    ElementTree.SubElement(activities, f"rpid:{activity}")


def read_presence(body: bytes) -> tuple[str, str]:
    """(show, note) of what a device published. Raises `MalformedError`."""
    root = parse_document(body)
    if root.tag != f"{{{_PIDF}}}presence":
        raise MalformedError("not a presence document")
    basics = [(one.text or "").strip() for one in root.iter(f"{{{_PIDF}}}basic")]
    notes = [(one.text or "").strip() for one in root.iter() if one.tag.endswith("}note")]
    note = next((text for text in notes if text), "")
    if "open" not in basics:
        return "offline", note
    found: set[str] = set()
    for activities in root.iter(f"{{{_RPID}}}activities"):
        found |= {one.tag.removeprefix(f"{{{_RPID}}}") for one in activities}
    if found & _BUSY:
        return "busy", note
    return ("away" if "away" in found else "available"), note


def parse_document(body: bytes) -> ElementTree.Element:
    """The root of a small XML document without a document type. Raises `MalformedError`."""
    if len(body) > DOCUMENT_LIMIT:
        raise MalformedError(f"a document of more than {DOCUMENT_LIMIT} bytes")
    # Entities need a document type; without one there is nothing to be expanded.
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise MalformedError("a document type is not allowed")
    try:
        return ElementTree.fromstring(body)  # noqa: S314  see above
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise MalformedError(f"not XML: {error}") from None


def document_bytes(root: ElementTree.Element) -> bytes:
    """The document with its declaration, in UTF-8."""
    text: str = ElementTree.tostring(root, encoding="unicode")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + text.encode()
