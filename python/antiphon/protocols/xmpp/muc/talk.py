"""Messages for rooms (XEP-0045 §7.4, §7.5, §8.1): what occupants say to all, to one, or of the
room's subject.

What is worth keeping goes to the core and comes back to everybody; what concerns XMPP clients only
(XEP-0085, XEP-0333 and the like) goes from occupant to occupant as it came.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from antiphon._native import Kid, Stanza
from antiphon.core.address import Address
from antiphon.core.message import Draft, Message, MessageKind, Original
from antiphon.core.reason import Reason, Refused
from antiphon.core.standing import Role
from antiphon.protocols.xmpp import adapter
from antiphon.protocols.xmpp.feature import StanzaError
from antiphon.protocols.xmpp.session import Session
from antiphon.protocols.xmpp.stamps import own_delays

from .fan import RoomFan
from .foyer import Foyer
from .names import FORGED, user
from .nicks import Seat
from .occupant import Occupant

SIGNS = Kid.RECEIPT | Kid.MARKER
# What was changed may be unknown here: other clients may know it none the less.
UNKNOWN = (Reason.NOT_FOUND, Reason.GONE)
_PASSED = Original(adapter.FORM, b"")

Special = Callable[[Session, Stanza, Address], bool]


class Talk:
    """Takes messages for rooms. `specials` are asked first about what is no groupchat: whether it
    is theirs (invitations, voice requests).
    """

    def __init__(
        self,
        foyer: Foyer,
        broken: Callable[[Session, Stanza, Address], None],
        specials: list[Special],
    ) -> None:
        self._foyer = foyer
        self._broken = broken
        self._specials = specials

    def received(self, session: Session, stanza: Stanza, to: Address) -> None:
        """One message; `to` has a local part."""
        if to.local in self._foyer.joined(session).moving:
            # It was written after what is still being done.
            self._foyer.later(session, stanza, partial(self._again, session, stanza, to))
            return
        try:
            if stanza.type == "error":
                self._broken(session, stanza, to)
            elif stanza.type == "groupchat":
                self._to_all(session, stanza, to)
            elif to.device:
                self._to_one(session, stanza, to)
            elif not any(special(session, stanza, to) for special in self._specials):
                raise StanzaError("bad-request", "To everybody in a room: type groupchat.")
        except (Refused, StanzaError) as refused:
            self._foyer.refuse(session, stanza, refused)

    async def _again(self, session: Session, stanza: Stanza, to: Address) -> None:
        self.received(session, stanza, to)

    # to everybody

    def _to_all(self, session: Session, stanza: Stanza, to: Address) -> None:
        if to.device:
            raise StanzaError("bad-request", "Messages of type groupchat are for the room.")
        occupant = self._foyer.must_be_in(session, to.local)
        kids = stanza.kids
        if kids & Kid.SUBJECT and not kids & (Kid.BODY | Kid.THREAD):
            subject = stanza.text(Kid.SUBJECT) or ""
            self._foyer.later(session, stanza, partial(self._set_subject, occupant, subject))
        elif kids & adapter.CONTENT:
            self._say(occupant, stanza, to)
        else:
            self._sign(occupant, stanza, to)

    async def _set_subject(self, occupant: Occupant, subject: str) -> None:
        room = occupant.room
        await self._foyer.switchboard.set_subject(occupant.caller, room, subject)

    def _say(self, occupant: Occupant, stanza: Stanza, room: Address) -> None:
        raw = self._stamped(occupant, stanza, str(room))
        draft = adapter.draft_of(stanza, raw)
        if not occupant.member_room.settings.archived:
            draft = replace(draft, kept=False)
        self._submit(occupant, stanza, room, draft, occupant.begin())

    def _submit(
        self, occupant: Occupant, stanza: Stanza, room: Address, draft: Draft, token: int
    ) -> None:
        heard = partial(self._heard, occupant, stanza, room, draft, token)
        self._foyer.switchboard.submit_to_room(occupant.caller, room.local, draft, heard)

    def _heard(
        self,
        occupant: Occupant,
        stanza: Stanza,
        room: Address,
        draft: Draft,
        token: int,
        outcome: Message | Refused,
    ) -> None:
        """It is stored and told, or was refused."""
        if isinstance(outcome, Refused):
            if draft.kind is not MessageKind.TEXT and outcome.reason in UNKNOWN:
                plain = replace(
                    draft, kind=MessageKind.TEXT, about=None, reactions=(), kept=draft.stored
                )
                self._submit(occupant, stanza, room, plain, token)
                return
            self._foyer.refuse(occupant.session, stanza, outcome)
        occupant.finish(token)

    def _sign(self, occupant: Occupant, stanza: Stanza, room: Address) -> None:
        """Chat states, markers, and whatever else is nothing for an archive."""
        found = occupant.member_room
        policy = self._foyer.switchboard.policy
        policy.may_say(occupant.caller, found.settings, occupant.member)
        kids = stanza.kids
        for mark, reference in adapter.marks_of(stanza) if kids & SIGNS else ():
            self._foyer.marks.add(occupant.caller, room, mark, reference, _PASSED)
        if kids & Kid.CHAT_STATE:
            active = stanza.name_of(Kid.CHAT_STATE) == "composing"
            self._foyer.switchboard.typing(
                occupant.caller, room, active, original=_PASSED, name=occupant.member.info.name
            )
        fan, seat = occupant.fan, occupant.seat
        if fan is not None and seat is not None:
            said = Stanza(self._stamped(occupant, stanza, str(room)))
            fan.hearing(seat.nick).forward(said, None)

    def _stamped(self, occupant: Occupant, stanza: Stanza, room: str, extra: bytes = b"") -> bytes:
        """As others see it: from the occupant, without what only the room may say."""
        _, late = own_delays(stanza, occupant.caller.address)
        if occupant.member_room.settings.addresses_for is not Role.LISTENER:
            late = b""  # it says who they are
        extra = late + extra + occupant.occupant_id
        return stanza.stamp(occupant.jid, extra=extra, drop=FORGED, by=room)

    # to one

    def _to_one(self, session: Session, stanza: Stanza, to: Address) -> None:
        """XEP-0045 §7.5."""
        occupant = self._foyer.must_be_in(session, to.local)
        fan = occupant.fan
        seat = None if fan is None else fan.nicks.find(to.device)
        if fan is None or seat is None:
            raise StanzaError("item-not-found", "Nobody has that name here.")
        room = str(to.bare)
        if stanza.kids & adapter.CONTENT:
            raw = self._stamped(occupant, stanza, room, user())
            draft = replace(adapter.draft_of(stanza, raw), kept=False)
            for member in list(seat.members):
                self._foyer.switchboard.whisper(to.local, occupant.member_id, member.id, draft)
        else:
            found = occupant.member_room
            self._foyer.switchboard.policy.may_whisper(found.settings, occupant.member)
            self._pass_on(fan, occupant, seat, self._stamped(occupant, stanza, room, user()))

    @staticmethod
    def _pass_on(fan: RoomFan, occupant: Occupant, seat: Seat, data: bytes) -> None:
        nick = fan.nick_of(occupant.member)
        for member in seat.members:
            other = fan.occupants.get(member.id)
            if other is not None and other.ready and fan.hears(other.session, nick):
                # Archive ids that it would believe are its own account's to give (XEP-0359 §4).
                own = other.session
                own.send(Stanza(data).stamp(to=own.jid, by=own.bare))
