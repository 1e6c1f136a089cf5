"""One XMPP session in one room: the outlet of its member there, and what only it is told."""

import asyncio
import logging
from collections.abc import Callable, Iterable

from antiphon._native import Stanza
from antiphon.core import event as events
from antiphon.core.ports import Caller
from antiphon.core.reason import Reason, WrongState
from antiphon.core.room import Room
from antiphon.core.room_member import Member
from antiphon.core.standing import Affiliation
from antiphon.protocols.xmpp import adapter
from antiphon.protocols.xmpp.message import stanza
from antiphon.protocols.xmpp.session import Session

from . import names, spelling
from .fan import RoomFan
from .names import FORGED, user
from .nicks import Seat

log = logging.getLogger(__name__)

# What is kept for one who is not told of the room's history yet.
WAITING = 1000


class Occupant:
    """See the module. `presence`: what its client said last of how it is there. `ready`: it has
    been told who is here, and hears what happens from now on.
    """

    def __init__(
        self,
        session: Session,
        caller: Caller,
        presence: Stanza,
        ended: Callable[["Occupant"], None],
    ) -> None:
        self.session = session
        self.caller = caller
        self.presence = presence
        self.ready = False
        self.gone = False
        self.waiting: list[events.Said] = []
        self.fan: RoomFan | None = None
        self.member_id = ""
        self._ended = ended
        self._unheard = 0
        self._silence = asyncio.Event()

    # what it says

    def begin(self) -> int:
        """It said something that is being stored; `finish` with the result (`Session.begin`)."""
        self._unheard += 1
        return self.session.begin()

    def finish(self, token: int) -> None:
        """That is done, or was refused."""
        self.session.finish(token)
        self._unheard -= 1
        if not self._unheard:
            self._silence.set()

    async def said_all(self) -> None:
        """Wait until what it said is told: it does not go before."""
        while self._unheard:
            self._silence.clear()
            await self._silence.wait()

    # what it is

    def enter(self, fan: RoomFan, member: Member) -> None:
        """It is in the room."""
        self.fan, self.member_id = fan, member.id
        fan.occupants[member.id] = self

    @property
    def room(self) -> str:
        """The room's name."""
        return self._here().room.name

    @property
    def member(self) -> Member:
        """What it is in its room. Raises `Refused(NOT_FOUND)`."""
        return self._here().room.member(self.member_id)

    @property
    def seat(self) -> Seat | None:
        """Its name."""
        return self._here().nicks.of(self.member_id)

    @property
    def jid(self) -> str:
        """Its address in the room."""
        seat = self.seat
        return self._here().address if seat is None else self._here().jid(seat)

    @property
    def member_room(self) -> Room:
        """The room that it is in."""
        return self._here().room

    @property
    def occupant_id(self) -> bytes:
        """XEP-0421."""
        seat = self.seat
        return b"" if seat is None else self._here().occupant_id(seat)

    @property
    def sees_addresses(self) -> bool:
        """Whether it is shown who is behind a name."""
        fan = self._here()
        member = fan.room.members.get(self.member_id)
        return member is not None and member.info.role.covers(fan.room.settings.addresses_for)

    # out

    def send(
        self,
        name: str,
        *children: bytes,
        from_: str,
        kind: str | None = None,
        id: str | None = None,
    ) -> None:
        """A stanza to this client alone."""
        self.session.send(
            stanza(name, *children, to=self.session.jid, from_=from_, kind=kind, id=id)
        )

    def show_own(self, seat: Seat, statuses: Iterable[int] = ()) -> None:
        """Its own presence, as the room reflects it (XEP-0045 §7.2.2)."""
        fan = self._here()
        extra = fan.said_of(seat, shows=True, statuses=[*statuses, names.SELF])
        self.session.forward(
            fan.presence(seat), fan.jid(seat), address=self.session.jid, extra=extra, drop=FORGED
        )

    # core.member.Outlet

    def deliver(self, event: events.Event) -> None:
        """Something happened in the room."""
        fan = self.fan
        if fan is not None and event is fan.last and self.ready:
            return  # all have been told at once, this one with them
        if isinstance(event, events.Ended):
            self._leave(event)
        elif fan is None:
            # It is coming in, and somebody else changed the room at that moment.
            if isinstance(event, events.Said) and len(self.waiting) < WAITING:
                self.waiting.append(event)
        elif isinstance(event, events.Whispered):
            self._whispered(fan, event)
        else:
            if not self.ready and isinstance(event, events.Said) and len(self.waiting) < WAITING:
                self.waiting.append(event)
            self._tell(fan, event)

    def _tell(self, fan: RoomFan, event: events.Event) -> None:
        try:
            fan.heard(event)
        except Exception:
            # One event that cannot be spelled must neither end the room nor hold up the others.
            log.exception("%s could not be told in %s", type(event).__name__, fan.address)

    def _whispered(self, fan: RoomFan, event: events.Whispered) -> None:
        """XEP-0045 §7.5; what it wrote itself it knows."""
        if event.to != self.member_id:
            return
        sender = fan.nicks.of(event.sender)
        if sender is None or not fan.hears(self.session, sender.nick):
            return
        draft = event.message.draft
        original = draft.original
        if original is not None and original.form == adapter.FORM:
            to, own = self.session.jid, self.session.bare
            # Archive ids that it would believe are its own account's to give (XEP-0359 §4).
            self.session.send(Stanza(original.data).stamp(fan.jid(sender), to=to, by=own))
            return
        data = adapter.built(event.message, from_=fan.jid(sender))
        whole = adapter.with_child(data, user() + fan.occupant_id(sender))
        self.session.send(Stanza(whole).stamp(to=self.session.jid))

    def _leave(self, event: events.Ended) -> None:
        """It is in the room no more: its client is told, and why (XEP-0045 §7.14, §8.2, §9.1)."""
        self.gone = True
        fan = self.fan
        if fan is not None:
            seat = fan.nicks.of(self.member_id)
            fan.remove(self)
            if seat is not None and not self.session.ended:
                self._say_goodbye(fan, seat, event)
        self._ended(self)

    def _say_goodbye(self, fan: RoomFan, seat: Seat, event: events.Ended) -> None:
        before = next(one.info for one in seat.members if one.id == self.member_id).affiliation
        if event.reason is Reason.CLOSED:
            about, codes = names.item(Affiliation.NONE, None), list[int]()
            others = [spelling.destroyed(event.alternative, event.text)]
        else:
            about, codes = spelling.gone(event.reason, before, event.text)
            others = []
        said = user(about, [*codes, names.SELF], *others)
        self.send("presence", said, fan.occupant_id(seat), from_=fan.jid(seat), kind="unavailable")

    def _here(self) -> RoomFan:
        if self.fan is None:
            raise WrongState("not in a room yet")
        return self.fan
