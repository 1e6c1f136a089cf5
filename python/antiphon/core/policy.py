"""What may be done: one small class of questions, each answered by raising `Refused` or not. Plug-
ins replace or wrap it.
"""

import secrets

from .address import Address
from .member import Role, Source
from .ports import Caller, RoomSettings
from .reason import Reason, Refused
from .room_member import Member
from .standing import Affiliation


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
        affiliation = affiliation_of(caller, settings)
        if affiliation is Affiliation.OUTCAST:
            raise Refused(Reason.BANNED, "You are banned from this room.")
        if settings.locked and affiliation is not Affiliation.OWNER:
            raise Refused(Reason.NOT_FOUND, "This room is being set up.")
        if settings.members_only and not affiliation.covers(Affiliation.MEMBER):
            raise Refused(Reason.MEMBERS_ONLY, "This room is for its members only.")
        # Those who run the room come in even if it is full, as far as the node has place.
        most = None if affiliation.covers(Affiliation.ADMIN) else settings.max_members
        if present >= min(most or self.max_members, self.max_members):
            raise Refused(Reason.TOO_MANY, "The room is full.")

    def may_pass(self, caller: Caller, settings: RoomSettings, password: str | None) -> None:
        """Enter a room that has a password, or see what is in it, having given this one."""
        if not settings.password or affiliation_of(caller, settings).covers(Affiliation.MEMBER):
            return
        given = (password or "").encode()
        if not secrets.compare_digest(given, settings.password.encode()):
            raise Refused(Reason.PASSWORD, "This room has a password, and this is not it.")

    def role(self, caller: Caller, settings: RoomSettings, opens: bool) -> Role:
        """The role in which somebody enters. `opens`: nobody else is there yet.

        Whoever opens an ad-hoc room moderates it.
        """
        affiliation = affiliation_of(caller, settings)
        opens = opens and settings.owner is None
        if caller.grants.moderate or opens or affiliation.covers(Affiliation.ADMIN):
            return Role.MODERATOR
        newcomer = not affiliation.covers(Affiliation.MEMBER)
        if not caller.grants.publish or settings.audience or (settings.moderated and newcomer):
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

    def may_say(self, caller: Caller, settings: RoomSettings, member: Member | None) -> None:
        """Send a chat message to a room; `member` is what the caller is in it, if anything."""
        steers = caller.grants.admin or caller.grants.moderate
        if not (caller.grants.admin or _covers(caller, settings.name)):
            raise Refused(Reason.FORBIDDEN, "Your invitation is for another room.")
        if member is None and not (steers and _covers(caller, settings.name)):
            raise Refused(Reason.FORBIDDEN, "You are not in this room.")
        if member is not None and settings.moderated and member.info.role is Role.LISTENER:
            raise Refused(Reason.FORBIDDEN, "Listeners do not write in this room.")

    def may_whisper(self, settings: RoomSettings, member: Member) -> None:
        """Write to another member alone."""
        if not member.info.role.covers(settings.may_whisper):
            raise Refused(Reason.FORBIDDEN, "You may not write to members of this room alone.")

    def may_set_subject(self, settings: RoomSettings, member: Member) -> None:
        """Say what the room is about."""
        if not member.info.role.covers(settings.may_set_subject):
            raise Refused(Reason.FORBIDDEN, "You may not change the subject of this room.")

    def may_invite(self, caller: Caller, settings: RoomSettings, member: Member | None) -> None:
        """Invite somebody into the room, who becomes its member where it is for members only;
        `member` is what the caller is in it, if anything.
        """
        runs = affiliation_of(caller, settings).covers(Affiliation.ADMIN)
        allowed = member is not None and member.info.role.covers(settings.may_invite)
        if not (runs or allowed):
            raise Refused(Reason.FORBIDDEN, "You may not invite others into this room.")

    def may_call(self, caller: Caller, callee: Address, *, account: bool = False) -> None:
        """Ring somebody. `account`: the callee is known to have an account on this node.

        Whatever else rings may be a telephone number that costs money: never for guests, nor for
        those who were given a token for certain rooms only.
        """
        self._may_reach(caller, callee, account)

    def may_send(self, caller: Caller, to: Address, *, account: bool = False) -> None:
        """Send somebody a direct message; see `may_call`."""
        self._may_reach(caller, to, account)

    def may_watch(self, caller: Caller, account: Address, *, sees: bool) -> None:
        """Learn when an account is there. `sees`: it is the caller's own, or lets them."""
        if not sees:
            raise Refused(Reason.FORBIDDEN, "They do not let you see whether they are there.")

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
        own = actor.info.affiliation
        if not (own.covers(other.info.affiliation) or actor.caller.grants.admin):
            raise Refused(Reason.FORBIDDEN, "They are above you in this room.")

    def may_administer(self, caller: Caller, settings: RoomSettings) -> None:
        """Change or remove a stored room, or close a running one."""
        if affiliation_of(caller, settings) is not Affiliation.OWNER:
            raise Refused(
                Reason.FORBIDDEN,
                "Only the room's owner or an administrator may do this.",
            )

    def may_affiliate(
        self, caller: Caller, settings: RoomSettings, account: Address, affiliation: Affiliation
    ) -> None:
        """Make an account that to the room."""
        own, before = affiliation_of(caller, settings), settings.affiliation(account)
        highest = max(before.rank, affiliation.rank)
        if not own.covers(Affiliation.ADMIN):
            raise Refused(Reason.FORBIDDEN, "Only owners and admins of the room may do this.")
        if own is Affiliation.ADMIN and highest >= Affiliation.ADMIN.rank:
            raise Refused(Reason.FORBIDDEN, "Only owners of the room may do this.")

    def may_list(
        self, caller: Caller, settings: RoomSettings, affiliation: Affiliation, inside: bool
    ) -> None:
        """See which accounts are that to the room. `inside`: the caller is in it."""
        if affiliation_of(caller, settings).covers(Affiliation.ADMIN):
            return
        # A room for members only is no secret to those in it.
        shown = settings.members_only and settings.addresses_for is Role.LISTENER
        if not (inside and shown and affiliation is Affiliation.MEMBER):
            raise Refused(Reason.FORBIDDEN, "Only owners and admins of the room may see this.")


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

    def may_pass(self, caller: Caller, settings: RoomSettings, password: str | None) -> None:
        """Ask the inner policy."""
        self.inner.may_pass(caller, settings, password)

    def may_say(self, caller: Caller, settings: RoomSettings, member: Member | None) -> None:
        """Ask the inner policy."""
        self.inner.may_say(caller, settings, member)

    def may_whisper(self, settings: RoomSettings, member: Member) -> None:
        """Ask the inner policy."""
        self.inner.may_whisper(settings, member)

    def may_set_subject(self, settings: RoomSettings, member: Member) -> None:
        """Ask the inner policy."""
        self.inner.may_set_subject(settings, member)

    def may_invite(self, caller: Caller, settings: RoomSettings, member: Member | None) -> None:
        """Ask the inner policy."""
        self.inner.may_invite(caller, settings, member)

    def may_call(self, caller: Caller, callee: Address, *, account: bool = False) -> None:
        """Ask the inner policy."""
        self.inner.may_call(caller, callee, account=account)

    def may_send(self, caller: Caller, to: Address, *, account: bool = False) -> None:
        """Ask the inner policy."""
        self.inner.may_send(caller, to, account=account)

    def may_watch(self, caller: Caller, account: Address, *, sees: bool) -> None:
        """Ask the inner policy."""
        self.inner.may_watch(caller, account, sees=sees)

    def may_moderate(self, actor: Member, other: Member) -> None:
        """Ask the inner policy."""
        self.inner.may_moderate(actor, other)

    def may_administer(self, caller: Caller, settings: RoomSettings) -> None:
        """Ask the inner policy."""
        self.inner.may_administer(caller, settings)

    def may_affiliate(
        self, caller: Caller, settings: RoomSettings, account: Address, affiliation: Affiliation
    ) -> None:
        """Ask the inner policy."""
        self.inner.may_affiliate(caller, settings, account, affiliation)

    def may_list(
        self, caller: Caller, settings: RoomSettings, affiliation: Affiliation, inside: bool
    ) -> None:
        """Ask the inner policy."""
        self.inner.may_list(caller, settings, affiliation, inside)


def affiliation_of(caller: Caller, settings: RoomSettings) -> Affiliation:
    """What somebody may do with a room: administrators of the node, what its owners may; whoever
    has a token for other rooms only, nothing more than anybody.
    """
    if caller.grants.admin:
        return Affiliation.OWNER
    own = settings.affiliation(caller.address)
    is_here = own is Affiliation.OUTCAST or _covers(caller, settings.name)
    return own if is_here else Affiliation.NONE


def _covers(caller: Caller, room: str) -> bool:
    return caller.grants.rooms is None or room in caller.grants.rooms
