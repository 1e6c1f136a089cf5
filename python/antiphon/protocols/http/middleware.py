"""What every request passes: an id, a log line, limits of rate and body, header fields for safety,
and a net for errors.

Pure ASGI: it knows no route and no resource. Other things than HTTP requests (WebSockets, lifespan)
pass unchanged, but for the limit of their rate.
"""

import asyncio
import logging
import re
import secrets
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from antiphon.core.reason import Reason
from antiphon.net.gate import network_of

from .bodies import UPLOADS, reads_itself
from .errors import HttpRefused, problem_response
from .runtime import Runtime

log = logging.getLogger(__name__)


class Supervised:
    """Gives a request an id, counts and logs it, and answers 500 when nothing else was answered."""

    def __init__(self, app: ASGIApp, runtime: Runtime) -> None:
        self._app = app
        self._figures = runtime.figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        began = time.perf_counter()
        method, status = scope["method"], 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
                self._figures.duration.observe(time.perf_counter() - began)
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except Exception:
            self._figures.failures.inc()
            log.exception("request %s failed: %s %s", request_id, method, _place(scope))
            if status:
                # Too late for another status: the server cuts the connection.
                raise
            await _failed(request_id)(scope, receive, answer)
        finally:
            self._count(scope, method, status)
            log.debug("%s %s %d %s", method, _place(scope), status, request_id)

    def _count(self, scope: Scope, method: str, status: int) -> None:
        route = getattr(scope.get("route"), "path", "other")
        known = method if method in _METHODS else "other"
        self._figures.requests.labels(known, route, str(status)).inc()


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _place(scope: Scope) -> str:
    """The path for the log: of a known resource its pattern, for the path itself may be secret."""
    return getattr(scope.get("route"), "path", None) or str(scope["path"])[:200]


def _failed(request_id: str) -> Response:
    return problem_response(
        request_id,
        Reason.INTERNAL,
        "The server made an error. Its log tells more about this request.",
    )


class Safe:
    """Adds the header fields that keep browsers from guessing and leaking; a response's own ones
    win.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _SAFE.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, answer)


_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class OtherOrigins(CORSMiddleware):
    """What pages of other origins may call; uploaded files say themselves that all may."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["path"].startswith(UPLOADS):
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


class RateLimited:
    """Refuses network addresses that ask too often."""

    def __init__(self, app: ASGIApp, runtime: Runtime) -> None:
        self._app = app
        self._gate = runtime.requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        client = scope.get("client")
        try:
            self._gate.pass_through(network_of(client[0] if client else None))
        except HttpRefused as refused:
            await _refuse(refused, scope, receive, send)
            return
        await self._app(scope, receive, send)


async def _refuse(refused: HttpRefused, scope: Scope, receive: Receive, send: Send) -> None:
    extensions = scope.get("extensions") or {}
    if scope["type"] == "websocket" and "websocket.http.response" not in extensions:
        # The server answers 403 to a handshake that is closed before it was accepted.
        await send({"type": "websocket.close", "code": 1013, "reason": refused.text})
        return
    request_id = scope.get("state", {}).get("request_id")
    response = problem_response(
        request_id,
        refused.reason,
        refused.text,
        status=refused.status,
        headers=refused.headers,
    )
    await response(scope, receive, send)


class BodyLimited:
    """Reads a request's body before the application sees the request: so much, so deep, in so much
    time.
    """

    def __init__(self, app: ASGIApp, runtime: Runtime) -> None:
        self._app = app
        self._limits = runtime.context.limits
        self._limited = runtime.figures.limited

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        bodiless = scope["type"] != "http" or not _has_body(Headers(scope=scope))
        if bodiless or reads_itself(scope):
            await self._app(scope, receive, send)
            return
        try:
            body = await self._read(Headers(scope=scope), receive)
        except HttpRefused as refused:
            self._limited.labels("body").inc()
            await _refuse(refused, scope, receive, send)
            return
        if body is not None:
            await self._app(scope, _replay(body, receive), send)

    async def _read(self, headers: Headers, receive: Receive) -> bytes | None:
        """The whole body; None when the peer went away."""
        length = headers.get("content-length", "0")
        if length.isascii() and length.isdigit() and int(length[:20]) > self._limits.body_size:
            raise self._too_large()
        try:
            async with asyncio.timeout(self._limits.body_timeout):
                body = await self._gather(receive)
        except TimeoutError:
            raise HttpRefused(
                Reason.TIMEOUT,
                "The body of the request did not arrive in time.",
                status=408,
                headers={"Connection": "close"},
            ) from None
        is_json = "json" in headers.get("content-type", "")
        if body and is_json and too_deep(body, self._limits.json_depth):
            raise HttpRefused(Reason.BAD_REQUEST, "The JSON is nested too deeply.")
        return body

    async def _gather(self, receive: Receive) -> bytes | None:
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            if len(body) > self._limits.body_size:
                raise self._too_large()
            if not message.get("more_body", False):
                return bytes(body)

    def _too_large(self) -> HttpRefused:
        return HttpRefused(
            Reason.TOO_LARGE,
            f"The body of a request may have {self._limits.body_size} bytes.",
            headers={"Connection": "close"},
        )


def _has_body(headers: Headers) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


_JSON_PARTS = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', re.DOTALL)


def too_deep(body: bytes, depth: int) -> bool:
    """Whether arrays and objects stand more than `depth` deep in a JSON text, well formed or no."""
    if body.count(b"[") + body.count(b"{") <= depth:
        return False
    level = 0
    for part in _JSON_PARTS.finditer(body):
        first = part[0][0]
        if first in b"[{":
            level += 1
            if level > depth:
                return True
        elif first in b"]}":
            level -= 1
    return False


class HeadAsGet:
    """Answers HEAD as GET without the body (RFC 9110 §9.3.2), on every route."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        done = False

        async def answer(message: Message) -> None:
            nonlocal done
            if message["type"] == "http.response.start":
                await send(message)
            elif not done:
                done = True
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        async def listen() -> Message:
            # What would stream for ever ends as if the peer had gone.
            return {"type": "http.disconnect"} if done else await receive()

        # The server looks into its own scope to see that no body belongs to the answer.
        inner = {**scope, "method": "GET"}
        await self._app(inner, listen, answer)
        if "route" in inner:
            scope["route"] = inner["route"]
