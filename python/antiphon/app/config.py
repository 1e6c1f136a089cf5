"""The configuration of a node: every package's frozen part, where each value came from, and how it
is read.

Sources, each over the one before: embedded defaults, `--dev`, the file, the environment, the
command line.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import ip_address, ip_network
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from antiphon.core.calls import CallLimits
from antiphon.core.post import PostLimits
from antiphon.net.config import ConnectionLimits, TlsConfig
from antiphon.net.listen import parse_listen
from antiphon.protocols.http.config import HttpConfig, HttpLimits
from antiphon.protocols.sip.config import SipConfig, SipLimits
from antiphon.protocols.web.config import WebConfig
from antiphon.protocols.xmpp.config import XmppConfig, XmppLimits
from antiphon.services.config import (
    AccountsConfig,
    ContactsConfig,
    FilesConfig,
    MailboxConfig,
    PeopleConfig,
    PushConfig,
    RecordsConfig,
    TokensConfig,
)
from antiphon.stores.config import StorageConfig

from .keys import PARTS, Key, Part, keys
from .sections import AuthConfig, NodeConfig, RoomLimits, WebrtcConfig
from .sources import (
    ConfigError,
    Problem,
    Setting,
    default_file,
    from_literal,
    read_environment,
    read_file,
)

LISTENERS = frozenset(
    {
        ("http", "listen"),
        ("http", "tls_listen"),
        ("sip", "listen"),
        ("sip", "tls_listen"),
        ("webrtc", "udp_port"),
        ("xmpp", "listen"),
        ("xmpp", "tls_listen"),
        ("xmpp", "component_listen"),
    }
)
# What `--dev` changes of the defaults; a listener without a host is on loopback then.
DEV: Mapping[tuple[str, str], Any] = MappingProxyType(
    {
        ("auth", "guests"): True,
        ("auth", "registration"): True,
        # A page of one's own, from a file or another port, may use the components at once.
        ("http", "cors_origins"): ["*"],
        ("node", "log_level"): "debug",
        ("limits", "drain_time"): 1.0,
        ("sip", "rtp_ports"): "",
    }
)
DEFAULT = "default"


@dataclass(frozen=True, kw_only=True)
class Config:
    """All that can be set, as one value. `Config()` are the embedded defaults; `load` reads the
    sources.

    `dev` and `lan` are the options of `antiphon serve`; they cannot be set in a file.
    """

    node: NodeConfig = field(default_factory=NodeConfig)
    http: HttpConfig = field(default_factory=HttpConfig)
    tls: TlsConfig = field(default_factory=TlsConfig)
    webrtc: WebrtcConfig = field(default_factory=WebrtcConfig)
    sip: SipConfig = field(default_factory=SipConfig)
    xmpp: XmppConfig = field(default_factory=XmppConfig)
    storage: StorageConfig = field(default_factory=StorageConfig)
    auth: AuthConfig = field(default_factory=AuthConfig)
    accounts: AccountsConfig = field(default_factory=AccountsConfig)
    tokens: TokensConfig = field(default_factory=TokensConfig)
    calls: CallLimits = field(default_factory=CallLimits)
    records: RecordsConfig = field(default_factory=RecordsConfig)
    rooms: RoomLimits = field(default_factory=RoomLimits)
    people: PeopleConfig = field(default_factory=PeopleConfig)
    files: FilesConfig = field(default_factory=FilesConfig)
    push: PushConfig = field(default_factory=PushConfig)
    connections: ConnectionLimits = field(default_factory=ConnectionLimits)
    http_limits: HttpLimits = field(default_factory=HttpLimits)
    web: WebConfig = field(default_factory=WebConfig)
    mailbox: MailboxConfig = field(default_factory=MailboxConfig)
    post: PostLimits = field(default_factory=PostLimits)
    contacts: ContactsConfig = field(default_factory=ContactsConfig)
    sip_limits: SipLimits = field(default_factory=SipLimits)
    xmpp_limits: XmppLimits = field(default_factory=XmppLimits)
    dev: bool = False
    lan: bool = False
    file: Path | None = field(default=None, compare=False)
    origins: Mapping[tuple[str, str], str] = field(
        default_factory=dict[tuple[str, str], str], compare=False, repr=False
    )

    def value(self, key: Key) -> Any:
        """The value of a key."""
        return getattr(getattr(self, key.part.attribute), key.field)

    def origin(self, key: Key) -> str:
        """Where the value of a key came from."""
        return self.origins.get((key.section, key.name), DEFAULT)


def load(
    *,
    file: Path | None = None,
    dev: bool = False,
    lan: bool = False,
    environment: Mapping[str, str] | None = None,
    options: Mapping[tuple[str, str], tuple[Any, str]] | None = None,
) -> Config:
    """Read all sources. `options`: (section, key) → value and name of the option on the command
    line.

    Raises `ConfigError` with all that is wrong.
    """
    problems: list[Problem] = []
    path = file or default_file()
    settings = [Setting(keys()[name], value, "--dev") for name, value in DEV.items() if dev]
    if path is not None:
        settings += read_file(path, problems)
    settings += read_environment(os.environ if environment is None else environment, problems)
    for name, (value, origin) in (options or {}).items():
        settings.append(Setting(keys()[name], value, origin, literal=isinstance(value, str)))
    config = build(settings, problems, dev=dev, lan=lan, file=path)
    problems += _check(config)
    if problems:
        raise ConfigError(problems)
    return config


def _check(config: Config) -> Iterable[Problem]:
    """What only those can judge who use it. Their libraries take time to load: only if need be."""

    def judge(section: str, name: str, test: Callable[[Any], object]) -> Iterable[Problem]:
        key = keys()[section, name]
        value = config.value(key)
        if value == key.default:
            return
        try:
            test(value)
        except ValueError as error:
            yield Problem(config.origin(key), f"[{section}] {name}", str(error))

    def domain(value: str) -> object:
        from antiphon.services.normalize import PrecisNormalizer

        return PrecisNormalizer().domain(value)

    def database(value: str) -> object:
        from antiphon.stores.url import locate

        return locate(value)

    yield from judge("node", "domain", domain)
    yield from judge("node", "public_address", lambda value: [ip_address(item) for item in value])
    yield from judge(
        "http", "trusted_proxies", lambda value: [ip_network(item, strict=False) for item in value]
    )
    yield from judge("storage", "database", database)


def build(
    settings: Iterable[Setting],
    problems: list[Problem],
    *,
    dev: bool = False,
    lan: bool = False,
    file: Path | None = None,
) -> Config:
    """Put a configuration together; what is wrong is added to `problems` and has its default."""
    values: dict[tuple[str, str], Any] = {}
    origins: dict[tuple[str, str], str] = {}
    for setting in settings:
        name = (setting.key.section, setting.key.name)
        try:
            values[name] = _convert(setting)
            origins[name] = setting.origin
        except (msgspec.ValidationError, ValueError) as error:
            label = f"[{name[0]}] {name[1]}"
            problems.append(Problem(setting.origin, label, _plain(setting.key, error)))
    parts = {part.attribute: _part(part, values, origins, problems) for part in PARTS}
    return Config(**parts, dev=dev, lan=lan, file=file, origins=MappingProxyType(origins))


def _convert(setting: Setting) -> Any:
    key, value = setting.key, setting.value
    if setting.literal:
        value = from_literal(value, key.type)
    if (key.section, key.name) in LISTENERS:
        if isinstance(value, int) or (isinstance(value, str) and value.isdecimal()):
            value = f":{value}"
        if value:
            parse_listen(value)
    # A secret is never part of an error's text: msgspec names types and places only.
    return msgspec.convert(value, key.type, strict=not setting.literal, dec_hook=_decode)


def _decode(kind: type, value: Any) -> Any:
    if kind is Path and isinstance(value, str) and value:
        return Path(value).expanduser()
    raise ValueError(f"expected {kind.__name__.lower()} as text")


def _plain(key: Key, error: Exception) -> str:
    """The error in words for people."""
    if key.is_secret and not isinstance(error, msgspec.ValidationError):
        return "is not written as it must be"
    text = str(error)
    choices = choices_of(key.type)
    if choices and "Invalid enum value" in text:
        text += f"; one of {', '.join(choices)}"
    return text[:1].lower() + text[1:]


def choices_of(kind: Any) -> tuple[str, ...]:
    """The values that a type allows, if they can be counted."""
    arguments = getattr(kind, "__args__", ())
    if arguments and isinstance(arguments[0], type) and issubclass(arguments[0], Enum):
        return tuple(str(item.value) for item in arguments[0])
    return tuple(item for item in arguments if isinstance(item, str))


def _part(
    part: Part,
    values: Mapping[tuple[str, str], Any],
    origins: Mapping[tuple[str, str], str],
    problems: list[Problem],
) -> Any:
    mine = [key for key in keys().values() if key.part is part]
    given = {k.field: values[k.section, k.name] for k in mine if (k.section, k.name) in values}
    try:
        return part.kind(**given)
    except ValueError as error:
        # The parts name their fields in what they say; the first that was set is to blame.
        said = [k for k in mine if k.field in given and k.field in str(error)]
        blamed = said or [k for k in mine if k.field in given]
        key = blamed[0] if blamed else mine[0]
        label = f"[{key.section}] {key.name}"
        problems.append(Problem(origins.get((key.section, key.name), DEFAULT), label, str(error)))
        return part.kind()
