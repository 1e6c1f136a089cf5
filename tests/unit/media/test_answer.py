"""Answers that RFC 3264 allows: to phones as they are, and to any offer at all."""

import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.core.description import Codec, Direction, Kind
from antiphon.core.reason import Reason, Refused
from antiphon.media.agreement import Wishes
from antiphon.media.answer import answer
from antiphon.media.attributes import direction, formats
from antiphon.media.ours import Place
from antiphon.media.sdp import MediaDescription, SessionDescription, parse
from tests.unit.media.ground import (
    FINGERPRINT,
    NOTHING,
    SUITES,
    USUAL,
    FullGround,
    PaperGround,
    answered,
    description,
)

AUDIO = "m=audio 4000 RTP/AVP 0 8"
EVENTS = ("a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-16")
OPUS = "a=rtpmap:96 opus/48000/2"
ICE = ("a=ice-ufrag:abcd", "a=ice-pwd:" + "p" * 22)
DTLS = f"a=fingerprint:{FINGERPRINT}"


def spelled(media: MediaDescription) -> list[tuple[int, str, int, str]]:
    return [(one.number, one.name, one.rate, one.fmtp) for one in formats(media)]


def refused(text: str) -> Refused:
    with pytest.raises(Refused) as error:
        answered(text)
    return error.value


def test_the_best_codec_is_taken_with_keys_for_its_clock() -> None:
    _, said = answered(
        description(
            "m=audio 4000 RTP/AVP 0 8 9 96 101 102",
            OPUS,
            "a=fmtp:96 stereo=1",
            *EVENTS,
            "a=rtpmap:102 telephone-event/48000",
        )
    )
    assert spelled(said.media[0]) == [
        (96, "opus", 48000, "useinbandfec=1"),
        (102, "telephone-event", 48000, "0-15"),
    ]


def test_keys_at_8000_do_for_any_codec_and_noise_for_those_without_their_own() -> None:
    agreed, said = answered(description("m=audio 4000 RTP/AVP 18 13 9 101", *EVENTS))
    assert [name for _, name, _, _ in spelled(said.media[0])] == ["g722", "telephone-event", "cn"]
    assert [one.name for one in agreed.streams["audio"].sends] == ["g722", "telephone-event", "cn"]


def test_what_we_send_follows_their_parameters() -> None:
    agreed, _ = answered(description("m=audio 4000 RTP/AVP 96", OPUS, "a=fmtp:96 stereo=0"))
    (sent,) = agreed.streams["audio"].sends
    assert (sent.number, sent.fmtp) == (96, "stereo=0")


def test_in_neutral_words_sound_is_converted() -> None:
    agreed, _ = answered(description(AUDIO))
    (section,) = agreed.description.sections
    assert agreed.description.mixed
    assert section.direction is Direction.SENDRECV
    assert section.codecs[0] == Codec("pcmu", 8000)
    assert Codec("opus", 48000) in section.codecs


def test_one_sound_and_one_picture_are_used_and_the_rest_refused_in_its_place() -> None:
    agreed, said = answered(
        description(
            "m=image 5000 udptl t38",
            "m=audio 4000 RTP/AVP 18",
            AUDIO,
            "m=audio 4002 RTP/AVP 0",
            "m=video 4004 RTP/AVP 97",
            "a=rtpmap:97 H264/90000",
            "m=text 4006 RTP/AVP 98",
            "m=application 4008 UDP/DTLS/SCTP webrtc-datachannel",
        )
    )
    assert [(one.kind, one.port > 0) for one in said.media] == [
        ("image", False),
        ("audio", False),
        ("audio", True),
        ("audio", False),
        ("video", True),
        ("text", False),
        ("application", False),
    ]
    assert [stream.index for stream in agreed.streams.values()] == [2, 4]
    assert said.media[0].formats == ("t38",)


