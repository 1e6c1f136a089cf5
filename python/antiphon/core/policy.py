"""What may be done: one small class of questions, each answered by raising `Refused` or not. Plug-
ins replace or wrap it.
"""

from .address import Address
from .member import Member, Role, Source
from .ports import Caller, RoomSettings
from .reason import Reason, Refused


class Policy:
    """The rules of a node. Every method raises `Refused` with words for people, or returns."""

    def __init__(
        self, *, guests: bool = False, max_members: int = 500, max_tracks: int = 8
    ) -> None:
        self.guests = guests
        self.max_members = max_members
        self.max_tracks = max_tracks

    def may_create(self, caller: Caller, room: str) -> None:
        """Make the room `room`, by joining it or to be stored."""
        if not caller.grants.create or not _covers(caller, room):
            raise Refused(Reason.FORBIDDEN, "You may not open this room.")

    def may_join(self, caller: Caller, settings: RoomSettings, present: int) -> None:
        """Enter a room that has `present` members."""
        if not _covers(caller, settings.name):
            raise Refused(Reason.FORBIDDEN, "Your invitation is for another room.")
        welcome = self.guests if settings.guests is None else settings.guests
        if caller.address.is_guest and not welcome:
            raise Refused(Reason.FORBIDDEN, "Guests are not allowed in this room. Please log in.")
        if present >= min(settings.max_members or self.max_members, self.max_members):
            raise Refused(Reason.TOO_MANY, "The room is full.")

    def role(self, caller: Caller, settings: RoomSettings, opens: bool) -> Role:
        """The role in which somebody enters. `opens`: nobody else is there yet.

        Whoever opens an ad-hoc room moderates it.
        """
        owns = settings.owner is not None and settings.owner == caller.address.bare
        opens = opens and settings.owner is None
        if caller.grants.admin or caller.grants.moderate or owns or opens:
            return Role.MODERATOR
        if settings.audience or not caller.grants.publish:
            return Role.LISTENER
        return Role.SPEAKER

    def may_publish(self, member: Member, source: Source) -> None:
        """Send a track."""
        if member.info.role is Role.LISTENER:
            raise Refused(
                Reason.FORBIDDEN,
                "You are a listener in this room. Raise your hand to speak.",
            )
        if len(member.tracks) >= self.max_tracks:
            raise Refused(
                Reason.TOO_MANY,
                f"No more than {self.max_tracks} tracks for each member.",
            )

    def may_say(self, caller: Caller, room: str, member: Member | None) -> None:
        """Send a chat message to a room; `member` is what the caller is in it, if anything."""
        steers = caller.grants.admin or caller.grants.moderate
        if member is None and not (steers and _covers(caller, room)):
            raise Refused(Reason.FORBIDDEN, "You are not in this room.")

    def may_call(self, caller: Caller, callee: Address, *, account: bool = False) -> None:
        """Ring somebody. `account`: the callee is known to have an account on this node.

        Whatever else rings may be a telephone number that costs money: never for guests, nor for
        those who were given a token for certain rooms only.
        """
        self._may_reach(caller, callee, account)

    def may_send(self, caller: Caller, to: Address, *, account: bool = False) -> None:
        """Send somebody a direct message; see `may_call`."""
        self._may_reach(caller, to, account)

    def _may_reach(self, caller: Caller, callee: Address, account: bool) -> None:
        if caller.grants.rooms is not None:
            raise Refused(Reason.FORBIDDEN, "Your invitation is for a room only.")
        if not caller.address.is_guest:
            return
        if not self.guests:
            raise Refused(Reason.FORBIDDEN, "Guests may call nobody. Please log in.")
        if not (account or callee.is_guest):
            raise Refused(Reason.FORBIDDEN, "Guests may call those with an account here only.")

    def may_moderate(self, actor: Member, other: Member) -> None:
        """Mute, remove, promote or demote another member."""
        if actor.info.role is not Role.MODERATOR:
            raise Refused(Reason.FORBIDDEN, "Only moderators may do this.")

    def may_administer(self, caller: Caller, settings: RoomSettings) -> None:
        """Change or remove a stored room, or close a running one."""
        owns = settings.owner is not None and settings.owner == caller.address.bare
        if not (caller.grants.admin or owns):
            raise Refused(
                Reason.FORBIDDEN,
                "Only the room's owner or an administrator may do this.",
            )


class WrappedPolicy(Policy):
    """A policy around another one: override what differs, the rest is asked of the inner one."""

    def __init__(self, inner: Policy) -> None:
        super().__init__(
            guests=inner.guests, max_members=inner.max_members, max_tracks=inner.max_tracks
        )
        self.inner = inner

    def may_create(self, caller: Caller, room: str) -> None:
        """Ask the inner policy."""
        self.inner.may_create(caller, room)

    def may_join(self, caller: Caller, settings: RoomSettings, present: int) -> None:
        """Ask the inner policy."""
        self.inner.may_join(caller, settings, present)

    def role(self, caller: Caller, settings: RoomSettings, opens: bool) -> Role:
        """Ask the inner policy."""
        return self.inner.role(caller, settings, opens)

    def may_publish(self, member: Member, source: Source) -> None:
        """Ask the inner policy."""
        self.inner.may_publish(member, source)

    def may_say(self, caller: Caller, room: str, member: Member | None) -> None:
        """Ask the inner policy."""
        self.inner.may_say(caller, room, member)

    def may_call(self, caller: Caller, callee: Address, *, account: bool = False) -> None:
        """Ask the inner policy."""
        self.inner.may_call(caller, callee, account=account)

    def may_send(self, caller: Caller, to: Address, *, account: bool = False) -> None:
        """Ask the inner policy."""
        self.inner.may_send(caller, to, account=account)

    def may_moderate(self, actor: Member, other: Member) -> None:
        """Ask the inner policy."""
        self.inner.may_moderate(actor, other)

    def may_administer(self, caller: Caller, settings: RoomSettings) -> None:
        """Ask the inner policy."""
        self.inner.may_administer(caller, settings)


def _covers(caller: Caller, room: str) -> bool:
    return caller.grants.rooms is None or room in caller.grants.rooms
