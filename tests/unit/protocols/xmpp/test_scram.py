"""SCRAM by the vectors of its RFCs, and by everything that must not work."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import pytest

from antiphon.core.address import Address
from antiphon.core.ports import Caller
from antiphon.protocols.xmpp.sasl import (
    AskKeys,
    Challenge,
    Identity,
    SaslFailure,
    ScramKeys,
    Setting,
    Success,
)
from antiphon.protocols.xmpp.scram import scram

USER = Identity(Caller(address=Address("user", "example.org"), name="User"))


def keys_of(
    hash_name: str, password: str, salt: bytes, iterations: int, identity: Identity | None = USER
) -> ScramKeys:
    salted = hashlib.pbkdf2_hmac(hash_name, password.encode(), salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", hash_name)
    stored = hashlib.new(hash_name, client_key).digest()
    return ScramKeys(
        identity, salt, iterations, stored, hmac.digest(salted, b"Server Key", hash_name)
    )


def client_proof(hash_name: str, password: str, salt: bytes, iterations: int, said: str) -> str:
    """What a client computes (RFC 5802 §3)."""
    salted = hashlib.pbkdf2_hmac(hash_name, password.encode(), salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", hash_name)
    stored = hashlib.new(hash_name, client_key).digest()
    signature = hmac.digest(stored, said.encode(), hash_name)
    mixed = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
    return base64.b64encode(mixed).decode()


class Exchange:
    """A log-in, played by hand."""

    def __init__(
        self,
        first: str,
        *,
        hash_name: str = "sha1",
        bound: bool = False,
        bindings: dict[str, bytes] | None = None,
        nonce: str = "server",
        identity: Identity | None = USER,
        password: str = "pencil",
    ) -> None:
        self.hash_name = hash_name
        setting = Setting(bindings=bindings or {}, nonce=lambda: nonce)
        self.generator = scram(setting, first.encode(), hash_name=hash_name, bound=bound)
        self.asked: Any = next(self.generator)
        self.salt, self.iterations = b"salt and pepper", 4096
        keys = keys_of(hash_name, password, self.salt, self.iterations, identity)
        challenge = self.generator.send(keys)
        assert isinstance(challenge, Challenge)
        self.challenge = challenge.data.decode()
        self.bare = first.split(",", 2)[2]

    def answer(
        self, header: bytes = b"n,,", *, password: str = "pencil", spoil: Callable[[str], str] = str
    ) -> Success:
        nonce = self.challenge.split(",")[0]
        without = f"c={base64.b64encode(header).decode()},{nonce}"
        said = f"{self.bare},{self.challenge},{without}"
        proof = client_proof(self.hash_name, password, self.salt, self.iterations, said)
        return self.final(spoil(f"{without},p={proof}"))

    def final(self, message: str) -> Success:
        with pytest.raises(StopIteration) as done:
            self.generator.send(message.encode())
        result = done.value.value
        assert isinstance(result, Success)
        return result


@pytest.mark.parametrize(
    ("hash_name", "first", "server_nonce", "salt", "challenge", "final", "answer"),
    [
        (  # RFC 5802 §5
            "sha1",
            "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
            "3rfcNHYJY1ZVvWVs7j",
            "QSXCR+Q6sek8bf92",
            "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
            "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
            "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
        ),
        (  # RFC 7677 §3
            "sha256",
            "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
            "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
            "W22ZaJ0SNY7soEsUEjb6gQ==",
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
            "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
            "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
            "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        ),
    ],
)
def test_vectors_of_the_rfcs(
    hash_name: str,
    first: str,
    server_nonce: str,
    salt: str,
    challenge: str,
    final: str,
    answer: str,
) -> None:
    setting = Setting(nonce=lambda: server_nonce)
    exchange = scram(setting, first.encode(), hash_name=hash_name, bound=False)
    assert next(exchange) == AskKeys("user", hash_name)
    asked = exchange.send(keys_of(hash_name, "pencil", base64.b64decode(salt), 4096))
    assert asked == Challenge(challenge.encode())
    with pytest.raises(StopIteration) as done:
        exchange.send(final.encode())
    assert done.value.value == Success(USER, answer.encode())


@pytest.mark.parametrize("hash_name", ["sha1", "sha256", "sha512"])
def test_each_hash_works_with_and_without_channel_binding(hash_name: str) -> None:
    assert Exchange("n,,n=user,r=abc", hash_name=hash_name).answer().identity is USER
    bindings = {"tls-exporter": bytes(range(32)), "tls-server-end-point": b"certificate"}
    for kind, data in bindings.items():
        header = f"p={kind},,"
        exchange = Exchange(
            f"{header}n=user,r=abc", hash_name=hash_name, bound=True, bindings=bindings
        )
        assert exchange.answer(header.encode() + data).identity is USER


def test_a_client_that_does_not_send_its_first_message_is_asked_for_it() -> None:
    exchange = scram(Setting(), None, hash_name="sha1", bound=False)
    assert next(exchange) == Challenge(b"")
    assert exchange.send(b"n,,n=user,r=abc") == AskKeys("user", "sha1")


def test_a_wrong_password_and_an_unknown_name_fail_alike() -> None:
    for exchange, password in (
        (Exchange("n,,n=user,r=abc"), "wrong"),
        (Exchange("n,,n=user,r=abc", identity=None), "pencil"),
    ):
        with pytest.raises(SaslFailure, match=r"^not-authorized$"):
            exchange.answer(password=password)


def test_channel_bindings_of_another_connection_fail() -> None:
    bindings = {"tls-exporter": b"ours"}
    header = b"p=tls-exporter,,"
    exchange = Exchange("p=tls-exporter,,n=user,r=abc", bound=True, bindings=bindings)
    with pytest.raises(SaslFailure, match="not-authorized"):
        exchange.answer(header + b"of the man in the middle")


def test_a_client_talked_out_of_channel_binding_fails() -> None:
    bindings = {"tls-exporter": b"ours"}
    with pytest.raises(SaslFailure, match="not-authorized"):
        Exchange("y,,n=user,r=abc", bindings=bindings)
    assert Exchange("n,,n=user,r=abc", bindings=bindings).answer().identity is USER
    assert Exchange("y,,n=user,r=abc").answer(b"y,,").identity is USER


def test_the_header_cannot_be_changed_on_the_way() -> None:
    exchange = Exchange("y,,n=user,r=abc")
    with pytest.raises(SaslFailure, match="not-authorized"):
        exchange.answer(b"n,,")


def test_only_the_binding_that_is_offered_can_be_used() -> None:
    with pytest.raises(SaslFailure, match="not-authorized"):
        Exchange("p=tls-unique,,n=user,r=abc", bound=True, bindings={"tls-exporter": b"x"})


def test_a_replayed_or_shortened_nonce_fails() -> None:
    exchange = Exchange("n,,n=user,r=abc")
    with pytest.raises(SaslFailure, match="not-authorized"):
        exchange.answer(spoil=lambda text: text.replace("r=abcserver", "r=abc"))


def test_nobody_acts_for_another() -> None:
    own = Exchange("n,a=user@example.org,n=user,r=abc")
    assert own.answer(b"n,a=user@example.org,").identity is USER
    other = Exchange("n,a=admin@example.org,n=user,r=abc")
    with pytest.raises(SaslFailure, match="invalid-authzid"):
        other.answer(b"n,a=admin@example.org,")


def test_names_are_written_with_escapes() -> None:
    assert Exchange("n,,n=a=3Db=2Cc,r=abc").asked == AskKeys("a=b,c", "sha1")


@pytest.mark.parametrize(
    "first",
    [
        "",
        "n",
        "n,,",
        "n,,n=user",
        "n,,n=,r=abc",
        "n,,n=user,r=",
        "n,,n=user,r=a b",
        "n,,n=us=er,r=abc",
        "n,,n=user=2,r=abc",
        "n,,m=must,n=user,r=abc",
        "n,x=user,n=user,r=abc",
        "q,,n=user,r=abc",
        "p=tls-exporter,,n=user,r=abc",
        "n,,r=abc,n=user",
    ],
)
def test_a_malformed_first_message_is_refused(first: str) -> None:
    exchange = scram(Setting(), first.encode(), hash_name="sha1", bound=False)
    with pytest.raises(SaslFailure, match="malformed-request"):
        next(exchange)


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(SaslFailure, match="malformed-request"):
        next(scram(Setting(), b"n,,n=\xff,r=abc", hash_name="sha1", bound=False))


def test_plus_needs_a_binding() -> None:
    for flag in ("n", "y"):
        exchange = scram(
            Setting(bindings={"tls-exporter": b"x"}),
            f"{flag},,n=user,r=abc".encode(),
            hash_name="sha1",
            bound=True,
        )
        with pytest.raises(SaslFailure, match="malformed-request"):
            next(exchange)


@pytest.mark.parametrize("final", ["", "c=biws", "c=biws,r=abcserver", "c=biws,r=abcserver,p=!"])
def test_a_malformed_last_message_is_refused(final: str) -> None:
    exchange = Exchange("n,,n=user,r=abc")
    with pytest.raises(SaslFailure, match="malformed-request"):
        exchange.final(final)
    other = Exchange("n,,n=user,r=abc")
    with pytest.raises(SaslFailure, match="malformed-request"):
        other.final("c=biws,r=abcserver,p=AAAA")
