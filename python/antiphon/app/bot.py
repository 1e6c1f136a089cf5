"""A member of a room that is a program in this process: chat, events, and audio as arrays."""

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from antiphon.core.change import Attach, Publish
from antiphon.core.event import Ended, Event
from antiphon.core.member import Source
from antiphon.core.message import Message
from antiphon.core.ports import Caller
from antiphon.core.reason import Reason
from antiphon.core.switchboard import Membership, Switchboard
from antiphon.media.audio import SECTION, AudioEndpoint, AudioFrame
from antiphon.media.engine import Engine

# A program that only listens to the audio must not pile up news for ever.
EVENTS_KEPT = 1000


class Bot:
    """Joined with `Node.join`. Use it as an asynchronous context manager, or `leave` it."""

    def __init__(self, switchboard: Switchboard, engine: Engine, caller: Caller) -> None:
        self._switchboard = switchboard
        self._engine = engine
        self._caller = caller
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._membership: Membership | None = None
        self._endpoint: AudioEndpoint | None = None

    async def enter(self, room: str, *, sample_rate: int = 48000, channels: int = 1) -> None:
        """Join, with an audio endpoint whose track the others hear. Raises `Refused`."""
        self._membership = await self._switchboard.join(self._caller, room, self)
        name, member = self._membership.room.name, self._membership.member.id
        try:
            self._endpoint = AudioEndpoint(
                self._engine, name, member, sample_rate=sample_rate, channels=channels
            )
            await self._switchboard.update(name, member, Attach(self._endpoint))
            await self._switchboard.update(name, member, Publish(SECTION, Source.MICROPHONE))
        except BaseException:
            await self.leave()
            raise

    async def __aenter__(self) -> "Bot":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.leave()

    @property
    def membership(self) -> Membership:
        """The room and the member that the bot is."""
        if self._membership is None:
            raise RuntimeError("the bot is in no room")
        return self._membership

    async def say(self, text: str) -> Message:
        """Say something in the chat."""
        return await self._switchboard.say(self._caller, self.membership.room.name, text)

    def play(self, samples: NDArray[np.int16]) -> float:
        """Speak samples (int16, shape (n,) or (n, channels)); seconds that are queued now."""
        return self._audio().play(samples)

    def audio(self) -> AsyncIterator[AudioFrame]:
        """What the others say, track by track."""
        return self._audio().frames()

    async def events(self) -> AsyncIterator[Event]:
        """What happens in the room, until the bot's membership ends."""
        while not isinstance(event := await self._events.get(), Ended):
            yield event

    async def leave(self) -> None:
        """Go out of the room. Idempotent."""
        if (membership := self._membership) is not None:
            self._membership = None
            await self._switchboard.leave(membership.room.name, membership.member.id, Reason.LEFT)

    def deliver(self, event: Event) -> None:
        """Take an event of the room (core.member.Outlet); who does not read loses the oldest."""
        if self._events.qsize() >= EVENTS_KEPT:
            self._events.get_nowait()
        self._events.put_nowait(event)

    def _audio(self) -> AudioEndpoint:
        if self._endpoint is None:
            raise RuntimeError("the bot is in no room")
        return self._endpoint
