"""Every account is a service to which its owner publishes (XEP-0163, with what it needs of
XEP-0060; XEP-0223 for what is for the owner only).
"""

import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from xml.etree.ElementTree import Element

from antiphon.core.address import Address
from antiphon.core.publishing import Item, Nodes, NodeSettings
from antiphon.protocols.xmpp import forms, node_settings
from antiphon.protocols.xmpp.feature import Feature, Request, Scope, Serve, StanzaError
from antiphon.protocols.xmpp.message import add, each, element, named, parse, split, write
from antiphon.protocols.xmpp.namespaces import DISCO_ITEMS
from antiphon.protocols.xmpp.shelves import Shelf

from .disco import About, Identity
from .pep_events import PepEvents, Readers

PUBSUB = "http://jabber.org/protocol/pubsub"
ERRORS = "http://jabber.org/protocol/pubsub#errors"
FEATURES = (
    "access-open",
    "access-presence",
    "access-roster",
    "access-whitelist",
    "auto-create",
    "auto-subscribe",
    "config-node",
    "config-node-max",
    "create-and-configure",
    "create-nodes",
    "delete-items",
    "delete-nodes",
    "filtered-notifications",
    "item-ids",
    "last-published",
    "multi-items",
    "persistent-items",
    "presence-notifications",
    "presence-subscribe",
    "publish",
    "publish-options",
    "publisher-affiliation",
    "purge-nodes",
    "retract-items",
    "retrieve-items",
)
ITEMS = 1000
# Bytes of items in one answer, about; of more than that the newest ones (XEP-0060 §6.5.4).
OCTETS = 1024 * 1024
Changed = Callable[[Address], Awaitable[None]]


