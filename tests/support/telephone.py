"""A person with a telephone in a page: `<antiphon-call>` on the start page, in a real browser."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.browser import BrowserError, Kind, browse
from tests.support.participant import Participant
from tests.support.person import Person
from tests.support.wait import until

CALL = "antiphon-call >>> "
PASSWORD = "correct horse battery"


def part(name: str) -> str:
    """Selector of a part of the telephone."""
    return f'{CALL}[part~="{name}"]'


def door(name: str) -> str:
    """Selector of a part of the form in which one signs in on the start page."""
    return f'#door >>> [part~="{name}"]'


@dataclass
class Telephone(Participant):
    """`person` in front of `browser`, with an account of the name in lower case."""

    @property
    def account(self) -> str:
        return self.name.lower()

    async def open(self, url: str) -> None:
        """Open the start page, and the form there."""
        await self.browser.open(f"{url}/")
        await self.browser.click("#enter")
        await self.call_state("signed-out")

    async def registers(self, url: str) -> None:
        """Make an account on the start page, and open the telephone there."""
        await self.open(url)
        await self.browser.click(door("register"))
        await self.browser.type(door("address-input"), self.account)
        await self.browser.type(door("name-input"), self.name)
        await self.browser.type(door("password-input"), PASSWORD)
        await self._enters()

    async def signs_in(self, url: str) -> None:
        """Sign in to the account that there is, and open the telephone."""
        await self.open(url)
        await self.browser.type(door("address-input"), self.account)
        await self.browser.type(door("password-input"), PASSWORD)
        await self._enters()

    async def _enters(self) -> None:
        await self.browser.click(door("login-submit"))
        await self.call_state("idle")
        await self.browser.click("#calls")

    async def makes_account(self) -> None:
        """Fill in the telephone's own form, where a page has nothing else, and be signed in."""
        await self.browser.click(part("register"))
        await self.browser.type(part("address-input"), self.account)
        await self.browser.type(part("name-input"), self.name)
        await self.browser.type(part("password-input"), PASSWORD)
        await self.browser.click(part("sign-in-submit"))
        await self.call_state("idle")

    async def dials(self, to: str, video: bool = False) -> None:
        """Type whom to call, and press the button."""
        await self.browser.evaluate(
            "document.querySelector('antiphon-call').set({entry: '', title: ''})"
        )
        await self.browser.type(part("callee"), to)
        await self.presses("video-call" if video else "call")

    async def presses(self, name: str) -> None:
        """Press a button."""
        await self.browser.click(part(name))

    async def call_state(self, wanted: str, within: float = 20.0) -> None:
        """Wait until the telephone says so."""
        what = f"{self.name}'s telephone is {wanted}"
        await until(what, self._call_state, lambda state: state == wanted, within)

    async def _call_state(self) -> Any:
        try:
            return await self.browser.evaluate("globalThis.probe?.callState() ?? null")
        except BrowserError as error:
            if "context" in str(error) or "navigat" in str(error):
                return None
            raise

    async def reads_in(self, name: str, text: str, within: float = 20.0) -> None:
        """Wait until the part of this name says this, among other things."""
        await until(
            f"{self.name} reads {text!r} in {name}",
            lambda: self.browser.evaluate(f"probe.text({name!r})"),
            lambda shown: shown is not None and text in shown,
            within,
        )


async def talk(*people: Telephone) -> None:
    """All are in the call, and each hears each of the others."""
    async with asyncio.TaskGroup() as group:
        for one in people:
            group.create_task(one.call_state("talking"))
    async with asyncio.TaskGroup() as group:
        for one in people:
            for other in people:
                if one is not other:
                    hear = f"probe.hear({other.name!r})"
                    group.create_task(one.hears(other.person.frequency, hear))


@contextlib.asynccontextmanager
async def telephone(
    person: Person,
    folder: Path,
    logs: Path,
    label: str = "",
    kind: Kind = "chrome",
    **options: Any,
) -> AsyncIterator[Telephone]:
    """A telephone in a browser of its own; `label` tells two of one person apart."""
    name = f"{person.name}{label}"
    log = logs / f"{name}.log"
    async with browse(kind, person, folder / name, log=log, **options) as browser:
        yield Telephone(person, browser)
