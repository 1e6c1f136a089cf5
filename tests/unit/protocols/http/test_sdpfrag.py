"""Fragments and descriptions: what is read is right, and no text raises anything but a refusal."""

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from antiphon.core.reason import Reason
from antiphon.protocols.http import descriptions, sdpfrag
from antiphon.protocols.http.descriptions import DescriptionError
from antiphon.protocols.http.sdpfrag import Fragment, FragmentError, parse
from tests.unit.protocols.http.stand import OFFER, PLAY, RESTART, TRICKLE

# RFC 9725 §4.3.2, figure 4, and RFC 8840 §9, of which every line kind is here.
FULL = (
    "a=ice-options:trickle ice2\na=group:BUNDLE 0 1\nm=audio 9 UDP/TLS/RTP/SAVPF 111\na=mid:0\n"
    "a=ice-ufrag:EsAw\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\n"
    "a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw\n"
    "a=candidate:473322822 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active generation 0\n"
    "a=end-of-candidates\n"
)


def test_what_a_fragment_says() -> None:
    assert parse(TRICKLE) == Fragment(
        ufrag="EsAw",
        password="P2uYro0UCOQ4zxjKXaWCBui1",
        candidates=(
            "candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0"
            " ufrag EsAw",
        ),
        ended=True,
        mid="0",
    )
    full = parse(FULL)
    assert (len(full.candidates), full.options) == (2, "trickle ice2")
    assert parse(FULL.replace("\n", "\r\n")) == full
    assert parse("a=end-of-candidates") == Fragment(ended=True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "hello",
        "a=mid:0\n",
        "v=0\n",
        "a=ice-ufrag:EsAw\n",
        "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\n",
        "a=ice-ufrag:EsA\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\n",
        "a=ice-ufrag:EsAw\na=ice-pwd:short\n",
        "a=ice-ufrag:EsAw\na=ice-ufrag:other\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\n",
        "m=audio\na=end-of-candidates\n",
        "a=end-of-candidates\n\na=mid:0\n",
        "a=candidate:1\x00\n",
        "a=candidate:" + "1" * 2000,
        "a=candidate:1\n" * (sdpfrag.MAX_CANDIDATES + 1),
    ],
)
def test_what_is_no_fragment(text: str) -> None:
    with pytest.raises(FragmentError) as caught:
        parse(text)
    assert caught.value.reason is Reason.BAD_REQUEST


_lines = st.lists(
    st.one_of(
        st.sampled_from([*TRICKLE.split("\r\n"), *OFFER.split("\r\n")]),
        st.text(max_size=30),
        st.from_regex(r"[a-z]=[^\n]{0,40}"),
    ),
    max_size=12,
)


@given(st.one_of(st.text(), _lines.map("\r\n".join)))
@example("a=candidate:" + "\u2028")
def test_no_text_raises_anything_else(text: str) -> None:
    try:
        fragment = parse(text)
    except FragmentError:
        return
    assert (fragment.ufrag is None) == (fragment.password is None)
    assert len(fragment.candidates) <= sdpfrag.MAX_CANDIDATES
    assert all("\n" not in candidate for candidate in fragment.candidates)


@given(st.one_of(st.text(), _lines.map("\r\n".join), _lines.map(lambda x: "v=0\n" + "\n".join(x))))
def test_no_description_raises_anything_else(text: str) -> None:
    fragment = parse(RESTART)
    for change in (
        descriptions.credentials_of,
        descriptions.fragment_of,
        lambda text: descriptions.one_way(text, sends=True),
        lambda text: descriptions.restarted(text, fragment),
    ):
        with suppress(DescriptionError):
            change(text)


def test_credentials() -> None:
    assert descriptions.credentials_of(OFFER) == ("EsAw", "P2uYro0UCOQ4zxjKXaWCBui1")


def test_a_restart_is_the_offer_with_other_ice() -> None:
    offer = descriptions.restarted(OFFER, parse(RESTART))
    assert descriptions.credentials_of(offer) == ("ysXw", "vw5LmwG4y/e6dPP/zAP9Gp5k")
    assert "EsAw" not in offer
    assert offer.count("a=ice-ufrag:ysXw") == 2
    assert offer.count("a=candidate:") == 1
    assert "192.0.2.2 61765" in offer
    assert "o=- 1 2 IN IP4 127.0.0.1" in offer
    plain = [line for line in OFFER.split("\r\n") if not line.startswith(("a=ice", "a=cand", "o="))]
    rest = [line for line in offer.split("\r\n") if not line.startswith(("a=ice", "a=cand", "o="))]
    assert rest == plain


def test_only_one_way() -> None:
    both = OFFER.replace("a=sendonly", "a=sendrecv")
    assert descriptions.one_way(both, sends=True) == OFFER
    assert descriptions.one_way(both, sends=False) == PLAY
    silent = OFFER.replace("a=sendonly\r\n", "")
    assert descriptions.one_way(silent, sends=True).count("a=sendonly") == 2
    assert descriptions.one_way(OFFER, sends=False) == OFFER
    data = OFFER + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n"
    assert descriptions.one_way(data, sends=True) == data


def test_our_fragment_can_be_read() -> None:
    fragment = parse(descriptions.fragment_of(OFFER))
    assert (fragment.ufrag, fragment.mid, fragment.ended) == ("EsAw", "0", True)
    assert len(fragment.candidates) == 1
