"""The switchboard's verbs of what rooms are, whether somebody is in them or not: their settings,
subject, affiliations, invitations and end.

It asks the policy, stores what must last, and then tells the room. Who comes and goes is the
switchboard's.
"""

import logging
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from .address import Address, Addresses
from .affiliations import affiliated, consequences, without
from .call import is_call_room
from .doors import Doors
from .event import RoomDeclined, RoomInvited
from .exchange import Exchange
from .message import Draft, Message
from .people import Messages
from .people_verbs import PeopleVerbs
from .policy import Policy
from .ports import Caller, Rooms, RoomSettings, Subject
from .post import Post
from .reason import Reason, Refused
from .room import Room
from .room_member import Member
from .standing import Affiliation, Role, Standing
from .watching import Watching

log = logging.getLogger(__name__)

MAX_SUBJECT = 4096  # bytes
_NONE = Affiliation.NONE
MAX_REASON = 1024  # bytes


class RoomVerbs(PeopleVerbs):
    """What adapters do with rooms as such: set, remove, affiliate, set_subject, whisper, …"""

    def __init__(
        self,
        *,
        addresses: Addresses,
        exchange: Exchange,
        post: Post,
        watching: Watching | None,
        policy: Policy,
        rooms: Rooms,
        messages: Messages,
        max_owned: int,
        now: Callable[[], float],
    ) -> None:
        super().__init__(
            addresses=addresses, exchange=exchange, post=post, rooms=self, watching=watching
        )
        self.policy = policy
        self._stored = rooms
        self._messages = messages
        self._max_owned = max_owned
        self._now = now
        self._rooms: dict[str, Room] = {}
        self._doors = Doors()

    # looking

    @property
    def rooms(self) -> Iterable[Room]:
        """The rooms that live on this node now."""
        return self._rooms.values()

    def find(self, room: str) -> Room | None:
        """The living room of that (canonical) name."""
        return self._rooms.get(room)

    async def settings(self, room: str) -> RoomSettings:
        """Of a living or a stored room, with its affiliations. Raises `Refused(NOT_FOUND)`."""
        return await self._settings(self.addresses.room(room).local)

    async def set(self, caller: Caller, settings: RoomSettings) -> RoomSettings:
        """Store a room, or change one that is stored or lives. Whoever must not be inside any more
        has to go. Raises `Refused`.

        Its owner, its subject and its affiliations stay: other verbs change them.
        """
        name = self.addresses.room(settings.name).local
        async with self._doors.through(name):
            before = await self._known(name)
            after, leaving = await self._set(caller, name, before, settings)
        await self._send_away(name, leaving)
        return after

    async def change(
        self, caller: Caller, room: str, change: Callable[[RoomSettings], RoomSettings]
    ) -> RoomSettings:
        """Change some settings of a room that is stored or lives, as `set`; nobody else changes it
        between. Raises `Refused`.
        """
        name = self.addresses.room(room).local
        async with self._doors.through(name):
            before = await self._settings(name)
            after, leaving = await self._set(caller, name, before, change(before))
        await self._send_away(name, leaving)
        return after

    async def remove(
        self, caller: Caller, room: str, text: str = "", alternative: str = ""
    ) -> None:
        """End a room for good, with its messages; those inside are told why, and where to meet
        instead. Raises `Refused`.
        """
        address = self.addresses.room(room)
        async with self._doors.through(address.local):
            settings = await self._settings(address.local)
            self.policy.may_administer(caller, settings)
            await self._stored.remove(address.local)
            if (living := self._rooms.get(address.local)) is not None:
                self._shut(
                    living, Reason.CLOSED, short(text) or "The room was closed.", alternative
                )
            await self._messages.forget(address)

    # going

    async def leave(
        self, room: str, member: str, reason: Reason = Reason.LEFT, text: str = ""
    ) -> None:
        """Go out of a room. An ad-hoc room ends with its last member."""
        if (found := self._rooms.get(room)) is None or member not in found.members:
            return
        self._dismiss(found, member, reason, text)
        await self._close_if_empty(found)

    # affiliations

    async def affiliations(
        self, caller: Caller, room: str, affiliation: Affiliation
    ) -> Mapping[Address, Standing]:
        """The accounts that are this to a room. Raises `Refused`."""
        settings = await self.settings(room)
        living = self._rooms.get(settings.name)
        inside = living is not None and living.member_of(caller.address) is not None
        self.policy.may_list(caller, settings, affiliation, inside)
        found = {
            account: standing
            for account, standing in settings.affiliations.items()
            if settings.affiliation(account) is affiliation
        }
        if affiliation is Affiliation.OWNER and settings.owner is not None:
            found.setdefault(settings.owner, Standing(affiliation=Affiliation.OWNER))
        return found

    async def affiliate(
        self,
        caller: Caller,
        room: str,
        account: Address,
        affiliation: Affiliation,
        reason: str = "",
    ) -> None:
        """Make an account that to a room; what follows for those inside happens at once. Raises
        `Refused`.
        """
        account = account.bare

        def change(settings: RoomSettings) -> RoomSettings:
            self.policy.may_affiliate(caller, settings, account, affiliation)
            before = settings.standing(account)
            nick = before.nick if before and affiliation.covers(Affiliation.MEMBER) else ""
            standing = Standing(affiliation=affiliation, reason=short(reason), nick=nick)
            return affiliated(settings, account, standing)

        await self._affiliate(room, account, change)

    async def register(self, caller: Caller, room: str, nick: str) -> None:
        """Keep a name for the caller, who becomes a member of a room that is open to everybody; an
        empty one gives it back, and ends what came with it. Raises `Refused`.
        """
        account = caller.address.bare
        nick = self.addresses.nickname(nick) if nick else ""
        if caller.address.is_guest:
            raise Refused(Reason.FORBIDDEN, "Names are kept for accounts only.")

        def change(settings: RoomSettings) -> RoomSettings:
            own = settings.affiliation(account)
            if nick and own is Affiliation.NONE:
                self.policy.may_join(caller, settings, 0)
                if settings.moderated or settings.password:
                    raise Refused(Reason.FORBIDDEN, "An admin of the room makes its members.")
                own = Affiliation.MEMBER
            elif not nick and own is Affiliation.MEMBER:
                own = Affiliation.NONE
            elif own is Affiliation.OUTCAST:
                raise Refused(Reason.BANNED, "You are banned from this room.")
            return affiliated(settings, account, Standing(affiliation=own, nick=nick))

        await self._affiliate(room, account, change)

    async def erase(self, account: Address) -> None:
        """An account is no more: whoever gets its name is nothing to the rooms that live, either.
        What is stored of it is the store's matter.
        """
        account = account.bare
        for name in [room.name for room in self._rooms.values()]:
            async with self._doors.through(name):
                living = self._rooms.get(name)
                if living is not None and living.settings.affiliation(account) is not _NONE:
                    self._apply(without(living.settings, account))

    # words

    async def set_subject(self, caller: Caller, room: str, text: str) -> None:
        """Say what a room is about, as one of its members, or as its owner from outside. Raises
        `Refused`.
        """
        if len(text.encode()) > MAX_SUBJECT:
            raise Refused(Reason.TOO_LARGE, f"A subject has at most {MAX_SUBJECT} bytes.")
        name = self.addresses.room(room).local
        async with self._doors.through(name):
            settings = await self._settings(name)
            member = self._member(name, caller)
            if member is None:
                self.policy.may_administer(caller, settings)
            else:
                self.policy.may_set_subject(settings, member)
            shown = caller.name if member is None else member.info.name
            by = caller.address.bare
            subject = Subject(text=text, by=by, name=shown, at=self._now())
            after = replace(settings, subject=subject)
            await self._keep(settings, after)
            self._apply(after)

    def whisper(self, room: str, member: str, other: str, draft: Draft) -> Message:
        """Write to one member of a room alone, as another; it is not kept. Raises `Refused`."""
        found = self._room(room)
        sender, addressee = found.member(member), found.member(other)
        self.policy.may_whisper(found.settings, sender)
        self._post.charge(sender.caller.address.bare)
        message = Message(
            id=f"w_{secrets.token_urlsafe(12)}",
            to=addressee.info.address,
            sender=sender.info.address,
            name=sender.info.name,
            sent_at=self._now(),
            draft=draft,
        )
        found.whisper(member, other, message)
        return message

    # invitations

    async def invite_into(
        self, caller: Caller, room: str, account: Address, text: str = ""
    ) -> None:
        """Ask somebody into a room that one is in, or runs; the devices of `account` are told. Into
        a room for members only they come as members. Raises `Refused`.
        """
        account = account.bare
        name = self.addresses.room(room).local
        self._post.charge(caller.address.bare)
        await self._post.fetch(account)
        self._post.blocked(caller, account, True)

        def change(settings: RoomSettings) -> RoomSettings:
            self.policy.may_invite(caller, settings, self._member(settings.name, caller))
            own = settings.affiliation(account)
            if own is Affiliation.OUTCAST:
                raise Refused(Reason.FORBIDDEN, "They are banned from this room.")
            if not settings.members_only or own.covers(Affiliation.MEMBER):
                return settings
            standing = Standing(affiliation=Affiliation.MEMBER, reason=short(text))
            return affiliated(settings, account, standing)

        await self._affiliate(name, account, change)
        member = self._member(name, caller)
        shown = caller.name if member is None else member.info.name
        if (living := self._rooms.get(name)) is not None:
            living.invite(account, caller.address.bare)
        self.tell(account, RoomInvited(name, caller.address.bare, shown, short(text)))

    async def decline_room(
        self, caller: Caller, room: str, account: Address, text: str = ""
    ) -> None:
        """Tell `account`, who invited the caller into a room, that they will not come. Raises
        `Refused`.
        """
        name, account = self.addresses.room(room).local, account.bare
        if not self._room(name).declined(caller.address.bare, account):
            raise Refused(Reason.FORBIDDEN, "They have not invited you.")
        self.tell(account, RoomDeclined(name, caller.address.bare, short(text)))

    # within

    def _room(self, name: str) -> Room:
        if (room := self._rooms.get(name)) is None:
            raise Refused(Reason.NOT_FOUND, "There is no such room now.")
        return room

    async def _known(self, name: str) -> RoomSettings | None:
        living = self._rooms.get(name)
        return living.settings if living is not None else await self._stored.find(name)

    async def _settings(self, name: str) -> RoomSettings:
        if (settings := await self._known(name)) is None:
            raise Refused(Reason.NOT_FOUND, "There is no such room.")
        return settings

    def _member(self, room: str, caller: Caller) -> Member | None:
        living = self._rooms.get(room)
        return None if living is None else living.member_of(caller.address)

    async def _keep(self, before: RoomSettings, after: RoomSettings) -> None:
        """Bring the store to what holds now."""
        fresh = after.lasting and not before.lasting
        if fresh and await self._owned(after.owner) >= self._max_owned:
            raise Refused(Reason.TOO_MANY, f"You have {self._max_owned} rooms already.")
        if after.lasting:
            await self._stored.save(after)
        elif before.lasting:
            await self._stored.remove(after.name)
            if after.name not in self._rooms:
                await self._messages.forget(self.addresses.room(after.name))

    async def _owned(self, account: Address | None) -> int:
        return 0 if account is None else await self._stored.owned(account)

    async def _set(
        self, caller: Caller, name: str, before: RoomSettings | None, settings: RoomSettings
    ) -> tuple[RoomSettings, Mapping[str, Reason]]:
        """Within the room's door: what it is now, and who must go."""
        if is_call_room(name):
            raise Refused(Reason.FORBIDDEN, "The room of a call cannot be kept.")
        if before is None or not (before.lasting or before.owner):
            self.policy.may_create(caller, name)
            self._must_be_theirs(caller, name)
            before = before or RoomSettings(name=name, lasting=False, created_at=self._now())
            before = replace(before, owner=caller.address.bare)
        else:
            self.policy.may_administer(caller, before)
        after = replace(
            settings,
            name=name,
            owner=before.owner,
            created_at=before.created_at,
            subject=before.subject,
            affiliations=before.affiliations,
        )
        await self._keep(before, after)
        return after, self._apply(after)

    def _must_be_theirs(self, caller: Caller, room: str) -> None:
        """A room without an owner that somebody is in belongs to those who moderate it."""
        living = self._rooms.get(room)
        people = () if living is None else living.members.values()
        if living is None or caller.grants.admin or all(one.info.stream for one in people):
            return
        member = living.member_of(caller.address)
        if member is None or member.info.role is not Role.MODERATOR:
            raise Refused(Reason.FORBIDDEN, "Somebody is in this room who moderates it.")

    async def _send_away(self, name: str, leaving: Mapping[str, Reason]) -> None:
        for member, reason in leaving.items():
            await self.leave(name, member, reason, "You are no member of this room.")

    def _apply(self, after: RoomSettings) -> Mapping[str, Reason]:
        """Tell the living room; those who must leave it are still there."""
        living = self._rooms.get(after.name)
        if living is None:
            return {}
        with room_at_stake(living):
            follows = consequences(living, after, self.policy)
            living.configure(after, follows.roles)
        return follows.leaving

    async def _affiliate(
        self, room: str, account: Address, change: Callable[[RoomSettings], RoomSettings]
    ) -> None:
        name = self.addresses.room(room).local
        async with self._doors.through(name):
            before = await self._settings(name)
            after = change(before)
            if after is before:
                return
            if before.lasting:
                await self._stored.affiliate(name, account, after.standing(account))
            if before.lasting and after.owner != before.owner:
                await self._stored.save(after)
            living = self._rooms.get(name)
            leaving = {} if living is None else consequences(living, after, self.policy).leaving
            for member, reason in leaving.items():
                # Before the others hear of it: they see somebody go, not somebody changed first.
                if living is not None:
                    self._dismiss(living, member, reason, _why(after, account))
            self._apply(after)
        if living is not None and leaving:
            await self._close_if_empty(living)

    def _dismiss(self, room: Room, member: str, reason: Reason, text: str) -> None:
        with room_at_stake(room):
            room.leave(member, reason, text)
        log.info("member left: %s", reason, extra={"room": room.name, "member": member})
        self._exchange.left(room.name)

    async def _close_if_empty(self, room: Room) -> None:
        if room.members or self._rooms.get(room.name) is not room:
            return
        async with self._doors.through(room.name):
            # Somebody may have come in while we waited at the door.
            if room.members or self._rooms.get(room.name) is not room:
                return
            self._shut(room, Reason.CLOSED, "")
            if await self._stored.find(room.name) is None:
                # The next ones to use this name must not read what was said here.
                await self._messages.forget(room.address)

    def _shut(self, room: Room, reason: Reason, text: str, alternative: str = "") -> None:
        self._rooms.pop(room.name, None)
        room.close(reason, text, alternative)
        log.info("room closed", extra={"room": room.name})


def _why(settings: RoomSettings, account: Address) -> str:
    standing = settings.standing(account)
    return (standing and standing.reason) or "You may not be in this room any more."


def short(text: str) -> str:
    """A reason in words, of a length that others can be bothered with."""
    return text.encode()[:MAX_REASON].decode(errors="ignore")


@contextmanager
def room_at_stake(room: Room) -> Iterator[None]:
    """A broken invariant ends the room it broke in, and no other."""
    try:
        yield
    except Refused:
        raise
    except Exception:
        log.exception("the room broke and is closed", extra={"room": room.name})
        room.close(
            Reason.INTERNAL,
            "The room had to be closed because of an error of the server.",
        )
        raise Refused(Reason.INTERNAL, "The room broke. Please join again.") from None
