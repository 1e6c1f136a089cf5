"""Reads one socket of datagrams: at once while little comes; under load once in a while, so that
one turn of the event loop, one system call to read and one to send serve several messages.

What they say is nothing to it.
"""

import asyncio
import socket
from collections.abc import Callable

# So many turns within so long (s) are load; then there is one every PAUSE (s). It is less than a
# hundredth of T1 (RFC 3261 §17.1.1.1), after which a message is sent again.
TURNS = 8
WITHIN = 0.01
PAUSE = 0.003
# After so many turns with nothing to read it is calm again.
IDLE = 4


class Datagrams:
    """See the module. `poll(now)`: read what has come, do all that follows, and send; how many
    datagrams there were.
    """

    def __init__(
        self,
        opened: socket.socket,
        poll: Callable[[float], int],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._socket = opened
        self._poll = poll
        self._loop = loop
        self._turns = 0
        self._since = 0.0
        self._idle = 0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Take what comes."""
        self._loop.add_reader(self._socket, self._readable)

    def close(self) -> None:
        """Read nothing more, and close the socket."""
        self._stop_pausing()
        self._loop.remove_reader(self._socket)
        self._socket.close()

    @property
    def is_loaded(self) -> bool:
        """Whether it is read once in a while."""
        return self._timer is not None

    def _readable(self) -> None:
        now = self._loop.time()
        if now - self._since > WITHIN:
            self._turns, self._since = 0, now
        self._turns += 1
        if self._turns >= TURNS:
            self._loop.remove_reader(self._socket)
            self._turns = self._idle = 0
            self._pause()
        self._poll(now)

    def _pause(self) -> None:
        self._timer = self._loop.call_later(PAUSE, self._again)

    def _again(self) -> None:
        # Whatever the poll meets, there is another turn after it.
        self._pause()
        if self._poll(self._loop.time()):
            self._idle = 0
            return
        self._idle += 1
        # The poll may have led to the end of all this.
        if self._idle >= IDLE and self.is_loaded:
            self._stop_pausing()
            self.start()

    def _stop_pausing(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
