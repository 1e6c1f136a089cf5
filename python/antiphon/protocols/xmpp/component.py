"""Programs that serve a domain of their own over this server (XEP-0114): gateways, bots. Their
stanzas come in over a stream of their own, and each address of theirs is like a session here.
"""

import hashlib
import hmac
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Protocol

from antiphon._native import Kept, Stanza, Verb
from antiphon.core.address import Address
from antiphon.core.ports import Caller, Grants

from .config import ComponentConfig
from .jid import Jids
from .message import refusal, stream_error
from .namespaces import COMPONENT
from .session import Router, Session
from .wire import Bounds, Detached, Header, Wire

log = logging.getLogger(__name__)

# Addresses of one component that are remembered; the longest silent ones are taken to have gone.
MAX_STRANGERS = 10_000
HANDSHAKE = b"<handshake/>"


class Hosts(Protocol):
    """Where domains beside our own are served (the router)."""

    def add_host(self, domain: str, host: "Component") -> Callable[[], None]:
        """Hand what is for a domain to this host; the result ends that."""


class Guard(Protocol):
    """How many secrets may be tried (`login.Doorkeeper`)."""

    def allows(self, peer: str, name: str) -> bool:
        """Whether there were not too many failures yet."""

    def tried(self, peer: str, name: str, done: bool) -> None:
        """A secret was wrong, or right."""


class _Share(Detached):
    """The line of one address: part of its component's wire, which it must not end."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def put(self, data: bytes) -> None:
        """One element."""
        self._wire.send(data)

    def resume(self, *, restart: bool = False, starttls: bool = False, free: bool = False) -> None:
        """Its component's stream goes on by itself."""

    def keep(self, kept: Kept | None) -> None:
        """Never: `keeps` is False."""

    def idle(self) -> float:
        """It may be silent for ever."""
        return 0.0

    def close(self, error: bytes = b"") -> None:
        """Only this address goes."""

    def abort(self) -> None:
        """Only this address goes."""


class Component:
    """One component that is connected: a `router.Host` for its domain, and the `Home` of its
    addresses.
    """

    def __init__(self, name: str, wire: Wire, router: Router, jids: Jids) -> None:
        self.title = name
        self.router = router
        self._wire = wire
        self._jids = jids
        self._strangers: OrderedDict[str, Session] = OrderedDict()

    # to the component

    def received(self, session: Session, stanza: Stanza, to: Address) -> None:
        """A stanza for an address of its domain."""
        self._wire.forward(stanza, session.jid)

    def moved(self, session: Session) -> None:
        """Components are told of stanzas only."""

    def left(self, session: Session) -> None:
        """Components are told of stanzas only."""

    def gone(self, session: Session) -> None:
        """Components are told of stanzas only."""

    # from the component

    def sent(self, stanza: Stanza) -> str | None:
        """One stanza of it; the stream error that it deserves, if any."""
        sender = self._jids.find(stanza.from_ or "")
        if sender is None or sender.domain != self.title:
            return "invalid-from"
        if not stanza.to:
            return "improper-addressing"
        stranger = self._stranger(sender)
        try:
            self.router.received(stranger, stanza)
        except Exception:
            log.exception("%s: a stanza could not be handled", stranger.jid)
            if stanza.type not in ("error", "result"):
                stranger.send(refusal(stanza, stranger.jid, "internal-server-error"))
        return None

    def close(self) -> None:
        """It is connected no more: its addresses are gone."""
        while self._strangers:
            self._strangers.popitem()[1].close()

    def _stranger(self, address: Address) -> Session:
        jid = str(address)
        if (found := self._strangers.get(jid)) is not None:
            self._strangers.move_to_end(jid)
            return found
        caller = Caller(
            address=address.bare, name=address.local or self.title, grants=Grants(create=False)
        )
        made = self._strangers[jid] = Session(self, _Share(self._wire), caller, address)
        if len(self._strangers) > MAX_STRANGERS:
            self._strangers.popitem(last=False)[1].close()
        self.router.bound(made)
        return made

    # home of its addresses

    def ended(self, session: Session) -> None:
        """One of them is gone."""
        self._strangers.pop(session.jid, None)

    def regroup(self) -> None:
        """Never: they take no part in groups."""

    def expire(self, session: Session, after: float) -> None:
        """Never: they have no connection to lose."""

    def manage(self, session: Session, resumable: bool, wanted: str | None) -> None:
        """Never: their line keeps nothing."""


