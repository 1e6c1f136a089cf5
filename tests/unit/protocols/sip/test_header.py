import pytest

from antiphon.protocols.sip import header
from antiphon.protocols.sip.header import (
    Acknowledged,
    NameAddress,
    ReasonValue,
    Replaces,
    SessionExpires,
    parse_name_address,
)
from antiphon.protocols.sip.uri import MalformedError, parse_uri
from tests.support.header_fields import Fields


@pytest.mark.parametrize(
    ("text", "display", "uri", "tag"),
    [
        ('"A. G. Bell" <sip:agb@bell.org> ;tag=a48s', "A. G. Bell", "sip:agb@bell.org", "a48s"),
        ("Anonymous <sip:c8@privacy.org>;tag=hyh8", "Anonymous", "sip:c8@privacy.org", "hyh8"),
        ("sip:+12125551212@phone2net.com;tag=887s", "", "sip:+12125551212@phone2net.com", "887s"),
        (r'"a \"b\" <c>" <sip:d@e;lr>', 'a "b" <c>', "sip:d@e;lr", ""),
        ("<sip:a@b;x=y>;TAG=q", "", "sip:a@b;x=y", "q"),
    ],
)
def test_name_addresses(text: str, display: str, uri: str, tag: str) -> None:
    found = parse_name_address(text)
    assert (found.display, str(found.uri), found.tag) == (display, uri, tag)
    assert parse_name_address(str(found)) == found


@pytest.mark.parametrize(
    "text", ["", "<>", "sip:a@b?x=y", '"open <sip:a@b>', "<sip:a@b", "<sip:a@b> rest", "<a@b>"]
)
def test_refuses_what_is_no_address(text: str) -> None:
    with pytest.raises(MalformedError):
        parse_name_address(text)


def test_lists_heed_quotations_and_brackets() -> None:
    fields = Fields(("contact", '"x, y" <sip:a,c@b>;q=1, <sip:d@e>'), ("contact", "<sip:f@g>"))
    found = header.name_addresses(fields, "contact")
    assert [str(one.uri) for one in found] == ["sip:a,c@b", "sip:d@e", "sip:f@g"]
    assert header.tokens(Fields(("Supported", "100rel, Timer,")), "supported") == {
        "100rel",
        "timer",
    }
    with pytest.raises(MalformedError):
        header.elements(["a," * 100])


def test_control_characters_do_not_leave() -> None:
    shown = str(NameAddress(parse_uri("sip:a@b"), "Eve\r\nVia: x"))
    assert shown == '"Eve Via: x" <sip:a@b>'


def test_replaces() -> None:
    text = "425928@bobster.example;to-tag=7743;from-tag=6472;early-only"
    found = header.parse_replaces(text)
    assert found == Replaces("425928@bobster.example", "7743", "6472", early_only=True)
    assert str(found) == text
    target = parse_uri("sip:b@c?Replaces=1%40x%3Bto-tag%3D2%3Bfrom-tag%3D3")
    assert header.replaces_of(target) == Replaces("1@x", "2", "3")
    assert header.replaces_of(parse_uri("sip:b@c")) is None
    with pytest.raises(MalformedError):
        header.parse_replaces("x;to-tag=1")


def test_session_expires() -> None:
    found = header.parse_session_expires("1800;refresher=UAS")
    assert found == SessionExpires(1800, "uas")
    assert str(found) == "1800;refresher=uas"
    assert str(header.parse_session_expires("90")) == "90"
    for bad in ("", "-1", "1.5", "99999999999"):
        with pytest.raises(MalformedError):
            header.parse_session_expires(bad)


def test_reasons_and_rack() -> None:
    found = header.parse_reason('SIP ;cause=200 ;text="Call completed elsewhere"')
    assert found == ReasonValue("SIP", 200, "Call completed elsewhere")
    assert str(found) == 'SIP;cause=200;text="Call completed elsewhere"'
    assert header.parse_acknowledged("776656 1 INVITE") == Acknowledged(776656, 1, "INVITE")
    with pytest.raises(MalformedError):
        header.parse_acknowledged("1 INVITE")
