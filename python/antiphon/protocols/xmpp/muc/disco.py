"""What the rooms' service, its rooms and their occupants are (XEP-0030 in XEP-0045 §6), and small
questions to them.
"""

import heapq
import secrets
from collections.abc import Iterable
from xml.etree.ElementTree import Element

from antiphon.core.address import Address
from antiphon.core.call import is_call_room
from antiphon.core.ports import Rooms, RoomSettings
from antiphon.core.standing import Affiliation, Role
from antiphon.protocols.xmpp import adapter
from antiphon.protocols.xmpp.feature import Request, Scope, Serve, StanzaError
from antiphon.protocols.xmpp.features.disco import About, Form, Identity
from antiphon.protocols.xmpp.message import element
from antiphon.protocols.xmpp.namespaces import DISCO_INFO, DISCO_ITEMS, PING, REGISTER
from antiphon.protocols.xmpp.result_sets import RSM, page, wanted

from . import names
from .foyer import Foyer

PAGE, LONGEST = 100, 500
# How often rooms are read for one page of those that somebody may find.
MOST_READS = 20
RESERVED = "x-roomuser-item"  # XEP-0045 §7.12
ROOMS_NODE = f"{names.MUC}#rooms"

_EVERYWHERE = (DISCO_INFO, DISCO_ITEMS, PING)
_OF_ROOMS = (
    names.MUC,
    names.STABLE_ID,
    names.SELF_PING,
    names.STANZA_IDS,
    names.OCCUPANT_IDS,
    names.RETRACTION,
    names.MODERATION,
    REGISTER,
    f"{names.MUC}#register",
    adapter.CHAT_STATES,
)


