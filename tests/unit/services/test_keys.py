"""Keys against the examples that the standards print."""

import base64
import hashlib
import hmac

import pytest

from antiphon.core.address import Address
from antiphon.services.config import AccountsConfig
from antiphon.services.keys import derive, digest_ha1, is_outdated, proves, scram_keys, split_scram
from antiphon.stores.records import Key, KeyKind

ALICE = Address("alice", "example.org")
CONFIG = AccountsConfig(argon2_memory=64, argon2_time=1, scram_iterations=4096)


@pytest.mark.parametrize(
    ("hash_name", "salt", "nonce", "client_nonce", "proof", "signature"),
    [
        (  # RFC 5802 §5
            "sha1",
            "QSXCR+Q6sek8bf92",
            "fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j",
            "fyko+d2lbbFgONRv9qkxdawL",
            "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
            "rmF9pqV8S7suAoZWja4dJRkFsKQ=",
        ),
        (  # RFC 7677 §3
            "sha256",
            "W22ZaJ0SNY7soEsUEjb6gQ==",
            "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
            "rOprNGfwEbeRWgbNEkqO",
            "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
            "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        ),
    ],
)
def test_scram_exchange_of_the_standard(
    hash_name: str, salt: str, nonce: str, client_nonce: str, proof: str, signature: str
) -> None:
    stored, server = scram_keys(hash_name, "pencil", base64.b64decode(salt), 4096)
    message = f"n=user,r={client_nonce},r={nonce},s={salt},i=4096,c=biws,r={nonce}".encode()
    client_signature = hmac.digest(stored, message, hash_name)
    pairs = zip(base64.b64decode(proof), client_signature, strict=True)
    client_key = bytes(a ^ b for a, b in pairs)
    assert hashlib.new(hash_name, client_key).digest() == stored
    assert base64.b64encode(hmac.digest(server, message, hash_name)).decode() == signature


def test_digest_of_rfc_2617() -> None:
    ha1 = digest_ha1("md5", "Mufasa", "testrealm@host.com", "Circle Of Life")
    nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093:00000001:0a4f113b:auth"
    assert _response("md5", ha1, nonce) == "6629fae49393a05397450978507c4ef1"


@pytest.mark.parametrize(
    ("hash_name", "response"),
    [
        ("md5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("sha256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_digest_of_rfc_7616(hash_name: str, response: str) -> None:
    ha1 = digest_ha1(hash_name, "Mufasa", "http-auth@example.org", "Circle of Life")
    nonce = (
        "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v:00000001:"
        "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ:auth"
    )
    assert _response(hash_name, ha1, nonce) == response


def _response(hash_name: str, ha1: str, nonce: str) -> str:
    ha2 = hashlib.new(hash_name, b"GET:/dir/index.html").hexdigest()
    return hashlib.new(hash_name, f"{ha1}:{nonce}:{ha2}".encode()).hexdigest()


@pytest.mark.parametrize("kind", list(KeyKind))
def test_a_key_proves_its_password_only(kind: KeyKind) -> None:
    key = derive(kind, ALICE, "correct horse", CONFIG)
    assert key.kind is kind
    assert key.version == 1
    assert proves(key, ALICE, "correct horse")
    assert not proves(key, ALICE, "correct horsf")
    assert b"correct horse" not in key.data + key.salt
    assert "correct" not in repr(key)


@pytest.mark.parametrize("kind", [k for k in KeyKind if not k.value.startswith("digest")])
def test_the_same_password_twice_yields_different_keys(kind: KeyKind) -> None:
    first, second = (derive(kind, ALICE, "correct horse", CONFIG) for _ in range(2))
    assert first.data != second.data


def test_layout_of_scram() -> None:
    for kind, size in (
        (KeyKind.SCRAM_SHA_1, 20),
        (KeyKind.SCRAM_SHA_256, 32),
        (KeyKind.SCRAM_SHA_512, 64),
    ):
        key = derive(kind, ALICE, "correct horse", CONFIG)
        stored, server = split_scram(key)
        assert (len(stored), len(server), len(key.salt)) == (size, size, 16)
        assert key.iterations == CONFIG.scram_iterations


def test_what_is_outdated() -> None:
    stronger = AccountsConfig(argon2_memory=128, argon2_time=1, scram_iterations=5000)
    for kind in KeyKind:
        key = derive(kind, ALICE, "correct horse", CONFIG)
        assert not is_outdated(key, CONFIG)
        assert is_outdated(key, stronger) == (not kind.value.startswith("digest"))


def test_a_damaged_argon2_key_proves_nothing(caplog: pytest.LogCaptureFixture) -> None:
    damaged = Key(kind=KeyKind.ARGON2ID, version=1, iterations=1, salt=b"", data=b"\xff$argon2id$")
    assert not proves(damaged, ALICE, "correct horse")
    assert is_outdated(damaged, CONFIG)
    assert "cannot be used" in caplog.text
