"""Signs that people give each other beside messages: that they write, and how far they are with
what was written. Signs are not kept; how far somebody is, is.
"""

from .address import Address
from .event import Event, Marked, Typed
from .message import Mark, Original
from .ports import Caller
from .post import Post
from .rate import Buckets
from .reason import Reason, Refused
from .room import Room
from .room_post import Talking


class Signs:
    """See the module."""

    def __init__(self, post: Post, rooms: Talking) -> None:
        self._post = post
        self._rooms = rooms
        # As many marks as messages: each may be a look into an archive.
        self._marks = Buckets()

    def typing(
        self,
        caller: Caller,
        to: Address,
        active: bool,
        original: Original | None,
        name: str | None,
    ) -> None:
        """See `Switchboard.typing`."""
        if to.is_room:
            room, shown = self._inside(caller, to)
            room.relay(Typed(room.name, caller.address, to.bare, name or shown, active, original))
            return
        post, account = self._post, to.bare
        known = post.known(account)
        if known is None or post.blocked(caller, account, known):
            # A sign is not worth a look-up: the message that follows makes all known.
            return
        post.policy.may_send(caller, to, account=known)
        event = Typed("", caller.address, account, name or caller.name, active, original)
        for device in post.delivery.present(account):
            if device.listens:
                post.delivery.hand([device], event)

    async def mark(
        self, caller: Caller, to: Address, mark: Mark, reference: str, original: Original | None
    ) -> None:
        """See `Switchboard.mark`."""
        own, peer = caller.address.bare, to.bare
        self._post.charge(own, self._marks)
        room = self._inside(caller, to)[0] if to.is_room else None
        if room is None:
            caller.must_be_whole()
        if room is not None:
            message = await self._post.messages.find(peer, reference)
        else:
            message = await self._post.messages.find(own, reference, peer, peer=peer)
        if message is None:
            raise Refused(Reason.NOT_FOUND, "There is no such message.")
        # A guest comes once: nobody would ever ask again how far it was.
        if not own.is_guest and not await self._post.messages.mark(own, peer, mark, message.id):
            return
        name = "" if room is None else room.name
        event = Marked(name, caller.address, peer, mark, message.id, message.origin_id, original)
        if room is not None:
            room.relay(event)
        else:
            self._tell_both(caller, peer, event)

    def _tell_both(self, caller: Caller, peer: Address, event: Event) -> None:
        post = self._post
        post.delivery.tell(caller.address, event)
        known = post.known(peer)
        try:
            # Whom somebody blocks does not learn what they read.
            if known is not False and not post.blocked(caller, peer, True):
                post.delivery.tell(peer, event)
        except Refused:
            return

    def _inside(self, caller: Caller, to: Address) -> tuple[Room, str]:
        """The room, and how the caller is shown in it. Raises `Refused`."""
        room = self._rooms.find(to.local)
        if room is None:
            raise Refused(Reason.NOT_FOUND, "There is no such room now.")
        member = room.member_of(caller.address)
        self._post.policy.may_say(caller, room.settings, member)
        return room, caller.name if member is None else member.info.name
