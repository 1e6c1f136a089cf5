"""One client over BOSH (XEP-0124, XEP-0206) without HTTP: numbered bodies come in, elements wait
for a body that they can leave with. Who brings and takes bodies is `http_bind`.
"""

import asyncio
import logging
import secrets
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .loose import Item, LooseWire, alone
from .message import escape
from .namespaces import HTTP_BIND, STREAM, XBOSH
from .wire import Header

log = logging.getLogger(__name__)

VERSION = "1.11"
# Requests that the client may have open at once, one of them being held.
REQUESTS = 2
HOLD = 1
MAX_WAIT = 60
# Seconds without an open request after which a client is given up, and at most with a pause.
INACTIVITY = 60
MAX_PAUSE = 120
# Answers that are kept for requests that are sent again (XEP-0124 §14.3).
KEPT = REQUESTS + 1
MAX_RID = 2**53 - 1
# Seconds in which a client may still ask how its session ended.
LINGER = 5.0


@dataclass(frozen=True, slots=True)
class Body:
    """What a request says in its `<body/>`, read."""

    rid: int
    items: Sequence[Item]
    restart: bool = False
    terminate: bool = False
    pause: int = 0


def body(content: bytes = b"", **attributes: str) -> bytes:
    """A `<body/>`; underscores in names of attributes stand for colons."""
    said = "".join(
        f" {name.replace('_', ':')}='{escape(value)}'" for name, value in attributes.items()
    )
    if "xmpp_" in "".join(attributes):
        said += f" xmlns:xmpp='{XBOSH}'"
    head = f"<body xmlns='{HTTP_BIND}'{said}"
    return head.encode() + (b">" + content + b"</body>" if content else b"/>")


def terminated(condition: str = "", content: bytes = b"") -> bytes:
    """The body that ends a session (XEP-0124 §17.2)."""
    if condition:
        return body(content, type="terminate", condition=condition)
    return body(content, type="terminate")


