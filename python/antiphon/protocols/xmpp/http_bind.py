"""BOSH on the web listeners: requests of HTTP to and from the clients of `bosh`, with limits for
what strangers may begin.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from typing import cast

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from antiphon._native import Pipe, Stanza, Streams
from antiphon.net.gate import Gate, Lease

from .bosh import MAX_RID, Body, BoshWire, terminated
from .config import XmppLimits
from .loose import Item, LooseWire
from .negotiation import Negotiation
from .offers import Channel
from .pace import Pace
from .wire import Header

log = logging.getLogger(__name__)

MEDIA_TYPE = "text/xml; charset=utf-8"
# XEP-0124 §5: pages of any origin may be clients; nothing here depends on who brought the page.
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, OPTIONS, POST",
    "Access-Control-Allow-Headers": "Content-Type",
    "Access-Control-Max-Age": "86400",
}
# Digits of the numbers that bodies have.
DIGITS = 16

Take = Callable[[LooseWire, str, Channel], Negotiation]


class _Client:
    """A session, how fast it may speak, and its place."""

    def __init__(self, wire: BoshWire, pace: Pace, lease: Lease) -> None:
        self.wire = wire
        self.pace = pace
        self.lease = lease


class HttpBind:
    """An ASGI endpoint. `take` makes a stream of a wire, the address of its peer and how it is
    protected.
    """

    def __init__(self, domain: str, limits: XmppLimits, take: Take) -> None:
        self.refused: Counter[str] = Counter()
        self._domain = domain
        self._limits = limits
        self._take = take
        self._gate = Gate(limits.bosh_sessions, limits.bosh_sessions_per_address)
        self._clients: dict[str, _Client] = {}

    def __len__(self) -> int:
        return len(self._clients)

    async def handle(self, request: Request) -> Response:
        """One request of HTTP."""
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=CORS)
        if request.method != "POST":
            text = "This is for XMPP over BOSH (XEP-0124): send a <body/> by POST.\n"
            return Response(text, media_type="text/plain", headers=CORS)
        try:
            data = await self._read(request)
        except ClientDisconnect:
            return Response(status_code=400)
        if data is None:
            answer = self._refusal("policy-violation")
        else:
            answer = await self._serve(request, data)
        return Response(answer, media_type=MEDIA_TYPE, headers=CORS)

    async def _read(self, request: Request) -> bytes | None:
        """The body; None of one that is too large."""
        data = bytearray()
        async for piece in request.stream():
            data += piece
            if len(data) > self._limits.element_size:
                return None
        return bytes(data)

    async def _serve(self, request: Request, data: bytes) -> bytes:
        found = self._parse(data)
        if isinstance(found, str):
            return self._refusal(found)
        head, items = found
        sid, rid = head.get("sid"), _number(head.get("rid"))
        if rid is None or not 0 < rid <= MAX_RID:
            return self._refusal("bad-request")
        if sid is None:
            return await self._begin(request, head, rid)
        client = self._clients.get(sid)
        if client is None:
            return self._refusal("item-not-found")
        now = asyncio.get_running_loop().time()
        if (pause := client.pace.take(len(data), now, elements=len(items))) > 0:
            await asyncio.sleep(pause)
        return await client.wire.receive(
            Body(
                rid=rid,
                items=items,
                restart=head.get("xmpp:restart") in ("true", "1"),
                terminate=head.type == "terminate",
                pause=_number(head.get("pause")) or 0,
            )
        )

    def _parse(self, data: bytes) -> tuple[Stanza, list[Item]] | str:
        """The `<body/>` and what is in it, or what is wrong."""
        pipe = Pipe(Streams.BOSH, element=self._limits.element_size, free=True)
        head: Stanza | None = None
        items: list[Item] = []
        for kind, what in pipe.feed(data):
            if kind == Streams.OPENED:
                head = cast(Stanza, what)
            elif kind == Streams.ITEM:
                items.append(cast(Stanza, what))
            elif kind == Streams.FAILED:
                return "bad-request"
        return (head, items) if head is not None else "bad-request"

    async def _begin(self, request: Request, head: Stanza, rid: int) -> bytes:
        """A session (XEP-0124 §7)."""
        peer = request.client.host if request.client is not None else ""
        lease = self._gate.admit(peer)
        if lease is None:
            return self._refusal("policy-violation")
        loop = asyncio.get_running_loop()
        first = Header(
            to=head.to,
            from_=head.from_,
            version=head.get("xmpp:version") or "1.0",
            language=head.get("xml:lang") or "",
        )
        wire = BoshWire(
            domain=self._domain,
            first=first,
            rid=rid,
            wait=_number(head.get("wait")) or 1,
            hold=_number(head.get("hold")) or 0,
            room=self._limits.write_buffer,
            loop=loop,
            gone=self._forget,
        )
        self._clients[wire.sid] = _Client(wire, Pace(self._limits, loop.time()), lease)
        stream = self._take(wire, peer, Channel(secure=request.url.scheme == "https"))
        wire.start(stream, loop.call_later(self._limits.login_time, _too_slow, stream))
        answer = wire.receive(Body(rid=rid, items=[first]))
        return await answer

    def _forget(self, wire: BoshWire) -> None:
        if (client := self._clients.pop(wire.sid, None)) is not None:
            client.lease.release()

    def _refusal(self, condition: str) -> bytes:
        self.refused[condition] += 1
        return terminated(condition)


def _number(text: str | None) -> int | None:
    if text is None or not (text.isascii() and text.isdecimal()) or len(text) > DIGITS:
        return None
    return int(text)


def _too_slow(stream: Negotiation) -> None:
    stream.close("connection-timeout", "Nobody logged in.")
