"""Header fields that our user agent writes: capabilities, and how requests of a dialog begin.

Text from values; it sends nothing.
"""

from collections.abc import Iterable

from antiphon.core.reason import Refused

from .dialog import Dialog, Heading
from .header import NameAddress

Fields = list[tuple[str, str]]

METHODS = (
    "INVITE",
    "ACK",
    "CANCEL",
    "BYE",
    "OPTIONS",
    "PRACK",
    "UPDATE",
    "INFO",
    "REFER",
    "SUBSCRIBE",
    "NOTIFY",
    "MESSAGE",
)
OPTION_TAGS = frozenset({"100rel", "timer", "replaces", "join", "norefersub", "outbound", "gruu"})
SDP = "application/sdp"

CAPABILITIES: Fields = [
    ("Allow", ", ".join(METHODS)),
    ("Supported", "100rel, timer, replaces, join, norefersub"),
]
ACCEPT: Fields = [("Accept", f"{SDP}, application/dtmf-relay, application/dtmf")]


def of_dialog(dialog: Dialog, heading: Heading, method: str) -> Fields:
    """Route, From, To, Call-ID and CSeq of a request within a dialog."""
    return [
        *(("Route", route) for route in heading.routes),
        ("From", str(dialog.local)),
        ("To", str(dialog.remote)),
        ("Call-ID", dialog.call_id),
        ("CSeq", f"{heading.sequence} {method}"),
    ]


def contact(uri: str, *, focus: bool = False) -> Fields:
    """Where requests of the dialog come to; `focus`: it is a conference (RFC 4579)."""
    return [("Contact", f"<{uri}>{';isfocus' if focus else ''}")]


def content(kind: str) -> Fields:
    """What the body is."""
    return [("Content-Type", kind)]


def identity(caller: NameAddress) -> Fields:
    """Who calls, asserted by us (RFC 3325)."""
    return [("P-Asserted-Identity", str(caller.bare))]


def warning(error: Exception) -> Fields:
    """Says what is wrong (RFC 3261 §20.43), in characters that fit there whatever a peer wrote."""
    text = str(error.text if isinstance(error, Refused) else error)
    plain = "".join(char if " " <= char <= "~" else "?" for char in text)
    safe = plain.replace('"', "'").replace("\\", "/")
    return [("Warning", f'399 antiphon "{safe[:200]}"')]


def unsupported(required: Iterable[str]) -> str:
    """Of the option tags that a request requires, those we do not know, for Unsupported."""
    return ", ".join(sorted(set(required) - OPTION_TAGS))
