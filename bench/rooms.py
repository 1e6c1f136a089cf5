"""Python's own cost of a large room: a join, a speaker change, a message; no network, no media.

CPU time of this process per operation. `deaf` outlets leave the core's own cost; `tab` outlets
number and queue the bytes that a browser would get, so that the figure holds the whole way.
"""

import asyncio
import json
import statistics
import time
from pathlib import Path

from antiphon.core.change import Attach, Publish
from antiphon.core.event import Event
from antiphon.core.member import Source
from antiphon.core.policy import Policy
from antiphon.protocols.web.outbox import Outbox
from antiphon.protocols.web.spelling import Speller
from tests.support.fakes import FakeEndpoint, House, guest, house

SIZES = (10, 100, 500)
ROUNDS = 40


class Tab:
    """What a browser's session does with an event: number it and queue its bytes."""

    def __init__(self, speller: Speller) -> None:
        self._speller = speller
        self._outbox = Outbox(1 << 30)

    def deliver(self, event: Event) -> None:
        """Take one event."""
        if (spelled := self._speller.event(event)) is not None:
            self._outbox.push(*spelled)


class Deaf:
    """Takes events for nothing: what is left is the core's own cost."""

    def deliver(self, event: Event) -> None:
        """Take one event."""


async def fill(here: House, size: int, outlet: type[Tab] | type[Deaf]) -> list[str]:
    """A room of `size` members who all send audio and video; their audio tracks."""
    speller = Speller()
    tracks = []
    for number in range(size):
        tab = Tab(speller) if outlet is Tab else Deaf()
        joined = await here.switchboard.join(guest(f"g{number}"), "r", tab)
        await here.switchboard.update("r", joined.member.id, Attach(FakeEndpoint()))
        for section, source in (("0", Source.MICROPHONE), ("1", Source.CAMERA)):
            track = await here.switchboard.update("r", joined.member.id, Publish(section, source))
            assert track is not None
            if source is Source.MICROPHONE:
                tracks.append(track.id)
    return tracks


async def measure(size: int, outlet: type[Tab] | type[Deaf]) -> dict[str, float]:
    """Median CPU µs of each operation."""
    here = house(Policy(guests=True, max_members=10_000))
    tracks = await fill(here, size, outlet)
    media = here.media.rooms["r"]
    media.apply = lambda _: None  # type: ignore[method-assign]
    figures: dict[str, list[float]] = {"join": [], "attach": [], "speaker": [], "say": []}
    for number in range(ROUNDS):
        caller = guest(f"late{number}")
        start = time.process_time_ns()
        joined = await here.switchboard.join(caller, "r", Deaf())
        figures["join"].append(time.process_time_ns() - start)
        start = time.process_time_ns()
        await here.switchboard.update("r", joined.member.id, Attach(FakeEndpoint()))
        figures["attach"].append(time.process_time_ns() - start)
        start = time.process_time_ns()
        media.events.speaker_changed(tracks[number * 7 % size])
        figures["speaker"].append(time.process_time_ns() - start)
        start = time.process_time_ns()
        await here.switchboard.say(caller, "r", "hello everybody")
        figures["say"].append(time.process_time_ns() - start)
        await here.switchboard.leave("r", joined.member.id)
    return {name: round(statistics.median(taken) / 1000, 1) for name, taken in figures.items()}


def main(results: Path = Path("bench/results")) -> None:
    """Print and store the figures."""
    rows = [
        {"members": size, "outlets": outlet.__name__.lower(), **asyncio.run(measure(size, outlet))}
        for size in SIZES
        for outlet in (Deaf, Tab)
    ]
    print(
        f"{'members':>8} {'outlets':>8} {'join':>8} {'attach':>8} {'speaker':>8} {'say':>8}  (µs)"
    )
    for row in rows:
        print(
            f"{row['members']:>8} {row['outlets']:>8} {row['join']:>8} {row['attach']:>8} "
            f"{row['speaker']:>8} {row['say']:>8}"
        )
    results.mkdir(parents=True, exist_ok=True)
    (results / "rooms.json").write_text(
        json.dumps({"unit": "us cpu", "rows": rows}, indent=2) + "\n"
    )


if __name__ == "__main__":
    main()
