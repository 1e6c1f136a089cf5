"""Configuration of SIP: listeners, trunks, expiry of registrations, and what strangers may cost."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Literal

LOWEST_PORT = 1024
# Seconds after which media of a telephone counts as missing, for the media engine.
MEDIA_MISSED = 10.0
Digest = Literal["md5", "sha-256"]


def port_range(text: str) -> tuple[int, int]:
    """Read `10000-20000`; empty text is (0, 0): any free ports. Raises ValueError."""
    if not text:
        return 0, 0
    low, dash, high = text.partition("-")
    if not (dash and low.isascii() and low.isdecimal() and high.isascii() and high.isdecimal()):
        raise ValueError(f"expected LOW-HIGH, got {text[:80]!r}")
    first, last = int(low), int(high)
    if not LOWEST_PORT <= first < last <= 65535:
        raise ValueError(f"ports go from {LOWEST_PORT} up to 65535, the lower one first")
    return first, last


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkConfig:
    """A carrier, a telephone system or another node, to which and from which calls go."""

    name: str
    """What it is called in logs and figures."""

    host: str
    """Its domain or IP address."""

    port: int = 0
    """Its port. 0: as the DNS says (RFC 3263)."""

    transport: Literal["udp", "tcp", "tls"] = "udp"
    """How it is reached."""

    user: str = ""
    """Our user name there. Empty: it knows us by our address."""

    password: str = field(default="", repr=False)
    """Our password there."""

    register: bool = False
    """Whether to register with it, so that it knows where to send calls to."""

    expires: int = 600
    """Seconds that a registration with it is asked for."""

    addresses: tuple[str, ...] = ()
    """IP addresses or networks from which it calls without a password."""

    numbers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Number that it calls → account, `room:NAME`, or `menu` (asks for the room)."""

    prefixes: tuple[str, ...] = ("+",)
    """Beginnings of the numbers (E.164) that may be called through it."""

    caller: str = ""
    """The number shown to those who are called, where an account has none of its own."""

    srtp: bool = False
    """Whether media must be encrypted (SDES, RFC 4568)."""

    priority: int = 0
    """Of several trunks for a number those with the lower one are tried first."""

    def __post_init__(self) -> None:
        if not self.name or not self.host:
            raise ValueError("a trunk needs a name and a host")
        if not 0 <= self.port <= 65535:
            raise ValueError("port must be from 0 to 65535")
        if not 60 <= self.expires <= 86_400:
            raise ValueError("expires must be from 60 to 86400 seconds")
        if self.register and not self.user:
            raise ValueError("a trunk to register with needs a user")
        for text in self.addresses:
            ip_network(text, strict=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SipConfig:
    """Section `[sip]`: telephones, and other servers that speak SIP."""

    listen: str = ":5060"
    """Address of UDP and TCP. Empty: neither."""

    tls_listen: str = ":5061"
    """Address of TLS, opened where there is a certificate. Empty: none."""

    authorities: str = ""
    """File (PEM) of certificate authorities that are trusted beside the system's where this node
    connects to others by TLS, such as a trunk with an authority of its own. Empty: none."""

    websocket: bool = True
    """Whether SIP over WebSocket (RFC 7118) is served at `/sip` of the web listeners."""

    rtp_ports: str = "10000-20000"
    """UDP ports of telephones' media, `LOW-HIGH`. Empty: any free ones."""

    media: Literal["auto", "direct", "relay"] = "auto"
    """Whether media between two telephones passes through the node: `relay` always, `direct` never,
    `auto` where one of them is behind NAT or not a telephone."""

    trunks: tuple[TrunkConfig, ...] = ()
    """Carriers and other systems: tables, as `antiphon config schema` describes them."""

    country: str = ""
    """Country code, without `+`, of national numbers that people dial (`030…`). Empty: numbers
    begin with `+` or `00`."""

    digest: tuple[Digest, ...] = ("md5",)
    """Digest algorithms that telephones may log in with, best first (RFC 8760). Where all of them
    know it, offer `["sha-256"]`, or both. Those that know MD5 only should pass over what they do
    not know, but many do not: baresip 1.0 registers with neither order of two challenges, SIPp 3.6
    only where MD5 is the first."""

    menu: str = "menu"
    """User part of the address, of this node's domain, under which telephones are asked for the
    number of a room and its PIN. Empty: there is none."""

    session_interval: int = 1800
    """Seconds after which a call is refreshed or ends (RFC 4028). 0: only where telephones ask."""

    min_expires: int = 60
    """Seconds that a registration must at least be asked for (RFC 3261 §10.2.8)."""

    max_expires: int = 7200
    """Seconds that a registration lasts at most."""

    default_expires: int = 3600
    """Seconds that a registration lasts when its telephone does not say."""

    def __post_init__(self) -> None:
        port_range(self.rtp_ports)
        if self.session_interval and not 90 <= self.session_interval <= 86_400:
            raise ValueError("session_interval must be 0, or from 90 to 86400 seconds")
        if not self.digest:
            raise ValueError("digest must name at least one algorithm")
        if self.country and not (self.country.isascii() and self.country.isdecimal()):
            raise ValueError("country must be digits, such as 49")
        # RFC 3261 §10.3: a registrar may not refuse an hour or more as too brief.
        if not 1 <= self.min_expires <= 3600:
            raise ValueError("min_expires must be from 1 to 3600 seconds")
        if not self.min_expires <= self.default_expires <= self.max_expires <= 604_800:
            raise ValueError(
                "min_expires, default_expires and max_expires must rise, up to 604800 seconds"
            )
        names = [trunk.name for trunk in self.trunks]
        if len(set(names)) != len(names):
            raise ValueError("two of the trunks have the same name")


@dataclass(frozen=True, slots=True, kw_only=True)
class SipLimits:
    """The part of `[limits]` that SIP keeps. Rates per second, sizes in bytes, times in seconds."""

    rate: float = 50.0
    """Requests of one network address (IPv6: of its /64) that begin something new."""

    burst: int = 500
    """How many of them may come at once."""

    message_size: int = 64 * 1024
    """Bytes of a message over TCP, TLS and WebSocket; a datagram has 65,507 at most."""

    transactions: int = 100_000
    """Transactions at once."""

    bindings: int = 100_000
    """Registered contacts of all accounts."""

    bindings_per_account: int = 16
    """Registered contacts of one account."""

    failures: int = 20
    """Log-ins that may fail for one account from one address, and ten times as many from one
    address, until that address must wait."""

    failure_time: float = 300.0
    """Seconds after which one failed log-in is forgotten."""

    idle_timeout: float = 900.0
    """Seconds after which a connection without traffic is closed, unless a contact is registered
    over it."""

    message_timeout: float = 15.0
    """Seconds in which a handshake, and a message that has begun, must be complete."""

    write_buffer: int = 256 * 1024
    """Bytes that may wait for a peer that does not read."""

    calls: int = 5000
    """Telephones that are in calls with this node at once."""

    calls_per_account: int = 50
    """Calls of one account's telephones with this node at once."""

    forks: int = 16
    """Telephones that one request goes to at once."""

    media_timeout: float = 30.0
    """Seconds without any sound or picture of a telephone that is not on hold, after which its call
    ends; at least 10."""

    def __post_init__(self) -> None:
        if self.rate <= 0 or min(self.burst, self.failures, self.forks) < 1:
            raise ValueError("rate, burst, failures and forks must be greater than 0")
        if min(self.calls, self.calls_per_account) < 1:
            raise ValueError("calls and calls_per_account must be at least 1")
        if min(self.transactions, self.bindings, self.bindings_per_account) < 1:
            raise ValueError("transactions, bindings and bindings_per_account must be at least 1")
        if not 2048 <= self.message_size <= 1024 * 1024:
            raise ValueError("message_size must be from 2048 to 1048576")
        if min(self.idle_timeout, self.message_timeout, self.failure_time) < 0.1:
            raise ValueError(
                "idle_timeout, message_timeout and failure_time must be at least 0.1 s"
            )
        if self.media_timeout < MEDIA_MISSED:
            raise ValueError(f"media_timeout must be at least {MEDIA_MISSED:g} s")
        if self.write_buffer < self.message_size:
            raise ValueError("write_buffer must be at least message_size")
