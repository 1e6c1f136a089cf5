"""One connection of the room WebSocket as a state machine: frames and time in, messages and
failures out. No I/O.
"""

from dataclasses import dataclass

import msgspec

from . import message
from .config import WebConfig

# A client that goes on after so many refusals for its rate is not merely eager.
PATIENCE = 200


@dataclass(frozen=True, slots=True)
class HelloReceived:
    """The first message of the connection."""

    hello: message.Hello


@dataclass(frozen=True, slots=True)
class RequestReceived:
    """A request to be done and replied to."""

    request: message.ClientRequest


@dataclass(frozen=True, slots=True)
class RequestRefused:
    """A request that is refused without being looked at."""

    id: int
    reason: message.Reason
    text: str


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Events up to `seq` arrived."""

    seq: int


@dataclass(frozen=True, slots=True)
class Pinged:
    """The client wants a pong."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The peer erred; the connection ends with these words."""

    reason: message.Reason
    text: str


Event = HelloReceived | RequestReceived | RequestRefused | Acknowledged | Pinged | Failed


class Machine:
    """Takes the frames of one connection. It never raises for what the peer did; `now` is a
    monotonic time in s.
    """

    def __init__(self, config: WebConfig, now: float) -> None:
        self._config = config
        self._decoder = msgspec.json.Decoder(message.ClientMessage)
        self._greeted = False
        self._failed = False
        self._deadline = now + config.hello_timeout
        self._tokens = float(config.request_burst)
        self._filled_at = now
        self._refusals = 0

    @property
    def deadline(self) -> float:
        """When `wake` must be called next."""
        return self._deadline

    def receive(self, now: float, frame: str | bytes) -> Event | None:
        """Take one frame; None once the connection has failed."""
        if self._failed:
            return None
        if isinstance(frame, bytes):
            return self._fail("unsupported", "Binary frames have no meaning here.")
        if len(frame) > self._config.message_limit:
            return self._fail("too_large", "The message is too large.")
        try:
            decoded = self._decoder.decode(frame)
        except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as error:
            return self._undecodable(frame, str(error))
        return self._decoded(now, decoded)

    def wake(self, now: float) -> Event | None:
        """Time has passed; a client that is silent for too long has failed."""
        if self._failed or now < self._deadline:
            return None
        text = "Nothing was heard for too long." if self._greeted else "No hello came in time."
        return self._fail("timeout", text)

    def _decoded(self, now: float, decoded: message.ClientMessage) -> Event | None:
        if not self._greeted:
            if not isinstance(decoded, message.Hello):
                return self._fail("unauthorized", "The first message must be hello.")
            self._greeted = True
            self._heard(now)
            return HelloReceived(decoded)
        self._heard(now)
        match decoded:
            case message.Hello():
                return self._fail("bad_request", "There was a hello already.")
            case message.Ack():
                return Acknowledged(decoded.seq)
            case message.Ping():
                return Pinged()
            case _:
                return self._request(now, decoded)

    def _request(self, now: float, request: message.ClientRequest) -> Event | None:
        gained = (now - self._filled_at) * self._config.request_rate
        self._tokens = min(self._tokens + gained, float(self._config.request_burst))
        self._filled_at = now
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            self._refusals = 0
            return RequestReceived(request)
        self._refusals += 1
        if self._refusals > PATIENCE:
            return self._fail("too_many", "Far too many requests.")
        return RequestRefused(request.id, "too_many", "Too many requests. Please slow down.")

    def _undecodable(self, frame: str, error: str) -> Event:
        """A request that has at least a number is refused; anything else ends the connection."""
        if self._greeted:
            try:
                numbered = msgspec.json.decode(frame, type=_Numbered)
            except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
                pass
            else:
                self._refusals += 1
                if self._refusals <= PATIENCE:
                    return RequestRefused(numbered.id, "bad_request", error)
        return self._fail("bad_request", f"Not a message of this protocol: {error}")

    def _heard(self, now: float) -> None:
        self._deadline = now + 2 * self._config.ping_interval

    def _fail(self, reason: message.Reason, text: str) -> Failed:
        self._failed = True
        return Failed(reason, text)


class _Numbered(msgspec.Struct):
    id: message.RequestId
