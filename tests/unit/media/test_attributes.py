"""What attributes mean, and what is not believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.core.description import Direction
from antiphon.media import attributes
from antiphon.media.attributes import Format, Ice
from antiphon.media.sdp import MediaDescription, SessionDescription, parse
from tests.unit.media.ground import FINGERPRINT, description

PASSWORD = "p" * 22


def section(
    *lines: str, media: str = "m=audio 4000 RTP/AVP 0"
) -> tuple[SessionDescription, MediaDescription]:
    read = parse(description(media, *lines))
    return read, read.media[0]


def test_formats_keep_the_order_of_the_media_line() -> None:
    _, media = section(
        "a=rtpmap:96 opus/48000/2",
        "a=fmtp:96 stereo=1; useinbandfec=1",
        "a=rtpmap:97 telephone-event/8000",
        "a=fmtp:97 0-16",
        "a=rtpmap:98 H264/90000",
        "a=rtcp-fb:98 nack pli",
        "a=rtcp-fb:* ccm fir",
        "a=rtpmap:400 nonsense/1",
        "a=rtpmap:x nonsense/1",
        media="m=audio 4000 RTP/AVP 97 96 8 13 99 98 96 400 x",
    )
    every = ("ccm fir",)
    assert attributes.formats(media) == (
        Format(97, "telephone-event", 8000, 1, "0-16", every),
        Format(96, "opus", 48000, 2, "stereo=1; useinbandfec=1", every),
        Format(8, "pcma", 8000, 1, "", every),
        Format(13, "cn", 8000, 1, "", every),
        Format(98, "h264", 90000, 1, "", ("nack pli", "ccm fir")),
    )
    assert attributes.formats(media)[1].parameters == {"stereo": "1", "useinbandfec": "1"}


def test_a_static_number_may_mean_something_else() -> None:
    _, media = section("a=rtpmap:0 speex/8000")
    assert attributes.formats(media) == (Format(0, "speex", 8000),)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((), Direction.SENDRECV),
        (("a=sendonly",), Direction.SENDONLY),
        (("a=SendOnly", "a=recvonly"), Direction.SENDONLY),
        (("a=inactive:x",), Direction.SENDRECV),
    ],
)
def test_directions(lines: tuple[str, ...], expected: Direction) -> None:
    assert attributes.direction(*section(*lines)) is expected


def test_the_direction_of_the_session_counts_for_sections_without() -> None:
    read = parse("v=0\r\na=recvonly\r\nm=audio 1 RTP/AVP 0\r\nm=audio 1 RTP/AVP 0\r\na=inactive")
    found = [attributes.direction(read, media) for media in read.media]
    assert found == [Direction.RECVONLY, Direction.INACTIVE]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("IP4 192.0.2.1/127", "192.0.2.1"),
        ("IP6 2001:DB8:0::1", "2001:db8::1"),
        ("IP4 0.0.0.0", ""),
        ("IP6 ::", ""),
        ("IP4 hold.invalid", ""),
        ("IP4 224.0.0.1", None),
        ("IP4 255.255.255.255", None),
        ("IP4 phone.example.org", None),
    ],
)
def test_addresses(address: str, expected: str | None) -> None:
    assert attributes.ip_address(*section(f"c=IN {address}")) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("4001", (None, 4001)),
        ("4001 IN IP4 192.0.2.9", ("192.0.2.9", 4001)),
        ("4001 IN IP4 nowhere", (None, 4001)),
        ("4001 IN IP4 0.0.0.0", (None, 4001)),
        ("0", None),
        ("70000", None),
        ("99999999999999999999", None),
        ("", None),
    ],
)
def test_where_reports_go(value: str, expected: object) -> None:
    _, media = section(f"a=rtcp:{value}")
    assert attributes.rtcp(media) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((), 20),
        (("a=ptime:10",), 10),
        (("a=ptime:30",), 20),
        (("a=ptime:60",), 60),
        (("a=ptime:60", "a=maxptime:40"), 40),
        (("a=maxptime:150",), 20),
        (("a=ptime:5",), 10),
        (("a=ptime:0", "a=maxptime:x"), 20),
        (("a=ptime:99999999",), 60),
    ],
)
def test_packet_times(lines: tuple[str, ...], expected: int) -> None:
    _, media = section(*lines)
    assert attributes.packet_time(media) == expected


def test_fingerprints_are_by_sha_256() -> None:
    weak = "a=fingerprint:sha-1 " + ":".join(["AB"] * 20)
    assert attributes.fingerprint(*section(weak)) is None
    strong = f"a=fingerprint:{FINGERPRINT.upper().replace('AB', 'ab', 1)}"
    assert attributes.fingerprint(*section(weak, strong)) == FINGERPRINT
    assert attributes.fingerprint(*section(strong[:-3])) is None


def test_ice_needs_credentials_of_some_length() -> None:
    fragment, password = "a=ice-ufrag:abcd", f"a=ice-pwd:{PASSWORD}"
    assert attributes.ice(*section(fragment, password)) == Ice("abcd", PASSWORD)
    assert attributes.ice(*section(fragment)) is None
    assert attributes.ice(*section("a=ice-ufrag:abc", password)) is None
    assert attributes.ice(*section(fragment, "a=ice-pwd:short")) is None
    assert attributes.ice(*section("a=ice-ufrag:ab cd", password)) is None


@pytest.mark.parametrize(
    ("candidates", "mismatch"),
    [
        ((), False),
        (("1 1 udp 1 198.51.100.7 4000 typ host",), False),
        (("1 1 udp 1 10.0.0.7 4000 typ host",), True),
        (("1 1 udp 1 198.51.100.7 5000 typ host",), True),
        (("1 1 udp 1 abc.local 5000 typ host",), False),
        (("1 1", "1 1 udp 1 10.0.0.7 1 typ host", "2 1 udp 1 198.51.100.7 4000 typ srflx"), False),
    ],
)
def test_ice_is_of_no_use_when_somebody_changed_the_address(
    candidates: tuple[str, ...], mismatch: bool
) -> None:
    lines = ["a=ice-ufrag:abcd", f"a=ice-pwd:{PASSWORD}"]
    found = attributes.ice(*section(*lines, *(f"a=candidate:{one}" for one in candidates)))
    assert found is not None
    assert found.mismatch is mismatch


NAMES = [
    "rtpmap",
    "fmtp",
    "rtcp-fb",
    "rtcp",
    "fingerprint",
    "setup",
    "ptime",
    "ice-ufrag",
    "candidate",
]


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.text("0123456789 /:.*a\u0663", max_size=30))))
def test_any_value_is_survived(pairs: list[tuple[str, str]]) -> None:
    read, media = section(*(f"a={name}:{value}" for name, value in pairs))
    attributes.formats(media)
    attributes.rtcp(media)
    attributes.packet_time(media)
    for reader in (
        attributes.direction,
        attributes.ip_address,
        attributes.fingerprint,
        attributes.setup,
        attributes.ice,
    ):
        reader(read, media)
