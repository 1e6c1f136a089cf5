"""Messages of rooms: who may write there, what a moderator may take back, and when the members hear
of it: after it is stored.
"""

from typing import Protocol

from .address import Address
from .member import Role
from .message import Draft, Message, MessageKind
from .people import Letter
from .ports import Caller, RoomSettings
from .post import Heard, Post
from .reason import Reason, Refused
from .room import Room
from .room_member import Member


class Talking(Protocol):
    """The rooms of this node, as far as messages need them."""

    def find(self, room: str) -> Room | None:
        """The living room of that name."""

    async def settings(self, room: str) -> RoomSettings:
        """Of a living or a stored room. Raises `Refused(NOT_FOUND)`."""


class RoomPost:
    """See the module."""

    def __init__(self, post: Post, rooms: Talking) -> None:
        self.post = post
        self.rooms = rooms

    def submit(self, caller: Caller, room: Address, draft: Draft, heard: Heard) -> None:
        """See `Switchboard.submit_to_room`."""
        self.post.lanes.take(caller.address, _Saying(self, caller, room, draft, heard))


class _Saying:
    """One message for a room on its way (`lanes.Job`)."""

    __slots__ = (
        "_caller",
        "_charged",
        "_draft",
        "_heard",
        "_post",
        "_resolved",
        "_room",
        "_settings",
    )

    def __init__(
        self, post: RoomPost, caller: Caller, room: Address, draft: Draft, heard: Heard
    ) -> None:
        self._post = post
        self._caller = caller
        self._room = room
        self._draft = draft
        self._heard = heard
        self._resolved = draft.kind is MessageKind.TEXT
        self._settings: RoomSettings | None = None
        self._charged = False

    # lanes.Job

    def attempt(self) -> bool:
        """Say it, if all is known."""
        post = self._post.post
        if not self._charged:
            # Before anything is looked up for it: also what is refused then has its price.
            post.charge(self._caller.address.bare)
            self._charged = True
        living = self._post.rooms.find(self._room.local)
        settings = living.settings if living is not None else self._settings
        if settings is None or not self._resolved:
            return False
        member = self._member(living)
        post.policy.may_say(self._caller, settings, member)
        name = member.info.name if member is not None else self._caller.name
        draft = self._draft
        if draft.stored and settings.archived:
            self._send(name, draft)
        elif living is None:
            raise Refused(Reason.UNAVAILABLE, "Nobody is in this room.")
        else:
            message = post.unstored(self._caller, self._room, name, draft)
            living.say(message)
            self._heard(message)
        return True

    async def fetch(self) -> None:
        """Bring into memory what `attempt` lacks."""
        self._settings = settings = await self._post.rooms.settings(self._room.local)
        if self._resolved:
            return
        member = self._member(self._post.rooms.find(self._room.local))
        self._post.post.policy.may_say(self._caller, settings, member)
        own = self._caller.address.bare
        draft, about = await self._post.post.resolve(self._draft, self._room, own, None)
        if about is not None and about.sender.bare != own:
            self._may_change(draft.kind, member)
        self._draft, self._resolved = draft, True

    def refused(self, refused: Refused) -> None:
        """It cannot be said."""
        self._heard(refused)

    # within

    def _member(self, living: Room | None) -> Member | None:
        return None if living is None else living.member_of(self._caller.address)

    def _may_change(self, kind: MessageKind, member: Member | None) -> None:
        """Another's message: anybody may react to it, moderators may take it back."""
        grants = self._caller.grants
        moderates = grants.admin or grants.moderate
        moderates |= member is not None and member.info.role is Role.MODERATOR
        allowed = (
            (MessageKind.REACTION, MessageKind.RETRACTION) if moderates else (MessageKind.REACTION,)
        )
        if kind not in allowed:
            raise Refused(Reason.FORBIDDEN, "This is somebody else's message.")

    def _send(self, name: str, draft: Draft) -> None:
        self._post.post.messages.post(
            Letter(
                to=self._room,
                sender=self._caller.address,
                name=name,
                draft=draft,
                archives=(self._room,),
                done=self._stored,
                failed=self._heard,
            )
        )

    def _stored(self, message: Message, new: bool) -> None:
        # The room may have ended, or begun, while the message was written.
        if new and (living := self._post.rooms.find(self._room.local)) is not None:
            living.say(message)
        self._heard(message)
