from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from precis_i18n import get_profile

from antiphon.core.address import Addresses
from antiphon.core.reason import Refused
from antiphon.services.normalize import PrecisNormalizer

NORMALIZER = PrecisNormalizer()
METHODS = (
    NORMALIZER.local,
    NORMALIZER.domain,
    NORMALIZER.device,
    NORMALIZER.nickname,
    NORMALIZER.opaque,
)

# Letters, marks and joiners where normalization has the most to do, besides all of Unicode.
TRICKY = st.text(
    st.sampled_from(
        "aAzZ09-._~@/:'\" İıßẞſΣσςﬁǅ\u0301\u0345\u200c\u200d\u094d\u3000。ａＡ１٠۰אبא\u202e"
    ),
    max_size=12,
)
TEXTS = st.one_of(st.text(max_size=40), TRICKY)
PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=20)


def accepts(normalize: Callable[[str], str], text: str) -> bool:
    try:
        normalize(text)
    except ValueError:
        return False
    return True


@given(TEXTS)
def test_is_idempotent_and_raises_nothing_but_value_error(text: str) -> None:
    for normalize in METHODS:
        try:
            once = normalize(text)
        except ValueError:
            continue
        assert once
        assert normalize(once) == once


@given(PRINTABLE)
def test_plain_ascii_takes_no_short_cut_to_another_result(text: str) -> None:
    for short, profile in (
        (NORMALIZER.local, get_profile("UsernameCaseMapped")),
        (NORMALIZER.nickname, get_profile("NicknameCasePreserved")),
        (NORMALIZER.opaque, get_profile("OpaqueString")),
    ):
        expected: str | None
        try:
            expected = profile.enforce(text)
            if short == NORMALIZER.local and set("\"&'/:<>@") & set(text):
                expected = None
        except ValueError:
            expected = None
        try:
            assert short(text) == expected
        except ValueError:
            assert expected is None


@given(TEXTS, TEXTS, TEXTS)
def test_an_address_is_read_back_from_its_text(local: str, domain: str, device: str) -> None:
    addresses = Addresses("example.org", NORMALIZER)
    with suppress(Refused):
        address = addresses.parse(f"{local}@{domain}/{device}")
        assert addresses.parse(str(address)) == address


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("Alice", "alice"),
        ("J\u00fcrgen", "j\u00fcrgen"),
        ("JU\u0308RGEN", "j\u00fcrgen"),
        ("\uff21lice", "alice"),  # full width
        ("Σας", "σας"),
        ("+14155550100", "+14155550100"),
        ("first.last!#$%*+-=?^_`{|}~", "first.last!#$%*+-=?^_`{|}~"),
    ],
)
def test_local(text: str, canonical: str) -> None:
    assert NORMALIZER.local(text) == canonical


@pytest.mark.parametrize(
    "text",
    [
        *("", "a b", "a@b", "a/b", "a:b", "a'b", 'a"b', "a&b", "<a>", "\x00", "a\n", "\ud800", "♚"),
        *("ﬁ", "a" * 1024, "\uff20", "\u05d0a"),
    ],
)
def test_no_local(text: str) -> None:
    assert not accepts(NORMALIZER.local, text)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("Example.ORG", "example.org"),
        ("example.org.", "example.org"),
        ("localhost", "localhost"),
        ("xn--bcher-kva.example", "bücher.example"),
        ("BÜCHER.example", "bücher.example"),
        ("faß.de", "faß.de"),  # IDNA 2008, unlike 2003, keeps ß
        ("ｅｘａｍｐｌｅ。com", "example.com"),
        ("192.0.2.1", "192.0.2.1"),
        ("rooms.192.0.2.1", "rooms.192.0.2.1"),  # of a node whose domain is its address
        ("[2001:DB8::0:1]", "[2001:db8::1]"),
        ("a-b.c1", "a-b.c1"),
    ],
)
def test_domain(text: str, canonical: str) -> None:
    assert NORMALIZER.domain(text) == canonical


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", "a..b", "-a.b", "a-.b", "ab--c.de", "a_b.c", "xn--a", "☃.net", "a b.c", "a.b.."),
        *(
            "127.1",
            "1",
            "1.2.3.256",
            "0x7f.1",
            "[::1",
            "[fe80::1%eth0]",
            "[]",
            "2001:db8::1",
            "１.２",
        ),
        *("a" * 64 + ".b", "a\x00b", ".".join(["a" * 60] * 5), "\u200d.com"),
    ],
)
def test_no_domain(text: str) -> None:
    assert not accepts(NORMALIZER.domain, text)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("  Ann   Smith ", "Ann Smith"),
        ("Ann\u00a0Smith", "Ann Smith"),
        ("Ⅳ", "IV"),
        ("Foo", "Foo"),  # shown as written; case is mapped only to compare
        ("♚", "♚"),
    ],
)
def test_nickname(text: str, canonical: str) -> None:
    assert NORMALIZER.nickname(text) == canonical


@pytest.mark.parametrize("text", ["", " ", "\t", "a\x07", "\ud83d", "x" * 1024])
def test_no_nickname(text: str) -> None:
    assert not accepts(NORMALIZER.nickname, text)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [  # RFC 8265 §4.3
        ("correct horse battery staple", "correct horse battery staple"),
        ("Correct Horse Battery Staple", "Correct Horse Battery Staple"),
        ("πß\u00e5", "πß\u00e5"),
        ("Jack of \u2666s", "Jack of \u2666s"),
        ("foo\u1680bar", "foo bar"),
    ],
)
def test_password(text: str, canonical: str) -> None:
    assert NORMALIZER.opaque(text) == canonical


@pytest.mark.parametrize("text", ["", "my cat is a \x09by", "x" * 4097])
def test_no_password(text: str) -> None:
    assert not accepts(NORMALIZER.opaque, text)
