import pytest

from antiphon.core.description import Codec, Description, Direction, Kind, Section
from antiphon.core.negotiate import answer, common_codecs, decodable
from tests.support.fakes import BROWSER, PHONE, PLAYER

OPUS, PCMU, VP8, H264 = Codec("opus"), Codec("pcmu", 8000), Codec("vp8"), Codec("h264")
SENDRECV, SENDONLY, RECVONLY, INACTIVE = Direction


def test_common_codecs_keep_our_order() -> None:
    assert common_codecs((VP8, H264), (H264, VP8)) == (VP8, H264)
    assert common_codecs((OPUS,), (PCMU,)) == ()


def test_a_rate_of_zero_is_the_usual_one() -> None:
    assert common_codecs((Codec("PCMU"),), (PCMU,)) == (Codec("PCMU"),)
    assert common_codecs((Codec("l16", 44100),), (Codec("l16", 8000),)) == ()


@pytest.mark.parametrize(
    ("theirs", "ours", "result"),
    [
        (SENDRECV, SENDRECV, SENDRECV),
        (SENDONLY, SENDRECV, RECVONLY),
        (RECVONLY, SENDRECV, SENDONLY),
        (RECVONLY, RECVONLY, INACTIVE),
        (INACTIVE, SENDRECV, INACTIVE),
    ],
)
def test_directions_are_mirrored(theirs: Direction, ours: Direction, result: Direction) -> None:
    offer = Description((Section("0", Kind.AUDIO, theirs, (OPUS,)),))
    (section,) = answer(offer, [Section("", Kind.AUDIO, ours, (OPUS,))]).sections
    assert section.direction is result


def test_sections_keep_their_places() -> None:
    offer = Description(
        (
            Section("v", Kind.VIDEO, SENDRECV, (VP8,)),
            Section("a", Kind.AUDIO, SENDRECV, (PCMU, OPUS)),
        )
    )
    ours = [Section("", Kind.AUDIO, SENDRECV, (OPUS, PCMU))]
    assert answer(offer, ours).sections == (
        Section("v", Kind.VIDEO, INACTIVE),
        Section("a", Kind.AUDIO, SENDRECV, (OPUS, PCMU)),
    )


def test_who_can_decode_what() -> None:
    assert decodable((VP8,), BROWSER)
    assert decodable((H264,), PLAYER)
    assert not decodable((VP8,), PLAYER)
    assert decodable((PCMU,), PHONE)
    assert not decodable((VP8,), PHONE)
