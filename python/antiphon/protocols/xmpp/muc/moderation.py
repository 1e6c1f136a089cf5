"""Messages that a moderator takes back (XEP-0425)."""

from collections.abc import Iterable
from xml.etree.ElementTree import Element

from antiphon.core.message import Draft, MessageKind, Original
from antiphon.core.standing import Role
from antiphon.protocols.xmpp import adapter
from antiphon.protocols.xmpp.feature import Request, Serve, StanzaError
from antiphon.protocols.xmpp.message import named, text_of

from . import spelling
from .disco import room_asked
from .foyer import Foyer
from .names import MODERATION, RETRACTION

MAX_REASON = 512  # characters


class Moderation:
    """Asked for by its id in the room's archive."""

    def __init__(self, foyer: Foyer) -> None:
        self._foyer = foyer

    def requests(self) -> Iterable[Serve]:
        """Moderate. A guest may be a moderator, too."""
        yield Serve("set", "moderate", MODERATION, self._moderate, guests=True)

    async def _moderate(self, request: Request) -> None:
        asked: Element = request.payload()
        id = asked.get("id")
        if not id or named(asked, "retract", RETRACTION) is None:
            raise StanzaError("bad-request", "Say which message is to be retracted.")
        room = room_asked(request)
        occupant = self._foyer.must_be_in(request.session, room.local)
        if occupant.member.info.role is not Role.MODERATOR:
            raise StanzaError("forbidden", "Only moderators may do this.")
        found = await self._foyer.messages.find(room, id)
        if found is None or found.id != id:
            raise StanzaError("item-not-found", "There is no such message.")
        reason = (text_of(asked, "reason") or "")[:MAX_REASON]
        said = spelling.moderation(room, id, occupant.jid, occupant.occupant_id, reason)
        draft = Draft(
            kind=MessageKind.RETRACTION, about=id, original=Original(adapter.FORM, said), kept=True
        )
        await self._foyer.switchboard.say(occupant.caller, room.local, draft)
