"""A person in a room: a browser on the room's page, and what is seen and heard there."""

import asyncio
import contextlib
import json
import re
import urllib.parse
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.browser import Browser, BrowserError, Kind, browse
from tests.support.person import Person, hue_distance
from tests.support.wait import until

HUE_TOLERANCE = 12.0  # degrees; the three people are 120 apart
TONE_TOLERANCE = 15.0  # Hz; a bin of the analyser has 6
QUIET = -70.0  # dB
ROOM = "antiphon-room >>> "


@dataclass
class Participant:
    """`person` in front of `browser`."""

    person: Person
    browser: Browser

    @property
    def name(self) -> str:
        return self.person.name

    async def enter(self, url: str, room: str) -> None:
        """Open the page that enters at once, and wait until it has."""
        query = urllib.parse.urlencode({"name": self.name})
        await self.browser.open(f"{url}/r/{urllib.parse.quote(room)}?{query}&join")
        await self.state("joined")

    async def joins(self) -> None:
        """Give the name on the page before the room, and press the button."""
        await self.browser.type(ROOM + '[part~="name-input"]', self.name)
        await self.browser.click(ROOM + '[part~="join"]')
        await self.state("joined")

    async def state(self, wanted: str, within: float = 30.0) -> None:
        """Wait until the room element says so."""
        await until(
            f"{self.name}'s state {wanted}",
            self._state,
            lambda state: state == wanted,
            within,
        )

    async def _state(self) -> str | None:
        try:
            state = await self.browser.evaluate("globalThis.probe?.state() ?? null")
        except BrowserError as error:
            # A page that goes away for another answers nothing more.
            if re.search("context|navigat|no such frame", str(error), re.IGNORECASE):
                return None
            raise
        return None if state is None else str(state)

    async def with_others(self, others: Sequence["Participant"], within: float = 20.0) -> None:
        """Wait until exactly these are in the room."""
        names = sorted(other.name for other in others)
        await until(
            f"others of {self.name}",
            lambda: self.browser.evaluate("probe.others()"),
            lambda seen: sorted(seen) == names,
            within,
        )

    async def sees(self, hue: float, expression: str, within: float = 20.0) -> None:
        """Wait for a picture of this hue whose bar moves."""
        places: set[float] = set()

        def alive(seen: dict[str, Any] | None) -> bool:
            if seen is None or seen["hue"] is None or seen["bar"] is None:
                return False
            if hue_distance(seen["hue"], hue) > HUE_TOLERANCE or seen["coloured"] < 0.5:
                places.clear()
                return False
            places.add(round(seen["bar"], 2))
            return len(places) >= 3

        what = f"{self.name} sees a moving picture of hue {hue} by {expression}"
        await until(what, lambda: self.browser.evaluate(expression), alive, within)

    async def hears(self, frequency: float, expression: str, within: float = 20.0) -> None:
        """Wait for a sound whose strongest frequency this is."""

        def loud(heard: dict[str, Any] | None) -> bool:
            return (
                heard is not None
                and heard["level"] > QUIET
                and abs(heard["frequency"] - frequency) < TONE_TOLERANCE
            )

        what = f"{self.name} hears {frequency} Hz by {expression}"
        look = self.browser.evaluate
        # The probe keeps the loudest since the last look: give it a moment between two.
        await until(what, lambda: look(expression), loud, within, interval=0.5)

    async def hears_nothing_of(self, other: "Participant", within: float = 20.0) -> None:
        """Wait for a second and a half of silence."""
        levels: list[float | None] = []

        def silent(heard: dict[str, Any] | None) -> bool:
            levels.append(None if heard is None else heard["level"])
            return len(levels) >= 4 and all(one is None or one < QUIET for one in levels[-3:])

        hear = f"probe.hear({json.dumps(other.name)})"
        what = f"{self.name} hears nothing of {other.name}"
        await until(what, lambda: self.browser.evaluate(hear), silent, within, interval=0.5)

    async def meets(self, other: "Participant", within: float = 20.0) -> None:
        """Sees and hears the other, as that person looks and sounds."""
        name = json.dumps(other.name)
        await self.sees(other.person.hue, f"probe.see({name})", within)
        await self.hears(other.person.frequency, f"probe.hear({name})", within)

    async def open_chat(self) -> None:
        """Open the chat panel, by its button."""
        await self.browser.click(ROOM + '[part~="chat"]')

    async def writes(self, text: str) -> None:
        """Type into the open chat, and send."""
        await self.browser.type(ROOM + '[part~="chat-input"]', text)
        await self.browser.press("Enter")

    async def reads(self, text: str, within: float = 20.0) -> None:
        """Wait until the open chat shows this message, once."""
        await until(
            f"{self.name} reads {text!r} once",
            lambda: self.browser.evaluate("probe.chat()"),
            lambda shown: sum(text in one for one in shown) == 1,
            within,
        )

    async def leaves(self) -> None:
        """Press the button."""
        await self.browser.click(ROOM + '[part~="leave"]')
        await self.state("ended")


async def everybody_meets(people: Sequence[Participant], within: float = 30.0) -> None:
    """Each sees and hears each of the others."""
    async with asyncio.TaskGroup() as group:
        for one in people:
            for other in people:
                if one is not other:
                    group.create_task(one.meets(other, within))


@contextlib.asynccontextmanager
async def participate(
    kind: Kind, person: Person, folder: Path, logs: Path, **options: Any
) -> AsyncIterator[Participant]:
    """A participant with a browser of its own (see `browse`); its console is logged in `logs`."""
    log = logs / f"{person.name}-{kind}.log"
    async with browse(kind, person, folder / person.name, log=log, **options) as browser:
        yield Participant(person, browser)
