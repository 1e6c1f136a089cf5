"""The mechanisms that send a password or a token as it is, and guests."""

import json

import pytest

from antiphon.core.address import Address
from antiphon.core.ports import Caller
from antiphon.protocols.xmpp import mechanisms
from antiphon.protocols.xmpp.sasl import (
    LIMIT,
    AskGuest,
    AskPassword,
    AskToken,
    Challenge,
    Identity,
    SaslFailure,
    Setting,
    Success,
    anonymous,
    bearer,
    decode,
    encode,
    plain,
)

ALICE = Identity(Caller(address=Address("alice", "example.org"), name="Alice"))
SETTING = Setting()


def finish(exchange: object, answer: object) -> object:
    with pytest.raises(StopIteration) as done:
        exchange.send(answer)  # type: ignore[attr-defined]
    return done.value.value


def test_plain_asks_for_a_password() -> None:
    exchange = plain(SETTING, b"\0alice\0secret")
    assert next(exchange) == AskPassword("alice", "secret")
    assert finish(exchange, ALICE) == Success(ALICE)


def test_plain_may_name_oneself_and_nobody_else() -> None:
    exchange = plain(SETTING, b"Alice@example.org\0alice\0secret")
    next(exchange)
    assert finish(exchange, ALICE) == Success(ALICE)
    other = plain(SETTING, b"bob@example.org\0alice\0secret")
    next(other)
    with pytest.raises(SaslFailure, match="invalid-authzid"):
        other.send(ALICE)


@pytest.mark.parametrize(
    "data",
    [b"", b"alice", b"alice\0secret", b"\0\0secret", b"\0alice\0", b"\0a\0b\0c", b"\xff\0a\0b"],
)
def test_plain_refuses_what_is_malformed(data: bytes) -> None:
    with pytest.raises(SaslFailure, match="malformed-request"):
        next(plain(SETTING, data))


def test_a_token_is_verified() -> None:
    exchange = bearer(
        SETTING, b"n,a=alice@example.org,\x01host=example.org\x01auth=Bearer a.b.c\x01\x01"
    )
    assert next(exchange) == AskToken("a.b.c")
    assert finish(exchange, ALICE) == Success(ALICE)


def test_a_token_of_another_cannot_be_used() -> None:
    exchange = bearer(SETTING, b"n,a=bob@example.org,\x01auth=Bearer a.b.c\x01\x01")
    next(exchange)
    with pytest.raises(SaslFailure, match="invalid-authzid"):
        exchange.send(ALICE)


def test_a_bad_token_fails_behind_one_more_message() -> None:
    """RFC 7628 §3.2.3."""
    exchange = bearer(SETTING, b"n,,\x01auth=Bearer bad\x01\x01")
    next(exchange)
    challenge = exchange.send(None)
    assert isinstance(challenge, Challenge)
    assert json.loads(challenge.data) == {"status": "invalid_token"}
    with pytest.raises(SaslFailure, match="not-authorized"):
        exchange.send(b"\x01")


def test_no_token_fails_as_well() -> None:
    exchange = bearer(SETTING, b"n,,\x01host=x\x01\x01")
    assert isinstance(next(exchange), Challenge)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"n,,",
        b"n,,\x01auth=Bearer x",
        b"n,,\x01auth=Bearer x\x01",
        b"p=tls-exporter,,\x01auth=Bearer x\x01\x01",
        b"n,b=x,\x01auth=Bearer x\x01\x01",
        b"n,,x\x01auth=Bearer x\x01\x01",
        b"n,,\x01auth\x01\x01",
        b"\xff",
    ],
)
def test_bearer_refuses_what_is_malformed(data: bytes) -> None:
    with pytest.raises(SaslFailure, match="malformed-request"):
        next(bearer(SETTING, data))


def test_a_guest_is_let_in() -> None:
    exchange = anonymous(SETTING, b"trace")
    assert next(exchange) == AskGuest()
    assert finish(exchange, ALICE) == Success(ALICE)
    with pytest.raises(SaslFailure, match="malformed-request"):
        next(anonymous(SETTING, b"x" * 1021))


def test_what_is_no_base64_is_refused() -> None:
    assert decode("=") == b""
    assert decode(encode(b"\0a\0b")) == b"\0a\0b"
    assert encode(b"") == "="
    for text in ("!", "AAA", "AA=A", "ä"):
        with pytest.raises(SaslFailure, match="incorrect-encoding"):
            decode(text)
    with pytest.raises(SaslFailure, match="malformed-request"):
        decode("A" * (LIMIT + 4))


def test_what_is_offered() -> None:
    offered = mechanisms.offered(hashes={"sha1", "sha256"}, bound=True, exposed=True, guests=False)
    assert list(offered) == [
        "SCRAM-SHA-256-PLUS",
        "SCRAM-SHA-1-PLUS",
        "SCRAM-SHA-256",
        "SCRAM-SHA-1",
        "OAUTHBEARER",
        "PLAIN",
    ]
    assert list(mechanisms.offered(hashes=(), bound=True, exposed=False, guests=True)) == [
        "ANONYMOUS"
    ]
