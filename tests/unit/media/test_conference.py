"""A conference of telephones and a bot over the real engine: each hears all others as one sound,
and never itself.
"""

import asyncio

import numpy as np
import pytest
from numpy.typing import NDArray

from antiphon.app.bot import Bot
from tests.support.media import Real
from tests.support.phones import Phone, call, only
from tests.unit.media.test_audio import RATE, enter, tone

OPUS, G722, PCMU = 96, 9, 0
TONES = {"xi": 440.0, "yo": 700.0, "zed": 1000.0}


class Remote:
    """Somebody at home with a telephone that calls the conference."""

    def __init__(self, real: Real, name: str) -> None:
        self.real = real
        self.name = name
        self.home = Phone(real)
        self.there = Phone(real)

    async def dial(self, number: int) -> Bot:
        """Call with this codec; the person at home."""
        await call(self.home, self.there, rewrite=only(number))
        await self.home.join("handset", self.name)
        await self.there.join(self.name, "conference")
        return await enter(self.real, self.name, self.name)

    def hang_up(self) -> None:
        self.home.session.close()
        self.there.session.close()


def strengths(samples: NDArray[np.int16]) -> dict[str, float]:
    """How loud each one's tone is, relative to the loudest."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    at = {name: round(tone * len(samples) / RATE) for name, tone in TONES.items()}
    found = {name: float(spectrum[place - 6 : place + 7].max()) for name, place in at.items()}
    return {name: value / max(found.values()) for name, value in found.items()}


async def hears(bot: Bot) -> dict[str, float]:
    """Over all that sounds in a while."""
    sums: dict[str, list[NDArray[np.int16]]] = {}
    async with asyncio.timeout(20):
        async for frame in bot.audio():
            sums.setdefault(frame.track, []).append(frame.samples[:, 0])
            if min(sum(map(len, parts)) for parts in sums.values()) >= 2 * RATE:
                break
    tracks = [np.concatenate(parts)[-RATE:] for parts in sums.values()]
    loud: dict[str, float] = dict.fromkeys(TONES, 0.0)
    for samples in tracks:
        for name, strength in strengths(samples).items():
            loud[name] = max(loud[name], strength if np.abs(samples).max() > 500 else 0.0)
    return loud


@pytest.mark.parametrize("codecs", [(PCMU, OPUS), (G722, PCMU), (OPUS, OPUS)])
async def test_each_hears_all_others_and_nobody_themselves(
    real: Real, codecs: tuple[int, int]
) -> None:
    remotes = [Remote(real, "xi"), Remote(real, "yo")]
    bots = {one.name: await one.dial(codec) for one, codec in zip(remotes, codecs, strict=True)}
    bots["zed"] = await enter(real, "zed", "conference")
    for name, bot in bots.items():
        bot.play(tone(TONES[name], 50))
    wrong = ["nothing was heard"]
    for _ in range(8):  # the first moments are not what it settles to
        heard = dict(zip(bots, await asyncio.gather(*map(hears, bots.values())), strict=True))
        wrong = [
            f"{name} hears {other}: {strength:.2f}"
            for name, loud in heard.items()
            for other, strength in loud.items()
            if not (strength < 0.05 if other == name else strength > 0.3)
        ]
        if not wrong:
            break
    assert not wrong
    for one in remotes:
        one.hang_up()
    for bot in bots.values():
        await bot.leave()
