"""What the server and its accounts are and support (XEP-0030), and a fingerprint of it for the
stream's features (XEP-0115).
"""

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from antiphon.core.address import Address
from antiphon.protocols.xmpp.feature import Feature, Request, Scope, Serve, StanzaError
from antiphon.protocols.xmpp.message import element
from antiphon.protocols.xmpp.namespaces import DATA_FORM, DISCO_INFO, DISCO_ITEMS

CAPS = "http://jabber.org/protocol/caps"
NODE = "https://antiphon.invalid/"


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
    """XEP-0128: the form's kind stands in a hidden field."""
    made = element("x", DATA_FORM, attributes={"type": "result"})
    fields = [("FORM_TYPE", "hidden", (form.kind,))]
    fields += [(name, None, values) for name, values in form.fields.items()]  # type: ignore[misc]
    for name, type_, values in fields:
        each = [element("value", DATA_FORM, value) for value in values]
        made.append(element("field", DATA_FORM, *each, attributes={"var": name, "type": type_}))
    return made


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


Items = Callable[[], Iterable[tuple[str, str]]]


class Disco(Feature):
    """Answers for the server and for accounts.

    `features`: all that is served. `hosts`: address and title of what stands beside the server.
    `may_know`: whether somebody may know that an account is there (RFC 6121 §8.5, XEP-0030 §8).
    """

    xep = "XEP-0030"
    namespaces = (DISCO_INFO, DISCO_ITEMS)
    account_namespaces = (DISCO_INFO, DISCO_ITEMS)

    def __init__(
        self,
        *,
        name: str,
        features: Callable[[], Iterable[Feature]],
        hosts: Items,
        sees: Callable[[Address, Address], bool],
        forms: Iterable[Form] = (),
    ) -> None:
        self._name = name
        self._all = features
        self._hosts = hosts
        self._sees = sees
        self._forms = list(forms)
        self._account_items: list[Callable[[Address], Iterable[Element]]] = []

    def requests(self) -> Iterable[Serve]:
        """disco#info and disco#items."""
        yield Serve("get", "query", DISCO_INFO, self._info, Scope.ANY)
        yield Serve("get", "query", DISCO_ITEMS, self._items, Scope.ANY)

    @property
    def stream_features(self) -> bytes:  # type: ignore[override]
        """XEP-0115 §6.3: the server's own fingerprint."""
        ver = fingerprint(self.server())
        return f"<c xmlns='{CAPS}' hash='sha-1' node='{NODE}' ver='{ver}'/>".encode()

    def server(self) -> About:
        """What the server is."""
        names = (name for one in self._all() for name in one.namespaces)
        identities = [Identity("server", "im", self._name), Identity("pubsub", "pep")]
        return About(identities, sorted({CAPS, *names}), self._forms)

    def account(self) -> About:
        """What each account is: the same for all (XEP-0163 §6.1)."""
        names = (name for one in self._all() for name in one.account_namespaces)
        identities = [Identity("account", "registered"), Identity("pubsub", "pep")]
        return About(identities, sorted(set(names)))

    def _info(self, request: Request) -> Element:
        node = request.payload().get("node") or None
        if request.scope is Scope.SERVER:
            about = self.server()
            if node is not None and node != NODE + "#" + fingerprint(about):
                raise StanzaError("item-not-found")
            return about.element(node)
        if node is not None:
            raise StanzaError("item-not-found")
        self._must_see(request)
        return self.account().element()

    def _items(self, request: Request) -> Element:
        node = request.payload().get("node") or None
        if node is not None:
            raise StanzaError("item-not-found")
        made = element("query", DISCO_ITEMS)
        if request.scope is Scope.SERVER:
            for jid, title in self._hosts():
                attributes = {"jid": jid, "name": title or None}
                made.append(element("item", DISCO_ITEMS, attributes=attributes))
        else:
            self._must_see(request)
        return made

    def _must_see(self, request: Request) -> None:
        """RFC 6121 §8.5.2: whoever may not see an account is not told whether there is one."""
        if request.account is None or not self._sees(request.own, request.account):
            raise StanzaError("service-unavailable")
