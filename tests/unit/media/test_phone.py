"""Telephones over the real engine: two of them call each other by RTP on loopback, and what is said
in the room of one is heard in the room of the other.
"""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest

from antiphon.core.description import Direction, Kind
from antiphon.core.reason import Reason, Refused
from antiphon.media.config import MediaConfig
from antiphon.media.engine import Engine
from antiphon.media.ground import MediaAddresses
from antiphon.media.phone import EnginePhones
from antiphon.media.sdp import parse
from tests.support.media import Real
from tests.support.phones import Line, Phone, Rewrite, call, only
from tests.unit.media.ground import description
from tests.unit.media.test_audio import enter, heard, pitch, tone

OPUS, G722, PCMU, PCMA, L16 = 96, 9, 0, 8, 97
EVENTS = 98


@pytest.fixture
async def pair(real: Real) -> AsyncIterator[tuple[Phone, Phone]]:
    ann, bob = Phone(real), Phone(real)
    yield ann, bob
    ann.session.close()
    bob.session.close()


async def heard_both_ways(real: Real, ann: Phone, bob: Phone, tolerance: float = 10) -> None:
    """A bot in each one's room: each hears the other one's tone."""
    await ann.join("ann", "r1")
    await bob.join("bob", "r2")
    async with await enter(real, "xi", "r1") as xi, await enter(real, "yo", "r2") as yo:
        xi.play(tone(440, 6))
        yo.play(tone(880, 6))
        at_xi, at_yo = await asyncio.gather(heard(xi), heard(yo))
    assert [pitch(sound) for sound in at_yo.values()] == [pytest.approx(440, abs=tolerance)]
    assert [pitch(sound) for sound in at_xi.values()] == [pytest.approx(880, abs=tolerance)]


@pytest.mark.parametrize("number", [OPUS, G722, PCMU, PCMA, L16])
async def test_two_telephones_hear_each_other(
    real: Real, pair: tuple[Phone, Phone], number: int
) -> None:
    ann, bob = pair
    _, answer = await call(ann, bob, rewrite=only(number))
    assert parse(answer).media[0].formats[0] == str(number)
    await heard_both_ways(real, ann, bob)
    assert ann.line.profiles[0] == ""


@pytest.mark.parametrize(
    ("suite", "profile"),
    [
        ("AEAD_AES_128_GCM", "AEAD_AES_128_GCM"),
        ("AES_CM_128_HMAC_SHA1_80", "SRTP_AES128_CM_HMAC_SHA1_80"),
        ("AES_CM_128_HMAC_SHA1_32", "SRTP_AES128_CM_HMAC_SHA1_32"),
    ],
)
async def test_with_keys_in_the_descriptions(real: Real, suite: str, profile: str) -> None:
    ann, bob = Phone(real, secure=True), Phone(real)

    def chosen(text: str) -> str:
        lines = text.splitlines(keepends=True)
        return "".join(one for one in lines if "a=crypto" not in one or f" {suite} " in one)

    await call(ann, bob, rewrite=chosen)
    await heard_both_ways(real, ann, bob)
    assert {*ann.line.profiles, *bob.line.profiles} == {profile}


def without_ice(text: str) -> str:
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if "ice-" not in line and "candidate" not in line)


async def test_with_keys_by_dtls(real: Real) -> None:
    ann, bob = Phone(real, browser=True), Phone(real)
    await call(ann, bob, rewrite=without_ice)
    await heard_both_ways(real, ann, bob)
    assert "AES" in ann.line.profiles[0]


async def test_an_early_answer_and_another_one(real: Real, pair: tuple[Phone, Phone]) -> None:
    ann, bob = pair
    other = Phone(real)
    offer = await ann.session.offer()
    early = (await other.session.accept_offer(offer)).text
    await ann.session.accept_answer(0, early)
    final = (await bob.session.accept_offer(offer)).text
    await ann.session.accept_answer(0, final)
    await heard_both_ways(real, ann, bob)
    other.session.close()


async def test_keys_are_heard(pair: tuple[Phone, Phone]) -> None:
    ann, bob = pair
    await call(ann, bob)
    ann.session.press("19*#")
    await bob.line.pressed_all("19*#")
    assert all(0.05 < duration < 0.3 for _, duration in bob.line.keys)
    with pytest.raises(Refused) as error:
        ann.session.press("x")
    assert error.value.reason is Reason.BAD_REQUEST


