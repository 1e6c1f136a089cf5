"""Python's own cost of a large room: a join, a speaker change, a message; no network, no media.

CPU time of this process per operation. `deaf` outlets leave the core's own cost; `tab` outlets
number and queue the bytes that a browser would get, so that the figure holds the whole way.
"""

import asyncio
import statistics
import time
from collections.abc import Sequence

from antiphon.core.address import Address
from antiphon.core.change import Attach, Publish
from antiphon.core.event import Event
from antiphon.core.member import Source
from antiphon.core.policy import Policy
from antiphon.protocols.web.outbox import Outbox
from antiphon.protocols.web.spelling import Speller
from bench.programs import Row
from tests.support.fakes import FakeEndpoint, House, guest, house

SIZES = (10, 100, 500)
ROUNDS = 40


class Tab:
    """What a browser's session does with an event: number it and queue its bytes."""

    account = Address("anybody", "localhost")

    def __init__(self, speller: Speller) -> None:
        self._speller = speller
        self._outbox = Outbox(1 << 30)

    def deliver(self, event: Event) -> None:
        """Take one event."""
        if (spelled := self._speller.event(event, self.account)) is not None:
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


async def measure(size: int, outlet: type[Tab] | type[Deaf], rounds: int) -> Row:
    """Median CPU µs of each operation."""
    here = house(Policy(guests=True, max_members=10_000))
    tracks = await fill(here, size, outlet)
    media = here.media.rooms["r"]
    media.apply = lambda change: None  # type: ignore[method-assign]  # noqa: ARG005
    figures: dict[str, list[float]] = {"join": [], "attach": [], "speaker": [], "say": []}
    for number in range(rounds):
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


def rooms(sizes: Sequence[int] = SIZES, rounds: int = ROUNDS) -> list[Row]:
    """A row for each size and kind of outlets, in µs of CPU."""
    return [
        {"members": size, "outlets": outlet.__name__.lower()}
        | asyncio.run(measure(size, outlet, rounds))
        for size in sizes
        for outlet in (Deaf, Tab)
    ]