class Disco:
    """Answers for the service and for rooms. `archived`: the features of a room with an archive."""

    def __init__(self, foyer: Foyer, rooms: Rooms, title: str, archived: Iterable[str]) -> None:
        self._foyer = foyer
        self._rooms = rooms
        self._title = title
        self._archived = tuple(archived)

    def requests(self) -> Iterable[Serve]:
        """disco#info, disco#items, ping, and names for new rooms."""
        yield Serve("get", "query", DISCO_INFO, self._service, Scope.SERVER)
        yield Serve("get", "query", DISCO_ITEMS, self._list, Scope.SERVER)
        yield Serve("get", "unique", names.UNIQUE, _unique, Scope.SERVER)
        yield Serve("get", "ping", PING, _here, Scope.SERVER | Scope.OWN)
        yield Serve("get", "query", DISCO_INFO, self._room, Scope.OWN)
        yield Serve("get", "query", DISCO_ITEMS, self._occupants, Scope.OWN)

    # the service

    def _service(self, request: Request) -> Element:
        node = request.payload().get("node")
        if node:
            raise StanzaError("item-not-found")
        about = About(
            [Identity("conference", "text", self._title)],
            sorted({*_EVERYWHERE, *_OF_ROOMS, names.UNIQUE, RSM}),
        )
        return about.element()

    async def _list(self, request: Request) -> Element:
        """The rooms that the one who asks may find, by name (XEP-0045 §6.3)."""
        query = request.payload()
        if query.get("node"):
            raise StanzaError("item-not-found")
        asked = wanted(query, default=PAGE, most=LONGEST)
        if asked.last:
            raise StanzaError("feature-not-implemented", "Rooms are listed forwards only.")
        after = None if asked.after is None else asked.after.partition("@")[0]
        shown: list[RoomSettings] = []
        for _ in range(MOST_READS):
            found, after, more = await self._some(request, after)
            shown += [one for one in found if self._finds(request, one)]
            if not more or len(shown) > asked.limit:
                break
        shown = shown[: asked.limit]
        made = element("query", DISCO_ITEMS)
        for one in shown:
            jid = str(self._foyer.switchboard.addresses.room(one.name))
            made.append(element("item", DISCO_ITEMS, attributes={"jid": jid, "name": _title(one)}))
        if query.find(f"{{{RSM}}}set") is not None:
            ids = (f"{shown[0].name}", f"{shown[-1].name}") if shown else None
            made.append(page(ids))
        return made

    async def _some(
        self, request: Request, after: str | None
    ) -> tuple[list[RoomSettings], str | None, bool]:
        """Up to some stored and living rooms behind a name; up to which, and whether there may be
        more.
        """
        stored = {one.name: one for one in await self._rooms.page(after, PAGE, request.own)}
        living = {
            room.name: room.settings
            for room in self._foyer.switchboard.rooms
            if after is None or room.name > after
        }
        taken = heapq.nsmallest(PAGE, stored.keys() | living.keys())
        found = [living.get(name) or stored[name] for name in taken]
        return found, (taken[-1] if taken else after), len(taken) == PAGE

    @staticmethod
    def _finds(request: Request, settings: RoomSettings) -> bool:
        caller = request.session.caller
        if is_call_room(settings.name):
            return False
        covered = caller.grants.rooms is None or settings.name in caller.grants.rooms
        affiliation = settings.affiliation(request.own)
        known = affiliation.covers(Affiliation.MEMBER) or caller.grants.admin
        listed = settings.listed and affiliation is not Affiliation.OUTCAST
        return covered and (listed or known)

    # a room

    async def _room(self, request: Request) -> Element:
        node = request.payload().get("node")
        settings = await self._foyer.switchboard.settings(_name(request))
        if node == RESERVED:
            standing = settings.standing(request.own)
            kept = [] if standing is None or not standing.nick else [standing.nick]
            about = About([Identity("conference", "text", nick) for nick in kept])
            return about.element(node)
        if node:
            raise StanzaError("item-not-found")
        names_ = [*_EVERYWHERE, *_OF_ROOMS, *kinds(settings)]
        if settings.archived:
            names_ += self._archived
        identity = Identity("conference", "text", _title(settings))
        form = self._form(settings, inside=self._may_look(request, settings))
        return About([identity], sorted(set(names_)), [form]).element()

    def _may_look(self, request: Request, settings: RoomSettings) -> bool:
        """Whether one is told what goes on inside: of a room that is not open, its own people."""
        if self._foyer.occupant(request.session, settings.name) is not None:
            return True
        affiliation = settings.affiliation(request.own)
        known = affiliation.covers(Affiliation.MEMBER) or request.session.caller.grants.admin
        is_open = not (settings.members_only or settings.password)
        return known or (is_open and affiliation is not Affiliation.OUTCAST)

    def _form(self, settings: RoomSettings, *, inside: bool) -> Form:
        """XEP-0045 §6.4, §15.5.4."""
        fan = self._foyer.find_fan(settings.name)
        living = self._foyer.switchboard.find(settings.name)
        here = len(fan.nicks.seats) if fan is not None else len(living.members) if living else 0
        fields: dict[str, tuple[str, ...]] = {
            "muc#roominfo_description": (settings.description,),
            "muc#roomconfig_roomname": (_title(settings),),
            "muc#maxhistoryfetch": (str(settings.history),),
            "muc#roominfo_changesubject": (
                str(int(settings.may_set_subject in (Role.LISTENER, Role.SPEAKER))),
            ),
        }
        if inside:
            fields["muc#roominfo_occupants"] = (str(here),)
            fields["muc#roominfo_subject"] = (settings.subject.text,)
        return Form(names.ROOM_INFO, fields)

    async def _occupants(self, request: Request) -> Element:
        """Who is there, for those who are there as well (XEP-0045 §6.5)."""
        settings = await self._foyer.switchboard.settings(_name(request))
        made = element("query", DISCO_ITEMS)
        occupant = self._foyer.occupant(request.session, settings.name)
        if occupant is not None and occupant.fan is not None:
            for seat in occupant.fan.nicks.seats:
                attributes = {"jid": occupant.fan.jid(seat), "name": seat.nick}
                made.append(element("item", DISCO_ITEMS, attributes=attributes))
        return made


def kinds(settings: RoomSettings) -> list[str]:
    """Of which kind a room is, in the words of XEP-0045 §15.3."""
    pairs = (
        (settings.listed, "muc_public", "muc_hidden"),
        (settings.members_only, "muc_membersonly", "muc_open"),
        (settings.moderated, "muc_moderated", "muc_unmoderated"),
        (settings.addresses_for is Role.LISTENER, "muc_nonanonymous", "muc_semianonymous"),
        (bool(settings.password), "muc_passwordprotected", "muc_unsecured"),
        (settings.lasting, "muc_persistent", "muc_temporary"),
    )
    return [yes if holds else no for holds, yes, no in pairs]


def _title(settings: RoomSettings) -> str:
    return settings.title or settings.name


def _name(request: Request) -> str:
    return room_asked(request).local


def room_asked(request: Request) -> Address:
    """The room that a request of `Scope.OWN` is for."""
    if request.account is None:
        raise StanzaError("bad-request")
    return request.account


def _unique(_: Request) -> Element:
    """XEP-0045 §10.1.4."""
    return element("unique", names.UNIQUE, secrets.token_hex(12))


def _here(_: Request) -> None:
    """XEP-0199: it is."""