async def test_keys_go_from_telephone_to_telephone_through_a_room_of_two(
    real: Real, pair: tuple[Phone, Phone]
) -> None:
    ann, bob = pair
    at_ann, at_bob = Phone(real), Phone(real)
    await call(at_ann, ann)
    await call(at_bob, bob)
    await ann.join("ann", "r")
    await bob.join("bob", "r")
    at_ann.session.press("42")
    await at_bob.line.pressed_all("42")
    assert "".join(key for key, _ in ann.line.keys) == "42"
    at_ann.session.close()
    at_bob.session.close()


@pytest.mark.parametrize("codec", [only(PCMU), only(OPUS), only(G722)])
async def test_prompts_are_heard_before_there_is_a_room(
    real: Real, pair: tuple[Phone, Phone], codec: Rewrite
) -> None:
    ann, bob = pair
    await call(ann, bob, rewrite=codec)
    await bob.join("bob", "r")
    async with await enter(real, "xi", "r") as xi:
        ann.session.play("enter_room_number")
        (sound,) = (await heard(xi, 1.0)).values()
        assert np.abs(sound).max() > 3000
        async with asyncio.timeout(20):
            await ann.line.played_out.wait()


async def test_prompts_can_be_stopped(pair: tuple[Phone, Phone]) -> None:
    ann, bob = pair
    await call(ann, bob)
    full = [_refused(ann, "enter_room_number") for _ in range(60)]
    assert full[0] is None
    assert full[-1] is Reason.TOO_MANY
    # Two minutes of prompts wait: what comes after them is heard soon because they are stopped.
    ann.session.stop()
    ann.session.play("joined")
    async with asyncio.timeout(20):
        await ann.line.played_out.wait()
    with pytest.raises(Refused) as error:
        ann.session.play("nonsense")
    assert error.value.reason is Reason.NOT_FOUND


def _refused(phone: Phone, prompt: str) -> Reason | None:
    try:
        phone.session.play(prompt)
    except Refused as error:
        return error.reason
    return None


async def test_on_hold_nothing_is_heard_and_afterwards_all_is(
    real: Real, pair: tuple[Phone, Phone]
) -> None:
    ann, bob = pair
    await call(ann, bob)
    ann.session.hold(True)
    await call(ann, bob)
    assert (ann.session.on_hold, bob.session.on_hold) == (False, True)
    assert bob.session.description.sections[0].direction is Direction.INACTIVE
    bob.line.up.clear()
    ann.session.press("1")
    await asyncio.sleep(0.5)
    assert not bob.line.keys
    ann.session.hold(False)
    await call(bob, ann)
    assert (ann.session.on_hold, bob.session.on_hold) == (False, False)
    await heard_both_ways(real, ann, bob)


async def test_the_codec_changes_and_pictures_come_and_go(
    real: Real, pair: tuple[Phone, Phone]
) -> None:
    ann, bob = pair
    await call(ann, bob, rewrite=only(PCMU))
    _, answer = await call(ann, bob, rewrite=only(G722), kinds=(Kind.AUDIO, Kind.VIDEO))
    assert [one.port > 0 for one in parse(answer).media] == [True, True]
    assert {one.id for one in ann.session.description.sections} == {"audio", "video"}

    def silent_movie_over(text: str) -> str:
        head, _, video = text.partition("m=video ")
        port, _, rest = video.partition(" ")
        assert port.isdigit()
        return f"{head}m=video 0 {rest}"

    await call(bob, ann, rewrite=silent_movie_over)
    assert {one.id for one in ann.session.description.sections} == {"audio"}
    await heard_both_ways(real, ann, bob)


async def test_from_room_to_room(real: Real, pair: tuple[Phone, Phone]) -> None:
    ann, bob = pair
    await call(ann, bob)
    await ann.join("ann", "first")
    assert ann.membership is not None
    await real.switchboard.leave("first", ann.membership.member.id, Reason.LEFT)
    assert not real.switchboard.rooms
    ann.session.play("goodbye")
    async with asyncio.timeout(20):
        await ann.line.played_out.wait()
    await heard_both_ways(real, ann, bob)
    assert not ann.line.ended


async def test_figures_become_a_quality(real: Real, pair: tuple[Phone, Phone]) -> None:
    ann, bob = pair
    real.engine.native.set_statistics_interval(100)
    await call(ann, bob)
    await heard_both_ways(real, ann, bob)
    assert max(quality.level for quality in ann.line.qualities) == 4
    assert all(0 <= quality.loss_in <= 1 for quality in ann.line.qualities)


