"""One node: every part made and joined here, opened in order and closed in the opposite one.

`async with Node(config) as node:` serves until the block is left. It knows how parts fit together,
and decides nothing that they do.
"""

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import Iterable
from contextlib import AsyncExitStack
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from fastapi import FastAPI
from starlette.routing import WebSocketRoute

import antiphon
from antiphon.core.address import Address, Addresses
from antiphon.core.event import Event
from antiphon.core.policy import Policy
from antiphon.core.ports import Caller, Grants
from antiphon.core.switchboard import Switchboard
from antiphon.media.engine import Engine
from antiphon.media.session import EngineSessions
from antiphon.net.asgi import AsgiServer
from antiphon.net.gate import Gate
from antiphon.net.listen import Listen, parse_listen
from antiphon.protocols.http.application import create_app, drain, end_sessions
from antiphon.protocols.http.context import HttpContext, Readiness
from antiphon.protocols.web.server import WebSignalling
from antiphon.services.accounts import Accounts
from antiphon.services.calls import CallRecords
from antiphon.services.contacts import ContactLists
from antiphon.services.mailbox import Mailbox
from antiphon.services.normalize import PrecisNormalizer
from antiphon.services.presence import PresenceBook
from antiphon.services.rooms import StoredRooms
from antiphon.services.secrets import node_secret
from antiphon.services.tokens import Tokens
from antiphon.stores.database import Database

from . import listeners
from .access import AccountDirectory, ConfiguredIceServers, TokenAuthenticator
from .alerts import CallAlerts, MessageAlerts
from .background import background
from .bot import Bot
from .config import Config, load
from .errors import StartError
from .folder import DataFolder, FolderInUse, Running
from .media import create_engine
from .messengers import Messengers
from .metrics import NodeCollector, PushCollector, create_registry, message_seconds
from .news import ProfileNews
from .people import People
from .plugin import Plugin, PluginError, Setup, installed, set_up
from .services import Surroundings, open_services
from .sip_metrics import SipCollector
from .telephones import Telephones
from .xmpp_metrics import XmppCollector

log = logging.getLogger(__name__)

# How often a draining node looks whether everybody has gone (s).
DRAIN_STEP = 0.1
# Seconds that streams have for their ends.
STREAMS_TIME = 1.0


