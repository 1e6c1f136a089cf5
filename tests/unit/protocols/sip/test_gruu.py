"""Names of single telephones: what they say, and that nobody else can make or read them."""

import pytest

from antiphon.protocols.sip.gruu import Gruus, Named, mark_of
from antiphon.protocols.sip.uri import parse_uri

INSTANCE = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
GRUUS = Gruus("example.org", b"0123456789abcdef")


def test_public_names_say_account_and_instance() -> None:
    text = GRUUS.public("al ice", INSTANCE)
    assert GRUUS.read(parse_uri(text)) == Named("al ice", INSTANCE)
    assert text.startswith("sip:al%20ice@example.org;gr=urn:uuid:")


def test_temporary_names_say_nothing_and_are_never_the_same() -> None:
    first, second = (GRUUS.temporary("alice", INSTANCE, "call-1") for _ in range(2))
    assert first != second
    assert "alice" not in first
    assert GRUUS.read(parse_uri(first)) == Named("alice", INSTANCE, mark_of("call-1"))
    assert mark_of("call-1") != mark_of("call-2")


@pytest.mark.parametrize(
    "text",
    [
        "sip:alice@example.org",
        "sip:alice@example.org;gr",
        "sip:tgruu.@example.org;gr",
        "sip:tgruu.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@example.org;gr",
        "sip:tgruu.%ff%fe@example.org;gr",
        "sip:example.org;gr=x",
    ],
)
def test_what_is_no_name_of_ours(text: str) -> None:
    try:
        uri = parse_uri(text)
    except ValueError:
        return
    assert GRUUS.read(uri) is None


def test_those_of_another_node_are_none() -> None:
    other = Gruus("example.org", b"another secret!!")
    assert other.read(parse_uri(GRUUS.temporary("alice", INSTANCE, "c"))) is None
