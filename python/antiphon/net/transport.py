"""Connections of the stream engine as transports of asyncio: for protocols of others, such as an
ASGI server's. What they carry is not known here.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

from .streams import StreamDriver

# As of asyncio's own transports.
HIGH = 64 * 1024
# Flow control is by `pause_writing`: nobody is dropped for what an application wrote at once.
NO_LIMIT = 2**32 - 1


class StreamTransport(asyncio.Transport):
    """One connection. Its owner brings what the engine tells to `feed`, `full`, `drained`, `ended`
    and `lost`.
    """

    def __init__(
        self,
        driver: StreamDriver,
        stream: int,
        protocol: asyncio.BaseProtocol,
        *,
        peer: tuple[str, int],
        local: tuple[str, int] | None,
        secure: bool,
    ) -> None:
        super().__init__({"peername": peer, "sockname": local, "sslcontext": secure or None})
        self._driver = driver
        self._streams = driver.streams
        self._stream = stream
        self._protocol = protocol
        self._is_closing = False
        self._is_lost = False
        self._is_reading = True
        self._is_full = False
        self._streams.limits(stream, high=HIGH, outbox=NO_LIMIT)

    # what the owner brings

    def feed(self, data: bytes) -> None:
        """Bytes came."""
        if not self._is_closing and isinstance(self._protocol, asyncio.Protocol):
            self._protocol.data_received(data)

    def full(self) -> None:
        """Much waits to be written."""
        if not self._is_full:
            self._is_full = True
            self._protocol.pause_writing()

    def drained(self) -> None:
        """Not much does any more."""
        if self._is_full:
            self._is_full = False
            self._protocol.resume_writing()

    def ended(self) -> None:
        """The peer will send nothing more."""
        if self._is_closing:
            return
        keep = isinstance(self._protocol, asyncio.Protocol) and self._protocol.eof_received()
        if not keep:
            self.close()

    def lost(self, error: Exception | None = None) -> None:
        """The connection is gone, or somebody else's: nothing more is done to it from here.
        Idempotent.
        """
        if self._is_lost:
            return
        self._is_closing = self._is_lost = True
        self._stream = 0
        self._protocol.connection_lost(error)

    # what protocols ask for

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Bring what comes to another one."""
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Whoever it is brought to."""
        return self._protocol

    def is_closing(self) -> bool:
        """Whether it is closed or about to be."""
        return self._is_closing

    def is_reading(self) -> bool:
        """Whether what comes is read."""
        return self._is_reading and not self._is_closing

    def pause_reading(self) -> None:
        """Let the peer wait."""
        self._is_reading = False
        self._streams.pause(self._stream)

    def resume_reading(self) -> None:
        """Read on."""
        self._is_reading = True
        self._streams.pause(self._stream, False)

    def get_write_buffer_size(self) -> int:
        """Bytes that wait to be written."""
        return self._streams.buffered(self._stream)

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """Bytes below which writing goes on, and beyond which it should wait."""
        return HIGH // 4, HIGH

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send. A protocol that goes on in spite of `pause_writing` costs memory."""
        if self._is_closing or not data:
            return
        self._streams.send(self._stream, data if isinstance(data, bytes) else bytes(data))
        self._driver.touched()
        # Known at once: whoever writes in one go would not hear of it before the next turn.
        if not self._is_full and self._streams.buffered(self._stream) > HIGH:
            self._streams.flush()
            if self._streams.buffered(self._stream) > HIGH:
                self.full()

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        """Send all of it."""
        self.write(b"".join(list_of_data))

    def can_write_eof(self) -> bool:
        """Not without closing."""
        return False

    def close(self) -> None:
        """Send the rest, then end the connection. `connection_lost` comes when the rest is sent, as
        with asyncio's own: how long the peer then takes is between it and the engine.
        """
        if self._is_closing:
            return
        self._is_closing = True
        self._streams.close(self._stream)
        self._streams.flush()
        if not self._streams.buffered(self._stream):
            asyncio.get_running_loop().call_soon(self.lost)

    def abort(self) -> None:
        """Drop the connection."""
        self._is_closing = True
        self._streams.abort(self._stream)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """`peername`, `sockname`, and something for `sslcontext` if there is TLS."""
        found = super().get_extra_info(name)
        return default if found is None else found
