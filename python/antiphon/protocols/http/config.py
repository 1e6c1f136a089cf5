"""What the HTTP side can be told: its listeners, who may embed it, and how much a stranger may ask
of it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpConfig:
    """Section `[http]`."""

    listen: str = ":8080"
    """Address and port of plain HTTP; port 0 is any free one, an empty text is none."""

    tls_listen: str = ":8443"
    """Address and port of HTTPS."""

    public_url: str = ""
    """Address of this node for everybody, as `https://chat.example.org/`, where a proxy stands in
    front of it. Empty: made of the domain and the port of HTTPS."""

    cors_origins: tuple[str, ...] = ()
    """Origins whose pages may call the API, as `https://app.example.org`; `*` is every one."""

    trusted_proxies: tuple[str, ...] = ()
    """Reverse proxies (addresses, networks) whose `X-Forwarded-For` and `-Proto` are believed."""

    frame_ancestors: tuple[str, ...] = ("'self'",)
    """Who may show our pages in a frame: sources as in Content-Security-Policy (CSP 3 §6.4.2)."""

    def __post_init__(self) -> None:
        if self.public_url and not self.public_url.startswith(("http://", "https://")):
            raise ValueError("public_url must begin with https:// or http://")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpLimits:
    """The part of `[limits]` that HTTP keeps. Rates are per second, a burst is what may come at
    once.
    """

    body_size: int = 128 * 1024
    """Bytes of a request's body."""

    body_timeout: float = 20.0
    """Seconds in which a request's body must arrive."""

    json_depth: int = 32
    """Arrays and objects within each other in a JSON body."""

    request_rate: float = 100.0
    """Requests of one network address (IPv6: of its /64)."""

    request_burst: float = 600.0
    """Requests of one network address at once."""

    account_rate: float = 50.0
    """Requests with the token of one account or guest."""

    account_burst: float = 300.0
    """Requests with the token of one account or guest at once."""

    login_rate: float = 0.5
    """Log-ins of one network address, and wrong passwords for one account."""

    login_burst: float = 20.0
    """Log-ins of one network address at once, and wrong passwords for one account."""

    guest_rate: float = 5.0
    """Guest tokens for one network address."""

    guest_burst: float = 200.0
    """Guest tokens for one network address at once: a school class behind one address."""

    registration_rate: float = 0.02
    """Accounts made without an administrator's token from one network address."""

    registration_burst: float = 5.0
    """Accounts made without an administrator's token from one network address at once."""

    remembered: int = 20_000
    """Network addresses and accounts whose rates are kept in mind; the longest silent are
    forgotten.
    """

    listeners: int = 500
    """Readers of `/api/v1/events`."""

    listeners_per_caller: int = 8
    """Readers of `/api/v1/events` with the token of one account or guest."""

    listener_queue: int = 256
    """Events that wait for one reader; who falls behind further is let go."""

    media_resources: int = 4096
    """WHIP and WHEP sessions."""

    media_resources_per_caller: int = 512
    """WHIP and WHEP sessions of one account, or of one network address without a token."""
