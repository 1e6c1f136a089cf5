"""The room WebSocket as an ASGI endpoint: the sessions of a node, those that wait for a resume
among them, and by which tokens they go on.

Decisions are the participant's, syntax is the machine's, sockets are the connection's.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

import msgspec
from starlette.websockets import WebSocket

from antiphon.core.address import Address
from antiphon.core.media import Sessions
from antiphon.core.people import Contacts, Messages
from antiphon.core.ports import Authenticator, Caller, IceServers, Presence
from antiphon.core.reason import Reason, Refused
from antiphon.core.switchboard import Switchboard

from . import message, spelling
from .config import WebConfig
from .connection import BEARER, SUBPROTOCOL, Connection, Counters, Kept
from .participant import Participant
from .people import People
from .reach import WebReach

log = logging.getLogger(__name__)

# A clock may be set: the end of a token is looked at anew after this time at the latest (s).
LOOK_AGAIN = 3600.0


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
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`sessions_of`: how many sessions an account may have; None: as configured. `clock`: in
        seconds since 1970.
        """
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
        self._clock = clock
        self._voidings = 0
        self._speller = spelling.Speller()
        self._kept: dict[str, Kept] = {}
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
        connection = Connection(self, websocket, token.removeprefix(BEARER))
        try:
            await connection.run()
        finally:
            self.counters.connections -= 1

    async def close(self) -> None:
        """End every session (their members leave) and connection."""
        self._closing = True
        for kept in list(self._kept.values()):
            await self._end(kept, Reason.DRAINING)

    def end_sessions(self, account: Address, stamp: str | None) -> None:
        """The account was locked or removed (`stamp` None), or has another password or role: nobody
        goes on by a log-in from before.
        """
        self._voidings += 1
        for kept in list(self._kept.values()):
            if kept.participant.caller.address.bare == account.bare:
                task = asyncio.create_task(self._end_void(kept, certain=stamp is None))
                self._ending.add(task)
                task.add_done_callback(self._ending.discard)

    async def _end_void(self, kept: Kept, *, certain: bool) -> None:
        """End a session if its token is not valid any more."""
        token, valid = "", False
        while not certain and token != kept.token:  # it may go on by another one meanwhile
            token, valid = kept.token, await self._is_valid(kept.token)
        if not valid:
            if kept.connection is not None:
                kept.connection.end(Reason.UNAUTHORIZED, "Please log in again.")
            await self._end(kept, Reason.UNAUTHORIZED)

    async def _is_valid(self, token: str) -> bool:
        try:
            await self._authenticator.verify(token)
        except Refused as refused:
            if refused.reason is not Reason.UNAUTHORIZED:
                log.warning("a session ends, for its token could not be checked: %s", refused)
            return False
        return True

    # sessions

    async def open(self, hello: message.Hello, token: str) -> tuple[Kept, bool]:
        """The session that a hello asks for, and whether it is resumed. Raises `Refused`."""
        self._must_be_open()
        given = hello.token if hello.token is not msgspec.UNSET else token
        if not given:
            raise Refused(Reason.UNAUTHORIZED, "A token is needed: log in, or enter as a guest.")
        caller, own = await self._verified(given)
        self._must_be_open()
        resumed = (kept := self._resumable(hello, caller)) is not None
        if kept is None:
            self._admit(caller, own)
            kept = self._begin(caller)
        kept.token, kept.expires_at = given, caller.expires_at
        self._watch_token(kept)
        reachable = hello.reachable is True and not caller.is_confined
        if reachable and not self.reach.has(kept.participant):
            self.reach.add(kept.participant)
            self._switchboard.came(kept.participant)
        elif hello.reachable is False:
            self.reach.remove(kept.participant)
        return kept, resumed

    def _must_be_open(self) -> None:
        if self._closing or self._switchboard.draining:
            raise Refused(Reason.DRAINING, "This server is about to stop. Please try again.")

    async def _verified(self, token: str) -> tuple[Caller, int | None]:
        """Who it is, and how many sessions they may have. Raises `Refused`."""
        while True:
            before = self._voidings
            caller = await self._authenticator.verify(token)
            own = await self._sessions_of(caller.address)
            if before == self._voidings:
                return caller, own
            # It may have been this account's log-ins that were voided meanwhile.

    def _resumable(self, hello: message.Hello, caller: Caller) -> Kept | None:
        if hello.resume is msgspec.UNSET:
            return None
        kept = self._kept.get(hello.resume)
        if kept is None:
            return None
        former = kept.participant.caller
        if (former.address, former.grants) != (caller.address, caller.grants):
            return None  # who may do other things does them in another session
        after = hello.after if hello.after is not msgspec.UNSET else 0
        return kept if kept.participant.outbox.resume(after) else None

    def _admit(self, caller: Caller, own: int | None) -> None:
        """`own`: how many sessions this account may have, where that is not as configured."""
        if len(self._kept) >= self._config.max_sessions:
            raise Refused(Reason.TOO_MANY, "This server has no place for another session.")
        limit = self._config.max_sessions_per_address if own is None else own
        if self._per_address[caller.address] >= limit:
            raise Refused(Reason.TOO_MANY, "You have too many sessions open.")

    def _begin(self, caller: Caller) -> Kept:
        participant = Participant(
            caller,
            switchboard=self._switchboard,
            messages=self._messages,
            sessions=self._sessions,
            people=self._people,
            speller=self._speller,
            config=self._config,
        )
        kept = Kept(participant, asyncio.create_task(participant.run(), name="web session"))
        self._kept[participant.id] = kept
        self._per_address[caller.address] += 1
        return kept

    def _watch_token(self, kept: Kept) -> None:
        """Let the connection end with the token; the session may go on with another one."""
        if kept.watching is not None:
            kept.watching.cancel()
            kept.watching = None
        if kept.expires_at is None:
            return
        left = kept.expires_at - self._clock()
        if left <= 0:
            if kept.connection is not None:
                text = "Your token has ended. Please go on with a new one."
                kept.connection.end(Reason.UNAUTHORIZED, text)
            return
        loop = asyncio.get_running_loop()
        kept.watching = loop.call_later(min(left, LOOK_AGAIN), self._watch_token, kept)

    def attach(self, kept: Kept, connection: Connection) -> None:
        """The session goes on through this connection; the one it had ends."""
        if self._kept.get(kept.participant.id) is not kept:  # it ended while it was welcomed
            connection.end(Reason.GONE, "This session is over.")
            return
        if kept.expiry is not None:
            kept.expiry.cancel()
            kept.expiry = None
        if (former := kept.connection) is not None:
            former.end(Reason.REPLACED, "The session goes on through another connection.")
        kept.connection = connection
        kept.participant.changed = connection.wake_writer

    async def detach(self, kept: Kept, connection: Connection) -> None:
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

    def welcome(self, kept: Kept, resumed: bool) -> bytes:
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

    def _check(self, kept: Kept) -> None:
        """While nobody is connected: give up a session that has more to be told than we keep."""
        if kept.participant.outbox.overflowed:
            self._expire(kept)
        else:
            kept.participant.outbox.forget_unsent()

    def _expire(self, kept: Kept) -> None:
        self.reach.remove(kept.participant)
        kept.task.cancel()
        self._forget(kept)

    async def _end(self, kept: Kept, reason: Reason) -> None:
        if kept.connection is not None:
            kept.connection.end(Reason.DRAINING, "The server stops.")
        await kept.participant.leave(reason)
        self._expire(kept)
        await asyncio.wait([kept.task])

    def _forget(self, kept: Kept) -> None:
        for timer in (kept.expiry, kept.watching):
            if timer is not None:
                timer.cancel()
        kept.expiry = kept.watching = None
        if kept.connection is not None:
            kept.connection.end(Reason.GONE, "This session is over.")
        if self._kept.pop(kept.participant.id, None) is not None:
            address = kept.participant.caller.address
            self._per_address[address] -= 1
            if not self._per_address[address]:
                del self._per_address[address]


async def _as_configured(_: Address) -> int | None:
    """No account has a limit of its own."""
    return None
