"""Telling clients what was published (XEP-0163 §4.3): those who see the publisher's presence, may
read the node, and said that they want to know.
"""

import logging
from collections.abc import Sequence

from antiphon.core.address import Address
from antiphon.core.event import ContactChanged
from antiphon.core.people import Contacts
from antiphon.core.publishing import Access, Item, Nodes, NodeSettings
from antiphon.core.reason import Reason, Refused
from antiphon.protocols.xmpp.adapter import delay
from antiphon.protocols.xmpp.audiences import Audiences
from antiphon.protocols.xmpp.crowd import send_alone
from antiphon.protocols.xmpp.errands import Errands
from antiphon.protocols.xmpp.message import escape, stanza
from antiphon.protocols.xmpp.session import Session
from antiphon.protocols.xmpp.sessions import Audience, Fan
from antiphon.protocols.xmpp.shelves import Shelf

from .caps import interests

log = logging.getLogger(__name__)

EVENT = "http://jabber.org/protocol/pubsub#event"
# Accounts looked up at once for somebody who comes.
AT_ONCE = 50
# Last items that somebody who comes is told of, and bytes of them, in all: the others they ask for.
MOST = 2000
OCTETS = 2 * 1024 * 1024


class Readers:
    """Who may read what."""

    def __init__(self, contacts: Contacts) -> None:
        self._contacts = contacts

    async def may_read(self, reader: Address, owner: Address, settings: NodeSettings) -> bool:
        """Whether `reader` (bare) may read a node of `owner`."""
        if reader == owner:
            return True
        if self._contacts.blocks(owner, reader):
            return False
        if settings.access is Access.EVERYBODY:
            return True
        if settings.access is Access.LISTED:
            return reader in settings.members
        if settings.access is Access.GROUPS:
            contact = await self._contacts.find(owner, reader)
            return contact is not None and bool({*contact.groups} & {*settings.groups})
        return await self.sees(reader, owner)

    async def sees(self, reader: Address, owner: Address) -> bool:
        """Whether `reader` sees the presence of `owner`."""
        seen = self._contacts.sees(reader, owner)
        if seen is None:
            try:
                contact = await self._contacts.find(reader, owner)
            except Refused as refused:
                if refused.reason is not Reason.NOT_FOUND:
                    raise
                return False
            return contact is not None and contact.sees
        return seen


class _Left:
    """How much somebody who comes may still be told."""

    def __init__(self) -> None:
        self._items, self._octets = MOST, OCTETS

    def takes(self, octets: int) -> bool:
        """Whether that much more goes in."""
        self._items -= 1
        self._octets -= octets
        return self._items >= 0 and self._octets >= 0


class PepEvents:
    """Tells of items, and of the last ones those who come."""

    def __init__(
        self,
        *,
        fan: Fan,
        nodes: Nodes,
        audiences: Audiences,
        readers: Readers,
        errands: Errands,
    ) -> None:
        self._fan = fan
        self._nodes = nodes
        self._audiences = audiences
        self._readers = readers
        self._errands = errands
        self._shelves: dict[str, Shelf] = {}

    def add(self, shelf: Shelf) -> None:
        """Tell those who come of its last item, too."""
        self._shelves[shelf.node] = shelf

    async def published(
        self, owner: Address, node: str, settings: NodeSettings, item: Item
    ) -> None:
        """An item is new."""
        if settings.told:
            await self._tell(owner, node, settings, _item(item, whole=settings.payloads))

    async def retracted(self, owner: Address, node: str, settings: NodeSettings, id: str) -> None:
        """An item is gone."""
        if settings.told:
            gone = f"<retract id='{escape(id)}'/>".encode()
            await self._tell(owner, node, settings, gone)

    async def ended(self, owner: Address, node: str, settings: NodeSettings, verb: str) -> None:
        """All items, or the node itself, are gone: `verb` is purge or delete."""
        if settings.told and (settings.end or verb == "purge"):
            event = f"<event xmlns='{EVENT}'><{verb} node='{escape(node)}'/></event>".encode()
            await self._send(owner, node, settings, event)

    def coming(self, session: Session) -> None:
        """A client said in what it is interested: it is told how things are (XEP-0163 §4.3.4)."""
        if nodes := interests(session):
            accounts = self._audiences.seen_by(session)
            self._later(session, accounts, sorted(nodes))

    def contact_changed(self, session: Session, event: ContactChanged) -> None:
        """Somebody may be seen now."""
        if event.contact.sees and (nodes := interests(session)):
            self._later(session, [event.contact.address], sorted(nodes))

    # within

    def _later(self, session: Session, accounts: Sequence[Address], nodes: Sequence[str]) -> None:
        async def errand() -> None:
            left = _Left()
            for first in range(0, len(accounts), AT_ONCE):
                some = accounts[first : first + AT_ONCE]
                if session.ended or not await self._tell_last(session, some, nodes, left):
                    return

        self._errands.add(session, errand)

    async def _tell_last(
        self,
        session: Session,
        accounts: Sequence[Address],
        nodes: Sequence[str],
        left: "_Left",
    ) -> bool:
        """Whether there is room for more."""
        for owner, node, settings, item in await self._nodes.latest(accounts, nodes):
            if node not in self._shelves and not await self._tell_one(
                session, owner, node, settings, item, left
            ):
                return False
        for shelf in [self._shelves[node] for node in nodes if node in self._shelves]:
            for owner in accounts:
                for item in (await shelf.items(owner))[-1:]:
                    if not await self._tell_one(
                        session, owner, shelf.node, shelf.settings, item, left
                    ):
                        return False
        return True

    async def _tell_one(
        self,
        session: Session,
        owner: Address,
        node: str,
        settings: NodeSettings,
        item: Item,
        left: "_Left",
    ) -> bool:
        """Whether there was room for it."""
        if session.ended or not await self._readers.may_read(session.account, owner, settings):
            return True
        late = delay(item.published_at, str(owner))
        event = _items(node, _item(item, whole=settings.payloads))
        data = stanza("message", event, late, from_=str(owner), kind="headline")
        if not left.takes(len(data)):
            log.info("%s is not told of all that its contacts published", session.jid)
            return False
        send_alone(session, data)
        return True

    async def _tell(self, owner: Address, node: str, settings: NodeSettings, child: bytes) -> None:
        await self._send(owner, node, settings, _items(node, child))

    async def _send(self, owner: Address, node: str, settings: NodeSettings, event: bytes) -> None:
        wanted = [one for one in self._audiences.watching(owner) if node in interests(one)]
        allowed = {
            reader: await self._readers.may_read(reader, owner, settings)
            for reader in {one.account for one in wanted}
        }
        told = [one for one in wanted if allowed[one.account] and not one.ended]
        if told:
            data = stanza("message", event, from_=str(owner), kind="headline")
            Audience(self._fan, told).send(data)


def _item(item: Item, *, whole: bool) -> bytes:
    publisher = escape(str(item.publisher))
    head = f"<item id='{escape(item.id)}' publisher='{publisher}'".encode()
    return head + b">" + item.payload + b"</item>" if whole else head + b"/>"


def _items(node: str, child: bytes) -> bytes:
    head = f"<event xmlns='{EVENT}'><items node='{escape(node)}'>".encode()
    return head + child + b"</items></event>"
