"""What a stream offers (RFC 6120 §4.3.2): on which terms, how it is protected, and its features as
they are spelled. It knows nothing of who asks.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from .namespaces import (
    BIND,
    CHANNEL_BINDING,
    CLIENT_STATE,
    MANAGEMENT,
    REGISTER_FEATURE,
    SASL,
    SESSION,
    TLS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How streams of one listener are served. `starttls`: TLS can be had by asking; `encrypted`: it
    must be had before anybody logs in; `guests`, `registration`: whether strangers are welcome.
    """

    starttls: bool
    encrypted: bool = True
    guests: bool = False
    registration: bool = False


@dataclass(slots=True)
class Channel:
    """What protects a stream: nothing, or TLS with data to bind log-ins to."""

    secure: bool = False
    bindings: dict[str, bytes] = field(default_factory=dict[str, bytes])


def may_log_in(terms: Terms, channel: Channel) -> bool:
    """Whether there is the protection that a log-in needs."""
    return channel.secure or not terms.encrypted


def login_features(terms: Terms, channel: Channel, mechanisms: Iterable[str]) -> bytes:
    """Those of a stream that nobody has logged in to."""
    features = ""
    if terms.starttls and not channel.secure:
        required = "<required/>" if terms.encrypted else ""
        features += f"<starttls xmlns='{TLS}'>{required}</starttls>"
    if may_log_in(terms, channel):
        names = "".join(f"<mechanism>{name}</mechanism>" for name in mechanisms)
        features += f"<mechanisms xmlns='{SASL}'>{names}</mechanisms>"
        if channel.bindings:  # XEP-0440
            kinds = "".join(f"<channel-binding type='{kind}'/>" for kind in channel.bindings)
            features += (
                f"<sasl-channel-binding xmlns='{CHANNEL_BINDING}'>{kinds}</sasl-channel-binding>"
            )
        if terms.registration:
            features += f"<register xmlns='{REGISTER_FEATURE}'/>"
    return _features(features.encode())


def session_features(keeps: bool, others: bytes) -> bytes:
    """Those of one that somebody has logged in to. `keeps`: XEP-0198 can be had; `others`: of what
    serves sessions.
    """
    features = f"<bind xmlns='{BIND}'/><session xmlns='{SESSION}'><optional/></session>"
    if keeps:
        features += f"<sm xmlns='{MANAGEMENT}'/>"
    features += f"<csi xmlns='{CLIENT_STATE}'/>"
    return _features(features.encode() + others)


def _features(inside: bytes) -> bytes:
    return b"<stream:features>" + inside + b"</stream:features>"
