"""Elements in and out, and the replies that every handler needs."""

from dataclasses import dataclass

import pytest

from antiphon.core.reason import Reason
from antiphon.protocols.xmpp.message import (
    ERROR_TYPES,
    Malformed,
    add,
    each,
    element,
    error,
    escape,
    named,
    parse,
    refusal,
    result,
    stanza,
    stream_error,
    text_of,
    write,
)
from antiphon.protocols.xmpp.namespaces import CLIENT, STANZA_ERRORS
from antiphon.protocols.xmpp.reasons import CONDITIONS, condition_of


@dataclass
class Request:
    name: str = "iq"
    id: str | None = "1'"
    to: str | None = "example.org"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain ä 🙂", "plain ä 🙂"),
        ("a<b&c>'\"", "a&lt;b&amp;c&gt;&apos;&quot;"),
        ("a\x00b\x0bc\ud800\uffff", "a\ufffdb\ufffdc\ufffd\ufffd"),
        ("line\nnext\r\n", "line\nnext&#13;\n"),
    ],
)
def test_escapes(text: str, written: str) -> None:
    assert escape(text) == written


def test_what_is_written_reads_the_same() -> None:
    made = element(
        "query",
        "jabber:iq:roster",
        "before",
        element("item", "jabber:iq:roster", "<&>", attributes={"jid": "a'b\n\t", "name": None}),
        "after",
        b"<x xmlns='urn:x' xml:lang='de' xmlns:y='urn:y' y:z='1'><b/></x>",
        attributes={"ver": "1"},
    )
    again = parse(write(made))
    assert write(again) == write(made)
    assert again.text == "before"
    item = named(again, "item")
    assert item is not None
    assert item.text == "<&>"
    assert item.get("jid") == "a'b\n\t"
    assert item.tail == "after"
    foreign = named(again, "x", "urn:x")
    assert foreign is not None
    assert foreign.get("{urn:y}z") == "1"


def test_an_element_of_the_stream_needs_no_namespace() -> None:
    assert write(element("message", CLIENT, element("body", CLIENT, "x"))) == (
        b"<message><body>x</body></message>"
    )
    assert write(element("a", "urn:a", element("b", CLIENT))) == (
        b'<a xmlns="urn:a"><b xmlns="jabber:client"/></a>'
    )


def test_children_are_found_by_name() -> None:
    parent = element("x", "urn:x", element("a", "urn:x", "1"), element("a", "urn:x"))
    assert [child.text for child in each(parent, "a")] == ["1", None]
    assert text_of(parent, "a") == "1"
    assert text_of(parent, "b") is None
    assert named(parent, "a", "urn:y") is None
    add(parent, "tail")
    assert parent[-1].tail == "tail"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<a>",
        b"<a/><b/>",
        b"<a b:c='1'/>",
        b"<!DOCTYPE a [<!ENTITY x 'xxxx'>]><a>&x;</a>",
        b"<a>&unknown;</a>",
        b"<a>\xff</a>",
    ],
)
def test_what_is_no_element_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse(data)


def test_replies_say_what_they_reply_to() -> None:
    answer = parse(result(Request(), "alice@example.org/x", element("query", "urn:q")))
    assert answer.attrib == {
        "to": "alice@example.org/x",
        "from": "example.org",
        "type": "result",
        "id": "1'",
    }
    refused = parse(refusal(Request(), "alice@example.org/x", "item-not-found", "a <b>"))
    assert refused.get("type") == "error"
    reason = named(refused, "error", "")
    assert reason is not None
    assert reason.get("type") == "cancel"
    assert named(reason, "item-not-found", STANZA_ERRORS) is not None
    assert text_of(reason, "text", STANZA_ERRORS) == "a <b>"


def test_errors_can_be_told_apart_by_more() -> None:
    made = parse(error("conflict", kind="modify", extra=b"<own xmlns='urn:own'/>", by="a@b"))
    assert (made.get("type"), made.get("by")) == ("modify", "a@b")
    assert named(made, "own", "urn:own") is not None


def test_a_stream_error_has_its_condition_and_words() -> None:
    text = stream_error("conflict", "said & done")
    assert text.startswith(b"<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>")
    assert b"said &amp; done</text></stream:error>" in text


def test_a_stanza_has_the_attributes_it_was_given() -> None:
    assert stanza("presence") == b"<presence/>"
    made = parse(stanza("message", b"<a/>", to="a'b", from_="c", id="1", kind="chat", lang="de"))
    assert made.get("to") == "a'b"
    assert made.get("{http://www.w3.org/XML/1998/namespace}lang") == "de"


def test_each_reason_has_a_condition_that_exists() -> None:
    assert set(CONDITIONS.values()) <= set(ERROR_TYPES)
    for reason in CONDITIONS:
        assert condition_of(reason) in ERROR_TYPES
    assert set(CONDITIONS) == set(Reason)
