"""One WebSocket of the room WebSocket: frames between a socket and the session that it carries.

Here is all I/O of this package. Which session it is, and whether there may be one, its server says.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from antiphon.core.reason import Reason, Refused

from . import machine, message
from .config import WebConfig
from .participant import Participant

log = logging.getLogger(__name__)

SUBPROTOCOL = "antiphon.v1"
BEARER = "antiphon.token."

# RFC 6455 §7.4.1 and the IANA registry of close codes.
NORMAL, GOING_AWAY, UNSUPPORTED_DATA, POLICY, TOO_BIG, RESTART, TRY_LATER = (
    1000,
    1001,
    1003,
    1008,
    1009,
    1012,
    1013,
)
CLOSE_CODES = {
    Reason.UNSUPPORTED: UNSUPPORTED_DATA,
    Reason.TOO_LARGE: TOO_BIG,
    Reason.TOO_MANY: TRY_LATER,
    Reason.BUSY: TRY_LATER,
    Reason.DRAINING: RESTART,
    Reason.REPLACED: NORMAL,
}
# A page that is closed, reloaded or left says so: its session need not wait for it.
DELIBERATE = (NORMAL, GOING_AWAY)
# A client that takes nothing of what waits for it for this long is not reading (s).
SEND_TIMEOUT = 20.0


@dataclass(slots=True)
class Counters:
    """What the operator sees. `refused`: by reason."""

    connections: int = 0
    frames_in: int = 0
    frames_out: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True, eq=False)
class Kept:
    """A session, the task that does its requests, its connection of the moment and the timer while
    it has none; the token that it goes on by, and the timer of that.
    """

    participant: Participant
    task: asyncio.Task[None]
    connection: "Connection | None" = None
    expiry: asyncio.TimerHandle | None = None
    token: str = field(default="", repr=False)
    expires_at: float | None = None
    watching: asyncio.TimerHandle | None = None


class Server(Protocol):
    """What a connection asks of its server."""

    counters: Counters

    @property
    def config(self) -> WebConfig:
        """The limits."""

    async def open(self, hello: message.Hello, token: str) -> tuple[Kept, bool]:
        """The session that a hello asks for, and whether it is resumed. Raises `Refused`."""

    def attach(self, kept: Kept, connection: "Connection") -> None:
        """The session goes on through this connection."""

    async def detach(self, kept: Kept, connection: "Connection") -> None:
        """The connection is gone."""

    def welcome(self, kept: Kept, resumed: bool) -> bytes:
        """The reply to a hello."""

    def frame(self, struct: message.FromServer) -> bytes:
        """A frame without a number."""


class Connection:
    """One WebSocket: a reader and a writer, ended by either of them, by time, or by its server."""

    def __init__(self, server: Server, websocket: WebSocket, token: str) -> None:
        self._server = server
        self._websocket = websocket
        self._token = token
        self._machine = machine.Machine(server.config, time.monotonic())
        self._kept: Kept | None = None
        self._frames = asyncio.Event()
        self.said_goodbye = False
        self._gone = False
        self._ended: asyncio.Future[tuple[int, bytes | None]] = (
            asyncio.get_running_loop().create_future()
        )

    async def run(self) -> None:
        """Read and write until one of the two ends, then leave the session to be resumed."""
        reading = asyncio.create_task(self._read())
        writing = asyncio.create_task(self._write())
        try:
            ends: list[asyncio.Future[Any]] = [reading, writing, self._ended]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            reading.cancel()
            writing.cancel()
            results = await asyncio.gather(reading, writing, return_exceptions=True)
            _log_errors(results)
            if self._kept is not None:
                await self._server.detach(self._kept, self)
            await self._say_goodbye()

    def end(self, reason: Reason, text: str) -> None:
        """Tell the client why, and close."""
        if not self._ended.done():
            self._server.counters.failed[reason.value] += 1
            frame = self._server.frame(message.Failed(reason=reason.value, text=text))
            self._ended.set_result((CLOSE_CODES.get(reason, POLICY), frame))

    def wake_writer(self) -> None:
        """Frames wait in the outbox; more than may wait means that the client does not read."""
        if self._kept is not None and self._kept.participant.outbox.overflowed:
            self.end(Reason.TOO_MANY, "The client does not read what it is sent.")
        self._frames.set()

    # reading

    async def _read(self) -> None:
        while not self._ended.done():
            event = await self._next()
            if event is not None:
                await self._handle(event)

    async def _next(self) -> machine.Event | None:
        try:
            async with asyncio.timeout(max(0.0, self._machine.deadline - time.monotonic())):
                received = await self._websocket.receive()
        except TimeoutError:
            return self._machine.wake(time.monotonic())
        if received["type"] == "websocket.disconnect":
            code = received.get("code", GOING_AWAY)
            self._gone = True
            self.said_goodbye = code in DELIBERATE
            raise WebSocketDisconnect(code)
        self._server.counters.frames_in += 1
        text = received.get("text")
        frame: str | bytes = text if text is not None else received.get("bytes", b"")
        return self._machine.receive(time.monotonic(), frame)

    async def _handle(self, event: machine.Event) -> None:
        match event:
            case machine.HelloReceived(hello):
                await self._greet(hello)
            case machine.Failed(reason, text):
                self.end(Reason(reason), text)
            case _ if self._kept is None:
                self.end(Reason.UNAUTHORIZED, "The first message must be hello.")
            case machine.RequestReceived(request):
                await self._kept.participant.request(request)
            case machine.RequestRefused(id, reason, text):
                self._server.counters.refused[reason] += 1
                self._kept.participant.refuse(id, Reason(reason), text)
            case machine.Acknowledged(seq):
                self._kept.participant.outbox.acknowledge(seq)
            case machine.Pinged():
                self._kept.participant.outbox.send(self._server.frame(message.Pong()))
                self.wake_writer()

    async def _greet(self, hello: message.Hello) -> None:
        try:
            kept, resumed = await self._server.open(hello, self._token)
        except Refused as refused:
            self.end(refused.reason, refused.text)
            return
        self._kept = kept
        # The welcome goes first; what a resumed session has to tell stands in the outbox already.
        await self._send(self._server.welcome(kept, resumed))
        self._server.attach(kept, self)
        if resumed:
            await kept.participant.set_present(True)
        self.wake_writer()

    # writing

    async def _write(self) -> None:
        while True:
            await self._frames.wait()
            self._frames.clear()
            if (kept := self._kept) is None:
                continue
            for frame in kept.participant.outbox.take():
                await self._send(frame)

    async def _send(self, frame: bytes) -> None:
        async with asyncio.timeout(SEND_TIMEOUT):
            await self._websocket.send_text(frame.decode())
        self._server.counters.frames_out += 1

    async def _say_goodbye(self) -> None:
        if self._gone or self._websocket.application_state is not WebSocketState.CONNECTED:
            return
        code, frame = self._ended.result() if self._ended.done() else (GOING_AWAY, None)
        try:
            async with asyncio.timeout(1.0):
                if frame is not None:
                    await self._websocket.send_text(frame.decode())
                await self._websocket.close(code)
        except (TimeoutError, RuntimeError, WebSocketDisconnect):
            log.debug("the client was gone before it could be told why")


def _log_errors(results: Iterable[BaseException | None]) -> None:
    """A peer that went away or does not read is no error of ours; anything else is."""
    for result in results:
        if isinstance(result, Exception) and not isinstance(
            result, TimeoutError | RuntimeError | WebSocketDisconnect
        ):
            log.error("a connection broke", exc_info=result)
