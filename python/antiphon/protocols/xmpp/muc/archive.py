"""The archive of a room, read by those who may look into it (XEP-0313 §5.1.2)."""

from collections.abc import Iterable
from typing import Any
from xml.etree.ElementTree import Element

from antiphon.core.address import Address
from antiphon.core.message import Message
from antiphon.core.people import Messages
from antiphon.protocols.xmpp.feature import Request, Serve, StanzaError
from antiphon.protocols.xmpp.features.archive import MAM, Archive, result_of

from .disco import room_asked
from .foyer import Foyer, caller_of
from .history import History


class RoomRequest(Request):
    """A request about a room's archive rather than about one's own."""

    @property
    def own(self) -> Address:
        """The room."""
        return room_asked(self)


class RoomArchive(Archive):
    """As an account's archive, but without preferences."""

    def __init__(self, messages: Messages, foyer: Foyer, history: History) -> None:
        super().__init__(messages, foyer.jids)
        self._foyer = foyer
        self._history = history

    def requests(self) -> Iterable[Serve]:
        """Query and metadata."""
        for one in super().requests():
            if one.name in ("query", "metadata") and one.namespace == MAM:
                # Asking by a set (XEP-0313 §4) changes nothing: guests who are inside may.
                yield Serve(one.type, one.name, MAM, self._looking(one.handler), guests=True)

    def _looking(self, handler: Any) -> Any:
        async def look(request: Request) -> Any:
            await self._may_look(request)
            room = RoomRequest(request.session, request.stanza, request.scope, request.account)
            reply = handler(room)
            return reply if isinstance(reply, Element) else await reply

        return look

    async def _may_look(self, request: Request) -> None:
        """Those who are inside, and members, as far as they may come in."""
        room = room_asked(request).local
        if self._foyer.occupant(request.session, room) is not None:
            return
        settings = await self._foyer.switchboard.settings(room)
        self._foyer.switchboard.may_enter(caller_of(request.session), settings)
        if request.session.caller.address.is_guest:
            raise StanzaError("forbidden", "Enter the room to read what was said there.")

    def result(self, request: Request, query: Element, message: Message) -> bytes:
        """One message, with the room's own id."""
        room = room_asked(request)
        data = self._history.spelled(room, message)
        return result_of(request, query, message, data, str(room))
