"""Calls of an account as a document (dialog-info, RFC 4235): what lights the lamps of a telephone.

Values in, bytes out; it knows no subscription.
"""

from collections.abc import Sequence
from xml.etree import ElementTree

from antiphon.core.address import Address
from antiphon.core.call import CallInfo, CallState

from .presence_document import document_bytes

CONTENT_TYPE = "application/dialog-info+xml"

_SPACE = "urn:ietf:params:xml:ns:dialog-info"

# RFC 4235 §3.7.1.
_STATES = {
    CallState.CALLING: "trying",
    CallState.RINGING: "early",
    CallState.ANSWERED: "confirmed",
    CallState.ENDED: "terminated",
}


def write_dialogs(
    entity: str, account: Address, calls: Sequence[CallInfo], version: int, *, full: bool = True
) -> bytes:
    """The document of `entity` (a `sip:` URI): all its calls; those changed if not `full`."""
    root = ElementTree.Element(
        "dialog-info",
        {
            "xmlns": _SPACE,
            "version": str(version),
            "state": "full" if full else "partial",
            "entity": entity,
        },
    )
    for call in calls:
        calling = call.caller.bare == account.bare
        dialog = ElementTree.SubElement(
            root,
            "dialog",
            {"id": call.id, "direction": "initiator" if calling else "recipient"},
        )
        ElementTree.SubElement(dialog, "state").text = _STATES[call.state]
        other = call.callee if calling else call.caller
        remote = ElementTree.SubElement(dialog, "remote")
        identity = ElementTree.SubElement(remote, "identity")
        if not calling and call.caller_name:
            identity.set("display", call.caller_name)
        identity.text = f"sip:{other.bare}"
    return document_bytes(root)
