"""What the server and its accounts are and support (XEP-0030), and a fingerprint of it for the
stream's features (XEP-0115).
"""

import base64
import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from xml.etree.ElementTree import Element

from antiphon.core.address import Address
from antiphon.protocols.xmpp import forms
from antiphon.protocols.xmpp.feature import Feature, Request, Scope, Serve, StanzaError
from antiphon.protocols.xmpp.message import element
from antiphon.protocols.xmpp.namespaces import DISCO_INFO, DISCO_ITEMS

CAPS = "http://jabber.org/protocol/caps"
NODE = "urn:antiphon"


@dataclass(frozen=True, slots=True)
class Identity:
    """XEP-0030 §3.1."""

    category: str
    type: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """A result form of a certain kind (XEP-0128): field → values."""

    kind: str
    fields: Mapping[str, tuple[str, ...]]


@dataclass(slots=True)
class About:
    """What somebody says of themselves."""

    identities: list[Identity] = field(default_factory=list)
    features: list[str] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)

    def element(self, node: str | None = None) -> Element:
        """As the answer to disco#info."""
        made = element("query", DISCO_INFO, attributes={"node": node})
        for one in self.identities:
            attributes = {"category": one.category, "type": one.type, "name": one.name or None}
            made.append(element("identity", DISCO_INFO, attributes=attributes))
        for name in self.features:
            made.append(element("feature", DISCO_INFO, attributes={"var": name}))
        made.extend(form_element(form) for form in self.forms)
        return made


def form_element(form: Form) -> Element:
    """As part of an answer."""
    fields = [forms.Field(name, "text-multi", values) for name, values in form.fields.items()]
    return forms.form(form.kind, fields, type_="result")


def fingerprint(about: About) -> str:
    """XEP-0115 §5.1, SHA-1 as it asks for."""
    parts = sorted(f"{one.category}/{one.type}//{one.name}" for one in about.identities)
    parts += sorted(about.features)
    for form in sorted(about.forms, key=lambda form: form.kind):
        parts.append(form.kind)
        for name in sorted(form.fields):
            parts += [name, *sorted(form.fields[name])]
    text = "".join(f"{part}<" for part in parts)
    return base64.b64encode(hashlib.sha1(text.encode(), usedforsecurity=False).digest()).decode()


class Provider(Protocol):
    """Somebody who has nodes of their own to be discovered."""

    async def info(self, request: Request, node: str) -> About | None:
        """What a node is; None: not theirs."""

    async def items(self, request: Request, node: str | None) -> list[Element] | None:
        """What is in a node, or (None) which nodes there are; None: not theirs."""


class Disco(Feature):
    """Answers for the server and for accounts.

    `features`: all that is served. `hosts`: address and title of what stands beside the server.
    `sees`: whether one account may know that another is there.
    """

    xep = "XEP-0030"
    namespaces = (DISCO_INFO, DISCO_ITEMS)
    account_namespaces = (DISCO_INFO, DISCO_ITEMS)

    def __init__(
        self,
        *,
        name: str,
        features: Callable[[], Sequence[Feature]],
        hosts: Callable[[], Iterable[tuple[str, str]]],
        sees: Callable[[Address, Address], Awaitable[bool]],
        shown: Iterable[Form] = (),
    ) -> None:
        self._name = name
        self._all = features
        self._hosts = hosts
        self._sees = sees
        self._forms = list(shown)
        self._providers: list[Provider] = []
        self._print: tuple[int, bytes] = (-1, b"")

    def add(self, provider: Provider) -> None:
        """Ask this one, too."""
        self._providers.append(provider)

    def requests(self) -> Iterable[Serve]:
        """disco#info and disco#items."""
        yield Serve("get", "query", DISCO_INFO, self._info, Scope.ANY)
        yield Serve("get", "query", DISCO_ITEMS, self._items, Scope.ANY)

    def offered(self) -> bytes:
        """XEP-0115 §6.3: the server's own fingerprint, for the stream's features."""
        count = len(self._all())
        if self._print[0] != count:
            ver = fingerprint(self.server())
            made = f"<c xmlns='{CAPS}' hash='sha-1' node='{NODE}' ver='{ver}'/>".encode()
            self._print = count, made
        return self._print[1]

    def server(self) -> About:
        """What the server is."""
        names = (name for one in self._all() for name in one.namespaces)
        identities = [Identity("server", "im", self._name)]
        return About(identities, sorted({CAPS, *names}), self._forms)

    def account(self) -> About:
        """What each account is: the same for all (XEP-0163 §6.1)."""
        names = (name for one in self._all() for name in one.account_namespaces)
        identities = [Identity("account", "registered"), Identity("pubsub", "pep")]
        return About(identities, sorted(set(names)))

    async def _info(self, request: Request) -> Element:
        node = request.payload().get("node") or None
        if request.scope is Scope.SERVER:
            about = self.server()
            if node is None or node == f"{NODE}#{fingerprint(about)}":
                return about.element(node)
        elif node is None:
            await self._must_see(request)
            return self.account().element()
        for provider in self._providers:
            if (found := await provider.info(request, node)) is not None:
                return found.element(node)
        raise StanzaError("item-not-found")

    async def _items(self, request: Request) -> Element:
        node = request.payload().get("node") or None
        made = element("query", DISCO_ITEMS, attributes={"node": node})
        known = node is None
        if request.scope is Scope.SERVER and node is None:
            for jid, title in self._hosts():
                attributes = {"jid": jid, "name": title or None}
                made.append(element("item", DISCO_ITEMS, attributes=attributes))
        elif request.scope is not Scope.SERVER and node is None:
            await self._must_see(request)
        for provider in self._providers:
            if (found := await provider.items(request, node)) is not None:
                made.extend(found)
                known = True
        if not known:
            raise StanzaError("item-not-found")
        return made

    async def _must_see(self, request: Request) -> None:
        """RFC 6121 §8.5.2: whoever may not see an account is not told whether there is one."""
        if request.account is None or not await self._sees(request.own, request.account):
            raise StanzaError("service-unavailable")
