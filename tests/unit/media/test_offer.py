"""Our offers and their answers; and two sides that renegotiate for as long as they like."""

import contextlib
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.core.description import Direction, Kind
from antiphon.core.reason import Reason, Refused
from antiphon.media.agreement import Agreement, Wishes
from antiphon.media.answer import answer
from antiphon.media.attributes import direction, formats
from antiphon.media.codecs import EVENTS
from antiphon.media.offer import Offer, accept, make_offer
from antiphon.media.sdp import SessionDescription, parse, spell
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
from tests.unit.media.test_answer import check_answer

AUDIO = (Kind.AUDIO,)
BOTH = (Kind.AUDIO, Kind.VIDEO)
DTLS = (f"a=fingerprint:{FINGERPRINT}", "a=ice-ufrag:abcd", "a=ice-pwd:" + "p" * 22)


def offered(
    kinds: tuple[Kind, ...] = AUDIO, wishes: Wishes = USUAL, before: Agreement = NOTHING
) -> tuple[Offer, SessionDescription]:
    offer = make_offer(before, kinds, wishes, PaperGround(), "55")
    return offer, parse(spell(offer.description))


def accepted(offer: Offer, *lines: str) -> Agreement:
    return accept(offer, parse(description(*lines)), PaperGround())


def test_all_codecs_are_offered_with_keys_for_each_clock() -> None:
    _, said = offered()
    (audio,) = said.media
    assert audio.protocol == "RTP/AVP"
    assert not audio.has("crypto")
    names = [(one.name, one.rate) for one in formats(audio)]
    assert names == [
        ("opus", 48000),
        ("g722", 8000),
        ("pcmu", 8000),
        ("pcma", 8000),
        ("l16", 16000),
        (EVENTS, 8000),
        (EVENTS, 16000),
        (EVENTS, 48000),
    ]
    assert audio.formats[1:4] == ("9", "0", "8")


def test_a_secure_offer_has_a_fresh_key_for_each_suite() -> None:
    _, said = offered(wishes=Wishes(secure=True))
    (audio,) = said.media
    keys = list(audio.values("crypto"))
    assert audio.protocol == "RTP/SAVP"
    assert sorted(key.split()[1] for key in keys) == sorted(SUITES)
    assert len({key.split()[2] for key in keys}) == len(keys)


def test_a_browser_is_offered_what_browsers_need() -> None:
    offer, said = offered(BOTH, Wishes(browser=True))
    assert said.has("ice-lite")
    for media in said.media:
        assert media.protocol == "UDP/TLS/RTP/SAVPF"
        for name in ("rtcp-mux", "fingerprint", "ice-ufrag", "ice-pwd", "candidate", "mid", "msid"):
            assert media.has(name), name
        assert media.value("setup") == "actpass"
    agreed = accepted(
        offer,
        "m=audio 9 UDP/TLS/RTP/SAVPF 96",
        "a=rtpmap:96 opus/48000/2",
        *("a=setup:active", "a=rtcp-mux", "a=mid:audio", *DTLS),
        "m=video 0 UDP/TLS/RTP/SAVPF 96",
        "a=mid:video",
    )
    (stream,) = agreed.streams.values()
    assert stream.protection.role == "server"
    assert stream.protection.ice is not None
    assert stream.protection.ice[2:] == ("abcd", "p" * 22)


def test_what_is_sent_has_their_numbers_and_what_is_taken_ours() -> None:
    offer, said = offered()
    ours = said.media[0].formats[0]
    agreed = accepted(
        offer,
        "m=audio 4000 RTP/AVP 18 8 120 121 0",
        "a=rtpmap:120 opus/48000/2",
        "a=rtpmap:121 telephone-event/8000",
    )
    stream = agreed.streams["audio"]
    assert [one.number for one in stream.sends] == [8, 120, 0, 121]
    assert ours == "96"
    assert {one.number for one in stream.ours.formats} >= {96, 9, 0, 8}
    assert agreed.description.sections[0].codecs[0].name == "pcma"


def test_another_answer_to_the_same_offer_counts_from_the_offer() -> None:
    offer, _ = offered(BOTH)
    early = accepted(offer, "m=audio 4000 RTP/AVP 0", "m=video 0 RTP/AVP 0")
    final = accepted(
        offer, "m=audio 5000 RTP/AVP 8", "m=video 5002 RTP/AVP 96", "a=rtpmap:96 VP8/90000"
    )
    assert set(early.streams) == {"audio"}
    assert set(final.streams) == {"audio", "video"}
    assert final.streams["audio"].theirs.remote == ("198.51.100.7", 5000)


