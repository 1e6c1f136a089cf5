"""What a plug-in may do to a node: wrap its policy and its SIP routing, listen to its events, add
REST resources, XMPP features and tasks.

A plug-in is a callable that takes a `Plugin`, named in a package's entry points:

[project.entry-points."antiphon.plugins"] quiet = "antiphon_quiet:setup"

It is called once, before the node opens its doors.
"""

import logging
from collections.abc import Callable, Coroutine, Iterable
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Protocol

from antiphon.core.event import Event
from antiphon.core.policy import Policy

if TYPE_CHECKING:
    from fastapi import APIRouter

    from antiphon.core.address import Addresses
    from antiphon.core.switchboard import Switchboard
    from antiphon.media.engine import Engine
    from antiphon.protocols.sip.routing import Rule
    from antiphon.protocols.xmpp.feature import Feature
    from antiphon.protocols.xmpp.house import House
    from antiphon.services.accounts import Accounts
    from antiphon.services.calls import CallRecords
    from antiphon.services.contacts import ContactLists
    from antiphon.services.mailbox import Mailbox
    from antiphon.services.presence import PresenceBook
    from antiphon.services.rooms import StoredRooms
    from antiphon.services.tokens import Tokens
    from antiphon.stores.database import Database

    from .bot import Bot
    from .config import Config
    from .people import People

log = logging.getLogger(__name__)

GROUP = "antiphon.plugins"


class PluginError(Exception):
    """A plug-in could not be loaded or set up; the text names it."""


class Host(Protocol):
    """The node that plug-ins are of, with its services. See `Node`."""

    config: "Config"
    name: str
    version: str
    addresses: "Addresses"
    database: "Database"
    accounts: "Accounts"
    people: "People"
    tokens: "Tokens"
    rooms: "StoredRooms"
    messages: "Mailbox"
    contacts: "ContactLists"
    calls: "CallRecords"
    presence: "PresenceBook"
    engine: "Engine"
    switchboard: "Switchboard"

    async def join(
        self, room: str, *, name: str = "Bot", sample_rate: int = 48000, channels: int = 1
    ) -> "Bot":
        """Join a room from this process. Raises `Refused`."""


class Plugin:
    """The node as one plug-in sees it. Its services (`node.switchboard`, `node.accounts` …) are
    there from the first event, request or task on, not yet while `setup` runs.
    """

    def __init__(self, name: str, node: Host) -> None:
        self.name = name
        self.node = node
        self.wrappers: list[Callable[[Policy], Policy]] = []
        self.rules: list[Callable[[Rule], Rule]] = []
        self.listeners: list[Callable[[Event], None]] = []
        self.routers: list[APIRouter] = []
        self.xmpp_features: list[Callable[[House], Feature]] = []
        self.tasks: list[Callable[[], Coroutine[Any, Any, None]]] = []

    def set_policy(self, wrap: Callable[[Policy], Policy]) -> None:
        """`wrap` gets the policy that is in force and returns the one to use instead."""
        self.wrappers.append(wrap)

    def set_sip_rule(self, wrap: "Callable[[Rule], Rule]") -> None:
        """`wrap` gets the rule that routes SIP requests now and returns the one to use instead: a
        function of `Asked` and `Verbs` (`antiphon.protocols.sip.routing`) that ends in a verb.
        """
        self.rules.append(wrap)

    def on_event(self, listener: Callable[[Event], None]) -> None:
        """`listener` hears every event of every room, in order. It must not block; what it raises
        is logged and harms nobody."""
        self.listeners.append(listener)

    def add_router(self, router: "APIRouter") -> None:
        """Mount REST resources below `/api/v1`. They get the caller with
        `antiphon.protocols.http.caller.CurrentCaller`."""
        self.routers.append(router)

    def add_xmpp_feature(self, make: "Callable[[House], Feature]") -> None:
        """Serve an XMPP extension: `make` gets the house of instant messaging and returns a
        `antiphon.protocols.xmpp.feature.Feature`."""
        self.xmpp_features.append(make)

    def add_task(self, task: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run `task()` while the node runs; it is cancelled when the node stops. An error of it is
        logged and ends that task only."""
        self.tasks.append(task)

    def deliver(self, event: Event) -> None:
        """Take an event of any room (core.member.Outlet)."""
        for listener in self.listeners:
            try:
                listener(event)
            except Exception:
                log.exception("plug-in %s failed at an event", self.name)

    async def run(self, task: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run one of its tasks to the end."""
        try:
            await task()
        except Exception:
            log.exception("a task of plug-in %s failed", self.name)


Setup = Callable[[Plugin], None]


def installed() -> Iterable[tuple[str, Setup]]:
    """The plug-ins of all installed packages, by name. Raises `PluginError`."""
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        try:
            setup = entry.load()
        except Exception as error:
            raise PluginError(f"plug-in {entry.name} ({entry.value}): {error!r}") from error
        if not callable(setup):
            raise PluginError(f"plug-in {entry.name} ({entry.value}) is not a function")
        yield entry.name, setup


def set_up(node: Host, setups: Iterable[tuple[str, Setup]]) -> list[Plugin]:
    """Call each plug-in. Raises `PluginError`."""
    plugins = []
    for name, setup in setups:
        plugin = Plugin(name, node)
        try:
            setup(plugin)
        except Exception as error:
            raise PluginError(f"plug-in {name}: {error!r}") from error
        log.info("plug-in %s", name)
        plugins.append(plugin)
    return plugins
