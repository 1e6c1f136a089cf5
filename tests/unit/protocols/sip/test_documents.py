"""Presence and dialog documents: what is written can be read, and nothing dangerous is."""

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from antiphon.core.address import Address
from antiphon.core.call import CallInfo, CallState
from antiphon.protocols.sip.dialog_document import write_dialogs
from antiphon.protocols.sip.presence_document import Tuple, read_presence, write_presence
from antiphon.protocols.sip.uri import MalformedError

ALICE = "sip:alice@example.org"


@pytest.mark.parametrize("show", ["available", "away", "busy", "offline"])
def test_what_one_device_says_comes_back(show: str) -> None:
    written = write_presence(ALICE, [Tuple(id="a1", show=show, note="Lunch & <tea>")])
    assert read_presence(written) == (show, "Lunch & <tea>")


def test_nobody_there_is_closed() -> None:
    assert read_presence(write_presence(ALICE, [])) == ("offline", "")


def test_one_device_that_is_free_makes_the_person_free() -> None:
    both = [Tuple(id="1", show="busy"), Tuple(id="2", show="available")]
    assert read_presence(write_presence(ALICE, both))[0] == "available"
    assert read_presence(write_presence(ALICE, both[:1]))[0] == "busy"


def test_a_document_of_another_client() -> None:
    # As a telephone publishes it: a person on the phone (RFC 4480 §3.2).
    text = b"""<?xml version="1.0"?>
<p:presence xmlns:p="urn:ietf:params:xml:ns:pidf" xmlns:r="urn:ietf:params:xml:ns:pidf:rpid"
 xmlns:d="urn:ietf:params:xml:ns:pidf:data-model" entity="sip:bob@example.org">
 <p:tuple id="x"><p:status><p:basic> open </p:basic></p:status></p:tuple>
 <d:person id="y"><r:activities><r:on-the-phone/></r:activities><d:note>Calling</d:note></d:person>
</p:presence>"""
    assert read_presence(text) == ("busy", "Calling")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"open",
        b"<presence/>",
        b"<a" * 20_000,
        b'<!DOCTYPE a [<!ENTITY b "c">]><p xmlns="urn:ietf:params:xml:ns:pidf">&b;</p>',
        b'<?xml version="1.0" encoding="x-unknown"?><a/>',
    ],
)
def test_what_is_no_presence_document(body: bytes) -> None:
    with pytest.raises(MalformedError):
        read_presence(body)


def test_dialogs_from_the_side_of_one_account() -> None:
    alice, bob = Address("alice", "example.org"), Address("bob", "example.org")
    call = CallInfo(
        id="c1", room="call-1", caller=alice, caller_name="Alice", callee=bob, started_at=1.0
    )
    ringing = replace(call, state=CallState.RINGING)
    root = ElementTree.fromstring(write_dialogs("sip:bob@example.org", bob, [ringing], 3))
    space = "{urn:ietf:params:xml:ns:dialog-info}"
    dialog = root.find(f"{space}dialog")
    assert dialog is not None
    assert root.attrib == {"version": "3", "state": "full", "entity": "sip:bob@example.org"}
    assert dialog.attrib == {"id": "c1", "direction": "recipient"}
    assert dialog.findtext(f"{space}state") == "early"
    assert dialog.findtext(f"{space}remote/{space}identity") == "sip:alice@example.org"
    mine = ElementTree.fromstring(write_dialogs("sip:alice@example.org", alice, [call], 0))
    other = mine.find(f"{space}dialog")
    assert other is not None
    assert other.get("direction") == "initiator"
