"""Server-sent events of what the caller may see, as it happens."""

import asyncio
import time
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from antiphon.core.ports import Authenticator
from antiphon.core.reason import Refused
from antiphon.protocols.http.caller import CurrentCaller
from antiphon.protocols.http.listeners import Listener, Listeners
from antiphon.protocols.http.runtime import Live

router = APIRouter(prefix="/api/v1/events", tags=["events"])

# Proxies close what is silent for a minute; a token that ended is noticed as late as this.
PAUSE = 15.0
# A reader that takes nothing for so long has stopped reading.
WRITE_TIMEOUT = 30.0


class EventStream(Response):
    """An endless response; it ends when the reader goes, is too slow, or its token ends."""

    media_type = "text/event-stream"

    def __init__(
        self, listeners: Listeners, listener: Listener, authenticator: Authenticator, token: str
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._listeners = listeners
        self._listener = listener
        self._authenticator = authenticator
        self._token = token
        self._verified_at = time.monotonic()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the end."""
        writing = asyncio.ensure_future(self._write(send))
        leaving = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait({writing, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if writing.done():
                writing.result()
        except TimeoutError:
            # The server cuts the connection of a response that ends without its last part.
            self._listener.too_slow = True
        finally:
            self._listeners.remove(self._listener)
            for task in (writing, leaving):
                task.cancel()
            await asyncio.gather(writing, leaving, return_exceptions=True)

    async def _write(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        await _send(send, b": welcome\nretry: 2000\n\n", more=True)
        last = False
        while not last:
            content, last = await self._content()
            await _send(send, content, more=not last)

    async def _content(self) -> tuple[bytes, bool]:
        try:
            async with asyncio.timeout(PAUSE):
                news = await self._listener.next()
        except TimeoutError:
            news = b": still here\n\n", False
        # Also where there is always something to tell.
        if time.monotonic() - self._verified_at >= PAUSE:
            await self._verify()
        return news

    async def _verify(self) -> None:
        self._verified_at = time.monotonic()
        try:
            await self._authenticator.verify(self._token)
        except Refused as refused:
            self._listener.end(refused.reason, refused.text)


async def _send(send: Send, content: bytes, *, more: bool) -> None:
    async with asyncio.timeout(WRITE_TIMEOUT):
        await send({"type": "http.response.body", "body": content, "more_body": more})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


@router.get(
    "",
    status_code=200,
    response_class=EventStream,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def listen(
    request: Request,
    live: Live,
    caller: CurrentCaller,
    own: Annotated[
        bool, Query(description="Also messages, contacts and presence of the caller's account.")
    ] = False,
) -> Response:
    """Follow all rooms that the caller may see.

    Events have the names and fields of those of `/ws`, and `room`; besides there are `room_opened`,
    `room_closed` and, as the last one, `ended` with a reason. With `own`, the reader is a device of
    its account, and hears what those of `/ws` hear; it begins with who is there. Nothing is sent
    again after a reconnection: read rooms and conversations anew.
    """
    _, _, token = request.headers["authorization"].partition(" ")
    listener = live.listeners.open(caller)
    if own:
        try:
            await live.listeners.follow(listener)
        except BaseException:
            live.listeners.remove(listener)
            raise
    return EventStream(live.listeners, listener, live.context.authenticator, token)
