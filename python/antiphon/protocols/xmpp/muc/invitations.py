"""Invitations into rooms (XEP-0045 §7.8, XEP-0249): asked for by occupants, and told to those who
are invited, whoever invites them.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from xml.etree.ElementTree import Element

from antiphon._native import Kid, Stanza
from antiphon.core.address import Address
from antiphon.core.event import Event, RoomDeclined, RoomInvited
from antiphon.core.reason import Refused
from antiphon.protocols.xmpp.feature import Feature, StanzaError
from antiphon.protocols.xmpp.message import Malformed, each, escape, named, parse, stanza, text_of
from antiphon.protocols.xmpp.session import Session

from .foyer import Foyer, caller_of
from .names import CONFERENCE, USER

MOST = 20  # in one message
MAX_REASON = 1024  # characters


class Invitations(Feature):
    """Tells clients of invitations and of those who will not come; takes both for a room."""

    xep = "XEP-0249"
    namespaces = (CONFERENCE,)

    def __init__(self, foyer: Foyer) -> None:
        self._foyer = foyer

    # to clients

    def news(self) -> Mapping[type[Event], Callable[[Session, Any], None]]:
        """Invited, declined."""
        return {RoomInvited: self._invited, RoomDeclined: self._declined}

    def _invited(self, session: Session, event: RoomInvited) -> None:
        address = self._foyer.switchboard.addresses.room(event.room)
        if self._foyer.blocks.blocks(session.account, address):
            return
        room = str(address)
        living = self._foyer.switchboard.find(event.room)
        password = "" if living is None else living.settings.password
        why = f"<reason>{escape(event.text)}</reason>" if event.text else ""
        secret = f"<password>{escape(password)}</password>" if password else ""
        by = escape(str(event.sender))
        asked = f"<x xmlns='{USER}'><invite from='{by}'>{why}</invite>{secret}</x>"
        attributes = f" jid='{escape(room)}'"
        attributes += f" reason='{escape(event.text)}'" if event.text else ""
        attributes += f" password='{escape(password)}'" if password else ""
        direct = f"<x xmlns='{CONFERENCE}'{attributes}/>"
        session.send(stanza("message", asked.encode(), direct.encode(), to=session.jid, from_=room))

    def _declined(self, session: Session, event: RoomDeclined) -> None:
        room = str(self._foyer.switchboard.addresses.room(event.room))
        why = f"<reason>{escape(event.text)}</reason>" if event.text else ""
        by = escape(str(event.sender))
        said = f"<x xmlns='{USER}'><decline from='{by}'>{why}</decline></x>"
        session.send(stanza("message", said.encode(), to=session.jid, from_=room))

    # from clients

    def special(self, session: Session, message: Stanza, room: Address) -> bool:
        """Whether a message to a room is an invitation, or the answer to one."""
        if not message.kids & Kid.MUC_USER:
            return False
        try:
            found = parse(message.child(Kid.MUC_USER) or b"")
        except Malformed as malformed:
            raise StanzaError("bad-request", str(malformed)) from None
        invited, declined = list(each(found, "invite")), named(found, "decline")
        if invited:
            asked = [(self._address(one, "to"), _reason(one)) for one in invited[:MOST]]
            self._foyer.must_be_in(session, room.local)
            self._foyer.later(session, message, partial(self._invite, session, room, asked))
        elif declined is not None:
            to, why = self._address(declined, "to"), _reason(declined)
            self._foyer.later(session, message, partial(self._decline, session, room, to, why))
        return bool(invited) or declined is not None

    async def _invite(
        self, session: Session, room: Address, asked: list[tuple[Address, str]]
    ) -> None:
        caller = caller_of(session)
        for account, text in asked:
            await self._foyer.switchboard.invite_into(caller, room.local, account, text)

    async def _decline(self, session: Session, room: Address, to: Address, text: str) -> None:
        await self._foyer.switchboard.decline_room(session.caller, room.local, to, text)

    def _address(self, found: Element, name: str) -> Address:
        try:
            return self._foyer.jids.parse(found.get(name, "")).bare
        except Refused:
            raise StanzaError("jid-malformed") from None


def _reason(found: Element) -> str:
    return (text_of(found, "reason") or "")[:MAX_REASON]
