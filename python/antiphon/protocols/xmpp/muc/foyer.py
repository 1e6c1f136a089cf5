"""What all files of this package share: the rooms that XMPP clients are in, and which each of them
is in.
"""

import logging
from dataclasses import dataclass, field, replace

from antiphon._native import Stanza
from antiphon.core.people import Messages
from antiphon.core.ports import Caller
from antiphon.core.reason import Reason, Refused
from antiphon.core.room import Room
from antiphon.core.switchboard import Switchboard
from antiphon.protocols.xmpp.blocks import BlockList
from antiphon.protocols.xmpp.errands import Errand, Errands
from antiphon.protocols.xmpp.feature import StanzaError, error_of
from antiphon.protocols.xmpp.jid import Jids
from antiphon.protocols.xmpp.marks import Marks
from antiphon.protocols.xmpp.session import Session
from antiphon.protocols.xmpp.sessions import Fan

from .fan import RoomFan
from .occupant import Occupant
from .occupant_ids import OccupantIds

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class MucConfig:
    """What can be set of rooms by XMPP.

    `rooms`: in how many a session may be. `lock`: a room that somebody makes by entering it is
    closed to others until they have configured it (XEP-0045 §10.1.1).
    """

    rooms: int = 100
    lock: bool = False


@dataclass(slots=True)
class Joined:
    """Kept of a session: room → what it is there; and the rooms it is about to enter or leave."""

    rooms: dict[str, Occupant] = field(default_factory=dict[str, Occupant])
    moving: set[str] = field(default_factory=set[str])


class Foyer:
    """See the module."""

    def __init__(
        self,
        *,
        switchboard: Switchboard,
        messages: Messages,
        jids: Jids,
        fan: Fan,
        errands: Errands,
        marks: Marks,
        blocks: BlockList,
        secret: bytes,
        config: MucConfig,
    ) -> None:
        """`secret` makes the ids of occupants: it stays the same over restarts."""
        self.switchboard = switchboard
        self.messages = messages
        self.jids = jids
        self.errands = errands
        self.marks = marks
        self.blocks = blocks
        self.config = config
        self.ids = OccupantIds(secret)
        self._fan = fan
        self._fans: dict[str, RoomFan] = {}

    # who is where

    @staticmethod
    def joined(session: Session) -> Joined:
        """Where a session is."""
        found: Joined = session.features.setdefault(Joined, Joined())
        return found

    def occupant(self, session: Session, room: str) -> Occupant | None:
        """What a session is in a room."""
        known = session.features.get(Joined)
        return None if known is None else known.rooms.get(room)

    def must_be_in(self, session: Session, room: str) -> Occupant:
        """The same. Raises `StanzaError` (XEP-0045 §7.4) for whoever is not there."""
        occupant = self.occupant(session, room)
        if occupant is None or not occupant.ready:
            raise StanzaError("not-acceptable", "You are not in this room.", kind="modify")
        return occupant

    def fan_of(self, room: Room) -> RoomFan:
        """What tells a room's occupants; made for the first of them."""
        found = self._fans.get(room.name)
        if found is None or found.room is not room:
            found = self._fans[room.name] = RoomFan(room, self._fan, self.ids, self.blocks)
        return found

    def find_fan(self, room: str) -> RoomFan | None:
        """The same, if there is an occupant."""
        return self._fans.get(room)

    def ended(self, occupant: Occupant) -> None:
        """It is in its room no more."""
        fan = occupant.fan
        joined = occupant.session.features.get(Joined)
        if joined is not None and occupant in joined.rooms.values():
            joined.rooms = {name: one for name, one in joined.rooms.items() if one is not occupant}
        if fan is not None and not fan.occupants and self._fans.get(fan.room.name) is fan:
            del self._fans[fan.room.name]

    @property
    def occupants(self) -> int:
        """Of all rooms, for the node's figures."""
        return sum(len(fan.occupants) for fan in self._fans.values())

    # what takes a while

    def later(
        self,
        session: Session,
        stanza: Stanza,
        errand: Errand,
    ) -> bool:
        """Do it in the session's order; what is refused comes back as an error. False: too much
        waits already.
        """
        token = session.begin()

        async def run() -> None:
            try:
                await errand()
            except (Refused, StanzaError) as refused:
                self.refuse(session, stanza, refused)
            except Exception:
                log.exception("%s: a %s of a room failed", session.jid, stanza.name)
                self.errands.failures += 1
                self.refuse(session, stanza, StanzaError("internal-server-error"))
            finally:
                session.finish(token)

        try:
            self.errands.add(session, run)
        except Refused as refused:
            self.refuse(session, stanza, refused)
            session.finish(token)
            return False
        return True

    @staticmethod
    def refuse(session: Session, stanza: Stanza, refused: Refused | StanzaError) -> None:
        """The stanza comes back as an error; errors are never answered (RFC 6120 §8.3.1)."""
        if stanza.type != "error" and not session.ended:
            error = error_of(refused)
            session.send(stanza.stamp(stanza.to, to=session.jid, type_="error", extra=error))


def caller_of(session: Session) -> Caller:
    """A session as one of perhaps several members of its account."""
    return replace(session.caller, address=session.address)


def forbidden(refused: Refused, instead: str) -> Refused | StanzaError:
    """The condition that a standard has for what is forbidden in its case."""
    if refused.reason is Reason.FORBIDDEN:
        return StanzaError(instead, refused.text)
    return refused