def test_the_section_in_use_stays_in_use() -> None:
    agreed, _ = answered(description("m=audio 0 RTP/AVP 0", AUDIO))
    agreed, said = answered(description("m=audio 4000 RTP/AVP 0", AUDIO), agreed)
    assert [one.port > 0 for one in said.media] == [False, True]


def test_a_description_that_says_the_same_has_the_same_version() -> None:
    agreed, first = answered(description(AUDIO))
    agreed, second = answered(description(AUDIO), agreed)
    assert first == second
    agreed, third = answered(description("m=audio 4000 RTP/AVP 8"), agreed)
    assert int(third.origin.version) == int(second.origin.version) + 1


@pytest.mark.parametrize(
    ("line", "expected", "held"),
    [
        ("a=sendrecv", Direction.SENDRECV, False),
        ("a=sendonly", Direction.RECVONLY, True),
        ("a=recvonly", Direction.SENDONLY, False),
        ("a=inactive", Direction.INACTIVE, True),
        ("c=IN IP4 0.0.0.0", Direction.RECVONLY, True),
    ],
)
def test_hold(line: str, expected: Direction, held: bool) -> None:
    agreed, said = answered(description(AUDIO, line))
    assert direction(said, said.media[0]) is expected
    assert agreed.on_hold is held
    agreed, said = answered(description(AUDIO), agreed)
    assert direction(said, said.media[0]) is Direction.SENDRECV
    assert not agreed.on_hold


def test_nothing_flows_while_we_hold() -> None:
    agreed, said = answered(description(AUDIO), wishes=Wishes(held=True))
    assert direction(said, said.media[0]) is Direction.INACTIVE
    assert not agreed.on_hold


def test_a_session_may_lose_all_its_media() -> None:
    agreed, _ = answered(description(AUDIO))
    agreed, said = answered(description("m=audio 0 RTP/AVP 0"), agreed)
    assert said.media[0].port == 0
    assert not agreed.streams
    _, said = answered(description())
    assert said.media == ()


