"""XML that clients leave with the server for themselves (XEP-0049)."""

from collections.abc import Iterable
from typing import Protocol
from xml.etree.ElementTree import Element

from antiphon.core.address import Address
from antiphon.protocols.xmpp.feature import Feature, Request, Serve, StanzaError
from antiphon.protocols.xmpp.message import element, parse, split, write

PRIVATE = "jabber:iq:private"


class PrivateData(Protocol):
    """Where it is kept (`services/nodes`). Refusals: TOO_LARGE, TOO_MANY."""

    async def private(self, account: Address, key: str) -> bytes | None:
        """What an account left under a key."""

    async def set_private(self, account: Address, key: str, data: bytes) -> None:
        """Leave it there."""


class Shared(Protocol):
    """Something that is kept elsewhere and shown here as well."""

    tag: str

    async def read(self, account: Address) -> Element:
        """As it is now."""

    async def write(self, request: Request, made: Element) -> None:
        """Take it."""


class PrivateStorage(Feature):
    """Get and set by the element's name. `shared`: elements that live elsewhere."""

    xep = "XEP-0049"
    namespaces = (PRIVATE,)
    account_namespaces = (PRIVATE,)

    def __init__(self, data: PrivateData, shared: Iterable[Shared] = ()) -> None:
        self._data = data
        self._shared = {one.tag: one for one in shared}

    def requests(self) -> Iterable[Serve]:
        """Get and set of one's own."""
        yield Serve("get", "query", PRIVATE, self._get)
        yield Serve("set", "query", PRIVATE, self._set)

    async def _get(self, request: Request) -> Element:
        asked = _only(request)
        if (shared := self._shared.get(asked.tag)) is not None:
            return element("query", PRIVATE, await shared.read(request.own))
        data = await self._data.private(request.own, asked.tag)
        found = asked if data is None else parse(data)
        return element("query", PRIVATE, found)

    async def _set(self, request: Request) -> None:
        made = _only(request)
        if (shared := self._shared.get(made.tag)) is not None:
            await shared.write(request, made)
        else:
            await self._data.set_private(request.own, made.tag, write(made, ""))


def _only(request: Request) -> Element:
    """XEP-0049 §4: one element, in a namespace of its own."""
    children = list(request.payload())
    if len(children) != 1:
        raise StanzaError("not-acceptable", "One element, of one namespace.")
    namespace = split(children[0].tag)[0]
    if namespace in ("", PRIVATE) or namespace.startswith("jabber:client"):
        raise StanzaError("bad-request", "The element needs a namespace of its own.")
    return children[0]
