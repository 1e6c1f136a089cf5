"""What can be set of the services; `app/config` fills these from the file and the environment."""

from dataclasses import dataclass, field

from antiphon.stores.records import KeyKind

MIN_SECRET_BYTES = 32  # RFC 7518 §3.2: an HS256 key has at least 256 bits


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountsConfig:
    """Passwords and the keys derived from them (section `[auth]`)."""

    password_hash: tuple[KeyKind, ...] = tuple(KeyKind)
    """Kinds of keys that are derived when a password is set, and accepted; at least one."""

    min_password: int = 8
    """Shortest password, in bytes of UTF-8 after PRECIS."""

    max_password: int = 1024
    """Longest password, in bytes of UTF-8."""

    argon2_memory: int = 19_456
    """Memory of one argon2id computation, in KiB."""

    argon2_time: int = 2
    """Passes of argon2id over its memory."""

    scram_iterations: int = 10_000
    """PBKDF2 iterations of SCRAM keys; the client pays them at each log-in.

    RFC 7677 §4: at least 4096.
    """

    hash_threads: int = 1
    """Threads that derive keys; each keeps one core busy while it does."""

    max_waiting: int = 64
    """Key derivations that may wait for a thread; more are refused as busy."""

    def __post_init__(self) -> None:
        if not self.password_hash:
            raise ValueError("password_hash must name at least one kind of key")
        if not 1 <= self.min_password <= self.max_password <= 4096:
            raise ValueError("password lengths must satisfy 1 <= min <= max <= 4096 bytes")
        if not 4096 <= self.scram_iterations <= 1_000_000:
            raise ValueError("scram_iterations must be from 4096 to 1000000")
        if not (8 <= self.argon2_memory <= 4_194_304 and 1 <= self.argon2_time <= 100):
            raise ValueError("argon2_memory must be 8 to 4194304 KiB, argon2_time 1 to 100")
        if self.hash_threads < 1 or self.max_waiting < 1:
            raise ValueError("hash_threads and max_waiting must be at least 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleConfig:
    """Part of `[limits]`: invitations, pictures, and what files of an account may take unless it
    has a limit of its own.
    """

    storage: int = 1024 * 1024 * 1024
    """Bytes of uploaded files of one account."""

    invitation_ttl: float = 7 * 24 * 3600.0
    """Seconds that an invitation is valid, unless it is asked for another time."""

    reset_ttl: float = 24 * 3600.0
    """Seconds in which a one-time token for another password can be used."""

    invitations: int = 1000
    """Invitations that wait to be used, of the whole node."""

    avatar_size: int = 4 * 1024 * 1024
    """Bytes of a picture that is sent to us."""

    def __post_init__(self) -> None:
        if min(self.storage, self.invitations) < 0:
            raise ValueError("storage and invitations must not be negative")
        longest = 366 * 24 * 3600
        if not (60 <= self.invitation_ttl <= longest and 60 <= self.reset_ttl <= longest):
            raise ValueError("invitation_ttl and reset_ttl must be from 60 s to 366 days")
        if self.avatar_size < 1024:
            raise ValueError("avatar_size must be at least 1024")


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesConfig:
    """Section `[files]`: files that people upload."""

    max_size: int = 100 * 1024 * 1024
    """Bytes of one file."""

    types: tuple[str, ...] = ("*/*",)
    """Media types that are taken: `image/png`, `image/*`, `*/*`."""

    keep_days: float = 365.0
    """Days after which a file is deleted. 0: never."""

    files: int = 10_000
    """Files of one account."""

    slots: int = 32
    """Uploads of one account that may be open at once."""

    slot_ttl: float = 3600.0
    """Seconds in which an upload must begin."""

    uploads: int = 64
    """Uploads that are received at once."""

    sweep_interval: float = 600.0
    """Seconds between looks for files whose time has come."""

    def __post_init__(self) -> None:
        if min(self.max_size, self.files, self.slots, self.uploads) < 1:
            raise ValueError("max_size, files, slots and uploads must be at least 1")
        if not 0 <= self.keep_days <= 36_500:
            raise ValueError("keep_days must be from 0 to 36500")
        if not (10 <= self.slot_ttl <= 7 * 24 * 3600 and 1 <= self.sweep_interval <= 86_400):
            raise ValueError("slot_ttl must be 10 s to 7 days, sweep_interval 1 s to a day")
        if any(text.count("/") != 1 for text in self.types):
            raise ValueError("types are media types as image/png, image/* or */*")


@dataclass(frozen=True, slots=True, kw_only=True)
class PushConfig:
    """Section `[push]`: messages to browsers whose page is closed."""

    contact: str = ""
    """Whom push services may write to about us: `mailto:…` or `https://…`. Empty: the node's web
    address."""

    subscriptions: int = 20
    """Browsers of one account; the oldest are forgotten."""

    attempts: int = 5
    """How often a push service is asked to take a message."""

    timeout: float = 10.0
    """Seconds in which a push service must have taken a message."""

    workers: int = 4
    """Messages that are sent at once."""

    max_waiting: int = 2000
    """Messages that may wait to be sent; more are dropped, and counted."""

    max_waiting_per_account: int = 50
    """Messages of one account that may wait."""

    def __post_init__(self) -> None:
        if self.contact and not self.contact.startswith(("mailto:", "https://")):
            raise ValueError("contact must begin with mailto: or https://")
        counts = (self.subscriptions, self.attempts, self.workers, self.max_waiting)
        if min(*counts, self.max_waiting_per_account) < 1:
            raise ValueError(
                "subscriptions, attempts, workers, max_waiting and max_waiting_per_account must be"
                " at least 1"
            )
        if not 0.1 <= self.timeout <= 60:
            raise ValueError("timeout must be from 0.1 to 60 seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokensConfig:
    """Bearer tokens (section `[auth]`)."""

    token_ttl: float = 24 * 3600.0
    """Seconds that a token is valid, unless it is asked for another time."""

    max_token_ttl: float = 366 * 24 * 3600.0
    """Longest validity that may be asked for, in seconds."""

    leeway: float = 10.0
    """Seconds by which the clocks of issuer and node may differ."""

    max_size: int = 8192
    """Longest token that is looked at, in bytes."""

    api_keys: tuple[str, ...] = field(default=(), repr=False)
    """`KEY:SECRET` of programs that may sign tokens themselves, with `iss` = KEY."""

    def __post_init__(self) -> None:
        if not 1 <= self.token_ttl <= self.max_token_ttl:
            raise ValueError("token_ttl must be from 1 to max_token_ttl seconds")
        if self.leeway < 0 or self.max_size < 256:
            raise ValueError("leeway must not be negative, max_size at least 256")
        names = [parse_api_key(text)[0] for text in self.api_keys]
        if len(set(names)) != len(names):
            raise ValueError("api_keys name a key twice")


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxConfig:
    """The archive of messages."""

    linger: float = 0.02
    """Longest time that a message waits for others to share its transaction, when many come, in
    seconds."""

    max_batch: int = 256
    """Most messages of one transaction."""

    max_waiting: int = 8192
    """Messages that may wait to be stored; more are refused as busy."""

    max_text: int = 65_536
    """Longest text of a message, in bytes of UTF-8."""

    max_original: int = 262_144
    """Longest message in its sender's own spelling, in bytes."""

    retention_days: float = 0.0
    """Days after which messages are deleted. 0: never."""

    max_page: int = 500
    """Most messages of one page."""

    def __post_init__(self) -> None:
        if not 0 <= self.linger <= 1:
            raise ValueError("linger must be from 0 to 1 second")
        if not 1 <= self.max_batch <= 1024:
            raise ValueError("max_batch must be from 1 to 1024")
        if min(self.max_waiting, self.max_text, self.max_original, self.max_page) < 1:
            raise ValueError("max_waiting, max_text, max_original and max_page must be at least 1")
        if not 0 <= self.retention_days <= 36_500:
            raise ValueError("retention_days must be from 0 to 36500")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactsConfig:
    """Lists of contacts."""

    contacts: int = 2000
    """Contacts of one account."""

    requests: int = 1000
    """People who may wait at once to be let see one account."""

    groups: int = 50
    """Groups that one contact may be in."""

    blocks: int = 2000
    """Accounts and domains that one account may block."""

    remembered: int = 20_000
    """Lists that are kept in memory."""

    def __post_init__(self) -> None:
        if min(self.contacts, self.requests, self.groups, self.blocks, self.remembered) < 1:
            raise ValueError("contacts, requests, groups, blocks and remembered must be at least 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsConfig:
    """The part of `[calls]` that the record of calls keeps."""

    keep_days: float = 365.0
    """Days after which what is known of a call is deleted. 0: never."""

    keep: int = 1_000_000
    """Calls that are remembered; the oldest are deleted."""

    max_waiting: int = 10_000
    """Calls whose news may wait to be stored; news of more are lost, and counted."""

    max_page: int = 200
    """Most calls of one page."""

    def __post_init__(self) -> None:
        if not 0 <= self.keep_days <= 36_500:
            raise ValueError("keep_days must be from 0 to 36500")
        if min(self.keep, self.max_waiting, self.max_page) < 1:
            raise ValueError("keep, max_waiting and max_page must be at least 1")


def parse_api_key(text: str) -> tuple[str, bytes]:
    """Split `KEY:SECRET`. Raises ValueError, which does not repeat the secret."""
    name, colon, secret = text.partition(":")
    if not (colon and 1 <= len(name) <= 128 and name.isascii() and name.isprintable()):
        raise ValueError("an API key is written KEY:SECRET")
    if len(secret.encode()) < MIN_SECRET_BYTES:
        raise ValueError(f"the secret of API key {name} has less than {MIN_SECRET_BYTES} bytes")
    return name, secret.encode()
