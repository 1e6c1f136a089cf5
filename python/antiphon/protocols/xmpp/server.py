"""XMPP on this node: every part of it made and joined, opened in order and closed in the opposite
one. What stanzas mean is the router's.
"""

import asyncio
import logging
import socket
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from antiphon._native import Streams
from antiphon.core.address import Address, Addresses
from antiphon.net.gate import Gate
from antiphon.net.listen import address_of

from .component import Components, ComponentStream, Hosts
from .config import XmppConfig, XmppLimits
from .http_bind import HttpBind
from .hub import Directory, Hub, Registrar
from .listener import Engine, EngineWire, Listener, Take
from .loose import LooseWire
from .namespaces import CLIENT, COMPONENT
from .negotiation import Negotiation
from .offers import Channel, Terms
from .session import Router, Session
from .sessions import Fan
from .web_listener import WebListener

log = logging.getLogger(__name__)

# XEP-0368 §3.2.
ALPN = "xmpp-client"
# Where clients look first.
WEBSOCKET, HTTP_BIND = "/xmpp-websocket", "/http-bind"


@dataclass(slots=True)
class Doors:
    """Bound sockets: `plain` for STARTTLS, `secure` for TLS from the start, `components`."""

    plain: list[socket.socket] = field(default_factory=list[socket.socket])
    secure: list[socket.socket] = field(default_factory=list[socket.socket])
    components: list[socket.socket] = field(default_factory=list[socket.socket])

    @property
    def listening(self) -> list[tuple[str, str]]:
        """(protocol, address) of each."""
        named = (
            ("xmpp", self.plain),
            ("xmpps", self.secure),
            ("xmpp-component", self.components),
        )
        return [(name, address_of(opened)) for name, sockets in named for opened in sockets]

    def close(self) -> None:
        """Close the sockets. Idempotent."""
        for opened in [*self.plain, *self.secure, *self.components]:
            opened.close()


class Driver(Engine, Protocol):
    """What carries streams (`net.streams.StreamDriver`)."""

    def listen(
        self,
        sockets: Sequence[socket.socket],
        framing: int,
        handler: Listener,
        *,
        tls: bool = False,
        alpn: Sequence[str] = (),
    ) -> int:
        """Accept on listening sockets; the tag of these listeners."""

    def unlisten(self, tag: int) -> None:
        """Accept nothing more there."""


