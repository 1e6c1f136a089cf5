"""Configuration of the room WebSocket."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WebConfig:
    """Limits of the room WebSocket. Times in seconds, sizes in bytes, rates per second."""

    hello_timeout: float = 10.0
    ping_interval: float = 20.0
    resume_timeout: float = 30.0
    message_limit: int = 128 * 1024
    queue_limit: int = 4 * 1024 * 1024
    request_rate: float = 30.0
    request_burst: int = 150
    max_sessions: int = 20_000
    max_sessions_per_address: int = 32
    max_calls: int = 8  # that one session may have ringing at once