class Components:
    """All that may connect."""

    def __init__(
        self,
        allowed: Sequence[ComponentConfig],
        jids: Jids,
        router: Router,
        hosts: Hosts,
        *,
        guard: Guard,
        bounds: Bounds,
    ) -> None:
        """`bounds`: of those that have proved their secret. Raises ValueError for a name that
        cannot be served.
        """
        self.jids = jids
        self.router = router
        self.guard = guard
        self.bounds = bounds
        self._hosts = hosts
        self._secrets = {self._prepared(one.name): one.secret for one in allowed}
        self._connected: dict[str, ComponentStream] = {}

    def __len__(self) -> int:
        return len(self._connected)

    def find(self, name: str | None) -> str | None:
        """The domain that somebody names (RFC 7622 §3.2), as it is written canonically."""
        address = self.jids.find(name) if name else None
        return None if address is None or address.local or address.device else address.domain

    def _prepared(self, name: str) -> str:
        found = self.find(name)
        if found is None or found in (self.jids.domain, self.jids.rooms):
            raise ValueError(f"{name!r} cannot be the name of a component")
        return found

    def secret(self, name: str) -> str | None:
        """What a component proves to know; None of one that may not connect."""
        return self._secrets.get(name)

    def is_connected(self, name: str) -> bool:
        """Whether there is one of that name already."""
        return name in self._connected

    def join(
        self, name: str, stream: "ComponentStream", component: Component
    ) -> Callable[[], None]:
        """It may speak now; the result ends that."""
        self._connected[name] = stream
        remove = self._hosts.add_host(name, component)
        log.info("component %s is connected", name)

        def leave() -> None:
            del self._connected[name]
            remove()
            component.close()
            log.info("component %s is gone", name)

        return leave


class ComponentStream:
    """The stream of one component (`wire.End`)."""

    def __init__(self, components: Components, wire: Wire, peer: str) -> None:
        self._components = components
        self._wire = wire
        self._peer = peer
        self._name = ""
        self._id = ""
        self._component: Component | None = None
        self._leave: Callable[[], None] = lambda: None

    def secured(self, bindings: dict[str, bytes]) -> None:
        """Its listener has no TLS."""

    def opened(self, header: Header) -> None:
        """XEP-0114 §3: `to` is the component's own name."""
        self._name = self._components.find(header.to) or ""
        self._id = self._wire.open(None, from_=header.to)
        if header.content != COMPONENT:
            self.close("invalid-namespace")
        elif self._components.secret(self._name) is None:
            self.close("host-unknown")
        else:
            self._wire.resume()

    def received(self, stanza: Stanza) -> None:
        """One element."""
        if self._component is None:
            self._handshake(stanza)
        elif stanza.kind == Stanza.OTHER:
            self.close("unsupported-stanza-type")
        elif (condition := self._component.sent(stanza)) is not None:
            self.close(condition)

    def ended_by_peer(self) -> None:
        """It ended its stream."""
        self.close()

    def failed(self, condition: str) -> None:
        """What came was no stream."""
        if not self._id:
            self._wire.open(None)
        self.close(condition)

    def lost(self) -> None:
        """The connection is gone."""
        self._over()

    def close(self, condition: str = "") -> None:
        """End it."""
        self._over()
        self._wire.close(stream_error(condition) if condition else b"")

    def _over(self) -> None:
        leave, self._leave = self._leave, lambda: None
        leave()

    def _handshake(self, stanza: Stanza) -> None:
        components, guarded = self._components, f"component {self._name}"
        if not components.guard.allows(self._peer, guarded):
            self.close("policy-violation")
        elif not self._is_proof(stanza):
            components.guard.tried(self._peer, guarded, False)
            self.close("not-authorized")
        elif components.is_connected(self._name):
            self.close("conflict")
        else:
            components.guard.tried(self._peer, guarded, True)
            self._component = Component(self._name, self._wire, components.router, components.jids)
            self._leave = components.join(self._name, self, self._component)
            self._wire.limit(components.bounds)
            self._wire.send(HANDSHAKE)
            self._wire.resume(free=True)

    def _is_proof(self, stanza: Stanza) -> bool:
        """XEP-0114 §3 asks for SHA-1; the secret is long and the network its own."""
        secret = self._components.secret(self._name)
        if stanza.verb != Verb.HANDSHAKE or secret is None:
            return False
        expected = hashlib.sha1(f"{self._id}{secret}".encode(), usedforsecurity=False).hexdigest()
        said = (stanza.text() or "").strip().lower()
        return hmac.compare_digest(expected.encode(), said.encode())
