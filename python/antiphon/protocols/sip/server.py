"""SIP on this node: every part of it made and joined, opened in order and closed in the opposite
one. What calls and messages do is said by those who `serve` their methods.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import AsyncExitStack
from typing import Any, Self

from antiphon._native import SipFlow, SipMachine, SipRequest
from antiphon.core.address import ROOMS, Address, Addresses
from antiphon.core.policy import Policy
from antiphon.net.gate import Gate
from antiphon.stores.database import Database

from .admission import Admission, Spelling
from .config import SipConfig, SipLimits
from .dialplan import DialPlan
from .doors import Doors, reachable, shown
from .driver import Driver
from .flows import Flows
from .gruu import Gruus
from .identity import Accounts, Identities
from .keeper import BindingKeeper
from .listener import Listeners
from .location import Location, dialler
from .nameservers import DnsRecords
from .proxy import Proxy
from .registrar import Registrar
from .resolve import PORTS, UDP, WS, WSS, Records, Resolver
from .routing import Rule, Served, Verbs, default_rule
from .stack import ANY, Stack
from .stream import GONE
from .trunks import Trunks
from .uri import MalformedError, parse_uri
from .wariness import Wariness
from .websocket import WebSockets

log = logging.getLogger(__name__)

ACCEPT = b"Accept: application/sdp, text/plain\r\n"
SUPPORTED = b"Supported: 100rel, gruu, norefersub, outbound, path, replaces, timer\r\n"


class SipServer:
    """See the module. Its parts are attributes while it is open."""

    def __init__(
        self,
        *,
        addresses: Addresses,
        accounts: Accounts,
        database: Database,
        policy: Policy,
        gate: Gate,
        secret: bytes,
        config: SipConfig,
        limits: SipLimits,
        public: tuple[str, ...] = (),
        guests: bool = False,
        elsewhere: Callable[[Address], bool] = lambda _: False,
        rules: Iterable[Callable[[Rule], Rule]] = (),
        records: Records | None = None,
    ) -> None:
        """`public`: IP addresses at which a NAT shows this node. `rules` wrap the default rule, the
        first one innermost. For the others see `Verbs`. Raises `OSError` where the configured
        authorities cannot be read.
        """
        self._addresses = addresses
        self._accounts = accounts
        self._gate = gate
        self._config = config
        self._limits = limits
        self._public = public
        self._stack_of_parts = AsyncExitStack()
        loop = asyncio.get_running_loop()
        domain = addresses.domain
        self._hosts = frozenset({*reachable(), *public})
        self.machine = SipMachine(
            names=[domain, ROOMS + domain, *self._hosts],
            realms=[domain],
            algorithms=config.digest,
            secret=secret,
            max_transactions=limits.transactions,
            max_message=limits.message_size,
            source_rate=limits.rate,
            source_burst=limits.burst,
        )
        self.stack = Stack(
            self.machine, Listeners(self.machine), Resolver(records or DnsRecords()), loop=loop
        )
        self.flows = Flows(self.stack, limits, authorities=config.authorities)
        self.stack.carrier = self.flows
        self.location = Location(
            domain,
            clock=loop.time,
            limit=limits.bindings,
            is_open=self.flows.is_open,
            dial=dialler(self.stack.locate_now),
        )
        self.keeper = BindingKeeper(database, self.location, self._flow_for, clock=loop.time)
        self.identities = Identities(self.machine, accounts, addresses)
        self.identities.changed = self.stack.later
        self.identities.gone = self.location.forget
        self.stack.account_needed = self.identities.need
        self.wariness = Wariness(limits.failures, limits.failure_time, loop=loop)
        gruus = Gruus(domain, secret)
        self.spelling = Spelling(addresses, self._is_host)
        self.trunks = Trunks(self.stack, config.trunks, DialPlan(config.country))
        self.proxy = Proxy(self.stack, domain, forks=limits.forks)
        self.verbs = Verbs(
            self.stack,
            self.location,
            self.proxy,
            policy=policy,
            media=config.media,
            elsewhere=elsewhere,
        )
        self.registrar = Registrar(
            self.stack,
            self.location,
            self.identities,
            self.wariness,
            gruus,
            own=self.spelling.own,
            clock=loop.time,
            config=config,
            limits=limits,
            keep=self.flows.keep,
        )
        self.admission = Admission(
            self.stack,
            self.identities,
            self.wariness,
            self.location,
            gruus,
            self.spelling,
            addresses,
            trunks=self.trunks,
            guests=guests,
        )
        self._rule: Rule = default_rule
        for wrap in rules:
            self._rule = wrap(self._rule)
        self.stack.on("REGISTER", self.registrar.register)
        self.stack.on(ANY, self._requested)
        self.driver = Driver(self.flows, gate, shown=self._shown)
        self.websockets = WebSockets(
            self.flows,
            self.stack.listeners.add(WS, domain, PORTS[WS]).number,
            self.stack.listeners.add(WSS, domain, PORTS[WSS]).number,
        )

    def serve(self, method: str, handler: Served) -> None:
        """`handler` gets the requests of a method that this node itself takes."""
        self.verbs.serve(method, handler)

    async def open(self, doors: Doors) -> Self:
        """Take what is stored, then serve the sockets. If it fails, nothing stays open."""
        async with AsyncExitStack() as stack:
            await self._open(stack, doors)
            self._stack_of_parts = stack.pop_all()
        return self

    async def _open(self, stack: AsyncExitStack, doors: Doors) -> None:
        stack.callback(self.stack.close)
        stack.push_async_callback(self.stack.resolver.close)
        stack.push_async_callback(self.identities.close)
        stack.callback(self.wariness.close)
        # Closed after the doors: what is registered until then is kept.
        stack.push_async_callback(self.keeper.close)
        stack.push_async_callback(self.flows.close)
        stack.push_async_callback(self.driver.close)
        # Contacts belong to listeners, and nobody may register before the former ones are known.
        self.driver.serve(doors.plain)
        self.driver.serve(doors.secure, doors.tls)
        found = await self.keeper.load()
        log.info("%d registered contacts of telephones were kept", found)
        stack.push_async_callback(self.proxy.close)
        stack.callback(self._accounts.watch(self.identities.account_changed))
        for trunk in self._config.trunks:
            for address in trunk.addresses:
                if "/" not in address:
                    self.machine.exempt(address)
        self.driver.start()
        self.trunks.start()
        stack.push_async_callback(self.trunks.close)

    def tasks(self) -> list[Coroutine[Any, Any, None]]:
        """What must run beside it, as coroutines."""
        return [
            self.location.sweep(),
            self.keeper.run(),
            self.identities.watch(),
            self.flows.sweep(),
        ]

    async def close(self) -> None:
        """Write what is to be kept, end connections, close sockets."""
        self.stack.flush()
        await self._stack_of_parts.aclose()

    def endpoints(self) -> list[str]:
        """Transports and ports, `udp:5060`, and `ws` where that is served."""
        found = dict.fromkeys(
            f"{one.transport}:{one.port}"
            for one in self.stack.listeners
            if one.transport not in (WS, WSS)
        )
        return [*found, *(["ws:/sip"] if self._config.websocket else [])]

    def counters(self) -> Mapping[str, int]:
        """All that is counted since the start."""
        found = {f"machine_{name}": value for name, value in self.machine.counters().items()}
        for part, counts in (
            ("registrar", self.registrar.counters),
            ("routing", self.verbs.counters),
            ("admission", self.admission.counters),
            ("login", self.wariness.counters),
            ("flow", self.flows.counters),
            ("proxy", self.proxy.counters),
            ("failure", self.stack.failures),
        ):
            found |= {f"{part}_{name}": value for name, value in counts.items()}
        return found

    # what comes in

    def _requested(self, request: SipRequest) -> None:
        if request.in_dialog:
            self._within(request)
        elif request.method == "ACK":
            pass  # RFC 3261 §17.1.1.3: of a transaction that is over
        elif request.method == "OPTIONS" and self._is_for_us(request):
            self._describe(request)
        elif (asked := self.admission.admit(request)) is not None:
            self._rule(asked, self.verbs)

    def _within(self, request: SipRequest) -> None:
        """Of a dialog that passes by here, if our own mark is on it; else of none that we know."""
        if self.machine.is_marked(request):
            if self.stack.follow(request):
                return
            try:
                self.proxy.follow(request, parse_uri(request.next_route or request.uri))
            except MalformedError:
                self.stack.reply(request, 400)
        elif request.method != "ACK":
            self.stack.reply(request, 481, stateless=True)

    def _is_for_us(self, request: SipRequest) -> bool:
        return request.ours and "@" not in request.uri

    def _describe(self, request: SipRequest) -> None:
        """What this server can (RFC 3261 §11.2)."""
        allow = self.stack.allow_of((*self.verbs.methods, "REGISTER"))
        headers = allow + ACCEPT + SUPPORTED
        self.stack.reply(request, 200, headers=headers, stateless=True)

    # addresses

    def _is_host(self, host: str) -> bool:
        return host.strip("[]") in self._hosts

    def _shown(self, bound: str, transport: str) -> str:
        """What others are told to reach a socket bound to this address."""
        return shown(bound, transport, self._addresses.domain, self._public)

    def _flow_for(self, transport: str, host: str, port: int) -> SipFlow | None:
        """The flow of a contact from before a restart: connections are gone, datagrams are not."""
        for listener in self.stack.listeners:
            if listener.transport != transport:
                continue
            if transport in (WS, WSS) or listener.ipv6 == (":" in host):
                connection = 0 if transport == UDP else GONE
                return SipFlow(listener.number, transport, connection, (host, port))
        return None
