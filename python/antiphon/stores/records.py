"""What the stores keep of people: accounts and keys derived from passwords, never a password."""

from dataclasses import dataclass, field
from enum import StrEnum

from antiphon.core.address import Address


class KeyKind(StrEnum):
    """What a key is for. One password yields one key of each kind that is switched on."""

    ARGON2ID = "argon2id"  # log-in with the password itself: web, XMPP PLAIN (RFC 9106)
    SCRAM_SHA_1 = "scram-sha-1"  # RFC 5802
    SCRAM_SHA_256 = "scram-sha-256"  # RFC 7677
    SCRAM_SHA_512 = "scram-sha-512"
    DIGEST_MD5 = "digest-md5"  # HA1 of HTTP and SIP digest (RFC 7616 §3.4.2, RFC 8760)
    DIGEST_SHA_256 = "digest-sha-256"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What is kept of a password for one kind of authentication.

    `version` names how `data` is laid out; the layouts are described in `services/keys`.
    """

    kind: KeyKind
    version: int
    iterations: int
    salt: bytes = field(repr=False)
    data: bytes = field(repr=False)


class Role(StrEnum):
    """What an account may do: each may what the one before may."""

    USER = "user"
    MODERATOR = "moderator"  # moderates every room
    ADMIN = "admin"  # administers the node


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLimits:
    """What one account may use; None: as configured.

    `storage`: bytes of uploaded files. `message_rate`: messages a second. `sessions`: devices that
    are connected at once.
    """

    storage: int | None = None
    message_rate: float | None = None
    sessions: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who can log in. Times are seconds since 1970 (UTC).

    `id` tells an account from an earlier one of the same address. `stamp` is put into tokens; it
    changes with the password and with rights, which voids the tokens issued before.
    """

    id: str
    address: Address
    name: str
    role: Role = Role.USER
    disabled: bool = False
    created_at: float
    stamp: str = field(repr=False)
    limits: AccountLimits = field(default_factory=AccountLimits)

    @property
    def admin(self) -> bool:
        """May administer the node."""
        return self.role is Role.ADMIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """Whoever has its token may make one account, with that role. `room`: where to go then.
    `made_by`: an address, or the name of a command. Times are seconds since 1970.
    """

    id: str
    role: Role
    room: str | None
    made_by: str
    created_at: float
    expires_at: float
