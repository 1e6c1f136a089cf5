"""What happens in a room, told to all its occupants who speak XMPP at once: each event is spelled
once, for as many as there are.

A room hands one event to the outlets of all its members in a row: the first occupant's brings it
here, the others find it done.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from antiphon._native import Stanza
from antiphon.core import event as events
from antiphon.core.address import Address
from antiphon.core.member import Info
from antiphon.core.message import Message, MessageKind
from antiphon.core.room import Room
from antiphon.core.room_member import Member
from antiphon.core.standing import Role, Standing
from antiphon.protocols.xmpp import adapter
from antiphon.protocols.xmpp.blocks import BlockList
from antiphon.protocols.xmpp.message import stanza
from antiphon.protocols.xmpp.session import Session
from antiphon.protocols.xmpp.sessions import Audience, Fan

from . import names, spelling
from .names import FORGED, item, user
from .nicks import Nicks, Seat
from .occupant_ids import OccupantIds
from .told import Told

# Messages whose sender and id are remembered, for what changes them.
RECENT = 200
AVAILABLE = Stanza(b"<presence xmlns='jabber:client'/>")
AWAY = Stanza(b"<presence xmlns='jabber:client'><show>away</show></presence>")


class RoomFan:
    """See the module. It lives as long as the room has an occupant by XMPP.

    `occupants`: member id → occupant. `seen`: the settings that occupants know of. `last`: the
    event that all have been told last.
    """

    def __init__(self, room: Room, fan: Fan, ids: OccupantIds, blocks: BlockList) -> None:
        self.room = room
        self.address = str(room.address)
        self.nicks = Nicks(self._holder)
        self._affiliations: Mapping[Address, Standing] = {}
        self._kept: dict[str, Address] = {}
        self.occupants: dict[str, Told] = {}
        self.seen = room.settings
        # Of the last messages who wrote them (bare), and how clients know them.
        self.recent: OrderedDict[str, tuple[Address, str]] = OrderedDict()
        self._fan = fan
        self._ids = ids
        self._blocks = blocks
        self.last: events.Event | None = None
        self._everybody: Audience | None = None
        self._shown: dict[str, tuple[object, ...]] = {}
        self._asking: set[str] = set()
        for member in room.members.values():
            self._show(self.nicks.take(member))

    def _holder(self, nick: str) -> Address | None:
        """For whom a name is kept here."""
        affiliations = self.room.settings.affiliations
        if affiliations is not self._affiliations:
            self._affiliations = affiliations
            kept = affiliations.items()
            self._kept = {one.nick.casefold(): account for account, one in kept if one.nick}
        return self._kept.get(nick.casefold())

    # who is here

    def jid(self, seat: Seat) -> str:
        """The occupant's address."""
        return f"{self.address}/{seat.nick}"

    def occupant_id(self, seat: Seat) -> bytes:
        """XEP-0421."""
        return self._ids.element(self.room.address, seat.account)

    def nick_of(self, member: Member) -> str:
        """What a member is called here."""
        seat = self.nicks.of(member.id)
        return member.info.name if seat is None else seat.nick

    @property
    def everybody(self) -> Audience:
        """All occupants who are told what happens."""
        if self._everybody is None:
            told = (one.session for one in self.occupants.values() if one.ready)
            self._everybody = Audience(self._fan, told)
        return self._everybody

    def hears(self, session: Session, nick: str) -> bool:
        """Whether a session does not block the occupant of that name (XEP-0191 §5)."""
        return not self._blocks.blocks(session.account, self.room.address.on(nick))

    def hearing(self, nick: str) -> Audience:
        """All occupants who are told what the one of that name says."""
        if not self._blocks.blocks_devices(self.room.address.on(nick)):
            return self.everybody
        there = (one.session for one in self.occupants.values() if one.ready)
        return Audience(self._fan, [one for one in there if self.hears(one, nick)])

    def changed(self) -> None:
        """Somebody came, is ready, or went."""
        self._everybody = None

    def remove(self, occupant: Told) -> None:
        """An occupant is gone."""
        if self.occupants.pop(occupant.member_id, None) is not None:
            self.changed()

    def member_for(self, message: Message) -> Member | None:
        """Who said a message, if they are still here."""
        return self.room.member_of(message.sender) or next(
            (
                seat.speaks_for
                for seat in self.nicks.seats
                if seat.account == message.sender.bare and seat.members
            ),
            None,
        )

    # presence

    def presence(self, seat: Seat) -> Stanza:
        """What the occupant itself says of how it is there."""
        member = seat.speaks_for
        occupant = self.occupants.get(member.id)
        if occupant is not None:
            return occupant.presence
        return AVAILABLE if member.info.present else AWAY

    def said_of(self, seat: Seat, *, shows: bool, statuses: Iterable[int] = ()) -> bytes:
        """What the room says of an occupant. `shows`: also who it is."""
        member = seat.speaks_for
        jid = str(member.caller.address) if shows else None
        about = item(member.info.affiliation, member.info.role, jid=jid)
        return user(about, statuses) + self.occupant_id(seat)

    def tell_presence(self, seat: Seat, statuses: Iterable[int] = ()) -> None:
        """An occupant is there, or is there in another way: everybody hears of it."""
        self._show(seat)
        said, jid = self.presence(seat), self.jid(seat)
        own = {member.id for member in seat.members}
        for audience, shows in self._audiences(own, seat.nick):
            extra = self.said_of(seat, shows=shows, statuses=statuses)
            audience.forward(said, jid, extra=extra, drop=FORGED)
        for occupant in self._sitting(seat):
            occupant.show_own(seat, statuses)

    def show_all(self, occupant: Told) -> None:
        """Everybody else to one who came (XEP-0045 §7.2.2)."""
        for seat in self.nicks.seats:
            own = occupant.member_id in {member.id for member in seat.members}
            if not own and self.hears(occupant.session, seat.nick):
                extra = self.said_of(seat, shows=occupant.sees_addresses)
                occupant.session.forward(
                    self.presence(seat),
                    self.jid(seat),
                    address=occupant.session.jid,
                    extra=extra,
                    drop=FORGED,
                )

    def _sitting(self, seat: Seat) -> list[Told]:
        """Those of an occupant's sessions that are told what happens."""
        found = (self.occupants.get(member.id) for member in seat.members)
        return [one for one in found if one is not None and one.ready]

    def _audiences(self, without: set[str], nick: str) -> list[tuple[Audience, bool]]:
        """Those who see addresses, and those who do not, of an occupant of that name; but not
        these members.
        """
        seeing: list[Told] = []
        blind: list[Told] = []
        plain = not self._blocks.blocks_devices(self.room.address.on(nick))
        all_see = self.room.settings.addresses_for is Role.LISTENER
        for id, occupant in self.occupants.items():
            if not occupant.ready or id in without:
                continue
            if plain or self.hears(occupant.session, nick):
                (seeing if all_see or occupant.sees_addresses else blind).append(occupant)
        groups = ((seeing, True), (blind, False))
        return [
            (Audience(self._fan, [one.session for one in group]), shows)
            for group, shows in groups
            if group
        ]

    def _show(self, seat: Seat) -> bool:
        """Whether others see the occupant otherwise than before."""
        info = seat.speaks_for.info
        shape = (info.role, info.affiliation, info.present, seat.speaks_for.id)
        if self._shown.get(seat.nick) == shape:
            return False
        self._shown[seat.nick] = shape
        return True

    # news

    def heard(self, event: events.Event) -> None:
        """An event of the room, from each occupant's outlet in turn."""
        if event is self.last:
            return
        self.last = event
        tell = _NEWS.get(type(event))
        if tell is not None:
            tell(self, event)

    def _joined(self, event: events.MemberJoined) -> None:
        seat = self.nicks.take(self.room.members[event.member.id])
        self.tell_presence(seat)

    def _left(self, event: events.MemberLeft) -> None:
        seat = self.nicks.of(event.member.id)
        if seat is None:
            return
        self.nicks.leave(event.member.id)
        self._asking.discard(event.member.id)
        if seat.members:
            if self._show(seat):
                self.tell_presence(seat)
            return
        self._shown.pop(seat.nick, None)
        info = event.member
        what = spelling.gone(event.reason, info.affiliation, event.text)
        said = user(*what), self.occupant_id(seat)
        gone = stanza("presence", *said, from_=self.jid(seat), kind="unavailable")
        self.hearing(seat.nick).send(gone)

    def _changed(self, event: events.MemberChanged) -> None:
        info = event.member
        seat = self.nicks.of(info.id)
        if seat is None:
            return
        member = next(one for one in seat.members if one.id == info.id)
        if not _is_called(seat, info):
            self._rename(member, seat)
        elif self._show(seat):
            self.tell_presence(seat)
        self._ask_for_voice(member, seat)

    def _rename(self, member: Member, seat: Seat) -> None:
        """XEP-0045 §7.6. A session of several keeps its seat's name for the others."""
        jid = self.jid(seat)
        self.nicks.leave(member.id)
        self._shown.pop(seat.nick, None)
        new = self.nicks.take(member)
        if not seat.members:
            self._tell_renamed(member, seat, jid, new)
        self._rename_own(member, seat, jid, new)
        self.tell_presence(new)

    def _tell_renamed(self, member: Member, seat: Seat, jid: str, new: Seat) -> None:
        info = member.info
        for audience, shows in self._audiences({member.id}, seat.nick):
            address = str(member.caller.address) if shows else None
            what = item(info.affiliation, info.role, jid=address, nick=new.nick)
            children = user(what, [names.RENAMED]), self.occupant_id(seat)
            audience.send(stanza("presence", *children, from_=jid, kind="unavailable"))

    def _rename_own(self, member: Member, seat: Seat, jid: str, new: Seat) -> None:
        info = member.info
        if (occupant := self.occupants.get(member.id)) is not None and occupant.ready:
            what = item(info.affiliation, info.role, jid=str(member.caller.address), nick=new.nick)
            occupant.send(
                "presence",
                user(what, [names.RENAMED, names.SELF]),
                self.occupant_id(seat),
                from_=jid,
                kind="unavailable",
            )

    def _ask_for_voice(self, member: Member, seat: Seat) -> None:
        """XEP-0045 §8.6: whoever raises a hand without a voice is shown to the moderators."""
        raised = member.info.hand and member.info.role is Role.LISTENER
        if raised and member.id not in self._asking:
            self._asking.add(member.id)
            form = spelling.voice_request(str(member.caller.address), seat.nick)
            for occupant in self.occupants.values():
                if occupant.ready and occupant.member.info.role is Role.MODERATOR:
                    occupant.send("message", form, from_=self.address)
        elif not raised:
            self._asking.discard(member.id)

    def _said(self, event: events.Said) -> None:
        message = event.message
        self.recent[message.id] = message.sender.bare, spelling.stanza_name(message)
        while len(self.recent) > RECENT:
            self.recent.popitem(last=False)
        data = Stanza(self.spell(message))
        extra = adapter.stanza_id(self.room.address, message.id) if message.draft.stored else b""
        nick = (data.from_ or "").partition("/")[2]
        self.hearing(nick).forward(data, None, extra=extra)

    def spell(self, message: Message) -> bytes:
        """A message of the room without its stanza-id."""
        original = message.draft.original
        if original is not None and original.form == adapter.FORM:
            return original.data
        member = self.member_for(message)
        nick = message.name if member is None else self.nick_of(member)
        author = self.recent.get(message.draft.about or "")
        of_another = author is not None and author[0] != message.sender.bare
        if message.kind is MessageKind.RETRACTION and of_another:
            return self._moderated(message, nick)
        about = None
        if message.kind is MessageKind.CORRECTION and author is not None:
            about = author[1]
        id = self._ids.element(self.room.address, message.sender)
        return spelling.groupchat(self.room.address, message, nick, id, about)

    def _moderated(self, message: Message, nick: str) -> bytes:
        id = self._ids.element(self.room.address, message.sender)
        by = f"{self.address}/{nick}"
        return spelling.moderation(self.room.address, message.draft.about or "", by, id)

    def _typed(self, event: events.Typed) -> None:
        """Of those who speak XMPP, occupants were told by them."""
        if event.original is not None and event.original.form == adapter.FORM:
            return
        member = self.room.member_of(event.sender)
        nick = event.name if member is None else self.nick_of(member)
        self.hearing(nick).send(spelling.typing(self.address, nick, event.active))

    def _marked(self, event: events.Marked) -> None:
        if event.original is not None and event.original.form == adapter.FORM:
            return
        member = self.room.member_of(event.sender)
        if member is not None:
            nick = self.nick_of(member)
            self.hearing(nick).send(spelling.marked(event, f"{self.address}/{nick}"))

    def _subject(self, event: events.SubjectChanged) -> None:
        self.everybody.send(self.subject())

    def subject(self, *, late: bool = False) -> bytes:
        """What the room is about (XEP-0045 §7.2.15). `late`: it was set before."""
        return spelling.subject(self.room, late=late)

    def _configured(self, event: events.RoomChanged) -> None:
        """XEP-0045 §10.2: what changed for those inside."""
        before, now = self.seen, self.room.settings
        self.seen = now
        codes = spelling.changes(before, now)
        if codes:
            body = stanza("message", user(b"", codes), from_=self.address, kind="groupchat")
            self.everybody.send(body)


def _is_called(seat: Seat, info: Info) -> bool:
    """Whether that is the seat of somebody of this name (perhaps with a number behind it)."""
    own, wanted = seat.nick.casefold(), info.name.casefold()
    return own == wanted or (own.startswith(f"{wanted} (") and own.endswith(")"))


_NEWS: dict[type[events.Event], Callable[[RoomFan, Any], None]] = {
    events.MemberJoined: RoomFan._joined,
    events.MemberLeft: RoomFan._left,
    events.MemberChanged: RoomFan._changed,
    events.Said: RoomFan._said,
    events.Typed: RoomFan._typed,
    events.Marked: RoomFan._marked,
    events.SubjectChanged: RoomFan._subject,
    events.RoomChanged: RoomFan._configured,
}
