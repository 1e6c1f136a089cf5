"""Answers to challenges: the examples of RFC 7616 and RFC 2617, and what is refused."""

import pytest

from antiphon.protocols.sip.credentials import Credentials, parse_challenge, strongest
from antiphon.protocols.sip.uri import MalformedError

# RFC 7616 §3.9.1.
NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
FIELD = (
    f'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={{}}, nonce="{NONCE}",'
    ' opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_the_standard(algorithm: str, response: str) -> None:
    challenge = parse_challenge(FIELD.format(algorithm))
    assert challenge is not None
    answer = Credentials("Mufasa", "Circle of Life").answer(
        challenge, "GET", "/dir/index.html", CNONCE
    )
    assert f'response="{response}"' in answer
    assert "nc=00000001" in answer
    assert 'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"' in answer


def test_without_qop_as_in_the_old_standard() -> None:
    challenge = parse_challenge('Digest realm="biloxi.com", nonce="dcd98b7102dd2f0e8b11d0f6"')
    assert challenge is not None
    answer = Credentials("bob", "zanzibar").answer(challenge, "INVITE", "sip:bob@biloxi.com")
    assert "qop" not in answer
    assert "nc=" not in answer


def test_uses_of_a_nonce_are_counted_anew_for_each_nonce() -> None:
    mine = Credentials("bob", "zanzibar")
    one = parse_challenge('Digest realm="a", nonce="one", qop="auth"')
    two = parse_challenge('Digest realm="a", nonce="two", qop="auth"')
    assert one is not None
    assert two is not None
    counts = [mine.answer(given, "REGISTER", "sip:a") for given in (one, one, two)]
    assert ["nc=0000000" + n in text for n, text in zip("121", counts, strict=True)] == [True] * 3


def test_the_strongest_that_is_understood() -> None:
    fields = [
        FIELD.format("MD5"),
        'Digest realm="x", nonce="y", algorithm=SHA-512',
        "Basic realm=x",
        "Digest nonsense",
        'Digest realm="x", nonce="z", algorithm=SHA-256, qop="auth-int"',
        FIELD.format("SHA-256"),
    ]
    found = strongest(fields)
    assert found is not None
    assert (found.algorithm, found.nonce) == ("sha-256", NONCE)
    assert strongest(["Basic realm=x"]) is None


def test_what_lacks_a_nonce_is_malformed() -> None:
    with pytest.raises(MalformedError):
        parse_challenge('Digest realm="x"')


def test_the_password_is_not_shown() -> None:
    assert "zanzibar" not in repr(Credentials("bob", "zanzibar"))
