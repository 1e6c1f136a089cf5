"""What can be set of XMPP; the defaults are for a team's server."""

from dataclasses import dataclass

CONTACTS = frozenset(
    {"abuse", "admin", "feedback", "sales", "security", "status", "support"}  # XEP-0157 §2
)
MIN_ELEMENT = 10_000  # RFC 6120 §13.12: no server may refuse smaller ones

STRANGERS_ELEMENT = 16_384
"""Bytes of one element before anybody has logged in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentConfig:
    """A program that serves a domain of its own, `name`, over this server (XEP-0114)."""

    name: str
    secret: str

    def __post_init__(self) -> None:
        if not self.name or len(self.secret) < 8:
            raise ValueError("a component needs a name and a secret of at least 8 characters")


@dataclass(frozen=True, slots=True, kw_only=True)
class XmppConfig:
    """Section `[xmpp]`: clients of XMPP, and components."""

    listen: str = ":5222"
    """TCP address for clients; they must ask for TLS (STARTTLS) before they log in. Empty: none."""

    tls_listen: str = ":5223"
    """TCP address for clients that begin with TLS (XEP-0368). Empty: none."""

    websocket: bool = True
    """Whether `/xmpp-websocket` of the web listeners takes clients (RFC 7395)."""

    bosh: bool = True
    """Whether `/http-bind` of the web listeners takes clients (XEP-0124, XEP-0206)."""

    lock_rooms: bool = False
    """Whether a room that somebody makes by entering it is closed to all others until they have
    configured it (XEP-0045 §10.1.1)."""

    component_listen: str = ""
    """TCP address for components, without TLS: of this machine or a network of its own. Empty:
    none."""

    components: tuple[ComponentConfig, ...] = ()
    """Components that may connect: tables of `name` and `secret`."""

    contact: tuple[str, ...] = ()
    """Where people reach those who run the server, as `KIND=URI` (XEP-0157), for example
    `abuse=mailto:abuse@example.org`. Kinds: abuse, admin, feedback, sales, security, status,
    support."""

    def __post_init__(self) -> None:
        for text in self.contact:
            kind, _, uri = text.partition("=")
            if kind not in CONTACTS or ":" not in uri:
                raise ValueError("contact must be made of KIND=URI")
        names = [component.name.casefold() for component in self.components]
        if len(set(names)) != len(names):
            raise ValueError("two of the components have the same name")


@dataclass(frozen=True, slots=True, kw_only=True)
class XmppLimits:
    """The part of `[limits]` that XMPP keeps. Sizes in bytes, times in seconds."""

    element_size: int = 262_144
    """Bytes of one stanza; before log-in 16 KiB."""

    byte_rate: int = 262_144
    """Bytes a second that are read of one client; double of that may come at once."""

    stanza_rate: int = 200
    """Stanzas a second that are read of one client; double of that may come at once."""

    rooms_per_session: int = 100
    """Rooms that one session may be in."""

    write_buffer: int = 4_194_304
    """Bytes that may wait for a client that does not read, before it is dropped."""

    sessions_per_account: int = 16
    """Devices of one account at once, those included that lost their connection and may come back.
    """

    failures: int = 20
    """Log-ins that may fail for one account from one address, and ten times as many from one
    address, until that address must wait."""

    failure_time: float = 300.0
    """Seconds after which one failed log-in is forgotten."""

    login_time: float = 60.0
    """Seconds in which a client must have logged in."""

    ping_interval: float = 120.0
    """Seconds of silence after which a client is asked for life."""

    ping_timeout: float = 30.0
    """Seconds that it may take to answer."""

    resume_time: float = 300.0
    """Seconds that a lost connection is waited for (XEP-0198)."""

    unacknowledged: int = 2000
    """Stanzas that are kept for a client until it acknowledges them."""

    unacknowledged_size: int = 2_097_152
    """Bytes of them."""

    bosh_sessions: int = 2000
    """Clients over BOSH at once."""

    bosh_sessions_per_address: int = 100
    """Clients over BOSH from one network address (IPv6: from its /64) at once."""

    def __post_init__(self) -> None:
        if not MIN_ELEMENT <= self.element_size <= 16_777_216:
            raise ValueError("element_size must be from 10000 to 16777216")
        if min(self.byte_rate, self.stanza_rate) < 1 or self.byte_rate < MIN_ELEMENT:
            raise ValueError("byte_rate must be at least 10000, stanza_rate at least 1")
        if self.write_buffer < self.element_size:
            raise ValueError("write_buffer must be at least element_size")
        if min(self.sessions_per_account, self.failures) < 1:
            raise ValueError("sessions_per_account and failures must be at least 1")
        if min(self.bosh_sessions, self.bosh_sessions_per_address) < 1:
            raise ValueError("bosh_sessions and bosh_sessions_per_address must be at least 1")
        if min(self.failure_time, self.login_time, self.ping_interval, self.ping_timeout) < 0.1:
            raise ValueError(
                "failure_time, login_time, ping_interval and ping_timeout must be at least 0.1 s"
            )
        if not 0 <= self.resume_time <= 86_400:
            raise ValueError("resume_time must be from 0 to 86400 seconds")
        if self.unacknowledged < 16 or self.unacknowledged_size < self.element_size:
            raise ValueError(
                "unacknowledged must be at least 16, unacknowledged_size at least element_size"
            )