class Pep(Feature):
    """Publishing and reading."""

    xep = "XEP-0163, XEP-0060, XEP-0223"
    account_namespaces = (PUBSUB, *(f"{PUBSUB}#{name}" for name in FEATURES))

    def __init__(
        self,
        nodes: Nodes,
        events: PepEvents,
        readers: Readers,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._nodes = nodes
        self._events = events
        self._readers = readers
        self._now = now
        self._shelves: dict[str, Shelf] = {}
        self._watching: dict[str, Changed] = {}
        self._preferred: dict[str, NodeSettings] = {}

    def prefer(self, node: str, settings: NodeSettings) -> None:
        """Make nodes of that name so, unless whoever publishes first says otherwise."""
        self._preferred[node] = settings

    def watch(self, node: str, changed: Changed) -> None:
        """Tell `changed` whose items of a node are others than before."""
        self._watching[node] = changed

    def add(self, *shelves: Shelf) -> None:
        """Serve these nodes from elsewhere."""
        for shelf in shelves:
            self._shelves[shelf.node] = shelf
            self._events.add(shelf)

    def requests(self) -> Iterable[Serve]:
        """All but what owners do to whole nodes."""
        everybody = Scope.OWN | Scope.OTHER
        yield Serve("get", "pubsub", PUBSUB, self._get, everybody)
        yield Serve("set", "pubsub", PUBSUB, self._set, everybody)

    # reading

    async def _get(self, request: Request) -> Element:
        payload = request.payload()
        asked = named(payload, "items")
        if asked is None:
            raise _unsupported(payload)
        owner = request.account or request.own
        node = asked.get("node") or ""
        settings = await self.readable(request.own, owner, node)
        ids = [one.get("id") or "" for one in each(asked, "item")][:ITEMS]
        found = await self._items(owner, node, ids, _count(asked.get("max_items")))
        made = element("items", PUBSUB, attributes={"node": node})
        if settings.kept or request.own == owner:
            made.extend(map(_spelled, _newest(found)))
        return element("pubsub", PUBSUB, made)

    async def _items(
        self, owner: Address, node: str, ids: Sequence[str], limit: int | None
    ) -> Sequence[Item]:
        shelf = self._shelves.get(node)
        if shelf is None:
            return await self._nodes.items(owner, node, ids, limit)
        found = [one for one in await shelf.items(owner) if not ids or one.id in ids]
        return found if limit is None else found[-limit:]

    async def readable(self, reader: Address, owner: Address, node: str) -> NodeSettings:
        """How a node behaves that somebody may read. Raises `StanzaError`: whoever may not read it
        is told the same as if there were none, so that nobody learns which nodes there are.
        """
        shelf = self._shelves.get(node)
        if shelf is not None and reader.is_guest and reader != owner:
            raise StanzaError("forbidden", "Guests do not see profiles.")
        settings = shelf.settings if shelf else await self._nodes.settings(owner, node)
        if settings is not None and await self._readers.may_read(reader, owner, settings):
            return settings
        if reader != owner and not await self._readers.sees(reader, owner):
            # XEP-0060 §6.5.9.2; of somebody who has no account the same.
            detail = f"<presence-subscription-required xmlns='{ERRORS}'/>".encode()
            raise StanzaError("not-authorized", extra=detail)
        raise StanzaError("item-not-found", "There is no such node.")

    # writing

    async def _set(self, request: Request) -> Element | None:
        payload = request.payload()
        if request.scope is not Scope.OWN:
            raise StanzaError("forbidden", "Only its owner publishes here.")
        if (asked := named(payload, "publish")) is not None:
            return await self._publish(request, asked, _options(payload, "publish-options"))
        if (asked := named(payload, "retract")) is not None:
            await self._retract(request, asked)
            return None
        if (asked := named(payload, "create")) is not None:
            return await self._create(request, asked, _options(payload, "configure"))
        raise _unsupported(payload)

    async def _publish(
        self, request: Request, asked: Element, options: dict[str, list[str]] | None
    ) -> Element:
        node = asked.get("node") or ""
        if not node:
            raise StanzaError("bad-request", extra=f"<nodeid-required xmlns='{ERRORS}'/>".encode())
        items = [self._item(request, one) for one in each(asked, "item")]
        if not items:
            raise StanzaError("bad-request", extra=f"<item-required xmlns='{ERRORS}'/>".encode())
        if len(items) > ITEMS:
            raise StanzaError(
                "not-allowed", extra=f"<max-items-exceeded xmlns='{ERRORS}'/>".encode()
            )
        wanted = await self._must_hold(request.own, node, options)
        made = element("publish", PUBSUB, attributes={"node": node})
        try:
            for item in items:
                await self.publish(request, node, item, wanted)
                made.append(element("item", PUBSUB, attributes={"id": item.id}))
        finally:
            await self.changed(request.own, node)
        return element("pubsub", PUBSUB, made)

    async def publish(
        self, request: Request, node: str, item: Item, wanted: NodeSettings | None = None
    ) -> None:
        """Publish one item of the one who asks, and tell of it; `changed` is to be called after
        the last one. `wanted`: for a new node.
        """
        if (shelf := self._shelves.get(node)) is not None:
            await shelf.publish(request, item)
            return
        made = wanted or self._fresh(node)
        settings = await self._nodes.publish(request.own, node, item, made)
        await self._events.published(request.own, node, settings, item)

    def _item(self, request: Request, made: Element) -> Item:
        """XEP-0060 §7.1.3: an item has one element, which has a namespace of its own."""
        payloads = list(made)
        if len(payloads) != 1:
            name = "invalid-payload" if payloads else "payload-required"
            raise StanzaError("bad-request", extra=f"<{name} xmlns='{ERRORS}'/>".encode())
        payload = payloads[0]
        if split(payload.tag)[0] == PUBSUB:
            raise StanzaError("bad-request", extra=f"<invalid-payload xmlns='{ERRORS}'/>".encode())
        return Item(
            id=made.get("id") or secrets.token_hex(8),
            payload=write(payload, ""),
            publisher=request.session.address,
            published_at=self._now(),
        )

    async def _must_hold(
        self, owner: Address, node: str, options: dict[str, list[str]] | None
    ) -> NodeSettings:
        """How a new node shall be; one that is there must be so (XEP-0060 §7.1.5)."""
        if options is None:
            return self._fresh(node)
        shelf = self._shelves.get(node)
        known = shelf.settings if shelf else await self._nodes.settings(owner, node)
        if known is None:
            return node_settings.changed(self._fresh(node), options)
        if shelf is None and not node_settings.holds(known, options):
            detail = f"<precondition-not-met xmlns='{ERRORS}'/>".encode()
            raise StanzaError("conflict", "The node is configured otherwise.", extra=detail)
        return known

    def _fresh(self, node: str) -> NodeSettings:
        return self._preferred.get(node, NodeSettings())

    async def _retract(self, request: Request, asked: Element) -> None:
        node = asked.get("node") or ""
        ids = [one.get("id") or "" for one in each(asked, "item")]
        if not node or not ids or not all(ids) or len(ids) > ITEMS:
            raise StanzaError("bad-request", extra=f"<item-required xmlns='{ERRORS}'/>".encode())
        try:
            for id in ids:
                await self.retract(request, node, id, tell=forms.truth(asked.get("notify") or ""))
        finally:
            await self.changed(request.own, node)

    async def retract(self, request: Request, node: str, id: str, *, tell: bool) -> None:
        """Take an item away, and tell of it; see `publish`. Raises `StanzaError`, `Refused`."""
        if (shelf := self._shelves.get(node)) is not None:
            await shelf.retract(request, id)
            return
        settings = await self._nodes.settings(request.own, node)
        if settings is None:
            raise StanzaError("item-not-found", "There is no such node.")
        await self._nodes.retract(request.own, node, id)
        if tell or settings.retractions:
            await self._events.retracted(request.own, node, settings, id)

    async def changed(self, owner: Address, node: str) -> None:
        """Items of a node were published or taken away: those who watch it are told once."""
        if (changed := self._watching.get(node)) is not None:
            await changed(owner)

    async def _create(
        self, request: Request, asked: Element, options: dict[str, list[str]] | None
    ) -> Element | None:
        node = asked.get("node") or ""
        instant = not node
        node = node or secrets.token_hex(8)
        if node in self._shelves or await self._nodes.settings(request.own, node) is not None:
            raise StanzaError("conflict", "There is such a node already.")
        settings = node_settings.changed(self._fresh(node), options or {})
        await self._nodes.configure(request.own, node, settings)
        if not instant:
            return None
        return element("pubsub", PUBSUB, element("create", PUBSUB, attributes={"node": node}))

    # features.disco.Provider

    async def info(self, request: Request, node: str) -> About | None:
        """XEP-0060 §5.4."""
        if request.account is None:
            return None
        await self.readable(request.own, request.account, node)
        return About([Identity("pubsub", "leaf")], [PUBSUB])

    async def items(self, request: Request, node: str | None) -> list[Element] | None:
        """XEP-0060 §5.2, §5.5: nodes of an account, items of a node, that may be read."""
        owner = request.account
        if owner is None:
            return None
        jid = str(owner)
        if node is not None:
            await self.readable(request.own, owner, node)
            return [_shown(jid, name=one.id) for one in await self._items(owner, node, (), None)]
        found = await self._nodes.nodes(owner)
        return [
            _shown(jid, node=name)
            for name, settings in found
            if await self._readers.may_read(request.own, owner, settings)
        ]


def _shown(jid: str, *, node: str | None = None, name: str | None = None) -> Element:
    attributes = {"jid": jid, "node": node, "name": name}
    return element("item", DISCO_ITEMS, attributes=attributes)


def _newest(found: Sequence[Item]) -> Sequence[Item]:
    """As many as go into one answer, the last one at least."""
    octets = 0
    for position in range(len(found) - 1, -1, -1):
        octets += len(found[position].payload)
        if octets > OCTETS and position + 1 < len(found):
            return found[position + 1 :]
    return found


def _spelled(item: Item) -> Element:
    made = element("item", PUBSUB, attributes={"id": item.id})
    return add(made, parse(item.payload))


def _options(payload: Element, name: str) -> dict[str, list[str]] | None:
    found = named(payload, name)
    filled = None if found is None else forms.filled(found)
    return None if filled is None else dict(filled)


def _count(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal()) or not 0 < len(text) < 7:
        raise StanzaError("bad-request", "max_items must be a number.")
    return max(1, int(text))


def _unsupported(payload: Element) -> StanzaError:
    """XEP-0060 §6.1.3.10 and others: which feature is missing."""
    names = [split(one.tag)[1] for one in payload]
    name = names[0] if names else "pubsub"
    wire = {"subscriptions": "retrieve-subscriptions", "affiliations": "retrieve-affiliations"}
    feature = wire.get(name, name)
    if not feature.replace("-", "").isalpha():
        return StanzaError("bad-request")
    detail = f"<unsupported xmlns='{ERRORS}' feature='{feature}'/>".encode()
    return StanzaError("feature-not-implemented", extra=detail)
