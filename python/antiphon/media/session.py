"""Media sessions over the native engine: session descriptions in and out, engine events to the
signalling's adapter.

It does not know whose signalling carries the descriptions (room WebSocket, WHIP, WHEP).
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence

from antiphon import _native
from antiphon.core.description import Codec, Description, Direction, Kind, Section
from antiphon.core.media import Answer, Session, SessionEvents, Sessions
from antiphon.core.reason import Reason, Refused

from .engine import Engine
from .quality import quality_of_row
from .room import EngineRoom

log = logging.getLogger(__name__)

# The engine answers within a few milliseconds; this bounds what a lost answer costs.
ANSWER_TIMEOUT = 10.0


class EngineSessions(Sessions):
    """Opens media sessions on the engine's rooms."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def open(
        self, room: str, member: str, events: SessionEvents, *, open_ended: bool = True
    ) -> "EngineSession":
        """A session for a member. Raises `Refused(NOT_FOUND, TOO_MANY)`."""
        return EngineSession(self._engine, self._engine.room(room), member, events, open_ended)


class EngineSession(Session):
    """One peer of the engine, as its signalling and its room see it."""

    def __init__(
        self,
        engine: Engine,
        room: EngineRoom,
        member: str,
        events: SessionEvents,
        open_ended: bool,
    ) -> None:
        self._engine = engine
        self._native = engine.native
        self._room = room
        self._member = member
        self._events = events
        self._open_ended = open_ended
        self._description = Description(open_ended=open_ended)
        self._carried: dict[str, str] = {}
        self._requests = 0
        self._answers: dict[int, asyncio.Future[_native.Answered]] = {}
        self._connected = False
        self._closed = False
        self._number = room.open_peer(member, self, may_offer=open_ended)

    # core.media.Endpoint

    @property
    def number(self) -> int:
        """Of the peer in the engine."""
        return self._number

    @property
    def description(self) -> Description:
        """What the peer sends and receives, as negotiated last."""
        return self._description

    def bind(self, section: str, track: str) -> None:
        """Name the media that arrives in `section`."""
        self._room.bind(self._number, section, track)

    def release(self, track: str) -> None:
        """The media named `track` is no track any more."""
        self._room.release(track)

    def close(self) -> None:
        """Close the peer. Idempotent; those who wait for an answer are refused."""
        if self._closed:
            return
        self._closed = True
        self._room.close_peer(self._member, self._number)
        for waiting in self._answers.values():
            if not waiting.done():
                waiting.set_exception(Refused(Reason.GONE, "The media session was closed."))

    # core.media.Session

    async def accept_offer(self, text: str) -> Answer:
        """Let the engine answer. Raises `Refused(BAD_REQUEST)` for what it cannot understand."""
        self._must_be_open()
        self._requests += 1
        request = self._requests
        waiting = self._answers[request] = asyncio.get_running_loop().create_future()
        self._native.accept_offer(self._number, request, text)
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT):
                answered = await waiting
        except TimeoutError:
            raise Refused(Reason.TIMEOUT, "The media engine did not answer.") from None
        finally:
            del self._answers[request]
        self._description = describe(answered.media, self._open_ended)
        return Answer(answered.sdp, self._description, dict(self._carried))

    async def accept_answer(self, request: int, text: str) -> None:
        """Give the engine the answer to its offer; a bad one is told by `closed` or a new offer."""
        self._must_be_open()
        self._native.accept_answer(self._number, request, text)

    def add_candidate(self, text: str) -> None:
        """A trickled remote candidate. The end of candidates means nothing to an ICE-lite agent."""
        self._must_be_open()
        if text:
            self._native.add_candidate(self._number, text)

    # room.PeerListener

    def hear(self, event: _native.Event) -> None:
        """Turn one event of the engine into news for the signalling."""
        match event:
            case _native.Answered():
                self._resolve(event)
            case _native.Offered():
                self._events.offered(event.request, event.sdp)
            case _native.NegotiationFailed():
                self._refuse(event)
            case _native.Mapped():
                self._mapped(event.tracks)
            case _native.Connected():
                self._connected = True
                self._events.connected(event.srtp_profile)
            case _native.Interrupted():
                self._connected = False
                self._events.interrupted()
            case _native.Closed():
                log.info("media session ended: %s %s", event.reason, event.text)
                self._events.closed(event.text or event.reason)
            case _:
                log.warning("unexpected media event %r", event)

    def hear_statistics(self, row: _native.PeerStatistics) -> None:
        """Turn figures into a quality that people understand."""
        self._events.quality(quality_of_row(row, connected=self._connected))

    def _resolve(self, event: _native.Answered) -> None:
        waiting = self._answers.get(event.request)
        if waiting is not None and not waiting.done():
            waiting.set_result(event)

    def _refuse(self, event: _native.NegotiationFailed) -> None:
        waiting = self._answers.get(event.request)
        if waiting is not None and not waiting.done():
            waiting.set_exception(Refused(Reason.BAD_REQUEST, event.text))
        else:
            log.info("negotiation failed: %s", event.text, extra={"member": self._member})

    def _mapped(self, tracks: Mapping[str, int]) -> None:
        named = ((mid, self._engine.track_name(track)) for mid, track in tracks.items())
        self._carried = {mid: name for mid, name in named if name is not None}
        self._events.mapped(self._carried)

    def _must_be_open(self) -> None:
        if self._closed:
            raise Refused(Reason.GONE, "The media session was closed.")


def describe(media: Sequence[_native.Media], open_ended: bool) -> Description:
    """The peer's side in neutral words: what the engine may receive is what the peer sends."""
    return Description(
        tuple(
            Section(
                id=section.mid,
                kind=Kind(section.kind),
                direction=Direction.SENDRECV
                if section.kind == Kind.DATA
                else Direction.of(sends=section.receives, receives=section.sends),
                codecs=tuple(Codec(name) for name in section.codecs),
            )
            for section in media
        ),
        open_ended=open_ended,
    )
