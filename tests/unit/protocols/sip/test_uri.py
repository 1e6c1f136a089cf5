import pytest

from antiphon.protocols.sip.uri import MalformedError, Uri, parse_uri


def test_reads_every_part() -> None:
    uri = parse_uri("sips:Alice:pw@Example.ORG:5071;transport=TCP;lr?subject=a%20b&priority=urgent")
    assert (uri.scheme, uri.user, uri.password) == ("sips", "Alice", "pw")
    assert (uri.host, uri.port, uri.secure) == ("example.org", 5071, True)
    assert dict(uri.parameters) == {"transport": "TCP", "lr": ""}
    assert dict(uri.headers) == {"subject": "a b", "priority": "urgent"}


@pytest.mark.parametrize(
    "text",
    [
        "sip:example.org",
        "sip:[2001:db8::10]:5070",
        "sip:%25%40%3A@example.org",
        "sip:1234;phone-context=x@example.org;user=phone",
        "sip:standup@rooms.example.org;transport=ws",
        "sip:j%C3%BCrgen@example.org",
        "tel:+15551234",
        "sip:a@b?replaces=x%3Bto-tag%3Dy",
    ],
)
def test_writes_what_it_read(text: str) -> None:
    assert str(parse_uri(text)) == text


def test_telephone_numbers() -> None:
    assert parse_uri("tel:+1-555-(123)4").number == "+15551234"
    assert parse_uri("sip:+1.555.1234@carrier.example").number == "+15551234"
    assert parse_uri("sip:standup@example.org").number is None
    assert parse_uri("sip:1234@example.org").number == "1234"


# RFC 3261 §19.1.4 gives these as examples.
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtlanTa.CoM;Transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
        (
            "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
            "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
        ),
        (
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
        ),
    ],
)
def test_equal(one: str, other: str) -> None:
    assert parse_uri(one).same(parse_uri(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
        ("sip:bob@phone21.boxesbybob.com", "sips:bob@phone21.boxesbybob.com"),
    ],
)
def test_different(one: str, other: str) -> None:
    assert not parse_uri(one).same(parse_uri(other))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "alice@example.org",
        "sip:",
        "sip:@example.org",
        "sip:a@",
        "sip:a@b:0",
        "sip:a@b:99999",
        "sip:a@b:5060x",
        "sip:a b@exa mple",
        "sip:a%4@b",
        "sip:a%ff@b",
        "sip:a@b;lr;lr",
        "sip:a@b;=x",
        "sip:a@b?x",
        "tel:abc-x",
        "http://example.org",
        "sip:" + "a" * 3000 + "@b",
    ],
)
def test_refuses(text: str) -> None:
    with pytest.raises(MalformedError):
        parse_uri(text)


def test_as_request_uri() -> None:
    uri = parse_uri("sip:a@b;method=INVITE;transport=tcp?subject=x")
    assert str(uri.request) == "sip:a@b;transport=tcp"
    assert str(uri.plain) == "sip:a@b"
    assert str(Uri("sip", None, "h").with_parameters(lr="")) == "sip:h;lr"
