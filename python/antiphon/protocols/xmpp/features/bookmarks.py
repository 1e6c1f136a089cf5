"""Bookmarks of rooms (XEP-0402), and their old form (XEP-0048) in step with them, whether clients
keep that as private XML (XEP-0049) or as a node (XEP-0223).
"""

import time
from collections.abc import Callable, Mapping, Sequence
from xml.etree.ElementTree import Element

from antiphon.core.address import Address
from antiphon.core.publishing import Access, Item, Nodes, NodeSettings, Telling
from antiphon.core.reason import Refused
from antiphon.protocols.xmpp.feature import Feature, Request, StanzaError
from antiphon.protocols.xmpp.forms import TRUE
from antiphon.protocols.xmpp.jid import Jids
from antiphon.protocols.xmpp.message import each, element, parse, text_of, write

from .pep import Pep
from .pep_events import PepEvents

BOOKMARKS = "urn:xmpp:bookmarks:1"
OLD = "storage:bookmarks"
MOST = 1000
SETTINGS = NodeSettings(access=Access.LISTED, max_items=MOST, last=Telling.NEVER)


class Bookmarks(Feature):
    """What discovery says; the work is that of the node and its old form."""

    xep = "XEP-0402, XEP-0048"
    account_namespaces = (f"{BOOKMARKS}#compat", f"{BOOKMARKS}#compat-pep")


class OldBookmarks:
    """All bookmarks in one element: a shelf, and something shared of private storage."""

    node = OLD
    tag = f"{{{OLD}}}storage"
    settings = NodeSettings(access=Access.LISTED, max_items=1)

    def __init__(
        self, nodes: Nodes, pep: Pep, jids: Jids, now: Callable[[], float] = time.time
    ) -> None:
        self._nodes = nodes
        self._pep = pep
        self._jids = jids
        self._now = now
        # In them stand passwords of rooms: they are nobody else's, whatever a client forgets to
        # ask for (XEP-0402 §5).
        pep.prefer(BOOKMARKS, SETTINGS)

    # features.private.Shared

    async def read(self, account: Address) -> Element:
        """Made of the items."""
        made = element("storage", OLD)
        for item in await self._nodes.items(account, BOOKMARKS):
            made.append(_old(item))
        return made

    async def write(self, request: Request, made: Element) -> None:
        """Publish what is new or other, and take away what is not there any more."""
        wanted = {}
        for one in each(made, "conference"):
            try:
                room = str(self._jids.parse(one.get("jid", "")).bare)
            except Refused:
                raise StanzaError("jid-malformed") from None
            wanted[room] = one
        if len(wanted) > MOST:
            raise StanzaError("policy-violation", f"No more than {MOST} bookmarks.")
        try:
            await self._replace(request, wanted)
        finally:
            await self._pep.changed(request.own, BOOKMARKS)

    async def _replace(self, request: Request, wanted: Mapping[str, Element]) -> None:
        known = {one.id: one for one in await self._nodes.items(request.own, BOOKMARKS)}
        for id in known.keys() - wanted.keys():
            await self._pep.retract(request, BOOKMARKS, id, tell=True)
        for id, old in wanted.items():
            payload = write(_new(old, known.get(id)), "")
            if id not in known or known[id].payload != payload:
                item = Item(
                    id=id,
                    payload=payload,
                    publisher=request.session.address,
                    published_at=self._now(),
                )
                await self._pep.publish(request, BOOKMARKS, item, SETTINGS)

    # protocols.xmpp.shelves.Shelf

    async def items(self, account: Address) -> Sequence[Item]:
        """The one item that there is."""
        payload = write(await self.read(account), "")
        now = self._now()
        return [Item(id="current", payload=payload, publisher=account, published_at=now)]

    async def publish(self, request: Request, item: Item) -> None:
        """Take all bookmarks."""
        made = parse(item.payload)
        if made.tag != self.tag:
            raise StanzaError("bad-request", "This node has bookmarks.")
        await self.write(request, made)

    async def retract(self, request: Request, id: str) -> None:
        """Take all away."""
        await self.write(request, element("storage", OLD))


class OldBookmarkNews:
    """Tells those who know the old form only that the bookmarks are others."""

    def __init__(self, events: PepEvents, old: OldBookmarks) -> None:
        self._events = events
        self._old = old

    async def changed(self, account: Address) -> None:
        """An item was published or taken away."""
        for item in await self._old.items(account):
            await self._events.published(account, OLD, self._old.settings, item)


def _old(item: Item) -> Element:
    new = parse(item.payload)
    attributes = {
        "jid": item.id,
        "name": new.get("name"),
        "autojoin": "true" if new.get("autojoin") in TRUE else "false",
    }
    made = element("conference", OLD, attributes=attributes)
    for name in ("nick", "password"):
        if text := text_of(new, name, BOOKMARKS):
            made.append(element(name, OLD, text))
    return made


def _new(old: Element, before: Item | None) -> Element:
    """What the old form does not tell of (`extensions`) stays as it was."""
    attributes = {"name": old.get("name"), "autojoin": "true" if _joins(old) else None}
    made = element("conference", BOOKMARKS, attributes=attributes)
    for name in ("nick", "password"):
        if text := text_of(old, name, OLD):
            made.append(element(name, BOOKMARKS, text))
    if before is not None:
        made.extend(each(parse(before.payload), "extensions", BOOKMARKS))
    return made


def _joins(old: Element) -> bool:
    return old.get("autojoin") in TRUE
