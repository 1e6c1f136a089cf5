"""What a client must get although its connection comes and goes: numbered events and the replies
given last.

No I/O and no clock. A session has one outbox; the connection of the moment takes frames out of it.
"""

from collections import OrderedDict, deque

# Replies kept to answer repeated requests; a client has far fewer requests open at once.
REPLIES_KEPT = 256


class Outbox:
    """Frames in order. `limit`: bytes of events and unsent frames that may wait before the client
    is given up.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._seq = 0
        self._events: deque[tuple[int, bytes]] = deque()
        self._replies: OrderedDict[int, bytes] = OrderedDict()
        self._unsent: deque[bytes] = deque()
        self._kept_bytes = 0
        self._replies_bytes = 0
        self._unsent_bytes = 0

    @property
    def overflowed(self) -> bool:
        """Whether more waits than the client may make us keep."""
        return self._kept_bytes + self._unsent_bytes > self._limit

    @property
    def crowded(self) -> bool:
        """Whether so much waits that what can be read elsewhere should not be added."""
        return self._kept_bytes + self._unsent_bytes > self._limit // 2

    @property
    def waiting(self) -> int:
        """Bytes not yet taken by a connection."""
        return self._unsent_bytes

    @property
    def acknowledged(self) -> int:
        """The last event that arrived, and all before it."""
        return self._events[0][0] - 1 if self._events else self._seq

    def push(self, head: bytes, tail: bytes) -> int:
        """Number an event and queue it: its frame is `head`, the number, `tail`. The number."""
        self._seq += 1
        frame = b"%b%d%b" % (head, self._seq, tail)
        self._events.append((self._seq, frame))
        self._kept_bytes += len(frame)
        self._queue(frame)
        return self._seq

    def reply(self, id: int, frame: bytes) -> None:
        """Queue the reply to request `id`, and keep it in case the request is repeated."""
        self._replies[id] = frame
        self._replies_bytes += len(frame)
        while len(self._replies) > REPLIES_KEPT or self._replies_bytes > self._limit:
            self._replies_bytes -= len(self._replies.popitem(last=False)[1])
        self._queue(frame)

    def repeat(self, id: int) -> bool:
        """Answer a repeated request again; False when it is not known (any more)."""
        if (frame := self._replies.get(id)) is None:
            return False
        self._queue(frame)
        return True

    def send(self, frame: bytes) -> None:
        """Queue a frame that is worth nothing to a later connection."""
        self._queue(frame)

    def acknowledge(self, seq: int) -> None:
        """Events up to `seq` have arrived."""
        while self._events and self._events[0][0] <= seq:
            self._kept_bytes -= len(self._events.popleft()[1])

    def resume(self, after: int) -> bool:
        """Queue again, for a new connection, all events after `after`; False when they are not all
        here.
        """
        self.acknowledge(after)
        if after > self._seq or (after < self._seq and not self._events):
            return False
        if self._events and self._events[0][0] != after + 1:
            return False
        self.forget_unsent()
        for _, frame in self._events:
            self._queue(frame)
        return True

    def forget_unsent(self) -> None:
        """The connection is gone: its unsent frames are (those that matter are kept elsewhere)."""
        self._unsent.clear()
        self._unsent_bytes = 0

    def take(self) -> list[bytes]:
        """The frames to be sent now."""
        frames = list(self._unsent)
        self.forget_unsent()
        return frames

    def _queue(self, frame: bytes) -> None:
        self._unsent.append(frame)
        self._unsent_bytes += len(frame)
