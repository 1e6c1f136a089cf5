"""Habits of telephones and of what stands between: each offer is answered as its sender expects."""

import pytest

from antiphon.media.attributes import formats
from tests.unit.media.ground import FINGERPRINT, answered, description

KEY = "inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
HABITS = {
    "opus with keys at 8000 only, reports on a port of its own": (
        (
            "m=audio 40000 RTP/AVP 96 0 8 97",
            "a=rtpmap:96 opus/48000/2",
            "a=fmtp:96 stereo=0;sprop-stereo=0",
            "a=rtpmap:97 telephone-event/8000",
            "a=fmtp:97 0-15",
            "a=rtcp:40001",
            "a=label:1",
            "a=rtcp-rsize",
            "a=ptime:20",
        ),
        ["opus/48000", "telephone-event/8000"],
    ),
    "keys with a life time where plain RTP would do": (
        (
            "m=audio 16384 RTP/AVP 9 0 8 18 101",
            f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 {KEY}|2^31|1:1",
            "a=rtpmap:9 G722/8000",
            "a=rtpmap:18 G729/8000",
            "a=fmtp:18 annexb=no",
            "a=rtpmap:101 telephone-event/8000",
            "a=maxptime:150",
        ),
        ["g722/8000", "telephone-event/8000"],
    ),
    "the same stream twice, secured and not": (
        (
            "m=audio 5000 RTP/SAVP 8",
            f"a=crypto:1 AES_CM_128_HMAC_SHA1_32 {KEY}",
            "m=audio 5000 RTP/AVP 8",
        ),
        ["pcma/8000"],
    ),
    "a codec table in upper case, without channels": (
        (
            "m=audio 7078 RTP/AVP 98 101",
            "a=rtpmap:98 OPUS/48000",
            "a=rtpmap:101 TELEPHONE-EVENT/8000",
        ),
        ["opus/48000", "telephone-event/8000"],
    ),
    "static numbers and nothing else": (("m=audio 8000 RTP/AVP 0 8 101",), ["pcmu/8000"]),
    "wide-band by L16 alone": (
        ("m=audio 8000 RTP/AVP 110", "a=rtpmap:110 L16/16000"),
        ["l16/16000"],
    ),
    "feedback on sound, DTLS at the session's level": (
        (
            "m=audio 30000 UDP/TLS/RTP/SAVPF 0 126",
            "a=rtpmap:126 telephone-event/8000",
            "a=rtcp-fb:* nack",
            f"a=fingerprint:{FINGERPRINT}",
            "a=setup:actpass",
            "a=rtcp-mux",
            "a=ssrc:1 cname:x",
        ),
        ["pcmu/8000", "telephone-event/8000"],
    ),
}


@pytest.mark.parametrize("habit", HABITS)
def test_habits_are_understood(habit: str) -> None:
    lines, expected = HABITS[habit]
    _, said = answered(description(*lines))
    used = [one for one in said.media if one.port]
    assert len(used) == 1
    assert [f"{one.name}/{one.rate}" for one in formats(used[0])] == expected
