"""BOSH on the web listeners: requests of HTTP to and from the clients of `bosh`, with limits for
what strangers may begin.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from antiphon._native import Stanza
from antiphon.net.gate import Gate, Lease

from .bodies import Reading
from .bosh import MAX_RID, Body, BoshWire, terminated
from .config import STRANGERS_ELEMENT, XmppLimits
from .loose import LooseWire
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
            answer = await self._serve(request)
        except ClientDisconnect:
            return Response(status_code=400)
        return Response(answer, media_type=MEDIA_TYPE, headers=CORS)

    async def _serve(self, request: Request) -> bytes:
        reading, wrong = await self._read(request)
        client = self._client_of(reading)
        if wrong is None and reading.head is not None:
            rid = _number(reading.head.get("rid"))
            if rid is None or not 0 < rid <= MAX_RID:
                wrong = "bad-request"
            elif client is not None:
                return await self._receive(client, rid, reading.head, reading)
            elif reading.head.get("sid") is None:
                return await self._begin(request, reading.head, rid)
        if client is not None:
            client.wire.abort()  # it is told that this is the end (XEP-0124 §17.2)
        return self._refusal(wrong or "item-not-found")

    async def _read(self, request: Request) -> tuple[Reading, str | None]:
        """The body as far as it is read, and what is wrong with it."""
        reading = Reading(self._limits.element_size)
        async for piece in request.stream():
            reading.feed(piece)
            client = self._client_of(reading)
            bounds = client.wire.bounds if client is not None else None
            # Who has not logged in is a stranger, as over TCP.
            if reading.size > (STRANGERS_ELEMENT if bounds is None else bounds.element):
                return reading, "policy-violation"
            if reading.is_wrong:
                return reading, "bad-request"
        return reading, None if reading.is_complete else "bad-request"

    def _client_of(self, reading: Reading) -> _Client | None:
        sid = reading.head.get("sid") if reading.head is not None else None
        return self._clients.get(sid) if sid is not None else None

    async def _receive(self, client: _Client, rid: int, head: Stanza, reading: Reading) -> bytes:
        now = asyncio.get_running_loop().time()
        # An empty body makes work, too.
        if (pause := client.pace.take(reading.size, now, elements=1 + len(reading.items))) > 0:
            await asyncio.sleep(pause)
        return await client.wire.receive(
            Body(
                rid=rid,
                items=reading.items,
                restart=head.get("xmpp:restart") in ("true", "1"),
                terminate=head.type == "terminate",
                pause=_number(head.get("pause")) or 0,
            )
        )

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
