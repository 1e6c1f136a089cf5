"""Names that are kept in a room (XEP-0045 §7.10, by XEP-0077)."""

from collections.abc import Iterable
from xml.etree.ElementTree import Element

from antiphon.core.reason import Refused
from antiphon.core.standing import Affiliation
from antiphon.protocols.xmpp import forms
from antiphon.protocols.xmpp.feature import Request, Serve, StanzaError
from antiphon.protocols.xmpp.forms import Field
from antiphon.protocols.xmpp.message import element, named
from antiphon.protocols.xmpp.namespaces import REGISTER

from .disco import room_asked
from .foyer import Foyer, caller_of, forbidden
from .names import REGISTER_FORM

NICK = "muc#register_roomnick"


class Registration:
    """Whoever registers becomes a member of a room that is open to everybody."""

    def __init__(self, foyer: Foyer) -> None:
        self._foyer = foyer

    def requests(self) -> Iterable[Serve]:
        """The form, and what was filled in."""
        yield Serve("get", "query", REGISTER, self._form)
        yield Serve("set", "query", REGISTER, self._register)

    async def _form(self, request: Request) -> Element:
        settings = await self._foyer.switchboard.settings(room_asked(request).local)
        standing = settings.standing(request.own)
        made = element("query", REGISTER)
        if standing is not None and standing.nick:
            made.append(element("registered", REGISTER))
            made.append(element("username", REGISTER, standing.nick))
        nick = standing.nick if standing is not None else ""
        field = Field(NICK, values=(nick,) if nick else (), label="Your name here", required=True)
        made.append(forms.form(REGISTER_FORM, [field], title=f"Registration in {settings.name}"))
        return made

    async def _register(self, request: Request) -> None:
        query = request.payload()
        caller, room = caller_of(request.session), room_asked(request).local
        if named(query, "remove") is not None:
            await self._foyer.switchboard.register(caller, room, "")
            return
        filled = forms.filled(query) or {}
        if forms.kind_of(filled) not in ("", REGISTER_FORM) or not forms.first(filled, NICK):
            raise StanzaError("bad-request", "Say which name shall be kept for you.")
        settings = await self._foyer.switchboard.settings(room)
        member = settings.affiliation(request.own).covers(Affiliation.MEMBER)
        if settings.members_only and not member:
            raise StanzaError("not-allowed", "An admin of the room makes its members.")
        try:
            await self._foyer.switchboard.register(caller, room, forms.first(filled, NICK))
        except Refused as refused:
            raise forbidden(refused, "not-allowed") from None
