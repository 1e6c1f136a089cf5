"""What can be set of listeners: certificates and how much time and how many connections a peer
gets.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsConfig:
    """Section `[tls]`: the node's certificate, read again when its files change."""

    certificate: str = ""
    """File with the certificate and its chain (PEM). Empty: no TLS, or self-signed with `--dev`."""

    key: str = ""
    """File with the private key (PEM)."""

    check_interval: float = 5.0
    """Seconds between looks at the files for a change."""

    def __post_init__(self) -> None:
        if bool(self.certificate) != bool(self.key):
            raise ValueError("certificate and key must be given together")
        if not 0.05 <= self.check_interval <= 3600:
            raise ValueError("check_interval must be from 0.05 to 3600 seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """The part of `[limits]` that listeners keep, before anybody is known by name."""

    connections: int = 20_000
    """TCP connections of the node at once."""

    connections_per_address: int = 1000
    """TCP connections of one network address (IPv6: of its /64) at once: an office has but one."""

    head_timeout: float = 15.0
    """Seconds in which the TLS handshake and the head of a request must be complete."""

    head_size: int = 64 * 1024
    """Bytes of the head of a request."""

    idle_timeout: float = 75.0
    """Seconds that a connection may wait for its next request."""

    backlog: int = 1024
    """Connections that may wait to be accepted."""

    drain_time: float = 3.0
    """Seconds that requests and sessions have to end when the node stops."""

    def __post_init__(self) -> None:
        if min(self.connections, self.connections_per_address, self.backlog) < 1:
            raise ValueError("connections, connections_per_address and backlog must be at least 1")
        if min(self.head_timeout, self.idle_timeout) < 0.1 or self.drain_time < 0:
            raise ValueError("head_timeout and idle_timeout must be at least 0.1 s")
        if self.head_size < 1024:
            raise ValueError("head_size must be at least 1024")