class Node:
    """A communication server in this process.

    Its parts are attributes while it is open: `switchboard`, `accounts`, `people`, `tokens`,
    `rooms`, `messages`, `calls`, `presence`, `engine`, `app` (the ASGI application). `listening`
    names what it listens on.
    """

    addresses: Addresses
    database: Database
    accounts: Accounts
    people: People
    tokens: Tokens
    rooms: StoredRooms
    messages: Mailbox
    contacts: ContactLists
    directory: AccountDirectory
    calls: CallRecords
    presence: PresenceBook
    engine: Engine
    switchboard: Switchboard
    signalling: WebSignalling
    telephones: Telephones
    messengers: Messengers
    app: FastAPI

    def __init__(
        self, config: Config | None = None, *, plugins: Iterable[tuple[str, Setup]] | None = None
    ) -> None:
        """`config`: embedded defaults if None. `plugins`: (name, setup) pairs; None: those of all
        installed packages."""
        self.config = config or Config()
        self.name = self.config.node.name or _machine_name()
        self.version = _version()
        limits = self.config.connections
        self.gate = Gate(
            limits.connections, limits.connections_per_address, self.config.http.trusted_proxies
        )
        self.registry = create_registry()
        self.listening: list[tuple[str, str]] = []
        self.web_address = ""
        self._setups = plugins
        self._stack: AsyncExitStack | None = None
        self._stopped = asyncio.Event()
        self._ready = False

    @classmethod
    def dev(cls, **options: Any) -> "Node":
        """A node in development mode: loopback only, guests may do everything but administer.

        `options` are those of `app.config.load`."""
        return cls(load(dev=True, **options))

    # life

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await self._open(stack)
            self._stack = stack.pop_all()
        self._ready = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ready = False
        stack, self._stack = self._stack, None
        if stack is not None:
            await stack.__aexit__(kind, error, trace)

    async def serve_forever(self) -> None:
        """Until `stop` is called, or the web server fails, which raises."""
        await self._stopped.wait()

    def stop(self) -> None:
        """Let `serve_forever` return."""
        self._stopped.set()

    async def drain(self) -> None:
        """Take nobody in any more, tell everybody, and wait a little for them to go."""
        self._ready = False
        await self.switchboard.drain()
        await self.telephones.drain()
        self.messengers.drain()
        deadline = asyncio.get_running_loop().time() + self.config.connections.drain_time
        while any(room.members for room in self.switchboard.rooms):
            if asyncio.get_running_loop().time() >= deadline:
                break
            await asyncio.sleep(DRAIN_STEP)

    # for programs

    async def join(
        self, room: str, *, name: str = "Bot", sample_rate: int = 48000, channels: int = 1
    ) -> Bot:
        """Join a room from this process: chat, events, audio as arrays. Raises `Refused`."""
        unique = f"bot-{secrets.token_hex(4)}"
        address = self.addresses.parse(f"{unique}@{self.addresses.domain}")
        caller = Caller(
            address=address, name=self.addresses.nickname(name), grants=Grants(moderate=True)
        )
        bot = Bot(self.switchboard, self.engine, caller)
        await bot.enter(room, sample_rate=sample_rate, channels=channels)
        return bot

    # opening

    async def _open(self, stack: AsyncExitStack) -> None:
        folder = self._open_folder(stack)
        doors = listeners.open_doors(self.config)
        stack.callback(doors.close)
        plugins = self._load_plugins()
        await self._open_services(stack)
        await self._open_rooms(stack, plugins)
        self.telephones = self._create_telephones(plugins)
        self.streams = listeners.open_streams(self.config, doors.certificates)
        self.streams.start()
        stack.push_async_callback(self.streams.close, STREAMS_TIME)
        self.messengers = self._create_messengers(doors, plugins)
        stack.push_async_callback(self.messengers.close)
        self.app = self._create_app(doors, plugins)
        await self._open_web(stack, doors)
        sip = listeners.open_sip(self.config, doors.certificates)
        stack.callback(sip.close)
        await self.telephones.open(stack, sip)
        xmpp = listeners.open_xmpp(self.config, doors.certificates)
        stack.callback(xmpp.close)
        self.messengers.open(xmpp)
        await self._start_tasks(stack, doors, plugins)
        self.listening = [
            *doors.listening,
            *sip.listening,
            *xmpp.listening,
            *self._media_listening(),
        ]
        self.web_address = listeners.web_address(self.config, doors)
        folder.announce(
            Running(
                pid=os.getpid(),
                url=listeners.local_url(doors),
                certificate=_absolute(doors.certificate_file),
                version=self.version,
                listening=[list(pair) for pair in self.listening],
            )
        )

    def _open_folder(self, stack: AsyncExitStack) -> DataFolder:
        path = self.config.node.data
        try:
            folder = DataFolder(path)
            stack.callback(folder.close)
            secret = self.config.auth.secret.encode() or node_secret(path)
        except FolderInUse as error:
            raise StartError(f"{error}; choose another one by [node] data or --data") from None
        except (OSError, ValueError) as error:
            raise StartError(f"cannot use the data folder {path}: {error}") from None
        self.addresses = Addresses(self.config.node.domain, PrecisNormalizer())
        self.tokens = Tokens(self.addresses, secret, self.config.tokens)
        self._secret = secret
        return folder

    def _load_plugins(self) -> list[Plugin]:
        try:
            return set_up(self, installed() if self._setups is None else self._setups)
        except PluginError as error:
            raise StartError(str(error)) from error

    async def _open_services(self, stack: AsyncExitStack) -> None:
        here = Surroundings(
            name=self.name,
            addresses=self.addresses,
            secret=self._secret,
            base=lambda: self.web_address,
            observe=message_seconds(self.registry).observe,
            tell=self._tell,
            rights=self._sight_changed,
        )
        services = await open_services(stack, self.config, here)
        self.database, self.accounts = services.database, services.accounts
        self.people, self.directory = services.people, services.directory
        self.contacts, self.presence = services.contacts, services.presence
        self.rooms, self.messages, self.calls = services.rooms, services.messages, services.calls

    def _tell(self, account: Address, event: Event) -> None:
        """News of an account, to its devices."""
        self.switchboard.tell(account, event)

    def _sight_changed(self, watcher: Address, account: Address) -> None:
        """What the one may see of the other may be otherwise now."""
        self.switchboard.sight_changed(watcher, account)
        self.messengers.house.sight_changed(watcher, account)

    async def _open_rooms(self, stack: AsyncExitStack, plugins: list[Plugin]) -> None:
        self.engine = create_engine(self.config)
        stack.callback(self.engine.close)
        self.engine.start()
        limits = self.config.rooms
        policy = Policy(
            guests=self.config.auth.guests, max_members=limits.members, max_tracks=limits.tracks
        )
        for plugin in plugins:
            for wrap in plugin.wrappers:
                policy = wrap(policy)
        self._policy = policy
        self.switchboard = Switchboard(
            rooms=self.rooms,
            messages=self.messages,
            media=self.engine,
            addresses=self.addresses,
            policy=policy,
            max_rooms=limits.rooms,
            max_owned=limits.owned,
            calls=CallAlerts(self.calls, self.people.push.notify),
            directory=self.directory,
            call_limits=self.config.calls,
            contacts=self.contacts,
            presence=self.presence,
            post_limits=self.config.post,
        )
        stack.push_async_callback(self.switchboard.close)
        self.accounts.on_remove(lambda account: self.switchboard.erase(account.address))
        stack.callback(self.switchboard.watch(self.presence))
        stack.callback(self.switchboard.watch(MessageAlerts(self.people.push.notify)))
        news = ProfileNews(self.switchboard, self.contacts)
        stack.push_async_callback(news.close)
        stack.callback(self.people.watch(news.tell))
        for plugin in plugins:
            if plugin.listeners:
                stack.callback(self.switchboard.watch(plugin))

    def _create_telephones(self, plugins: list[Plugin]) -> Telephones:
        try:
            return Telephones(
                self.config,
                secret=self._secret,
                accounts=self.accounts,
                database=self.database,
                switchboard=self.switchboard,
                policy=self._policy,
                rooms=self.rooms,
                presence=self.presence,
                contacts=self.contacts,
                calls=self.calls,
                engine=self.engine,
                gate=self.gate,
                elsewhere=self._has_sessions,
                rules=[rule for plugin in plugins for rule in plugin.rules],
            )
        except OSError as error:
            authorities = self.config.sip.authorities
            raise StartError(f"cannot use [sip] authorities = {authorities!r}: {error}") from None

    def _create_messengers(self, doors: listeners.Doors, plugins: list[Plugin]) -> Messengers:
        return Messengers(
            self.config,
            driver=self.streams,
            gate=self.gate,
            certified=doors.certificates is not None,
            secret=self._secret,
            switchboard=self.switchboard,
            accounts=self.accounts,
            people=self.people,
            authenticator=TokenAuthenticator(self.tokens, self.accounts),
            presence=self.presence,
            contacts=self.contacts,
            messages=self.messages,
            rooms=self.rooms,
            ice_servers=ConfiguredIceServers(self.config.webrtc.ice_servers),
            version=self.version,
            features=[make for plugin in plugins for make in plugin.xmpp_features],
        )

    def _has_sessions(self, account: Address) -> bool:
        """Whether a call to an account rings browsers, too."""
        return self.signalling.reach.reaches(account)

    def _create_app(self, doors: listeners.Doors, plugins: list[Plugin]) -> FastAPI:
        config = self.config
        sessions = EngineSessions(self.engine)
        authenticator = TokenAuthenticator(self.tokens, self.accounts)
        ice_servers = ConfiguredIceServers(config.webrtc.ice_servers)
        self.signalling = WebSignalling(
            switchboard=self.switchboard,
            messages=self.messages,
            sessions=sessions,
            authenticator=authenticator,
            ice_servers=ice_servers,
            config=config.web,
            version=self.version,
            sessions_of=self.directory.sessions,
            presence=self.presence,
            contacts=self.contacts,
        )
        self.switchboard.add_reach(self.signalling.reach)
        self.accounts.watch_voided(self.signalling.end_sessions)
        self.registry.register(
            NodeCollector(
                node=self.name,
                version=self.version,
                switchboard=self.switchboard,
                calls=self.calls,
                presence=self.presence,
                signalling=self.signalling,
                gate=self.gate,
                engine=self.engine.native.counters,
                certificates=doors.certificates,
            )
        )
        self.registry.register(PushCollector(self.people.push.sent))
        self.registry.register(SipCollector(self.telephones.server, self.telephones.agent))
        self.registry.register(XmppCollector(self.messengers.server, self.streams.streams))
        context = HttpContext(
            addresses=self.addresses,
            accounts=self.accounts,
            tokens=self.tokens,
            authenticator=authenticator,
            rooms=self.rooms,
            messages=self.messages,
            calls=self.calls,
            presence=self.presence,
            contacts=self.contacts,
            people=self.people.http,
            switchboard=self.switchboard,
            sessions=sessions,
            config=config.http,
            limits=config.http_limits,
            guests=Grants() if config.auth.guests else None,
            registration=config.auth.registration,
            open_doors=config.dev,
            ice_servers=ice_servers,
            registry=self.registry,
            ready=self._readiness,
            ladder=self.telephones.ladder.steps,
            endpoints=self._endpoints,
            links=self.messengers.links,
            assets=_assets(),
            node=self.name,
            version=self.version,
            routes=[
                WebSocketRoute("/ws", self.signalling.handle),
                *self._sip_routes(),
                *self.messengers.routes(),
            ],
            routers=[router for plugin in plugins for router in plugin.routers],
        )
        app = create_app(context)
        self.accounts.watch_voided(lambda account, _: end_sessions(app, account))
        return app

    def _sip_routes(self) -> list[WebSocketRoute]:
        if not self.config.sip.websocket:
            return []
        return [WebSocketRoute("/sip", self.telephones.server.websockets.handle)]

    def _endpoints(self) -> dict[str, list[str]]:
        """For those who find this node by its web address."""
        return {
            "webrtc": [f"udp:{port}" for port in self.engine.ports],
            "sip": self.telephones.server.endpoints(),
            "xmpp": self.messengers.server.endpoints(),
        }

    async def _open_web(self, stack: AsyncExitStack, doors: listeners.Doors) -> None:
        server = AsgiServer(
            self.app,
            driver=self.streams,
            limits=self.config.connections,
            gate=self.gate,
            message_limit=self.config.web.message_limit,
            plain=doors.plain,
            secure=doors.secure,
            proxies=self.config.http.trusted_proxies,
            websockets=self.messengers.websockets,
        )
        await server.start()
        stack.push_async_callback(server.stop)
        # Before the server stops: what would keep it from stopping.
        stack.push_async_callback(self.signalling.close)
        stack.push_async_callback(drain, self.app)
        await stack.enter_async_context(background([self._watch_server(server)]))

    async def _watch_server(self, server: AsgiServer) -> None:
        await server.wait()
        raise RuntimeError("the web server ended")

    async def _start_tasks(
        self, stack: AsyncExitStack, doors: listeners.Doors, plugins: list[Plugin]
    ) -> None:
        tasks = [plugin.run(task) for plugin in plugins for task in plugin.tasks]
        tasks += self.telephones.tasks()
        tasks += self.messengers.tasks()
        tasks.append(self.messages.sweep())
        tasks += self.people.tasks()
        tasks.append(self.accounts.run())
        if doors.certificates is not None:
            tasks.append(doors.certificates.watch())
        await stack.enter_async_context(background(tasks))

    def _readiness(self) -> Readiness:
        if self.switchboard.draining:
            return Readiness(ready=False, detail="draining")
        return Readiness(ready=self._ready, detail="" if self._ready else "starting")

    def _media_listening(self) -> list[tuple[str, str]]:
        host = parse_listen(self.config.webrtc.udp_port).host or "0.0.0.0"
        return [("webrtc", str(Listen(host, port))) for port in self.engine.ports]


def _assets() -> Path | None:
    folder = Path(antiphon.__file__).parent / "web"
    return folder if (folder / "index.html").is_file() else None


def _version() -> str:
    try:
        return version("antiphon")
    except PackageNotFoundError:
        return "0"


def _absolute(path: Path | None) -> str:
    return "" if path is None else str(path.absolute())


def _machine_name() -> str:
    return socket.gethostname().partition(".")[0]
