"""Telephones for tests: members of rooms whose signalling is a call from one to the other."""

import asyncio
import re
from collections.abc import Callable

from antiphon.core.change import Attach, Publish, Renegotiated
from antiphon.core.description import Description, Kind
from antiphon.core.media import Quality
from antiphon.core.member import Source
from antiphon.core.switchboard import Membership
from antiphon.media.ground import MediaAddresses
from antiphon.media.phone import EnginePhone, EnginePhones
from tests.support.fakes import Recorder, guest
from tests.support.media import Real

Rewrite = Callable[[str], str]
SOURCES = {Kind.AUDIO: Source.MICROPHONE, Kind.VIDEO: Source.CAMERA}


class Line:
    """Keeps what a session tells (core.media.PhoneEvents)."""

    def __init__(self) -> None:
        self.keys: list[tuple[str, float]] = []
        self.profiles: list[str] = []
        self.played_out = asyncio.Event()
        self.up = asyncio.Event()
        self.ended: list[str] = []
        self.qualities: list[Quality] = []

    def offered(self, request: int, text: str) -> None:
        raise AssertionError("a telephone's session never offers by itself")

    def mapped(self, carried: object) -> None:
        pass

    def connected(self, profile: str) -> None:
        self.profiles.append(profile)
        self.up.set()

    def interrupted(self) -> None:
        self.up.clear()

    def closed(self, text: str) -> None:
        self.ended.append(text)

    def quality(self, quality: Quality) -> None:
        self.qualities.append(quality)

    def pressed(self, digit: str, duration: float) -> None:
        self.keys.append((digit, duration))

    def played(self) -> None:
        self.played_out.set()

    async def pressed_all(self, digits: str) -> None:
        async with asyncio.timeout(20):
            while "".join(digit for digit, _ in self.keys) != digits:
                await asyncio.sleep(0.02)


class Seat:
    """A session as a room has it, which does not end with the membership."""

    def __init__(self, session: EnginePhone) -> None:
        self.number = session.number
        self.bind = session.bind
        self.release = session.release
        self.session = session

    @property
    def description(self) -> Description:
        return self.session.description

    def close(self) -> None:
        pass


class Phone:
    """A session and what it tells, perhaps in a room."""

    def __init__(
        self,
        real: Real,
        *,
        browser: bool = False,
        secure: bool = False,
        addresses: tuple[str, ...] = ("127.0.0.1",),
    ) -> None:
        self.real = real
        self.line = Line()
        phones = EnginePhones(real.engine, MediaAddresses(addresses))
        self.session: EnginePhone = phones.open(
            self.line, browser=browser, secure=secure, near="127.0.0.1"
        )
        self.membership: Membership | None = None

    async def join(self, name: str, room: str) -> None:
        """Join a room, to be heard and seen there as far as is agreed on by now."""
        joined = await self.real.switchboard.join(guest(name), room, Recorder())
        self.membership = joined
        self.session.enter(joined.room.name, joined.member.id)
        await self.real.switchboard.update(room, joined.member.id, Attach(Seat(self.session)))
        for section in self.session.description.sections:
            publish = Publish(section.id, SOURCES[section.kind])
            await self.real.switchboard.update(room, joined.member.id, publish)

    async def renegotiated(self) -> None:
        if (joined := self.membership) is not None:
            await self.real.switchboard.update(joined.room.name, joined.member.id, Renegotiated())


async def call(
    caller: Phone,
    callee: Phone,
    *,
    rewrite: Rewrite = str,
    kinds: tuple[Kind, ...] = (Kind.AUDIO,),
) -> tuple[str, str]:
    """One offers, the other answers. `rewrite`: what happens to the offer on its way."""
    offer = rewrite(await caller.session.offer(kinds))
    answer = await callee.session.accept_offer(offer)
    await caller.session.accept_answer(0, answer.text)
    await caller.renegotiated()
    await callee.renegotiated()
    return offer, answer.text


def only(*numbers: int) -> Rewrite:
    """An offer of these payload types alone."""
    listed = " ".join(map(str, numbers))

    def rewrite(text: str) -> str:
        return re.sub(r"(m=audio \d+ \S+) .*", rf"\1 {listed}", text)

    return rewrite
