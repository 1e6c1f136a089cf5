"""The switchboard's verbs of people: direct messages and those of rooms, signs, presence and news;
what they do is the post's and its neighbours'.
"""

import asyncio
from collections.abc import Callable

from .address import Address, Addresses
from .call_verbs import CallVerbs
from .event import Event
from .exchange import Exchange
from .message import Draft, Mark, Message, Original, drafted
from .outlet import Outlet
from .ports import Caller, Device
from .post import Heard, Post
from .reason import Reason, Refused
from .room_post import RoomPost, Talking
from .signs import Signs
from .watching import Watching


class PeopleVerbs(CallVerbs):
    """What adapters do with people: submit, send, say, typing, mark, tell, watch_presence, came."""

    def __init__(
        self,
        *,
        addresses: Addresses,
        exchange: Exchange,
        post: Post,
        rooms: Talking,
        watching: Watching | None,
    ) -> None:
        super().__init__(addresses, exchange)
        self._post = post
        self._talk = RoomPost(post, rooms)
        self._signs = Signs(post, rooms)
        self._watching = watching

    @property
    def message_failures(self) -> int:
        """How often a message, or news of people, was not passed on by an error of ours."""
        return self._post.delivery.failures + self._post.lanes.failures

    def submit(
        self,
        caller: Caller,
        to: Address,
        draft: Draft,
        *,
        outlet: Outlet | None = None,
        heard: Heard,
    ) -> None:
        """Send a direct message to all devices of somebody but the sender's own (`outlet`). Never
        blocks nor raises; those of one sender are taken in their order.

        `heard` is told the message after it is stored, or why it was refused: NOT_FOUND,
        UNAVAILABLE if nobody took it and nothing keeps it, FORBIDDEN, CONFLICT for whom the sender
        blocks, TOO_MANY, and those of the archive.
        """
        self._post.submit(caller, to, draft, outlet, heard)

    async def send(
        self,
        caller: Caller,
        to: Address | str,
        draft: Draft | str,
        *,
        outlet: Outlet | None = None,
    ) -> Message:
        """The same for those who wait: the message. Raises `Refused`."""
        address = self.addresses.callee(to) if isinstance(to, str) else to
        answer = _Answer()
        self._post.submit(caller, address, drafted(draft), outlet, answer.heard)
        return await answer.message

    def submit_to_room(self, caller: Caller, room: str, draft: Draft, heard: Heard) -> None:
        """Store a message of somebody in the room and pass it on; `heard` as by `submit`."""
        try:
            address = self.addresses.room(room)
        except Refused as refused:
            heard(refused)
            return
        self._talk.submit(caller, address, draft, heard)

    async def say(self, caller: Caller, room: str, draft: Draft | str) -> Message:
        """The same for those who wait: the message. Raises `Refused`."""
        answer = _Answer()
        self.submit_to_room(caller, room, drafted(draft), answer.heard)
        return await answer.message

    def typing(
        self,
        caller: Caller,
        to: Address,
        active: bool,
        original: Original | None = None,
        name: str | None = None,
    ) -> None:
        """`caller` (shown as `name`) began or ceased to write to an account, or in a room that they
        are in. Raises `Refused`.
        """
        self._signs.typing(caller, to, active, original, name)

    async def mark(
        self,
        caller: Caller,
        to: Address,
        mark: Mark,
        reference: str,
        original: Original | None = None,
    ) -> None:
        """`caller` is that far with the messages of `to` (an account, or a room that they are in):
        up to the one of the id `reference`, ours or its sender's. Raises `Refused`.
        """
        await self._signs.mark(caller, to, mark, reference, original)

    def tell(self, account: Address, event: Event) -> None:
        """Tell every device of an account, listening or not."""
        self._post.delivery.tell(account, event)

    def listens(self, account: Address) -> bool:
        """Whether a device of an account would take a message now."""
        return self._post.delivery.listens(account.bare)

    def came(self, device: Device) -> None:
        """A device listens from now on: it is told what waits for its account."""
        self._post.delivery.came(device)

    def watch_presence(
        self,
        caller: Caller,
        account: Address,
        tell: Callable[[Event], None],
        *,
        patient: bool = False,
    ) -> Callable[[], None]:
        """Tell each `PresenceChanged` of an account, as long as the caller may see it; the result
        ends that. The caller's contacts must have been asked for before. Raises `Refused`.

        `patient`: whoever may not see it is not refused, but told nothing until they may.
        """
        if self._watching is None:
            raise Refused(Reason.UNSUPPORTED, "Nobody knows here who is there.")
        return self._watching.watch(caller, account, tell, patient)

    def may_see(self, caller: Caller, account: Address) -> bool:
        """Whether the caller may see an account's presence now, as far as that is in memory."""
        return self._watching is not None and self._watching.may(caller, account)

    def sight_changed(self, watcher: Address, account: Address) -> None:
        """What `watcher` may see of `account` may be otherwise now: those who watch are told."""
        if self._watching is not None:
            self._watching.changed(watcher, account)


class _Answer:
    """Somebody who waits for what becomes of a message."""

    __slots__ = ("message",)

    def __init__(self) -> None:
        self.message: asyncio.Future[Message] = asyncio.get_running_loop().create_future()

    def heard(self, outcome: Message | Refused) -> None:
        if self.message.done():
            return
        if isinstance(outcome, Refused):
            self.message.set_exception(outcome)
        else:
            self.message.set_result(outcome)