class BoshWire(LooseWire):
    """The wire of one client. `gone` is called a little after it is over."""

    def __init__(
        self,
        *,
        domain: str,
        first: Header,
        rid: int,
        wait: int,
        hold: int,
        room: int,
        loop: asyncio.AbstractEventLoop,
        gone: Callable[["BoshWire"], None],
    ) -> None:
        """`room`: bytes that may wait for the client."""
        super().__init__(loop.time)
        self.sid = secrets.token_urlsafe(18)
        self._id = secrets.token_hex(8)
        self._domain = domain
        self._first = first
        self._rid = rid - 1
        self._wait = max(1, min(wait, MAX_WAIT))
        self._hold = max(0, min(hold, HOLD))
        self._room = room
        self._loop = loop
        self._gone = gone
        self._greeting: dict[str, str] | None = None
        self._greeted = False
        self._last = terminated("item-not-found")
        self._out: list[bytes] = []
        self._waiting = 0
        self._early: dict[int, tuple[Body, asyncio.Future[bytes]]] = {}
        self._open: OrderedDict[int, asyncio.Future[bytes]] = OrderedDict()
        self._answers: OrderedDict[int, bytes] = OrderedDict()
        self._inactivity = INACTIVITY
        self._flushing: asyncio.Handle | None = None
        self._clock_of_requests: dict[int, asyncio.TimerHandle] = {}
        self._idle_clock = loop.call_later(INACTIVITY, self._too_idle)

    # requests

    def receive(self, request: Body) -> asyncio.Future[bytes]:
        """Take one request, whose number may be ahead of others; its answer."""
        answer: asyncio.Future[bytes] = self._loop.create_future()
        if (known := self._answers.get(request.rid)) is not None:
            answer.set_result(known)
        elif self.is_closed:
            answer.set_result(self._last)
        elif (twin := self._open.get(request.rid)) is not None:
            # XEP-0124 §14.3: sent again; the earlier copy's connection is most likely broken.
            _settle(twin, body())
            self._open[request.rid] = answer
        elif not self._rid < request.rid <= self._rid + REQUESTS:
            answer.set_result(terminated("item-not-found"))
            self.abort()
        else:
            if (former := self._early.get(request.rid)) is not None:
                _settle(former[1], body())  # sent again before its turn
            self._early[request.rid] = (request, answer)
            while (following := self._early.pop(self._rid + 1, None)) is not None:
                self._rid += 1
                self._take(*following)
        return answer

    def _take(self, request: Body, answer: asyncio.Future[bytes]) -> None:
        """Take the request whose turn it is."""
        self._idle_clock.cancel()
        self._open[request.rid] = answer
        self._clock_of_requests[request.rid] = self._loop.call_later(
            self._wait, self._answer, request.rid
        )
        if request.restart:
            self.feed(self._first)
        for item in request.items:
            self.feed(item)
        if request.terminate:
            self.feed(None)
            self._flush()
            return
        if request.pause:
            self._inactivity = min(request.pause, MAX_PAUSE)
            while self._open:
                self._answer(next(iter(self._open)))
            return
        if self._out:
            self._soon()
        while len(self._open) > self._hold:
            self._answer(next(iter(self._open)))

    def _answer(self, rid: int) -> None:
        """Answer a request with all that waits."""
        content, self._out = b"".join(self._out), []
        self._waiting = 0
        if self._greeting is not None:
            said, self._greeting = self._greeting, None
        else:
            said = {"xmlns_stream": STREAM} if b"stream:" in content else {}
        self._reply(rid, body(content, **said))

    def _reply(self, rid: int, data: bytes) -> None:
        answer = self._open.pop(rid, None)
        if answer is None:
            return
        self._clock_of_requests.pop(rid).cancel()
        self._answers[rid] = data
        while len(self._answers) > KEPT:
            self._answers.popitem(last=False)
        _settle(answer, data)
        if not self._open and not self.is_closed:
            self._idle_clock.cancel()
            self._idle_clock = self._loop.call_later(self._inactivity, self._too_idle)
            self._inactivity = INACTIVITY

    def _too_idle(self) -> None:
        """XEP-0124 §10."""
        self.abort()

    # what goes to the client

    def open(self, to: str | None, *, from_: str | None = None) -> str:
        """XEP-0206 §3: the first answer stands for a stream's header; restarts have none."""
        if self._greeted:
            return self._id
        self._greeted = True
        self._greeting = {
            "sid": self.sid,
            "wait": str(self._wait),
            "hold": str(self._hold),
            "requests": str(self._hold + 1),
            "inactivity": str(INACTIVITY),
            "maxpause": str(MAX_PAUSE),
            "ver": VERSION,
            "from": from_ or self._domain,
            "authid": self._id,
            "xmlns_stream": STREAM,
            "xmpp_version": "1.0",
            "xmpp_restartlogic": "true",
        }
        return self._id

    def _soon(self) -> None:
        """Answer at the end of this turn: what is sent in one turn leaves in one body."""
        if self._flushing is None:
            self._flushing = self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        if not self._out or not self._open:
            return
        self._answer(next(iter(self._open)))

    def put(self, data: bytes) -> None:
        """With the next answer."""
        if self.is_closed:
            return
        self._waiting += len(data)
        if self._waiting > self._room:
            log.info("XMPP over BOSH ended: the client does not read")
            self.abort()
            return
        self._out.append(data)
        self._soon()

    def _finish(self, error: bytes) -> None:
        content = b"".join(self._out)
        if error:
            condition = "remote-stream-error"
            content += alone(error)
        else:
            condition = ""
        self._end_with(terminated(condition, content))

    def _drop(self) -> None:
        self._end_with(terminated("item-not-found"))

    def _end_with(self, data: bytes) -> None:
        """Answer all that is open, and what comes yet: nothing comes behind it."""
        self._last = data
        self._out.clear()
        self._idle_clock.cancel()
        if self._flushing is not None:
            self._flushing.cancel()
        for rid in list(self._open):
            self._reply(rid, data)
        for _, answer in self._early.values():
            _settle(answer, terminated("item-not-found"))
        self._early.clear()
        self._loop.call_later(LINGER, self._gone, self)


def _settle(answer: asyncio.Future[bytes], data: bytes) -> None:
    if not answer.done():  # a client that hung up has cancelled it
        answer.set_result(data)
