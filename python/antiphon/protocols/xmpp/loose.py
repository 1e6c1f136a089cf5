"""Streams that the engine does not carry: their elements wait here until whoever has the stream
wants the next one, and what goes to them is given to `put`, each element standing alone.
"""

import asyncio
from abc import abstractmethod
from collections import deque
from collections.abc import Callable

from antiphon._native import Kept, Stanza

from .namespaces import STREAM
from .wire import Bounds, Detached, End, Header

STREAM_PREFIX = b"<stream:"
# Elements that may wait while a look-up is under way.
MAX_WAITING = 256

Item = Header | Stanza | str | None
"""The header of a stream; an element; a condition that ends it; None when the peer ended it."""


def alone(data: bytes) -> bytes:
    """An element with the namespaces that a stream's header would have declared."""
    if data.startswith(STREAM_PREFIX):
        name, mark, rest = data.partition(b" ")
        end = data.index(b">")
        if not mark or len(name) > end:
            name, rest = data[:end], data[end:]
            return name + f" xmlns:stream='{STREAM}'".encode() + rest
        return name + f" xmlns:stream='{STREAM}' ".encode() + rest
    return Stanza(data).raw


class LooseWire(Detached):
    """A `wire.Wire` but for how bytes get to the peer: `put`, `open`, `_finish`, `_drop`."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._end: End | None = None
        self._items: deque[Item] = deque()
        self._ready = True
        self._free = False
        self._pumping = False
        self._closed = False
        self._heard_at = clock()
        self._bounds: Bounds | None = None
        self._login: asyncio.TimerHandle | None = None

    def start(self, end: End, login: asyncio.TimerHandle) -> None:
        """Whose stream it is; `login` ends it unless it is `free` by then."""
        self._end = end
        self._login = login

    @property
    def bounds(self) -> Bounds | None:
        """What its peer may do; None until somebody has logged in."""
        return self._bounds

    @property
    def is_closed(self) -> bool:
        """Whether it is over."""
        return self._closed

    # in

    def feed(self, item: Item) -> None:
        """Something came."""
        self._heard_at = self._clock()
        if self._closed:
            return
        if len(self._items) >= MAX_WAITING:
            item = "policy-violation"
            self._items.clear()
        self._items.append(item)
        self._pump()

    def lose(self) -> None:
        """The peer is gone."""
        if not self._closed:
            self._over()
            if self._end is not None:
                self._end.lost()

    def _pump(self) -> None:
        if self._pumping:
            return
        self._pumping = True
        try:
            while self._items and self._ready and not self._closed:
                self._ready = self._free
                self._give(self._items.popleft())
        finally:
            self._pumping = False

    def _give(self, item: Item) -> None:
        assert self._end is not None
        if item is None:
            self._end.ended_by_peer()
        elif isinstance(item, str):
            self._end.failed(item)
        elif isinstance(item, Header):
            self._end.opened(item)
        else:
            self._end.received(item)

    def _over(self) -> None:
        self._closed = True
        self._items.clear()
        if self._login is not None:
            self._login.cancel()

    # wire.Wire

    def carry(self, end: End) -> None:
        """Tell what comes to this one."""
        self._end = end

    @abstractmethod
    def open(self, to: str | None, *, from_: str | None = None) -> str:
        """Answer a stream's header."""

    def send(self, data: bytes) -> None:
        """One element."""
        if not self._closed:
            self.put(alone(data))

    def keep(self, kept: Kept | None) -> None:
        """Never: `keeps` is False."""

    def name(self, address: str) -> None:
        """It takes no part in groups."""

    def limit(self, bounds: Bounds) -> None:
        """Those who bring elements look at it."""
        self._bounds = bounds

    def resume(self, *, restart: bool = False, starttls: bool = False, free: bool = False) -> None:
        """Let the next element come. TLS is not asked for here."""
        self._ready = True
        if free:
            self._free = True
            if self._login is not None:
                self._login.cancel()
                self._login = None
        self._pump()

    def idle(self) -> float:
        """Seconds of silence."""
        return self._clock() - self._heard_at

    def close(self, error: bytes = b"") -> None:
        """End the stream in order."""
        if not self._closed:
            self._over()
            self._finish(error)

    def abort(self) -> None:
        """Drop it; whoever has the stream hears that it is lost."""
        if not self._closed:
            self._drop()
            self.lose()

    # how bytes get to the peer

    @abstractmethod
    def _finish(self, error: bytes) -> None:
        """The end, with a stream error if there is one."""

    @abstractmethod
    def _drop(self) -> None:
        """The end without words."""
