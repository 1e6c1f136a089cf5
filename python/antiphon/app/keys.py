"""Every key of the configuration: its section, name, type, default and words, read from the
packages' frozen configurations, which are their one source.
"""

import ast
import inspect
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from types import MappingProxyType
from typing import Any, get_type_hints

from antiphon.core.calls import CallLimits
from antiphon.core.post import PostLimits
from antiphon.net.config import ConnectionLimits, TlsConfig
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

from .sections import AuthConfig, NodeConfig, RoomLimits, WebrtcConfig

SECRETS = frozenset(
    {
        ("auth", "secret"),
        ("auth", "api_keys"),
        ("sip", "trunks"),
        ("storage", "database"),
        ("storage", "s3_secret"),
        ("xmpp", "components"),
    }
)


@dataclass(frozen=True, slots=True)
class Part:
    """A package's configuration: the attribute of `Config` that holds it and the section that it is
    written in.

    `prefix` and `names` (field → key) keep apart what would have the same name in that section.
    """

    attribute: str
    section: str
    kind: type
    prefix: str = ""
    names: tuple[tuple[str, str], ...] = ()


PARTS = (
    Part("node", "node", NodeConfig),
    Part("http", "http", HttpConfig),
    Part("tls", "tls", TlsConfig),
    Part("webrtc", "webrtc", WebrtcConfig),
    Part("sip", "sip", SipConfig),
    Part("xmpp", "xmpp", XmppConfig),
    Part("storage", "storage", StorageConfig),
    Part("files", "files", FilesConfig),
    Part("push", "push", PushConfig),
    Part("auth", "auth", AuthConfig),
    Part("accounts", "auth", AccountsConfig),
    Part(
        "tokens",
        "auth",
        TokensConfig,
        names=(("leeway", "token_leeway"), ("max_size", "token_size")),
    ),
    Part(
        "calls",
        "calls",
        CallLimits,
        names=(("calls", "running"), ("calls_per_caller", "running_per_caller")),
    ),
    Part("records", "calls", RecordsConfig),
    Part("rooms", "limits", RoomLimits, names=(("owned", "rooms_per_account"),)),
    Part(
        "people",
        "limits",
        PeopleConfig,
        prefix="account_",
        names=(
            ("invitations", "invitations"),
            ("invitation_ttl", "invitation_ttl"),
            ("reset_ttl", "reset_ttl"),
            ("avatar_size", "avatar_size"),
        ),
    ),
    Part("connections", "limits", ConnectionLimits),
    Part("http_limits", "limits", HttpLimits),
    Part("web", "limits", WebConfig, prefix="ws_"),
    Part(
        "mailbox",
        "limits",
        MailboxConfig,
        prefix="mailbox_",
        names=(("retention_days", "message_retention_days"),),
    ),
    Part(
        "post",
        "limits",
        PostLimits,
        names=(("rate", "message_rate"), ("burst", "message_burst")),
    ),
    Part(
        "contacts",
        "limits",
        ContactsConfig,
        prefix="contact_",
        names=(("contacts", "contacts"),),
    ),
    Part("sip_limits", "limits", SipLimits, prefix="sip_"),
    Part("xmpp_limits", "limits", XmppLimits, prefix="xmpp_"),
)


@dataclass(frozen=True, slots=True)
class Key:
    """One line that can stand in the file. `text` says what it is for."""

    section: str
    name: str
    part: Part
    field: str
    type: Any
    default: Any
    text: str

    @property
    def is_secret(self) -> bool:
        """Whether its value must not be shown, and may come from a file of its own."""
        return (self.section, self.name) in SECRETS

    @property
    def variable(self) -> str:
        """Its name in the environment."""
        return f"ANTIPHON_{self.section}_{self.name}".upper()


@cache
def keys() -> Mapping[tuple[str, str], Key]:
    """(section, name) → key, in the order of the sections."""
    found: dict[tuple[str, str], Key] = {}
    for part in PARTS:
        for key in _keys_of(part):
            if (key.section, key.name) in found:
                raise TypeError(f"two parts have the key [{key.section}] {key.name}")
            found[key.section, key.name] = key
    return MappingProxyType(dict(sorted(found.items(), key=_order)))


@cache
def sections() -> Mapping[str, tuple[Key, ...]]:
    """Section → its keys."""
    found: dict[str, list[Key]] = {}
    for key in keys().values():
        found.setdefault(key.section, []).append(key)
    return MappingProxyType({name: tuple(of_it) for name, of_it in found.items()})


def _order(item: tuple[tuple[str, str], Key]) -> int:
    return [part.section for part in PARTS].index(item[0][0])


def _keys_of(part: Part) -> Iterable[Key]:
    hints = get_type_hints(part.kind)
    texts = _texts(part.kind)
    names = dict(part.names)
    defaults = part.kind()
    for item in fields(part.kind):
        name = names.get(item.name, part.prefix + item.name)
        default = getattr(defaults, item.name)
        text = texts.get(item.name, "")
        yield Key(part.section, name, part, item.name, hints[item.name], default, text)


def _texts(kind: type) -> dict[str, str]:
    """Field → the docstring under it."""
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(body, ast.ClassDef)
    texts: dict[str, str] = {}
    for statement, following in zip(body.body, body.body[1:], strict=False):
        match statement, following:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                texts[name] = " ".join(text.split())
    return texts
