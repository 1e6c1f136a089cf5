"""The room WebSocket as an ASGI endpoint: frames between sockets and sessions, and the sessions
that wait for a resume.

The only file of this package with I/O. Decisions are the participant's, syntax is the machine's.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from antiphon.core.address import Address
from antiphon.core.ports import (
    Authenticator,
    Caller,
    Contacts,
    IceServers,
    Messages,
    Presence,
    Sessions,
)
from antiphon.core.reason import Reason, Refused
from antiphon.core.switchboard import Switchboard

from . import machine, message, spelling
from .config import WebConfig
from .participant import Participant
from .people import People
from .reach import WebReach

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


class WebSignalling:
    """All sessions of the room WebSocket on this node. `handle` is the ASGI endpoint; `reach` is
    how they are called.
    """

    def __init__(
        self,
        *,
        switchboard: Switchboard,
        messages: Messages,
        sessions: Sessions,
        authenticator: Authenticator,
        ice_servers: IceServers,
        config: WebConfig,
        version: str,
        presence: Presence | None = None,
        contacts: Contacts | None = None,
        sessions_of: Callable[[Address], Awaitable[int | None]] | None = None,
    ) -> None:
        """`sessions_of`: how many sessions an account may have; None: as configured."""
        self.counters = Counters()
        self._sessions_of = sessions_of or _as_configured
        self.reach = WebReach(presence)
        self._people = (
            People(contacts, presence) if contacts is not None and presence is not None else None
        )
        self._switchboard = switchboard
        self._messages = messages
        self._sessions = sessions
        self._authenticator = authenticator
        self._ice_servers = ice_servers
        self._config = config
        self._version = version
        self._speller = spelling.Speller()
        self._kept: dict[str, _Kept] = {}
        self._per_address: Counter[Address] = Counter()
        self._closing = False
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def open_sessions(self) -> int:
        """Sessions with a connection or waiting for one."""
        return len(self._kept)

    async def handle(self, websocket: WebSocket) -> None:
        """Serve one WebSocket until it ends."""
        offered: Sequence[str] = websocket.scope.get("subprotocols", [])
        await websocket.accept(SUBPROTOCOL if SUBPROTOCOL in offered else None)
        token = next((p for p in offered if p.startswith(BEARER)), "")
        self.counters.connections += 1
        connection = _Connection(self, websocket, token.removeprefix(BEARER))
        try:
            await connection.run()
        finally:
            self.counters.connections -= 1

    async def close(self) -> None:
        """End every session (their members leave) and connection."""
        self._closing = True
        for kept in list(self._kept.values()):
            await self._end(kept, Reason.DRAINING)

    def end_sessions(self, account: Address) -> None:
        """The account was locked or removed, or has another password: nobody goes on as it."""
        for kept in list(self._kept.values()):
            if kept.participant.caller.address.bare == account.bare:
                if kept.connection is not None:
                    kept.connection.end(Reason.UNAUTHORIZED, "Please log in again.")
                task = asyncio.create_task(self._end(kept, Reason.UNAUTHORIZED))
                self._ending.add(task)
                task.add_done_callback(self._ending.discard)

    # sessions

    async def open(self, hello: message.Hello, token: str) -> "tuple[_Kept, bool]":
        """The session that a hello asks for, and whether it is resumed. Raises `Refused`."""
        if self._closing or self._switchboard.draining:
            raise Refused(Reason.DRAINING, "This server is about to stop. Please try again.")
        given = hello.token if hello.token is not msgspec.UNSET else token
        if not given:
            raise Refused(Reason.UNAUTHORIZED, "A token is needed: log in, or enter as a guest.")
        caller = await self._authenticator.verify(given)
        resumed = (kept := self._resumable(hello, caller)) is not None
        if kept is None:
            self._admit(caller, await self._sessions_of(caller.address))
            kept = self._begin(caller)
        reachable = hello.reachable is True and not caller.is_confined
        if reachable and not self.reach.has(kept.participant):
            self.reach.add(kept.participant)
            self._switchboard.came(kept.participant)
        elif hello.reachable is False:
            self.reach.remove(kept.participant)
        return kept, resumed

    def _resumable(self, hello: message.Hello, caller: Caller) -> "_Kept | None":
        if hello.resume is msgspec.UNSET:
            return None
        kept = self._kept.get(hello.resume)
        if kept is None or kept.participant.caller.address != caller.address:
            return None
        after = hello.after if hello.after is not msgspec.UNSET else 0
        return kept if kept.participant.outbox.resume(after) else None

    def _admit(self, caller: Caller, own: int | None) -> None:
        """`own`: how many sessions this account may have, where that is not as configured."""
        if len(self._kept) >= self._config.max_sessions:
            raise Refused(Reason.TOO_MANY, "This server has no place for another session.")
        limit = self._config.max_sessions_per_address if own is None else own
        if self._per_address[caller.address] >= limit:
            raise Refused(Reason.TOO_MANY, "You have too many sessions open.")

    def _begin(self, caller: Caller) -> "_Kept":
        participant = Participant(
            caller,
            switchboard=self._switchboard,
            messages=self._messages,
            sessions=self._sessions,
            people=self._people,
            speller=self._speller,
            config=self._config,
        )
        kept = _Kept(participant, asyncio.create_task(participant.run(), name="web session"))
        self._kept[participant.id] = kept
        self._per_address[caller.address] += 1
        return kept

    def attach(self, kept: "_Kept", connection: "_Connection") -> None:
        """The session goes on through this connection; the one it had ends."""
        if kept.expiry is not None:
            kept.expiry.cancel()
            kept.expiry = None
        if (former := kept.connection) is not None:
            former.end(Reason.REPLACED, "The session goes on through another connection.")
        kept.connection = connection
        kept.participant.changed = connection.wake_writer

    async def detach(self, kept: "_Kept", connection: "_Connection") -> None:
        """The connection is gone; its session waits for another one, if it can be resumed."""
        if kept.connection is not connection:
            return
        kept.connection = None
        participant = kept.participant
        participant.changed = lambda: self._check(kept)
        participant.outbox.forget_unsent()
        if self._closing or participant.outbox.overflowed or connection.said_goodbye:
            await self._end(kept, Reason.LEFT if connection.said_goodbye else Reason.LOST)
            return
        await participant.set_present(False)
        loop = asyncio.get_running_loop()
        kept.expiry = loop.call_later(self._config.resume_timeout, self._expire, kept)

    def welcome(self, kept: "_Kept", resumed: bool) -> bytes:
        """The reply to a hello."""
        caller = kept.participant.caller
        reachable = self.reach.has(kept.participant)
        return self._speller.frame(
            message.Welcome(
                session=kept.participant.id,
                resumed=resumed,
                address=str(caller.address),
                name=caller.name,
                ice_servers=spelling.ice_servers(self._ice_servers.for_caller(caller)),
                ping_interval=self._config.ping_interval,
                resume_timeout=self._config.resume_timeout,
                version=self._version,
                device=str(kept.participant.address) if reachable else msgspec.UNSET,
            )
        )

    def frame(self, struct: message.FromServer) -> bytes:
        """A frame without a number."""
        return self._speller.frame(struct)

    @property
    def config(self) -> WebConfig:
        """The limits."""
        return self._config

    def _check(self, kept: "_Kept") -> None:
        """While nobody is connected: give up a session that has more to be told than we keep."""
        if kept.participant.outbox.overflowed:
            self._expire(kept)
        else:
            kept.participant.outbox.forget_unsent()

    def _expire(self, kept: "_Kept") -> None:
        self.reach.remove(kept.participant)
        kept.task.cancel()
        self._forget(kept)

    async def _end(self, kept: "_Kept", reason: Reason) -> None:
        if kept.connection is not None:
            kept.connection.end(Reason.DRAINING, "The server stops.")
        await kept.participant.leave(reason)
        self._expire(kept)
        await asyncio.wait([kept.task])

    def _forget(self, kept: "_Kept") -> None:
        if kept.expiry is not None:
            kept.expiry.cancel()
            kept.expiry = None
        if self._kept.pop(kept.participant.id, None) is not None:
            address = kept.participant.caller.address
            self._per_address[address] -= 1
            if not self._per_address[address]:
                del self._per_address[address]


@dataclass(slots=True, eq=False)
class _Kept:
    """A session, the task that does its requests, its connection of the moment and the timer while
    it has none.
    """

    participant: Participant
    task: asyncio.Task[None]
    connection: "_Connection | None" = None
    expiry: asyncio.TimerHandle | None = None


class _Connection:
    """One WebSocket: a reader and a writer, ended by either of them, by time, or by its server."""

    def __init__(self, server: WebSignalling, websocket: WebSocket, token: str) -> None:
        self._server = server
        self._websocket = websocket
        self._token = token
        self._machine = machine.Machine(server.config, time.monotonic())
        self._kept: _Kept | None = None
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


async def _as_configured(_: Address) -> int | None:
    """No account has a limit of its own."""
    return None