class XmppServer:
    """See the module. `hub` has the sessions and the limits; `hub.router` must be set before it is
    opened.
    """

    def __init__(
        self,
        *,
        addresses: Addresses,
        directory: Directory,
        driver: Driver,
        gate: Gate,
        config: XmppConfig,
        limits: XmppLimits,
        certified: bool,
        encrypted: bool = True,
        guests: bool = False,
        registration: bool = False,
        proxies: Sequence[str] = (),
    ) -> None:
        """`certified`: there is a certificate, so that TLS can be had; `encrypted`: nobody logs in
        without it. `guests`, `registration`: whether strangers may come in, or make accounts.
        `proxies`: those who are believed whom they speak for, in WebSockets.
        """
        self.config = config
        self.hub = Hub(
            addresses=addresses,
            directory=directory,
            limits=limits,
            loop=asyncio.get_running_loop(),
            touched=driver.touched,
        )
        self.fan = Fan(driver.streams, self.hub.sessions, driver.touched)
        self._driver = driver
        self._gate = gate
        self._tags: list[int] = []
        self._terms = Terms(
            starttls=certified, encrypted=encrypted, guests=guests, registration=registration
        )
        self._listeners: list[Listener] = []
        self._ports: list[str] = []
        # Whether these are protected is up to the web server: TLS cannot be asked for within them.
        self._web_terms = replace(self._terms, starttls=False)
        domain = self.hub.jids.domain
        self.http_bind = HttpBind(domain, limits, self._take_bosh)
        self.websockets = WebListener(
            driver,
            gate,
            domain,
            self._take_websocket,
            strangers=self.hub.stranger_bounds,
            proxies=proxies,
        )
        self._listeners.append(self.websockets)

    def join(self, router: Router, registrar: Registrar, hosts: Hosts) -> None:
        """Whom stanzas go to, who makes accounts, and where components serve their domains."""
        self.hub.router = router
        self.hub.registrar = registrar
        self.components = Components(
            self.config.components,
            self.hub.jids,
            router,
            hosts,
            guard=self.hub,
            bounds=self.hub.component_bounds,
        )

    def open(self, doors: Doors) -> None:
        """Serve sockets."""
        self._serve(doors.plain, tls=False)
        self._serve(doors.secure, tls=True)
        if doors.components:
            self._listen(doors.components, self._take_component, content=COMPONENT)
        named = (("tcp", doors.plain), ("tls", doors.secure))
        self._ports = list(
            dict.fromkeys(f"{kind}:{one.getsockname()[1]}" for kind, all_ in named for one in all_)
        )

    def tasks(self) -> list[Coroutine[Any, Any, None]]:
        """What must run beside it, as coroutines."""
        return [self.hub.run()]

    async def close(self) -> None:
        """Take nobody in any more and end all streams."""
        for tag in self._tags:
            self._driver.unlisten(tag)
        await self.hub.close()
        for listener in self._listeners:
            for end in listener.ends:
                if isinstance(end, Negotiation | ComponentStream):
                    end.close("system-shutdown")
        self._driver.touched()

    def drain(self) -> None:
        """Let all clients go elsewhere, and take nobody in any more: the node stops."""
        self.hub.draining = True
        for session in list(self.hub.sessions):
            session.close("system-shutdown")
        self._driver.touched()

    @property
    def leaving(self) -> set[Session]:
        """Sessions that `void` is not for: they themselves asked for the change."""
        return self.hub.leaving

    def void(self, account: Address, stamp: str | None) -> None:
        """Log-ins of an account (bare) under another stamp are void, None: all there are. See
        `Hub.void`.
        """
        self.hub.void(account, stamp)
        self._driver.touched()

    @property
    def connections(self) -> int:
        """Connections by TCP and TLS."""
        return sum(map(len, self._listeners))

    def endpoints(self) -> list[str]:
        """Transports and ports or paths, `tcp:5222`, `ws:/xmpp-websocket`."""
        return [*self._ports, *(f"{kind}:{path}" for kind, path in self.paths.items())]

    @property
    def paths(self) -> Mapping[str, str]:
        """Paths of the web listeners: `ws` and `bosh`, as far as they are served."""
        config = self.config
        served = (("ws", WEBSOCKET, config.websocket), ("bosh", HTTP_BIND, config.bosh))
        return {kind: path for kind, path, on in served if on}

    def counters(self) -> Mapping[str, int]:
        """All that is counted since the start."""
        hub = self.hub
        return {
            **hub.counters,
            "login_failures": hub.attempts.failures,
            "login_refusals": hub.attempts.refused,
        }

    def _serve(self, sockets: Sequence[socket.socket], *, tls: bool) -> None:
        if sockets:
            self._listen(sockets, self._take, tls=tls, alpn=(ALPN,) if tls else ())

    def _listen(
        self,
        sockets: Sequence[socket.socket],
        take: Take,
        *,
        content: str = CLIENT,
        tls: bool = False,
        alpn: Sequence[str] = (),
    ) -> None:
        domain = self.hub.jids.domain
        strangers = self.hub.stranger_bounds
        listener = Listener(
            self._driver, self._gate, domain, take, strangers=strangers, content=content
        )
        tag = self._driver.listen(sockets, Streams.XMPP, listener, tls=tls, alpn=alpn)
        self._tags.append(tag)
        self._listeners.append(listener)

    def _take(self, wire: EngineWire, peer: str) -> Negotiation:
        return Negotiation(self.hub, wire, self._terms, peer)

    def _take_component(self, wire: EngineWire, peer: str) -> ComponentStream:
        return ComponentStream(self.components, wire, peer)

    def _take_websocket(self, wire: EngineWire, peer: str) -> Negotiation:
        return Negotiation(self.hub, wire, self._web_terms, peer)

    def _take_bosh(self, wire: LooseWire, peer: str, channel: Channel) -> Negotiation:
        return Negotiation(self.hub, wire, self._web_terms, peer, channel)
