"""What owners do to whole nodes of theirs (XEP-0060 §8): configure, empty, delete, and say who else
may read them.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from xml.etree.ElementTree import Element

from antiphon.core.address import Address
from antiphon.core.publishing import Nodes, NodeSettings
from antiphon.core.reason import Refused
from antiphon.protocols.xmpp import forms, node_settings
from antiphon.protocols.xmpp.feature import Feature, Request, Scope, Serve, StanzaError
from antiphon.protocols.xmpp.jid import Jids
from antiphon.protocols.xmpp.message import each, element, named

from .pep_events import PepEvents

OWNER = "http://jabber.org/protocol/pubsub#owner"
MEMBERS = 1000
Changed = Callable[[Address, str], Awaitable[None]]


class PepOwner(Feature):
    """Requests of `pubsub#owner`."""

    xep = "XEP-0060 §8"

    def __init__(self, nodes: Nodes, events: PepEvents, jids: Jids, changed: Changed) -> None:
        """`changed` hears whose items of a node are gone."""
        self._nodes = nodes
        self._changed = changed
        self._events = events
        self._jids = jids

    def requests(self) -> Iterable[Serve]:
        """Get and set; those of others are refused."""
        scope = Scope.OWN | Scope.OTHER
        yield Serve("get", "pubsub", OWNER, self._get, scope)
        yield Serve("set", "pubsub", OWNER, self._set, scope)

    async def _get(self, request: Request) -> Element:
        payload = _own(request)
        if named(payload, "default") is not None:
            made = element("default", OWNER, node_settings.as_form(NodeSettings()))
        elif (asked := named(payload, "configure")) is not None:
            node, settings = await self._settings(request, asked)
            form = node_settings.as_form(settings)
            made = element("configure", OWNER, form, attributes={"node": node})
        elif (asked := named(payload, "affiliations")) is not None:
            node, settings = await self._settings(request, asked)
            made = element("affiliations", OWNER, attributes={"node": node})
            for jid, name in [
                (request.own, "owner"),
                *((one, "member") for one in sorted(settings.members)),
            ]:
                attributes = {"jid": str(jid), "affiliation": name}
                made.append(element("affiliation", OWNER, attributes=attributes))
        else:
            raise StanzaError("feature-not-implemented")
        return element("pubsub", OWNER, made)

    async def _set(self, request: Request) -> None:
        payload = _own(request)
        if (asked := named(payload, "configure")) is not None:
            await self._configure(request, asked)
        elif (asked := named(payload, "delete")) is not None:
            node, settings = await self._settings(request, asked)
            await self._nodes.remove(request.own, node)
            await self._events.ended(request.own, node, settings, "delete")
            await self._changed(request.own, node)
        elif (asked := named(payload, "purge")) is not None:
            node, settings = await self._settings(request, asked)
            await self._nodes.purge(request.own, node)
            await self._events.ended(request.own, node, settings, "purge")
            await self._changed(request.own, node)
        elif (asked := named(payload, "affiliations")) is not None:
            await self._affiliate(request, asked)
        else:
            raise StanzaError("feature-not-implemented")

    async def _configure(self, request: Request, asked: Element) -> None:
        node, settings = await self._settings(request, asked)
        filled = forms.filled(asked)
        if filled is None:
            return  # XEP-0060 §8.2.4: it was cancelled
        await self._nodes.configure(request.own, node, node_settings.changed(settings, filled))

    async def _affiliate(self, request: Request, asked: Element) -> None:
        node, settings = await self._settings(request, asked)
        members = set(settings.members)
        for one in each(asked, "affiliation"):
            try:
                account = self._jids.parse(one.get("jid", "")).bare
            except Refused:
                raise StanzaError("jid-malformed") from None
            match one.get("affiliation"):
                case "member":
                    members.add(account)
                case "none" | "outcast":
                    members.discard(account)
                case _:
                    raise StanzaError("not-acceptable", "An affiliation is member or none.")
        if len(members) > MEMBERS:
            raise StanzaError("policy-violation", f"No more than {MEMBERS} members.")
        changed = replace(settings, members=frozenset(members))
        await self._nodes.configure(request.own, node, changed)

    async def _settings(self, request: Request, asked: Element) -> tuple[str, NodeSettings]:
        node = asked.get("node") or ""
        settings = await self._nodes.settings(request.own, node)
        if settings is None:
            raise StanzaError("item-not-found", "There is no such node.")
        return node, settings


def _own(request: Request) -> Element:
    if request.scope is not Scope.OWN:
        raise StanzaError("forbidden", "These are nodes of somebody else.")
    return request.payload()
