"""Reading and writing descriptions: what sloppy phones write, and limits on what anybody writes."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.media.sdp import (
    MAX_BYTES,
    MAX_LINE,
    MAX_LINES,
    MAX_MEDIA,
    Attribute,
    MediaDescription,
    Origin,
    SessionDescription,
    parse,
    spell,
)
from tests.unit.media.ground import description


def test_a_description_is_read() -> None:
    read = parse(
        "v=0\r\no=alice 2890844526 2890842807 IN IP4 203.0.113.1\r\ns=SDP Seminar\r\n"
        "i=A seminar\r\nu=http://www.example.com/seminars/sdp.pdf\r\ne=j.doe@example.com (Jane)\r\n"
        "c=IN IP4 233.252.0.1/127\r\nt=2873397496 2873404696\r\na=recvonly\r\n"
        "m=audio 49170/2 RTP/AVP 0\r\nm=video 51372 RTP/AVP 99\r\nc=IN IP6 2001:db8::1\r\n"
        "a=rtpmap:99 h263-1998/90000\r\n"
    )
    assert read.origin == Origin("2890844526", "2890842807", "203.0.113.1", "alice")
    assert read.name == "SDP Seminar"
    assert read.address == "233.252.0.1"
    assert read.has("recvonly")
    audio, video = read.media
    assert (audio.kind, audio.port, audio.protocol, audio.formats) == (
        "audio",
        49170,
        "RTP/AVP",
        ("0",),
    )
    assert read.address_of(audio) == "233.252.0.1"
    assert read.address_of(video) == "2001:db8::1"
    assert video.value("rtpmap") == "99 h263-1998/90000"
    assert video.value("fmtp") is None


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_sloppy_lines_are_read(end: str) -> None:
    lines = [
        "\ufeffv=0",
        "a=sendonly",
        "s=",
        "o=broken",
        "nonsense",
        "",
        "x=unknown",
        "M=Audio  4000  RTP/AVP   0 8 ",
        " a=RTCP-MUX ",
        "a=ptime: 20",
        "c=IN IP4 192.0.2.1",
        "t=0 0",
    ]
    read = parse(end.join(lines))
    assert read.origin == Origin()
    assert read.name == "-"
    (audio,) = read.media
    assert (audio.kind, audio.formats, audio.address) == ("audio", ("0", "8"), "192.0.2.1")
    assert audio.has("rtcp-mux")
    assert audio.value("ptime") == "20"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "garbage",
        "v=1\r\n",
        "m=audio 4000 RTP/AVP 0\r\nv=0\r\n",
        description("m=audio"),
        description("m=audio x RTP/AVP 0"),
        description("m=audio 65536 RTP/AVP 0"),
        description("m=audio -1 RTP/AVP 0"),
        description("m=audio 4000 RTP/AVP 0", "c=IN"),
        description("m=\u00e4udio 4000 RTP/AVP 0"),
        "v=0\r\na=\x00\r\n",
        "v=0\r\n" + "a=x\r\n" * MAX_LINES,
        "v=0\r\na=" + "x" * MAX_LINE,
        "v=0\r\n" + "\u00e4" * (MAX_BYTES // 2),
        description(*["m=audio 4000 RTP/AVP 0"] * (MAX_MEDIA + 1)),
    ],
)
def test_what_cannot_be_understood_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        parse(text)


def test_what_would_break_a_line_is_not_written() -> None:
    for value in ("a\r\nm=audio 1 RTP/AVP 0", "\x00", "a\nb"):
        with pytest.raises(ValueError, match="one line"):
            spell(SessionDescription(attributes=(Attribute("note", value),)))


token = st.text("abcXYZ019-./:", min_size=1, max_size=12)
attributes = st.lists(
    st.builds(Attribute, st.text("abc-", min_size=1, max_size=8), st.none() | token), max_size=4
).map(tuple)
media = st.builds(
    MediaDescription,
    kind=st.sampled_from(["audio", "video", "image"]),
    port=st.integers(0, 65535),
    protocol=st.sampled_from(["RTP/AVP", "udptl"]),
    formats=st.lists(token, min_size=1, max_size=4).map(tuple),
    address=st.none() | st.sampled_from(["192.0.2.9", "2001:db8::9"]),
    attributes=attributes,
)
descriptions = st.builds(
    SessionDescription,
    origin=st.builds(Origin, st.just("12"), st.just("3"), st.just("192.0.2.1")),
    address=st.sampled_from(["192.0.2.1", None]),
    attributes=attributes,
    media=st.lists(media, max_size=4).map(tuple),
)


@given(descriptions)
def test_what_is_written_is_read_again(written: SessionDescription) -> None:
    assert parse(spell(written)) == written


@given(st.text() | st.text("vmaoc=0 1\r\nRTP/AVP:;x"))
def test_any_text_is_survived(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert parse(text).media is not None
