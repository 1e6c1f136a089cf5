"""A server of the room WebSocket among fakes, and the other side of its sockets."""

import asyncio
import json
from typing import Any

from starlette.websockets import WebSocket

from antiphon.core.ports import Caller, IceServer
from antiphon.core.reason import Reason, Refused
from antiphon.protocols.web.config import WebConfig
from antiphon.protocols.web.server import WebSignalling
from antiphon.services.presence import PresenceBook
from tests.support.contacts import MemoryContacts
from tests.support.fakes import House, account, guest

CONFIG = WebConfig(resume_timeout=20.0, request_burst=1000, queue_limit=20_000)


class Tokens:
    """A token is a name; names beginning with g are guests, those in capitals hold a token of an
    account for the room `r` only.
    """

    async def verify(self, token: str) -> Caller:
        if not token.isalpha():
            raise Refused(Reason.UNAUTHORIZED, "not a token")
        if token.isupper():
            return account(token.lower(), rooms=frozenset({"r"}))
        return guest(token) if token.startswith("g") else account(token)


class Servers:
    def for_caller(self, caller: Caller) -> list[IceServer]:
        return [IceServer(("stun:stun.example.org",))]


class Client:
    """The other side of one ASGI WebSocket."""

    def __init__(self, server: WebSignalling, subprotocols: tuple[str, ...] = ()) -> None:
        self.sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.received: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.reads = asyncio.Event()
        self.reads.set()
        self.subprotocol: str | None = None
        self.closed: int | None = None
        self.requests = 0
        scope = {"type": "websocket", "subprotocols": list(subprotocols), "headers": []}
        self.sent.put_nowait({"type": "websocket.connect"})
        websocket = WebSocket(scope, self.sent.get, self._take)
        self.task = asyncio.create_task(server.handle(websocket))

    async def _take(self, frame: Any) -> None:
        if frame["type"] == "websocket.accept":
            self.subprotocol = frame.get("subprotocol")
        elif frame["type"] == "websocket.close":
            self.closed = frame["code"]
        else:
            await self.reads.wait()
            self.received.put_nowait(json.loads(frame["text"]))

    def send(self, kind: str, **fields: object) -> None:
        self.sent.put_nowait(
            {"type": "websocket.receive", "text": json.dumps({"type": kind, **fields})}
        )

    def request(self, kind: str, **fields: object) -> int:
        self.requests += 1
        self.send(kind, id=self.requests, **fields)
        return self.requests

    async def expect(self, kind: str, **fields: object) -> dict[str, Any]:
        """The next message of that type; what comes before it is passed over."""
        async with asyncio.timeout(20):
            while True:
                message = await self.received.get()
                if message["type"] == kind and fields.items() <= message.items():
                    return message

    async def ask(self, kind: str, reply: str = "result", **fields: object) -> dict[str, Any]:
        return await self.expect(reply, id=self.request(kind, **fields))

    async def hello(self, name: str, **fields: object) -> dict[str, Any]:
        self.send("hello", token=name, **fields)
        return await self.expect("welcome")

    async def lose(self, code: int = 1006) -> None:
        self.sent.put_nowait({"type": "websocket.disconnect", "code": code})
        await self.task


class World:
    def __init__(self, here: House, config: WebConfig = CONFIG, **people: Any) -> None:
        """`people`: `presence` and `contacts`, where they are not of the house's own making."""
        self.house = here
        self.presence: PresenceBook = people.get("presence", PresenceBook())
        self.contacts: MemoryContacts = people.get(
            "contacts", MemoryContacts(here.switchboard.tell)
        )
        self.server = WebSignalling(
            switchboard=here.switchboard,
            messages=here.messages,
            sessions=here.sessions,
            authenticator=Tokens(),
            ice_servers=Servers(),
            config=config,
            version="test",
            presence=self.presence,
            contacts=self.contacts,
        )
        here.switchboard.add_reach(self.server.reach)

    def connect(self, *subprotocols: str) -> Client:
        return Client(self.server, subprotocols)

    async def joined(self, name: str, room: str = "r") -> Client:
        client = self.connect()
        await client.hello(name)
        await client.ask("join", "joined", room=room)
        return client
