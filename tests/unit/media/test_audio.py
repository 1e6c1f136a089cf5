"""Bots over the real engine: what one plays is what the other hears, told apart by its tone."""

import asyncio

import numpy as np
import pytest
from numpy.typing import NDArray

from antiphon.app.bot import Bot
from antiphon.core.event import MemberJoined, Said
from antiphon.core.reason import Reason, Refused
from tests.support.fakes import guest
from tests.support.media import Real

RATE = 48000


def tone(frequency: float, seconds: float) -> NDArray[np.int16]:
    time = np.arange(int(RATE * seconds)) / RATE
    return (np.sin(2 * np.pi * frequency * time) * 12000).astype(np.int16)


def pitch(samples: NDArray[np.int16]) -> float:
    """The strongest frequency, in Hz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * RATE / len(samples))


async def enter(real: Real, name: str, room: str = "r") -> Bot:
    bot = Bot(real.switchboard, real.engine, guest(name))
    await bot.enter(room)
    return bot


async def heard(bot: Bot, seconds: float = 0.4) -> dict[str, NDArray[np.int16]]:
    """By track: the first stretch of sound of each, silence left out."""
    tracks: dict[str, list[NDArray[np.int16]]] = {}
    async with asyncio.timeout(20):
        async for frame in bot.audio():
            if np.abs(frame.samples).max() > 1000:
                tracks.setdefault(frame.track, []).append(frame.samples[:, 0])
            lengths = [sum(map(len, parts)) for parts in tracks.values()]
            if lengths and min(lengths) >= RATE * seconds:
                break
    return {track: np.concatenate(parts) for track, parts in tracks.items()}


async def test_what_one_plays_the_other_hears(real: Real) -> None:
    async with await enter(real, "ann") as ann, await enter(real, "bob") as bob:
        assert ann.play(tone(440, 2)) > 1.5
        bob.play(tone(880, 2))
        at_bob, at_ann = await asyncio.gather(heard(bob), heard(ann))
    (from_ann,), (from_bob,) = at_bob.values(), at_ann.values()
    assert pitch(from_ann) == pytest.approx(440, abs=10)
    assert pitch(from_bob) == pytest.approx(880, abs=10)


async def test_three_hear_each_of_the_others_and_nobody_themselves(real: Real) -> None:
    tones = {"ann": 400.0, "bob": 700.0, "cy": 1000.0}
    bots = {name: await enter(real, name) for name in tones}
    owner = {
        track: member.member.caller.name.lower()
        for bot in bots.values()
        for member in [bot.membership]
        for track in member.member.tracks
    }
    for name, bot in bots.items():
        bot.play(tone(tones[name], 4))
    for name, bot in bots.items():
        while len(sounds := await heard(bot)) < 2:
            pass
        assert {owner[track] for track in sounds} == tones.keys() - {name}
        for track, samples in sounds.items():
            assert pitch(samples) == pytest.approx(tones[owner[track]], abs=10)
    for bot in bots.values():
        await bot.leave()
    assert not list(real.switchboard.rooms)


async def test_a_bot_hears_the_room_and_leaves_it_once(real: Real) -> None:
    ann = await enter(real, "ann")
    bob = await enter(real, "bob")
    await bob.say("hi")
    events = ann.events()
    seen = [await anext(events) for _ in range(6)]
    assert any(isinstance(event, MemberJoined) for event in seen)
    assert any(isinstance(event, Said) and event.message.text == "hi" for event in seen)
    await bob.leave()
    await bob.leave()
    await ann.leave()
    with pytest.raises(Refused) as refused:
        ann.play(tone(440, 0.1))
    assert refused.value.reason is Reason.GONE


async def test_no_more_than_a_minute_waits_to_be_spoken(real: Real) -> None:
    async with await enter(real, "ann") as ann:
        for _ in range(5):
            ann.play(tone(440, 10))
        with pytest.raises(Refused) as refused:
            ann.play(tone(440, 20))
        assert refused.value.reason is Reason.TOO_MANY