async def test_from_one_family_of_addresses_to_the_other(pair: tuple[Phone, Phone]) -> None:
    ann, _ = pair
    for address in ("127.0.0.1", "::1", "127.0.0.1"):
        family = "IP6" if ":" in address else "IP4"
        offer = description("m=audio 4000 RTP/AVP 0", f"c=IN {family} {address}")
        answer = parse((await ann.session.accept_offer(offer)).text)
        assert answer.address_of(answer.media[0]) == address


# what is refused


async def test_one_offer_at_a_time(pair: tuple[Phone, Phone]) -> None:
    ann, bob = pair
    offer = await ann.session.offer()
    for attempt in (ann.session.offer(), ann.session.accept_offer(offer)):
        with pytest.raises(Refused) as error:
            await attempt
        assert error.value.reason is Reason.CONFLICT
    ann.session.withdraw()
    ann.session.withdraw()
    await ann.session.accept_answer(0, "stale, and not looked at")
    again = await ann.session.offer()
    assert parse(again).media == parse(offer).media
    answer = await bob.session.accept_offer(again)
    await ann.session.accept_answer(7, "of something else")
    await ann.session.accept_answer(0, answer.text)
    assert ann.session.description.sections


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("garbage", Reason.BAD_REQUEST),
        (description("m=audio 4000 RTP/AVP 18"), Reason.UNSUPPORTED),
        (
            description(
                "m=audio 4000 RTP/SAVP 0", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:short"
            ),
            Reason.UNSUPPORTED,
        ),
    ],
)
async def test_a_bad_offer_changes_nothing(
    pair: tuple[Phone, Phone], text: str, reason: Reason
) -> None:
    ann, bob = pair
    await call(ann, bob)
    before = ann.session.description
    with pytest.raises(Refused) as error:
        await ann.session.accept_offer(text)
    assert error.value.reason is reason
    assert ann.session.description == before
    await call(bob, ann)


async def test_a_bad_answer_leaves_what_was_agreed(pair: tuple[Phone, Phone]) -> None:
    ann, bob = pair
    await call(ann, bob)
    before = ann.session.description
    first = parse(await ann.session.offer())
    with pytest.raises(Refused):
        await ann.session.accept_answer(0, description("m=audio 4000 RTP/AVP 18"))
    assert ann.session.description == before
    second = parse(await ann.session.offer())
    assert second == first, "the same again has the same version"


async def test_a_closed_session_refuses_everything(pair: tuple[Phone, Phone]) -> None:
    ann, _ = pair
    ann.session.close()
    ann.session.close()
    ann.session.stop()
    ann.session.hold(True)
    with pytest.raises(Refused) as error:
        ann.session.play("welcome")
    assert error.value.reason is Reason.GONE
    with pytest.raises(Refused):
        ann.session.enter("r", "m")
    with pytest.raises(Refused):
        await ann.session.offer()


async def test_a_room_that_is_not_here_cannot_be_entered(pair: tuple[Phone, Phone]) -> None:
    ann, _ = pair
    with pytest.raises(Refused) as error:
        ann.session.enter("nowhere", "m")
    assert error.value.reason is Reason.NOT_FOUND


async def test_ports_are_given_back() -> None:
    engine = Engine(MediaConfig(workers=1, udp_port=0, phone_ports=(41_000, 41_003)))
    engine.start()
    phones = EnginePhones(engine, MediaAddresses())
    first, second, third = (phones.open(Line()) for _ in range(3))
    ports = [parse(await one.offer()).media[0].port for one in (first, second)]
    assert sorted(ports) == [41_000, 41_002]
    with pytest.raises(Refused) as error:
        await third.offer()
    assert error.value.reason is Reason.TOO_MANY
    for one in (first, second, third):
        one.close()
    engine.close()


async def test_a_full_node_has_no_place_for_a_telephone() -> None:
    engine = Engine(MediaConfig(workers=1, udp_port=0, max_peers=1))
    engine.start()
    phones = EnginePhones(engine, MediaAddresses())
    first = phones.open(Line())
    with pytest.raises(Refused) as error:
        phones.open(Line())
    assert error.value.reason is Reason.TOO_MANY
    first.close()
    phones.open(Line()).close()
    engine.close()
