"""What the HTTP side needs of the rest of the node: its ports, as one frozen value that `app`
fills.

The small interfaces here are owned by the resources that call them; services satisfy them without
knowing them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from fastapi import APIRouter
from prometheus_client import CollectorRegistry
from starlette.routing import BaseRoute

from antiphon.core.address import Address, Addresses
from antiphon.core.media import Sessions
from antiphon.core.people import Contacts, Messages
from antiphon.core.ports import (
    Authenticator,
    Caller,
    Calls,
    Grants,
    IceServer,
    IceServers,
    Presence,
    Rooms,
)
from antiphon.core.switchboard import Switchboard
from antiphon.stores.records import AccountLimits, Role

from .config import HttpConfig, HttpLimits
from .people import People


class Account(Protocol):
    """Somebody with a password, as the API shows them. `created_at`: seconds since 1970 (UTC)."""

    @property
    def address(self) -> Address:
        """Bare."""

    @property
    def name(self) -> str:
        """To be shown."""

    @property
    def role(self) -> Role:
        """What it may do."""

    @property
    def disabled(self) -> bool:
        """Nobody can log in with it."""

    @property
    def created_at(self) -> float:
        """When it was made."""

    @property
    def limits(self) -> AccountLimits:
        """What it may use, where that is not as configured."""

    @property
    def stamp(self) -> str:
        """Put into its tokens: changes with the password and with rights, which voids them."""


class Accounts(Protocol):
    """Who may log in (`services/accounts`). Its refusals are `Refused`."""

    async def create(
        self, address: Address, password: str, *, name: str = "", role: Role = Role.USER
    ) -> Account:
        """Make one. Raises `Refused(CONFLICT)` when there is one, `Refused(BAD_REQUEST)` for a bad
        password.
        """

    async def update(
        self,
        address: Address,
        *,
        name: str | None = None,
        role: Role | None = None,
        disabled: bool | None = None,
        limits: AccountLimits | None = None,
    ) -> Account:
        """Change what is given. Raises `Refused(NOT_FOUND)`."""

    async def set_password(self, address: Address, password: str) -> Account:
        """Give another password. Raises `Refused(NOT_FOUND)` or `Refused(BAD_REQUEST)`."""

    async def remove(self, address: Address) -> bool:
        """Delete, with all that is kept of it; False if there was none."""

    async def find(self, address: Address) -> Account | None:
        """The account of a bare address."""

    async def page(self, after: Address | None = None, limit: int = 100) -> Sequence[Account]:
        """Accounts in the order of their addresses."""

    async def authenticate(self, address: Address, password: str) -> Account:
        """Whose password this is. Raises `Refused(UNAUTHORIZED)`, in the same time whether there is
        one or not.
        """


class Token(Protocol):
    """A signed token. `expires_at`: seconds since 1970 (UTC)."""

    @property
    def text(self) -> str:
        """JWT in compact form."""

    @property
    def expires_at(self) -> float:
        """When it ends."""


class Tokens(Protocol):
    """Signs tokens (`services/tokens`)."""

    def issue(
        self,
        caller: Caller,
        ttl: float | None = None,
        *,
        stamp: str | None = None,
        renewable: bool = False,
    ) -> Token:
        """A token that says who the caller is and what they may do; `ttl` in seconds."""

    def renew(self, text: str, caller: Caller, *, stamp: str | None = None) -> Token:
        """Another one in place of a valid one that is renewable. Raises `Refused`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Whether new requests should come here, and why not."""

    ready: bool
    detail: str = ""


class Step(Protocol):
    """One message of the signalling of a call. `at`: seconds since 1970."""

    @property
    def at(self) -> float:
        """When it was received or sent."""

    @property
    def sender(self) -> str:
        """Who sent it: a socket address, or a name of this node."""

    @property
    def receiver(self) -> str:
        """Who received it."""

    @property
    def line(self) -> str:
        """What it is, in one line."""

    @property
    def text(self) -> str:
        """All of it."""


def _ready() -> Readiness:
    return Readiness(ready=True)


def _no_endpoints() -> Mapping[str, Sequence[str]]:
    return {}


class _NoIceServers:
    """A node that is reached without help."""

    def for_caller(self, caller: Caller) -> Sequence[IceServer]:
        """None at all."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpContext:
    """The ports of the HTTP side, and what its configuration says."""

    addresses: Addresses
    accounts: Accounts
    tokens: Tokens
    authenticator: Authenticator
    rooms: Rooms
    messages: Messages
    calls: Calls
    presence: Presence
    switchboard: Switchboard
    sessions: Sessions

    contacts: Contacts | None = None
    """Who knows whom, and who sees whose presence; None: a node without contacts."""

    config: HttpConfig = field(default_factory=HttpConfig)
    limits: HttpLimits = field(default_factory=HttpLimits)

    guests: Grants | None = None
    """What the tokens of guests allow; None: guests only enter rooms whose settings welcome them.
    """

    registration: bool = False
    """Whether anybody may make an account."""

    open_doors: bool = False
    """Development: WHIP and WHEP need no token, and guests see every room."""

    people: People | None = None
    """What belongs to accounts beside their log-in; None: a node without profiles and files."""

    ice_servers: IceServers = field(default_factory=_NoIceServers)

    metrics: Callable[[], bytes] | None = None
    """Prometheus text of the node; None: that of `registry`."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    """Where the figures of the HTTP side are kept."""

    ladder: Callable[[str], Sequence[Step]] | None = None
    """The signalling of a call by its id, where some protocol keeps it for a while."""

    ready: Callable[[], Readiness] = _ready

    endpoints: Callable[[], Mapping[str, Sequence[str]]] = _no_endpoints
    """Listeners beside this application, for discovery: protocol → URIs or `transport:port`."""

    links: Mapping[str, str] = field(default_factory=dict[str, str])
    """For `/.well-known/host-meta`: relation → path on this server, with `ws:` before it where it
    is one of a WebSocket."""

    assets: Path | None = None
    """Folder of the built web pages and components; None: a node without pages."""

    node: str = ""
    """Name of this node."""

    version: str = "0"
    """Of Antiphon."""

    routes: Sequence[BaseRoute] = ()
    """Further routes, as the room WebSocket's."""

    routers: Sequence[APIRouter] = ()
    """Further REST resources, as plug-ins bring them; mounted below `/api/v1`."""