@pytest.mark.parametrize(
    "lines",
    [
        ("m=audio 4000 RTP/AVP 18",),
        ("m=audio 4000 RTP/AVP",),
        ("m=audio 4000 RTP/SAVP 0",),
        ("m=audio 4000 RTP/SAVP 0", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 nothing"),
        ("m=audio 4000 UDP/TLS/RTP/SAVP 0", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:k"),
        ("m=audio 4000 UDP/TLS/RTP/SAVP 0", DTLS, "a=setup:holdconn"),
        ("m=audio 4000 TCP/RTP/AVP 0",),
        ("m=audio 4000 RTP/AVP 0", "c=IN IP4 phone.example.org"),
        ("m=audio 4000 RTP/AVP 0", "c=IN IP4 224.0.0.1"),
        ("m=image 4000 udptl t38",),
    ],
)
def test_what_leaves_nothing_in_common_is_refused_in_words(lines: tuple[str, ...]) -> None:
    error = refused(description(*lines))
    assert error.reason is Reason.UNSUPPORTED
    assert error.text


def test_no_port_is_no_answer() -> None:
    with pytest.raises(Refused) as error:
        answer(NOTHING, parse(description(AUDIO)), USUAL, FullGround(), "1")
    assert error.value.reason is Reason.TOO_MANY


# protection


@pytest.mark.parametrize("protocol", ["RTP/SAVP", "RTP/SAVPF", "RTP/AVP"])
def test_the_first_key_that_is_understood_is_answered_by_a_fresh_one(protocol: str) -> None:
    offer = description(
        f"m=audio 4000 {protocol} 0",
        "a=crypto:1 F8_128_HMAC_SHA1_80 inline:x",
        "a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:theirs",
        "a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:x",
    )
    agreed, said = answered(offer)
    ours = said.media[0].value("crypto")
    assert ours == "2 AES_CM_128_HMAC_SHA1_32 inline:ours1"
    assert said.media[0].protocol == protocol
    sdes = agreed.streams["audio"].protection.sdes
    assert sdes == (ours, "2 AES_CM_128_HMAC_SHA1_32 inline:theirs")
    _, again = answered(offer, agreed)
    assert again.media[0].value("crypto") == ours, "a key lives as long as its suite"


@pytest.mark.parametrize(
    ("setup", "role", "ours"),
    [
        ("a=setup:actpass", "server", "passive"),
        ("a=setup:active", "server", "passive"),
        ("a=setup:passive", "client", "active"),
        ("a=note:", "server", "passive"),
    ],
)
def test_dtls_roles(setup: str, role: str, ours: str) -> None:
    agreed, said = answered(description("m=audio 4000 UDP/TLS/RTP/SAVP 0", DTLS, setup))
    protection = agreed.streams["audio"].protection
    assert (protection.role, protection.fingerprint) == (role, FINGERPRINT)
    assert said.media[0].value("setup") == ours
    assert said.media[0].value("fingerprint") == FINGERPRINT
    _, again = answered(
        description("m=audio 4000 UDP/TLS/RTP/SAVP 0", DTLS, "a=setup:actpass"), agreed
    )
    assert again.media[0].value("setup") == ours, "who is connected stays what it is"


def test_a_browser_is_answered_by_a_lite_agent_section_by_section() -> None:
    lines = ("a=rtcp-mux", "a=setup:actpass", DTLS, *ICE)
    agreed, said = answered(
        description(
            "a=group:BUNDLE 0 1",
            "m=audio 9 UDP/TLS/RTP/SAVPF 111 0",
            "c=IN IP4 0.0.0.0",
            "a=rtpmap:111 opus/48000/2",
            "a=mid:0",
            *lines,
            "m=video 9 UDP/TLS/RTP/SAVPF 96",
            "a=rtpmap:96 VP8/90000",
            "a=rtcp-fb:96 nack",
            "a=rtcp-fb:96 nack pli",
            "a=mid:1",
            *lines,
            "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
            "a=mid:2",
        )
    )
    assert said.has("ice-lite")
    assert not said.has("group")
    audio, video, application = said.media
    assert [one.value("mid") for one in said.media] == ["0", "1", "2"]
    assert application.port == 0
    assert audio.has("rtcp-mux")
    assert audio.value("candidate") == "1 1 udp 2130706431 192.0.2.1 10000 typ host"
    assert list(video.values("rtcp-fb")) == ["96 nack pli"]
    stream = agreed.streams["audio"]
    assert stream.theirs.remote is None
    assert stream.direction is Direction.SENDRECV, "0.0.0.0 is no hold where checks find the path"
    assert stream.protection.ice is not None
    assert stream.protection.ice[2:] == ("abcd", "p" * 22)
    assert stream.protection.ice[:2] == (audio.value("ice-ufrag"), audio.value("ice-pwd"))


def test_reports_have_a_candidate_where_they_have_a_port() -> None:
    _, said = answered(description(AUDIO, *ICE))
    assert [line.split()[1] for line in said.media[0].values("candidate")] == ["1", "2"]


def test_all_our_addresses_are_candidates() -> None:
    ground = PaperGround()
    ground.places["audio"] = Place("192.0.2.1", 10_000, 10_001, ("203.0.113.5",))
    said = answer(NOTHING, parse(description(AUDIO, *ICE)), USUAL, ground, "77").said
    assert said is not None
    found = [line.split() for line in said.media[0].values("candidate")]
    assert [(line[4], line[5]) for line in found] == [
        ("192.0.2.1", "10000"),
        ("192.0.2.1", "10001"),
        ("203.0.113.5", "10000"),
        ("203.0.113.5", "10001"),
    ]
    priorities = [int(line[3]) for line in found]
    assert priorities == sorted(priorities, reverse=True)
    assert len({line[0] for line in found}) == 2


def test_a_restart_of_theirs_restarts_ours() -> None:
    agreed, first = answered(description(AUDIO, *ICE))
    agreed, second = answered(description(AUDIO, *ICE), agreed)
    assert second.media[0].value("ice-ufrag") == first.media[0].value("ice-ufrag")
    restarted = description(AUDIO, "a=ice-ufrag:efgh", ICE[1])
    ground = PaperGround("192.0.2.2")
    ground.secret(1)
    said = answer(agreed, parse(restarted), USUAL, ground, "77").said
    assert said is not None
    assert said.media[0].value("ice-ufrag") != first.media[0].value("ice-ufrag")


def test_ice_that_somebody_broke_on_the_way_is_not_used() -> None:
    agreed, said = answered(
        description(AUDIO, *ICE, "a=candidate:1 1 udp 1 10.0.0.9 4000 typ host")
    )
    assert said.media[0].has("ice-mismatch")
    assert not said.has("ice-lite")
    assert agreed.streams["audio"].theirs.remote == ("198.51.100.7", 4000)
    agreed, said = answered(description("a=ice-lite", AUDIO, *ICE))
    assert not said.media[0].has("ice-ufrag")
    assert agreed.streams["audio"].theirs.remote == ("198.51.100.7", 4000)


def test_where_reports_go() -> None:
    agreed, _ = answered(description(AUDIO, "a=rtcp:4999"))
    assert agreed.streams["audio"].theirs.remote_rtcp == ("198.51.100.7", 4999)


# pictures


def video(*lines: str) -> list[tuple[int, str, int, str]]:
    _, said = answered(description("m=video 4000 RTP/AVPF 97 98 99 100", *lines))
    return spelled(said.media[0])


def test_of_h264_the_profile_that_everybody_decodes_is_taken_as_it_was_offered() -> None:
    assert video(
        "a=rtpmap:97 H264/90000",
        "a=fmtp:97 profile-level-id=640028;packetization-mode=1",
        "a=rtpmap:98 H264/90000",
        "a=fmtp:98 profile-level-id=42801f;packetization-mode=0",
        "a=rtpmap:99 H264/90000",
        "a=fmtp:99 profile-level-id=42801f; packetization-mode=1; sprop-parameter-sets=Z0IA,aM4=",
        "a=rtpmap:100 VP8/90000",
    ) == [
        (100, "vp8", 90000, ""),
        (99, "h264", 90000, "packetization-mode=1;profile-level-id=42801f"),
    ]


def test_of_h264_constrained_baseline_comes_before_baseline() -> None:
    assert video(
        "a=rtpmap:97 H264/90000",
        "a=fmtp:97 profile-level-id=42001f;packetization-mode=1",
        "a=rtpmap:98 H264/90000",
        "a=fmtp:98 profile-level-id=42E01F;packetization-mode=0",
    ) == [(98, "h264", 90000, "packetization-mode=0;profile-level-id=42E01F")]


@pytest.mark.parametrize(
    "fmtp",
    ["packetization-mode=2", "profile-level-id=58001f", "profile-level-id=zz", "profile-level-id="],
)
def test_of_h264_what_browsers_do_not_decode_is_refused(fmtp: str) -> None:
    error = refused(
        description("m=video 4 RTP/AVP 97", "a=rtpmap:97 H264/90000", f"a=fmtp:97 {fmtp}")
    )
    assert error.reason is Reason.UNSUPPORTED


# any offer

RTPMAPS = {
    9: "G722/8000",
    13: "CN/8000",
    18: "G729/8000",
    96: "opus/48000/2",
    97: "H264/90000",
    98: "VP8/90000",
    101: "telephone-event/8000",
    102: "telephone-event/48000",
    103: "L16/16000",
    104: "L16/44100/2",
    105: "CN/16000",
}
PROTOCOLS = ["RTP/AVP", "RTP/AVPF", "RTP/SAVP", "RTP/SAVPF", "UDP/TLS/RTP/SAVPF", "udptl"]
LINES = [
    *(f"a={one.value}" for one in Direction),
    *(f"a=crypto:{tag} {suite} inline:k{tag}" for tag, suite in enumerate(SUITES, 1)),
    *(f"a=setup:{value}" for value in ("actpass", "active", "passive", "holdconn")),
    *("a=rtcp-mux", "a=mid:x", "a=rtcp-fb:* nack pli", "a=fmtp:97 packetization-mode=1", DTLS),
    *(*ICE, "a=candidate:1 1 udp 1 10.0.0.7 4000 typ host", "a=rtcp:4999"),
    *("c=IN IP4 0.0.0.0", "c=IN IP6 2001:db8::7", "c=IN IP4 phone.example.org"),
]
sections = st.builds(
    lambda kind, port, protocol, numbers, lines: [
        f"m={kind} {port} {protocol} {' '.join(map(str, numbers))}",
        *(f"a=rtpmap:{number} {RTPMAPS[number]}" for number in numbers if number in RTPMAPS),
        *lines,
    ],
    st.sampled_from(["audio", "audio", "video", "image"]),
    st.sampled_from([4000, 4000, 9, 0]),
    st.sampled_from(PROTOCOLS),
    st.lists(st.sampled_from([0, 3, 8, *RTPMAPS]), max_size=6),
    st.lists(st.sampled_from(LINES), max_size=8),
)
offers = st.lists(sections, max_size=5).map(lambda parts: description(*itertools.chain(*parts)))


def check_answer(offer: SessionDescription, said: SessionDescription) -> None:
    """RFC 3264 §6, RFC 4568 §5.1.2, RFC 5763 §5, RFC 8839 §4.2, RFC 5761 §5.1.1."""
    assert len(said.media) == len(offer.media)
    for theirs, ours in zip(offer.media, said.media, strict=True):
        assert (ours.kind, ours.protocol) == (theirs.kind, theirs.protocol)
        assert ours.formats
        assert set(ours.formats) <= set(theirs.formats) | {"0"}
        assert ours.value("mid") == theirs.value("mid")
        if theirs.port == 0:
            assert ours.port == 0
        if ours.port == 0:
            continue
        check_direction(direction(offer, theirs), direction(said, ours))
        for name in ("rtcp-mux", "fingerprint", "ice-ufrag", "crypto"):
            assert theirs.has(name) or not ours.has(name)
        if "SAVP" in theirs.protocol:
            assert ours.has("crypto") != ours.has("fingerprint")
        if (crypto := ours.value("crypto")) is not None:
            names = [value.rpartition(" ")[0] for value in theirs.values("crypto")]
            assert crypto.rpartition(" ")[0] in names
        if (setup := ours.value("setup")) is not None:
            assert (theirs.value("setup") or "active", setup) in {
                ("actpass", "passive"),
                ("actpass", "active"),
                ("active", "passive"),
                ("passive", "active"),
            }
        assert {one.name for one in formats(ours)} - {"cn", "telephone-event"}
    for kind in Kind:
        assert len([one for one in said.media if one.port and one.kind == kind.value]) <= 1


def check_direction(theirs: Direction, ours: Direction) -> None:
    assert theirs.receives or not ours.sends
    assert theirs.sends or not ours.receives


@given(offers, offers, st.booleans())
def test_any_offer_has_an_answer_that_is_allowed(first: str, second: str, held: bool) -> None:
    agreed = NOTHING
    for text in (first, second, second):
        try:
            agreed, said = answered(text, agreed, Wishes(held=held))
        except Refused:
            continue
        check_answer(parse(text), said)
        for section in agreed.description.sections:
            assert section.codecs
            assert not held or section.direction is Direction.INACTIVE


@given(st.text("vmaoc=0 1\r\nRTP/AVPudio:;x"))
def test_any_text_is_survived(text: str) -> None:
    with contextlib.suppress(ValueError, Refused):
        answered("v=0\r\n" + text)
