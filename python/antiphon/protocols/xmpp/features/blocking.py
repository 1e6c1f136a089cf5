"""Whom an account blocks (XEP-0191). That nothing passes is seen to where stanzas are routed."""

import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from xml.etree.ElementTree import Element

from antiphon.core.event import BlockingChanged, Event
from antiphon.core.people import Contacts
from antiphon.core.reason import Refused
from antiphon.protocols.xmpp.feature import Feature, Request, Serve, StanzaError
from antiphon.protocols.xmpp.jid import Jids
from antiphon.protocols.xmpp.message import each, element, stanza
from antiphon.protocols.xmpp.session import Session

BLOCKING = "urn:xmpp:blocking"


class Asked:
    """Kept of a session that asked for the list: it is told what changes (XEP-0191 §3.3)."""

    __slots__ = ()


_ASKED = Asked()


class Blocking(Feature):
    """The list, and changes of it."""

    xep = "XEP-0191"
    namespaces = (BLOCKING,)
    account_namespaces = (BLOCKING,)

    def __init__(self, contacts: Contacts, jids: Jids) -> None:
        self._contacts = contacts
        self._jids = jids
        self._numbers = itertools.count(1)

    def requests(self) -> Iterable[Serve]:
        """The list, block and unblock."""
        yield Serve("get", "blocklist", BLOCKING, self._list)
        yield Serve("set", "block", BLOCKING, self._block)
        yield Serve("set", "unblock", BLOCKING, self._unblock)

    async def _list(self, request: Request) -> Element:
        request.session.features[Asked] = _ASKED
        return _spelled("blocklist", await self._contacts.blocked(request.own))

    async def _block(self, request: Request) -> None:
        others = self._items(request)
        if not others:
            raise StanzaError("bad-request", "Whom?")
        await self._contacts.block(request.own, others)

    async def _unblock(self, request: Request) -> None:
        """Without items everybody (XEP-0191 §3.4)."""
        await self._contacts.unblock(request.own, self._items(request) or None)

    def _items(self, request: Request) -> list[str]:
        try:
            found = [
                self._jids.parse(one.get("jid", "")) for one in each(request.payload(), "item")
            ]
        except Refused:
            raise StanzaError("jid-malformed") from None
        return [str(one) for one in found]

    # news

    def news(self) -> Mapping[type[Event], Callable[[Session, Any], None]]:
        """The list changed."""
        return {BlockingChanged: self._changed}

    def _changed(self, session: Session, event: BlockingChanged) -> None:
        if Asked not in session.features:
            return
        for name, others in (("block", event.blocked), ("unblock", event.unblocked)):
            if others:
                id = f"blocking-{next(self._numbers)}"
                session.send(
                    stanza(
                        "iq",
                        _spelled(name, others),
                        to=session.jid,
                        from_=session.bare,
                        id=id,
                        kind="set",
                    )
                )


def _spelled(name: str, others: Iterable[str]) -> Element:
    items = [element("item", BLOCKING, attributes={"jid": other}) for other in others]
    return element(name, BLOCKING, *items)
