"""Presence for rooms (XEP-0045 §7.1, §7.2, §7.6, §7.7, §7.14): clients come in, say how they are
there, take another name, and go.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from xml.etree.ElementTree import Element

from antiphon._native import Kid, Stanza
from antiphon.core import change as changes
from antiphon.core.address import Address
from antiphon.core.member import Receive
from antiphon.core.ports import RoomSettings
from antiphon.core.reason import Reason, Refused
from antiphon.core.standing import Role
from antiphon.core.switchboard import Membership
from antiphon.protocols.xmpp.errands import Errand
from antiphon.protocols.xmpp.feature import StanzaError
from antiphon.protocols.xmpp.message import Malformed, named, parse, text_of
from antiphon.protocols.xmpp.session import Session

from . import names
from .fan import RoomFan
from .foyer import Foyer, Joined, caller_of
from .history import History, Wish, wish_of
from .occupant import Occupant

log = logging.getLogger(__name__)

# Errors that say that a client is not there any more (XEP-0045 §18.1.2): it is taken out.
BROKEN = frozenset(
    {
        "gone",
        "item-not-found",
        "recipient-unavailable",
        "redirect",
        "remote-server-not-found",
        "remote-server-timeout",
        "service-unavailable",
        "jid-malformed",
    }
)
MAX_STATUS = 256  # characters of the words with which somebody leaves
# Bytes of a presence: whoever comes is sent those of all who are there.
MAX_PRESENCE = 16_384


Stamp = Callable[[Session, Stanza], bytes]


@dataclass(frozen=True, slots=True)
class Request:
    """What a client that comes in asks for."""

    password: str | None
    history: Wish


class Entrance:
    """Takes presence for rooms."""

    def __init__(self, foyer: Foyer, history: History, stamp: Stamp | None = None) -> None:
        self._foyer = foyer
        self._history = history
        self._stamp = stamp

    def received(self, session: Session, stanza: Stanza, to: Address) -> None:
        """One presence stanza; `to` has a local part."""
        type_ = stanza.type
        if to.local in self._foyer.joined(session).moving:
            self._foyer.later(session, stanza, partial(self._again, session, stanza, to))
        elif type_ is None:
            self._available(session, stanza, to)
        elif type_ == "unavailable":
            self._unavailable(session, stanza, to)
        elif type_ == "error":
            self.broken(session, stanza, to)

    async def _again(self, session: Session, stanza: Stanza, to: Address) -> None:
        self.received(session, stanza, to)

    # coming

    def _available(self, session: Session, stanza: Stanza, to: Address) -> None:
        occupant = self._foyer.occupant(session, to.local)
        if len(stanza.raw) > MAX_PRESENCE:
            error = StanzaError("policy-violation", "That is too much for a presence in a room.")
            self._foyer.refuse(session, stanza, error)
        elif not to.device:
            error = StanzaError("jid-malformed", "Say under which name you come in: room/name.")
            self._foyer.refuse(session, stanza, error)  # XEP-0045 §7.2.1
        elif occupant is None:
            self._come(session, stanza, to)
        elif self._is_called(occupant, to.device):
            occupant.presence = self._stamped(session, stanza)
            if stanza.kids & Kid.MUC:
                # It does not know that it is here: it is told everything anew.
                self._move(session, stanza, to, partial(self._welcome_again, occupant, stanza))
            elif occupant.fan is not None and (seat := occupant.seat) is not None:
                occupant.fan.tell_presence(seat)
        else:
            occupant.presence = self._stamped(session, stanza)
            self._move(session, stanza, to, partial(self._rename, occupant, to.device))

    def _come(self, session: Session, stanza: Stanza, to: Address) -> None:
        joined = self._foyer.joined(session)
        if not stanza.kids & Kid.MUC:
            # It believes that it is inside. To let it in unseen would leave it without the state
            # of the room (XEP-0045 §7.2.1 has the element for that).
            error = StanzaError("not-acceptable", "You are not in this room.")
            self._foyer.refuse(session, stanza, error)
        elif len(joined.rooms) + len(joined.moving) >= self._foyer.config.rooms:
            error = StanzaError("resource-constraint", "You are in too many rooms.")
            self._foyer.refuse(session, stanza, error)
        else:
            self._move(session, stanza, to, partial(self._join, session, stanza, to))

    def _move(self, session: Session, stanza: Stanza, to: Address, errand: Errand) -> None:
        moving = self._foyer.joined(session).moving
        moving.add(to.local)

        async def run() -> None:
            try:
                await errand()
            finally:
                moving.discard(to.local)

        if not self._foyer.later(session, stanza, run):
            moving.discard(to.local)

    async def _join(self, session: Session, stanza: Stanza, to: Address) -> None:
        request = _request(stanza)
        nick = self._foyer.switchboard.addresses.nickname(to.device)
        caller = caller_of(session)
        room = to.bare
        await self._must_be_free(room, nick, session.account)
        occupant = Occupant(session, caller, self._stamped(session, stanza), self._foyer.ended)
        try:
            membership = await self._foyer.switchboard.join(
                caller,
                room.local,
                occupant,
                name=nick,
                receive=Receive.NONE,
                password=request.password,
                locked=self._foyer.config.lock,
            )
        except Refused as refused:
            raise _spelled(refused) from None
        if session.ended:
            await self._foyer.switchboard.leave(room.local, membership.member.id, Reason.LOST)
            return
        fan = self._foyer.fan_of(membership.room)
        if fan.nicks.of(membership.member.id) is None:
            fan.nicks.take(membership.member)
        occupant.enter(fan, membership.member)
        self._foyer.joined(session).rooms[room.local] = occupant
        made = _is_new(membership)
        try:
            past = await self._history.read(membership.room, request.history, session.jid)
        except Refused:
            await self._foyer.switchboard.leave(
                room.local, membership.member.id, Reason.LOST, "The history cannot be read."
            )
            raise
        if not occupant.gone:
            self._welcome(occupant, fan, past, made=made, changed=nick != to.device)

    def _welcome(
        self,
        occupant: Occupant,
        fan: RoomFan,
        past: "list[tuple[str, bytes]]",
        *,
        made: bool = False,
        changed: bool = False,
    ) -> None:
        """Who is here, what it is itself, what was said, what it is about: in this order (§7.1)."""
        fan.show_all(occupant)
        seat = fan.nicks.of(occupant.member_id)
        if seat is not None:
            settings = fan.room.settings
            changed = changed or seat.nick != occupant.member.info.name
            occupant.show_own(seat, _codes(settings, made=made, changed=changed))
        hears = partial(self._hears, occupant.session, fan)
        for data in filter(hears, (data for _, data in past)):
            occupant.session.send(data)
        occupant.session.send(Stanza(fan.subject(late=True)).stamp(to=occupant.session.jid))
        occupant.ready = True
        fan.changed()
        told = {id for id, _ in past}
        for event in occupant.waiting:
            if event.message.id in told:
                continue
            data = self._history.live(fan, event.message, occupant.session.jid)
            if hears(data):
                occupant.session.send(data)
        occupant.waiting.clear()

    async def _welcome_again(self, occupant: Occupant, stanza: Stanza) -> None:
        fan = occupant.fan
        if fan is None or occupant.gone:
            return
        occupant.ready = False
        fan.changed()
        to = occupant.session.jid
        past = await self._history.read(fan.room, _request(stanza).history, to)
        if not occupant.gone:
            self._welcome(occupant, fan, past)

    @staticmethod
    def _hears(session: Session, fan: RoomFan, said: bytes) -> bool:
        """Whether it does not block who said that."""
        nick = (Stanza(said).from_ or "").partition("/")[2]
        return fan.hears(session, nick)

    # being there

    def _stamped(self, session: Session, stanza: Stanza) -> Stanza:
        """A presence as others shall see it."""
        return stanza if self._stamp is None else Stanza(self._stamp(session, stanza))

    @staticmethod
    def _is_called(occupant: Occupant, nick: str) -> bool:
        seat = occupant.seat if occupant.fan is not None else None
        own = occupant.member.info.name if occupant.fan is not None else ""
        return seat is not None and nick in (seat.nick, own)

    async def _rename(self, occupant: Occupant, wanted: str) -> None:
        nick = self._foyer.switchboard.addresses.nickname(wanted)
        fan = occupant.fan
        if fan is None or occupant.gone or self._is_called(occupant, nick):
            return
        await self._must_be_free(fan.room.address, nick, occupant.caller.address.bare)
        rename = changes.Rename(nick)
        await self._foyer.switchboard.update(fan.room.name, occupant.member_id, rename)

    async def _must_be_free(self, room: Address, nick: str, account: Address) -> None:
        """XEP-0045 §7.2.8, §7.10: the name of somebody else, or kept for them."""
        try:
            settings = await self._foyer.switchboard.settings(room.local)
        except Refused as refused:
            if refused.reason is Reason.NOT_FOUND:
                return
            raise
        holder = settings.nick_holder(nick)
        if self._is_taken(room.local, nick, account) or holder not in (None, account):
            raise StanzaError("conflict", "Somebody else has that name here.")

    def _is_taken(self, room: str, nick: str, account: Address) -> bool:
        if (fan := self._foyer.find_fan(room)) is not None:
            return not fan.nicks.is_free(nick, account)
        living = self._foyer.switchboard.find(room)
        folded = nick.casefold()
        return living is not None and any(
            one.info.name.casefold() == folded and one.caller.address.bare != account
            for one in living.members.values()
        )

    # going

    def _unavailable(self, session: Session, stanza: Stanza, to: Address) -> None:
        occupant = self._foyer.occupant(session, to.local)
        if occupant is not None:
            words = (stanza.text(Kid.STATUS) or "")[:MAX_STATUS]
            self._move(session, stanza, to, partial(self._leave, occupant, Reason.LEFT, words))

    def broken(self, session: Session, stanza: Stanza, to: Address) -> None:
        """An error from a client: one that tells that nobody is there ends its membership."""
        occupant = self._foyer.occupant(session, to.local)
        if occupant is not None and _condition(stanza) in BROKEN:
            words = "Your client does not take what is said here."
            self._move(session, stanza, to, partial(self._leave, occupant, Reason.LOST, words))

    def leave(self, session: Session, occupant: Occupant) -> None:
        """A session goes out of one room."""
        leave = partial(self._leave, occupant, Reason.LEFT, "")
        self._foyer.errands.add(session, leave, always=True)

    def leave_all(self, session: Session, reason: Reason) -> None:
        """A session is over, or its user is not there any more: it leaves the rooms where it is,
        and those that it is about to enter as soon as it is there.
        """
        joined = self._foyer.joined(session)
        named = frozenset(joined.rooms)
        joined.moving |= named  # who comes back at once comes after this
        leave = partial(self._leave_each, joined, named, reason)
        self._foyer.errands.add(session, leave, always=True)

    async def _leave_each(self, joined: Joined, named: frozenset[str], reason: Reason) -> None:
        rooms = dict(joined.rooms)
        joined.moving |= rooms.keys()
        try:
            for occupant in rooms.values():
                try:
                    await self._leave(occupant, reason, "")
                except Refused as refused:  # one room that broke keeps nobody in the others
                    log.info("%s could not leave a room: %s", occupant.caller.address, refused)
        finally:
            joined.moving -= named | rooms.keys()

    async def _leave(self, occupant: Occupant, reason: Reason, words: str) -> None:
        await occupant.said_all()
        if not occupant.gone:
            await self._foyer.switchboard.leave(occupant.room, occupant.member_id, reason, words)


def _request(stanza: Stanza) -> Request:
    """What stands in the element of XEP-0045 §7.2."""
    child = stanza.child(Kid.MUC)
    if child is None:
        return Request(None, Wish())
    try:
        element = parse(child)
    except Malformed as malformed:
        raise StanzaError("bad-request", str(malformed)) from None
    history: Element | None = named(element, "history")
    return Request(text_of(element, "password"), wish_of(history))


def _spelled(refused: Refused) -> Refused | StanzaError:
    """XEP-0045 §7.2.9, §10.1.1: a full room, and one that must not be made."""
    conditions = {Reason.TOO_MANY: "service-unavailable", Reason.FORBIDDEN: "not-allowed"}
    instead = conditions.get(refused.reason)
    return refused if instead is None else StanzaError(instead, refused.text)


def _is_new(membership: Membership) -> bool:
    """Whether the room was made by this: one that does not last ends with its last member."""
    room = membership.room
    return len(room.members) == 1 and not room.settings.lasting


def _codes(settings: RoomSettings, *, made: bool, changed: bool) -> list[int]:
    codes = [names.SEEN] if settings.addresses_for is Role.LISTENER else []
    if settings.archived:
        codes.append(names.LOGGED)
    if made:
        codes.append(names.CREATED)
    if changed:
        codes.append(names.RENAMED_BY_SERVICE)
    return codes


def _condition(stanza: Stanza) -> str:
    child = stanza.child(Kid.ERROR)
    if child is None:
        return ""
    try:
        return next((one.tag.partition("}")[2] for one in parse(child)), "")
    except Malformed:
        return ""
