"""A client of the room WebSocket that can also misbehave; knows JSON and little else."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

ACK_EVERY = 16


async def guest_token(url: str, name: str) -> str:
    """A guest's token."""
    async with httpx.AsyncClient(base_url=url) as http:
        answer = await http.post("/api/v1/auth/guest", json={"name": name})
        answer.raise_for_status()
        return str(answer.json()["token"])


class Signalling:
    """One connection: requests with replies, and the events in the order they came."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.events: list[dict[str, Any]] = []
        # Takes events in place of the list.
        self.heard: Callable[[dict[str, Any]], None] | None = None
        self._number = 0
        self._replies: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._news = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    async def hello(self, token: str, **more: Any) -> dict[str, Any]:
        await self.send({"type": "hello", "token": token, **more})
        return await self.event("welcome")

    async def request(self, type: str, **fields: Any) -> dict[str, Any]:  # noqa: A002
        """Send a request and wait for its reply, whatever it is."""
        self._number += 1
        reply: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._replies[self._number] = reply
        await self.send({"type": type, "id": self._number, **fields})
        async with asyncio.timeout(20):
            return await reply

    async def send(self, message: object) -> None:
        await self.socket.send(json.dumps(message))

    async def event(self, type: str, within: float = 20.0) -> dict[str, Any]:  # noqa: A002
        """The first message of this type that was not taken yet."""
        async with asyncio.timeout(within):
            while True:
                for number, event in enumerate(self.events):
                    if event["type"] == type:
                        return self.events.pop(number)
                if self._reader.done():
                    raise AssertionError(f"closed before {type}; came: {self.events}")
                self._news.clear()
                await self._news.wait()

    async def close_code(self, within: float = 20.0) -> int | None:
        """Wait for the other side to close."""
        async with asyncio.timeout(within):
            await self.socket.wait_closed()
            await self._reader
        return self.socket.close_code

    async def close(self) -> None:
        await self.socket.close()
        await self._reader

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for frame in self.socket:
                message = json.loads(frame)
                # What is acknowledged need not be kept for a resume.
                if message.get("seq", 1) % ACK_EVERY == 0:
                    await self.send({"type": "ack", "seq": message["seq"]})
                reply = self._replies.pop(message.get("id", 0), None)
                if reply is not None and not reply.done():
                    reply.set_result(message)
                elif self.heard is not None and "seq" in message:
                    self.heard(message)
                else:
                    self.events.append(message)
                self._news.set()
        for reply in self._replies.values():
            if not reply.done():
                reply.set_exception(ConnectionError("closed before the reply"))
        self._news.set()


@contextlib.asynccontextmanager
async def signalling(url: str, **options: Any) -> AsyncIterator[Signalling]:
    """A WebSocket without a hello yet."""
    address = url.replace("http", "ws", 1) + "/ws"
    socket = await connect(address, subprotocols=["antiphon.v1"], proxy=None, **options)  # type: ignore[list-item]
    client = Signalling(socket)
    try:
        yield client
    finally:
        await client.close()


@contextlib.asynccontextmanager
async def joined(url: str, room: str, name: str) -> AsyncIterator[Signalling]:
    """A guest in a room, without media."""
    token = await guest_token(url, name)
    async with signalling(url) as client:
        await client.hello(token)
        reply = await client.request("join", room=room)
        assert reply["type"] == "joined", reply
        yield client
