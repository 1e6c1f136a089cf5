"""Who has which name in a room: each name once, whatever the members of other protocols are
called.

Several sessions of one account may have one name together (XEP-0045 §7.2.8 leaves it to the
service).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from antiphon.core.address import Address
from antiphon.core.room_member import Member
from antiphon.core.standing import Role

_RANKS = {role: rank for rank, role in enumerate(Role)}


@dataclass(slots=True, eq=False)
class Seat:
    """A name, and the members who have it: all of one account, in order of arrival."""

    nick: str
    account: Address
    members: list[Member] = field(default_factory=list)

    @property
    def speaks_for(self) -> Member:
        """The member whom the others see: of the highest role, and of these the last to come."""
        return max(reversed(self.members), key=lambda member: _RANKS[member.info.role])


class Nicks:
    """The names of one room's members."""

    def __init__(self, holder: Callable[[str], Address | None]) -> None:
        """`holder`: for which account a name is kept."""
        self._holder = holder
        self._seats: dict[str, Seat] = {}
        self._of: dict[str, Seat] = {}

    @property
    def seats(self) -> list[Seat]:
        """All that are taken, in order of arrival."""
        return list(self._seats.values())

    def find(self, nick: str) -> Seat | None:
        """Who has that name; letters' case makes no other name."""
        return self._seats.get(nick.casefold())

    def of(self, member: str) -> Seat | None:
        """What a member is called."""
        return self._of.get(member)

    def is_free(self, nick: str, account: Address) -> bool:
        """Whether a session of that account may have the name."""
        seat = self.find(nick)
        return seat is None or seat.account == account.bare

    def take(self, member: Member) -> Seat:
        """Seat a member under its name, or one like it if another account has that, or it is kept
        for one (XEP-0045 §7.10): other protocols do not know of that.
        """
        account = member.caller.address.bare
        wanted, nick, number = member.info.name, member.info.name, 1
        while not self.is_free(nick, account) or self._holder(nick) not in (None, account):
            number += 1
            nick = f"{wanted} ({number})"
        seat = self._seats.setdefault(nick.casefold(), Seat(nick, account))
        seat.members.append(member)
        self._of[member.id] = seat
        return seat

    def leave(self, member: str) -> Seat | None:
        """The member is gone, or is called otherwise from now on; the seat that it had."""
        seat = self._of.pop(member, None)
        if seat is not None:
            seat.members = [one for one in seat.members if one.id != member]
            if not seat.members:
                del self._seats[seat.nick.casefold()]
        return seat
