"""Requests for voice (XEP-0045 §7.13, §8.6): to the core, a hand that is raised."""

from functools import partial

from antiphon._native import Kid, Stanza
from antiphon.core.address import Address
from antiphon.core.change import Act, Moderate, RaiseHand
from antiphon.core.room_member import Member
from antiphon.core.standing import Role
from antiphon.protocols.xmpp import forms
from antiphon.protocols.xmpp.feature import StanzaError
from antiphon.protocols.xmpp.message import Malformed, parse
from antiphon.protocols.xmpp.session import Session

from .foyer import Foyer
from .names import REQUEST
from .occupant import Occupant


class Voice:
    """Takes the form of one who asks, and that of a moderator who answers."""

    def __init__(self, foyer: Foyer) -> None:
        self._foyer = foyer

    def special(self, session: Session, message: Stanza, room: Address) -> bool:
        """Whether a message to a room is such a form."""
        if not message.kids & Kid.FORM:
            return False
        try:
            filled = forms.values(parse(message.child(Kid.FORM) or b""))
        except Malformed as malformed:
            raise StanzaError("bad-request", str(malformed)) from None
        if forms.kind_of(filled) != REQUEST:
            return False
        occupant = self._foyer.must_be_in(session, room.local)
        if "muc#request_allow" in filled:
            member = self._asking(occupant, forms.first(filled, "muc#roomnick"))
            granted = forms.truth(forms.first(filled, "muc#request_allow"))
            answer = partial(self._answer, occupant, member, granted)
            self._foyer.later(session, message, answer)
        elif occupant.member.info.role is Role.LISTENER:
            self._foyer.later(session, message, partial(self._ask, occupant))
        return True

    def _asking(self, occupant: Occupant, nick: str) -> Member:
        seat = None if occupant.fan is None else occupant.fan.nicks.find(nick)
        if seat is None:
            raise StanzaError("item-not-found", "Nobody has that name here.")
        return next((one for one in seat.members if one.info.hand), seat.speaks_for)

    async def _ask(self, occupant: Occupant) -> None:
        room = self._foyer.switchboard
        await room.update(occupant.room, occupant.member_id, RaiseHand(True))

    async def _answer(self, occupant: Occupant, member: Member, granted: bool) -> None:
        acts = [Moderate(member.id, Act.LOWER_HAND)]
        if granted and member.info.role is Role.LISTENER:
            acts.insert(0, Moderate(member.id, Act.SET_ROLE, role=Role.SPEAKER))
        for act in acts:
            await self._foyer.switchboard.update(occupant.room, occupant.member_id, act)
