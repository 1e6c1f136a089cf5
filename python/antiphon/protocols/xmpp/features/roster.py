"""The list of contacts (RFC 6121 §2), with its versions (§2.6), kept in step on all clients."""

import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from xml.etree.ElementTree import Element

from antiphon.core.contact import Contact
from antiphon.core.event import ContactChanged, ContactRemoved, Event
from antiphon.core.people import Contacts
from antiphon.core.reason import Refused
from antiphon.protocols.xmpp.feature import Feature, Request, Serve, StanzaError
from antiphon.protocols.xmpp.jid import Jids
from antiphon.protocols.xmpp.message import each, element, stanza
from antiphon.protocols.xmpp.namespaces import ROSTER
from antiphon.protocols.xmpp.session import Session

MAX_GROUPS = 32
MAX_TEXT = 1023  # characters of a name or group


class Interested:
    """Kept of a session that asked for the list: it is told what changes (RFC 6121 §2.2)."""

    __slots__ = ()


_INTERESTED = Interested()


def is_interested(session: Session) -> bool:
    """Whether it asked for the list."""
    return Interested in session.features


class Roster(Feature):
    """Gets, sets and pushes."""

    xep = "RFC 6121 §2"
    account_namespaces = (ROSTER,)

    def __init__(self, contacts: Contacts, jids: Jids) -> None:
        self._contacts = contacts
        self._jids = jids
        self._numbers = itertools.count(1)

    def offered(self) -> bytes:
        """RFC 6121 §2.6.1."""
        return b"<ver xmlns='urn:xmpp:features:rosterver'/>"

    def requests(self) -> Iterable[Serve]:
        """Get and set of one's own list."""
        yield Serve("get", "query", ROSTER, self._get)
        yield Serve("set", "query", ROSTER, self._set)

    async def _get(self, request: Request) -> Element | None:
        known = request.payload().get("ver")
        if request.own.is_guest:
            return element("query", ROSTER)
        contacts = await self._contacts.of(request.own)
        version = self._contacts.version(request.own)
        request.session.features[Interested] = _INTERESTED
        if known and known == version:
            return None  # RFC 6121 §2.6.3: nothing has changed
        items = [_item(contact) for contact in contacts if contact.listed]
        return element("query", ROSTER, *items, attributes={"ver": version})

    async def _set(self, request: Request) -> None:
        items = list(each(request.payload(), "item"))
        if len(items) != 1:
            raise StanzaError("bad-request", "A roster set has exactly one item.")
        item = items[0]
        try:
            address = self._jids.parse(item.get("jid", "")).bare
        except Refused:
            raise StanzaError("jid-malformed") from None
        if address == request.own:
            raise StanzaError("not-allowed", "You cannot be your own contact.")
        if item.get("subscription") == "remove":
            await self._contacts.remove(request.own, address)
            return
        name = item.get("name", "")
        await self._contacts.set(request.own, address, name=_text(name), groups=_groups(item))

    # news

    def news(self) -> Mapping[type[Event], Callable[[Session, Any], None]]:
        """The list changed."""
        return {ContactChanged: self._changed, ContactRemoved: self._removed}

    def _changed(self, session: Session, event: ContactChanged) -> None:
        if event.contact.listed:
            self._push(session, _item(event.contact))

    def _removed(self, session: Session, event: ContactRemoved) -> None:
        gone = {"jid": str(event.address), "subscription": "remove"}
        self._push(session, element("item", ROSTER, attributes=gone))

    def _push(self, session: Session, item: Element) -> None:
        if not is_interested(session):
            return
        version = self._contacts.version(session.account)
        query = element("query", ROSTER, item, attributes={"ver": version})
        id = f"push-{next(self._numbers)}"
        session.send(stanza("iq", query, to=session.jid, from_=session.bare, id=id, kind="set"))


def _item(contact: Contact) -> Element:
    attributes = {
        "jid": str(contact.address),
        "name": contact.name or None,
        "subscription": subscription_of(contact),
        "ask": "subscribe" if contact.asked else None,
        "approved": "true" if contact.approved else None,
    }
    groups = [element("group", ROSTER, group) for group in contact.groups]
    return element("item", ROSTER, *groups, attributes=attributes)


def subscription_of(contact: Contact) -> str:
    """RFC 6121 §2.1.2.5."""
    if contact.sees:
        return "both" if contact.seen else "to"
    return "from" if contact.seen else "none"


def _groups(item: Element) -> list[str]:
    """RFC 6121 §2.3.3: each once, none empty, none too long."""
    groups = [_text(one.text or "") for one in each(item, "group")]
    if not all(groups) or len(groups) > MAX_GROUPS:
        raise StanzaError("not-acceptable", "A group has a name, and there are not too many.")
    if len(set(groups)) != len(groups):
        raise StanzaError("bad-request", "A group is named twice.")
    return groups


def _text(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise StanzaError("not-acceptable", f"A name has at most {MAX_TEXT} characters.")
    return text