@pytest.mark.parametrize(
    ("wishes", "lines"),
    [
        (USUAL, ("m=audio 0 RTP/AVP 0",)),
        (USUAL, ()),
        (USUAL, ("m=audio 4000 RTP/AVP 18",)),
        (USUAL, ("m=audio 4000 RTP/SAVP 0", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x")),
        (Wishes(secure=True), ("m=audio 4000 RTP/AVP 0",)),
        (
            Wishes(secure=True),
            ("m=audio 4000 RTP/SAVP 0", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x"),
        ),
        (Wishes(browser=True), ("m=audio 4000 UDP/TLS/RTP/SAVPF 0",)),
        (Wishes(browser=True), ("m=audio 4 UDP/TLS/RTP/SAVPF 0", *DTLS, "a=setup:holdconn")),
    ],
)
def test_an_answer_that_leaves_nothing_or_takes_protection_away_is_refused(
    wishes: Wishes, lines: tuple[str, ...]
) -> None:
    offer, _ = offered(wishes=wishes)
    with pytest.raises(Refused) as error:
        accepted(offer, *lines)
    assert error.value.reason is Reason.UNSUPPORTED
    assert error.value.text


def test_an_answer_to_something_else_is_refused() -> None:
    offer, _ = offered()
    with pytest.raises(Refused) as error:
        accepted(offer, "m=video 4000 RTP/AVP 96")
    assert error.value.reason is Reason.BAD_REQUEST


def test_the_answered_key_is_paired_with_ours() -> None:
    offer, said = offered(wishes=Wishes(secure=True))
    (ours,) = [one for one in said.media[0].values("crypto") if "SHA1_80" in one]
    tag = ours.split()[0]
    theirs = f"{tag} AES_CM_128_HMAC_SHA1_80 inline:theirs"
    agreed = accepted(offer, "m=audio 4000 RTP/SAVP 0", f"a=crypto:{tag}", f"a=crypto:{theirs}")
    assert agreed.streams["audio"].protection.sdes == (ours, theirs)
    _, again = offered(before=agreed)
    assert list(again.media[0].values("crypto")) == [ours], "a key lives as long as its suite"


@pytest.mark.parametrize(
    ("line", "role"),
    [("a=setup:active", "server"), ("a=setup:passive", "client"), ("a=note:", "client")],
)
def test_who_begins_dtls_is_theirs_to_say(line: str, role: str) -> None:
    offer, _ = offered(wishes=Wishes(browser=True))
    agreed = accepted(offer, "m=audio 4 UDP/TLS/RTP/SAVPF 0", line, *DTLS)
    assert agreed.streams["audio"].protection.role == role


def test_holding_is_offered_and_resumed() -> None:
    agreed, _ = answered(description("m=audio 4000 RTP/AVP 0"))
    offer, said = offered(wishes=Wishes(held=True), before=agreed)
    assert direction(said, said.media[0]) is Direction.INACTIVE
    agreed = accepted(offer, "m=audio 4000 RTP/AVP 0", "a=inactive")
    assert agreed.description.sections[0].direction is Direction.INACTIVE
    assert not agreed.on_hold, "it is us who hold"
    offer, said = offered(before=agreed)
    assert direction(said, said.media[0]) is Direction.SENDRECV
    agreed = accepted(offer, "m=audio 4000 RTP/AVP 0", "a=sendonly")
    assert agreed.on_hold
    assert agreed.description.sections[0].direction is Direction.SENDONLY


def test_sections_keep_their_places_and_refused_ones_are_used_again() -> None:
    agreed, _ = answered(
        description("m=image 5 udptl t38", "m=video 0 RTP/AVP 96", "m=audio 4000 RTP/AVP 0")
    )
    _, said = offered(before=agreed)
    assert [(one.kind, one.port > 0) for one in said.media] == [
        ("image", False),
        ("video", False),
        ("audio", True),
    ]
    offer, said = offered(BOTH, before=agreed)
    assert [(one.kind, one.port > 0) for one in said.media] == [
        ("image", False),
        ("video", True),
        ("audio", True),
    ]
    assert offer.sections.keys() == {1, 2}


def test_numbers_keep_their_meaning() -> None:
    agreed, _ = answered(
        description(
            "m=audio 4000 RTP/AVP 97 9 98",
            "a=rtpmap:97 opus/48000/2",
            "a=rtpmap:98 telephone-event/8000",
        )
    )
    _, said = offered(before=agreed)
    numbers = {(one.name, one.rate): one.number for one in formats(said.media[0])}
    assert numbers["opus", 48000] == 97
    assert numbers[EVENTS, 8000] == 98
    assert len(set(numbers.values())) == len(numbers)


def test_a_static_number_with_another_meaning_is_not_used_twice() -> None:
    agreed, _ = answered(description("m=audio 4000 RTP/AVP 9", "a=rtpmap:9 opus/48000/2"))
    _, said = offered(before=agreed)
    assert len(set(said.media[0].formats)) == len(said.media[0].formats)
    assert {one.name for one in formats(said.media[0])} >= {"opus", "g722"}


def test_a_session_has_room_for_so_many_sections() -> None:
    agreed, _ = answered(description(*["m=audio 4000 RTP/AVP 0"] * 16))
    with pytest.raises(Refused) as error:
        offered(BOTH, before=agreed)
    assert error.value.reason is Reason.TOO_MANY


def test_no_port_is_no_offer() -> None:
    with pytest.raises(Refused) as error:
        make_offer(NOTHING, AUDIO, USUAL, FullGround(), "1")
    assert error.value.reason is Reason.TOO_MANY


# two sides


@dataclass
class Side:
    """One end of a session, with what it said last."""

    ground: PaperGround
    wishes: Wishes = USUAL
    agreed: Agreement = NOTHING
    versions: list[tuple[str, SessionDescription]] = field(default_factory=list)

    def remember(self) -> None:
        said = self.agreed.said
        assert said is not None
        body = replace(said, origin=replace(said.origin, version="0"))
        self.versions.append((said.origin.version, body))


def exchange(one: Side, other: Side, kinds: tuple[Kind, ...]) -> None:
    """`one` offers, `other` answers, and what both believe is the same."""
    offer = make_offer(one.agreed, kinds, one.wishes, one.ground, "1")
    read = parse(spell(offer.description))
    other.agreed = answer(other.agreed, read, other.wishes, other.ground, "2")
    assert other.agreed.said is not None
    said = parse(spell(other.agreed.said))
    check_answer(read, said)
    one.agreed = accept(offer, said, one.ground)
    one.remember()
    other.remember()
    check_both(one.agreed, other.agreed)


def check_both(one: Agreement, other: Agreement) -> None:
    assert one.streams.keys() == other.streams.keys()
    assert len(one.lines) == len(other.lines)
    for id, mine in one.streams.items():
        yours = other.streams[id]
        assert mine.index == yours.index
        assert mine.direction.sends is yours.direction.receives
        assert mine.direction.receives is yours.direction.sends
        for sender, receiver in ((mine, yours), (yours, mine)):
            known = {one.number: (one.name, one.rate) for one in receiver.ours.formats}
            assert sender.sends
            for sent in sender.sends:
                assert known[sent.number] == (sent.name, sent.rate)
            assert sender.theirs.remote is None or sender.theirs.remote == (
                receiver.ours.place.address,
                receiver.ours.place.port,
            )
        assert {mine.protection.role, yours.protection.role} in ({None}, {"server", "client"})
        if mine.protection.sdes is not None:
            assert mine.protection.sdes == (yours.protection.sdes or ())[::-1]
        if mine.protection.ice is not None and yours.protection.ice is not None:
            assert mine.protection.ice == yours.protection.ice[2:] + yours.protection.ice[:2]


moves = st.lists(
    st.tuples(st.booleans(), st.sampled_from([AUDIO, BOTH]), st.booleans(), st.booleans()),
    min_size=1,
    max_size=6,
)


@given(moves, st.sampled_from([USUAL, Wishes(secure=True), Wishes(browser=True)]))
def test_two_sides_agree_however_they_renegotiate(
    steps: list[tuple[bool, tuple[Kind, ...], bool, bool]], wishes: Wishes
) -> None:
    ann = Side(PaperGround("192.0.2.1"), wishes)
    bob = Side(PaperGround("2001:db8::2"), wishes)
    for turned, kinds, ann_holds, bob_holds in steps:
        ann.wishes = replace(ann.wishes, held=ann_holds)
        bob.wishes = replace(bob.wishes, held=bob_holds)
        exchange(*((bob, ann) if turned else (ann, bob)), kinds)
        expected = Direction.of(not (ann_holds or bob_holds), not (ann_holds or bob_holds))
        assert ann.agreed.streams["audio"].direction is expected
    for side in (ann, bob):
        for (before, old), (after, new) in zip(side.versions, side.versions[1:], strict=False):
            assert int(after) - int(before) == int(old != new)


@given(st.text("vmaoc=0 1\r\nRTP/AVPudio:;x"))
def test_any_answer_is_survived(text: str) -> None:
    offer, _ = offered(BOTH)
    with contextlib.suppress(ValueError, Refused):
        accept(offer, parse("v=0\r\n" + text), PaperGround())
