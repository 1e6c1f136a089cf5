"""Bodies that are too large to be read before their resource asks for them: uploads."""

import asyncio
import re
import time
from collections.abc import AsyncIterator

from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.types import Scope

from antiphon.core.reason import Reason

from .errors import HttpRefused

UPLOADS = "/upload/"

# Who sends slower than this in the long run holds a place that others wait for.
SLOWEST = 2048  # bytes a second
GRACE = 60.0  # seconds before that is looked at

_STREAMED = re.compile(r"/upload/.*|/api/v1/accounts/[^/]+/avatar")


def reads_itself(scope: Scope) -> bool:
    """Whether the resource of this request reads and limits the body by itself."""
    return scope["method"] == "PUT" and _STREAMED.fullmatch(scope["path"]) is not None


def length_of(request: Request) -> int | None:
    """What `Content-Length` says; None without a usable one."""
    text = request.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


async def pieces(request: Request, limit: int, patience: float) -> AsyncIterator[bytes]:
    """The body as it comes. Raises `HttpRefused`: TOO_LARGE beyond `limit` bytes, TIMEOUT when
    nothing comes for `patience` seconds or all of it too slowly. `ClientDisconnect` comes through.
    """
    began, received = time.monotonic(), 0
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(patience):
                piece = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise _too_slow() from None
        received += len(piece)
        if received > limit:
            raise too_large(limit)
        passed = time.monotonic() - began
        if passed > GRACE and received < SLOWEST * passed:
            raise _too_slow()
        if piece:
            yield piece


async def read_body(request: Request, limit: int, patience: float) -> bytes:
    """The whole body; raises as `pieces`, and BAD_REQUEST when the peer goes away."""
    if (length_of(request) or 0) > limit:
        raise too_large(limit)
    body = bytearray()
    try:
        async for piece in pieces(request, limit, patience):
            body += piece
    except ClientDisconnect:
        raise HttpRefused(Reason.BAD_REQUEST, "The body is not complete.") from None
    return bytes(body)


def too_large(limit: int) -> HttpRefused:
    """More than is taken; the connection ends, for the rest of the body may still come."""
    text = f"The body of this request may have {limit} bytes."
    return HttpRefused(Reason.TOO_LARGE, text, headers={"Connection": "close"})


def _too_slow() -> HttpRefused:
    return HttpRefused(
        Reason.TIMEOUT,
        "The body of the request did not arrive in time.",
        status=408,
        headers={"Connection": "close"},
    )
