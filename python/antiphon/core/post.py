"""Messages of people to people: who may write to whom, which archives keep it, and who hears of it
after it is stored.

Nothing here waits for a message: all that is needed is in memory as a rule, and the archive calls
back. Rooms have `room_post`.
"""

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from .address import Address
from .delivery import Delivery
from .event import Event, MessageReceived, MessageWaits
from .exchange import Exchange
from .lanes import Lanes
from .message import Draft, Message, MessageKind
from .outlet import Outlet
from .people import Contacts, Keep, Keeping, Letter, Messages
from .policy import Policy
from .ports import Caller, Device, Directory
from .rate import Buckets
from .reason import Reason, Refused

Heard = Callable[[Message | Refused], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class PostLimits:
    """How much people may write."""

    rate: float = 50.0
    """Messages a second that an account may send, unless it has a limit of its own."""

    burst: int = 500
    """Messages that an account may send at once."""

    def __post_init__(self) -> None:
        if not 0 < self.rate <= 1_000_000:
            raise ValueError("rate must be above 0 and at most 1000000")
        if not 1 <= self.burst <= 1_000_000:
            raise ValueError("burst must be from 1 to 1000000")


class Post:
    """Direct messages. `contacts` and `directory` may be missing: then nobody blocks anybody, and
    nobody has an account. `watch` hears `MessageWaits`.
    """

    def __init__(
        self,
        *,
        exchange: Exchange,
        delivery: Delivery,
        policy: Policy,
        messages: Messages,
        contacts: Contacts | None = None,
        directory: Directory | None = None,
        limits: PostLimits | None = None,
        watch: Callable[[Event], None] | None = None,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.exchange = exchange
        self.delivery = delivery
        self.policy = policy
        self.messages = messages
        self.contacts = contacts
        self.directory = directory
        self.limits = limits or PostLimits()
        self.watch = watch
        self.lanes = Lanes()
        self.now = now
        self._clock = clock
        self._buckets = Buckets()

    def submit(
        self, caller: Caller, to: Address, draft: Draft, outlet: Outlet | None, heard: Heard
    ) -> None:
        """See `Switchboard.submit`."""
        self.lanes.take(caller.address, _Submission(self, caller, to, draft, outlet, heard))

    async def close(self) -> None:
        """Let what is on its way arrive."""
        await self.lanes.close()
        await self.delivery.close()

    # what submissions ask

    def charge(self, account: Address, buckets: Buckets | None = None) -> None:
        """One more message of an account (bare), or one more of something else that it may do as
        often, which has buckets of its own. Raises `Refused(TOO_MANY)`.
        """
        rate = self.directory.message_rate(account) if self.directory is not None else None
        if rate is None:
            rate, burst = self.limits.rate, float(self.limits.burst)
        else:
            burst = max(1.0, rate * 10)
        if not (buckets or self._buckets).take(account, self._clock(), rate, burst):
            raise Refused(Reason.TOO_MANY, "You are sending too many messages. Please slow down.")

    def known(self, account: Address) -> bool | None:
        """Whether there is such an account (bare); None: that must be fetched."""
        return False if self.directory is None else self.directory.known(account)

    def blocked(self, caller: Caller, to: Address, account: bool) -> bool:
        """Whether it is unknown who of them blocks whom. Raises `Refused` if one does."""
        if self.contacts is None:
            return False
        theirs = self.contacts.blocks(to, caller.address) if account else False
        if theirs:
            raise Refused(Reason.FORBIDDEN, "They take no messages from you.")
        guest = caller.address.is_guest
        own = False if guest else self.contacts.blocks(caller.address.bare, to)
        if own:
            raise Refused(Reason.CONFLICT, "You block them.")
        return theirs is None or own is None

    def keeps(self, account: Address, peer: Address) -> bool | None:
        """Whether an account's archive keeps what is exchanged with `peer`; None: unknown yet."""
        keeping = self.messages.known_keeping(account)
        if keeping is None:
            return None
        if keeping.default is Keep.ALWAYS and not keeping.never:
            return True  # nearly everybody's
        return self._chosen(keeping, account, peer)

    def _chosen(self, keeping: Keeping, account: Address, peer: Address) -> bool | None:
        if keeping.always or keeping.never:
            if peer in keeping.always:
                return True
            if peer in keeping.never:
                return False
        if keeping.default is not Keep.CONTACTS:
            return keeping.default is Keep.ALWAYS
        return False if self.contacts is None else self.contacts.lists(account, peer)

    async def fetch(self, account: Address) -> None:
        """Bring into memory what is asked of an account (bare)."""
        if self.contacts is not None and not account.is_guest:
            await self.contacts.blocked(account)
        if self.directory is None or not await self.directory.knows(account):
            return
        await self.messages.keeping(account)
        if self.contacts is not None:
            await self.contacts.of(account)

    async def resolve(
        self, draft: Draft, archive: Address, sender: Address, peer: Address | None
    ) -> tuple[Draft, Message | None]:
        """A draft that names the message that it changes by our id, and that message; `sender`
        (bare) may take back and correct their own only. Raises `Refused`.
        """
        if draft.kind is MessageKind.TEXT:
            return draft, None
        if not draft.about:
            raise Refused(Reason.BAD_REQUEST, "Which message is meant?")
        about = await self.messages.find(archive, draft.about, peer=peer)
        if about is not None and about.kind is MessageKind.CORRECTION and about.draft.about:
            about = await self.messages.find(archive, about.draft.about, peer=peer)
        if about is None:
            raise Refused(Reason.NOT_FOUND, "There is no such message.")
        if about.kind is not MessageKind.TEXT:
            raise Refused(Reason.BAD_REQUEST, "This is no message that can be changed.")
        return replace(draft, about=about.id), about

    def unstored(self, caller: Caller, to: Address, name: str, draft: Draft) -> Message:
        """A message that no archive keeps."""
        now = self.now()
        return Message(
            id=f"{int(now * 1000):012x}{secrets.token_hex(6)}",
            to=to,
            sender=caller.address,
            name=name,
            sent_at=now,
            draft=draft,
        )


class _Submission:
    """One direct message on its way (`lanes.Job`)."""

    __slots__ = (
        "_account",
        "_admitted",
        "_caller",
        "_devices",
        "_draft",
        "_heard",
        "_outlet",
        "_own",
        "_peer",
        "_post",
        "_resolved",
        "_to",
        "_waiting",
    )

    def __init__(
        self,
        post: Post,
        caller: Caller,
        to: Address,
        draft: Draft,
        outlet: Outlet | None,
        heard: Heard,
    ) -> None:
        self._post = post
        self._caller = caller
        self._to = to
        self._draft = draft
        self._outlet = outlet
        self._heard = heard
        self._own = caller.address.bare
        self._peer = to.bare
        self._account = False
        self._admitted = False
        self._resolved = draft.kind is MessageKind.TEXT
        self._waiting = False
        # Those of somebody who has no account here, as far as they were sought.
        self._devices: Sequence[Device] | None = None

    # lanes.Job

    def attempt(self) -> bool:
        """Send it, if all is known."""
        post, to, sender = self._post, self._peer, self._own
        account, own = post.known(to), post.known(sender)
        if account is None or own is None:
            return False
        self._admit(account)
        if post.blocked(self._caller, to, account) or not self._resolved:
            return False
        if not account and self._devices is None:
            return False
        archives: tuple[Address, ...] = ()
        if self._draft.stored:
            mine = post.keeps(sender, to) if own else False
            theirs = post.keeps(to, sender) if account else False
            if mine is None or theirs is None:
                return False
            self._waiting = account and not post.delivery.listens(self._to)
            if mine:
                archives = (sender,)
            # What nobody takes now must wait somewhere.
            if (theirs or self._waiting) and to not in archives:
                archives = (*archives, to)
        self._send(archives)
        return True

    async def fetch(self) -> None:
        """Bring into memory what `attempt` lacks."""
        post, to = self._post, self._peer
        await post.fetch(to)
        await post.fetch(self._own)
        if post.directory is None or not await post.directory.knows(to):
            self._admit(account=False)
            self._devices = await post.exchange.search(self._caller, self._to, self._outlet, False)
        if not self._resolved:
            await self._resolve()

    def refused(self, refused: Refused) -> None:
        """It cannot be sent."""
        self._heard(refused)

    # within

    def _admit(self, account: bool) -> None:
        if self._admitted:
            return
        post = self._post
        if self._to.is_room:
            raise Refused(Reason.BAD_REQUEST, "A room is written to by its members.")
        post.charge(self._own)
        post.policy.may_send(self._caller, self._to, account=account)
        post.exchange.must_take_calls()
        self._account, self._admitted = account, True

    async def _resolve(self) -> None:
        """What it changes stands in the sender's archive, or in the addressee's."""
        post, sender, to = self._post, self._own, self._peer
        mine = post.known(sender) and post.keeps(sender, to)
        archive, peer = (sender, to) if mine else (to, sender)
        draft, about = await post.resolve(self._draft, archive, sender, peer)
        is_theirs = about is not None and about.sender.bare != sender
        if is_theirs and draft.kind is not MessageKind.REACTION:
            raise Refused(Reason.FORBIDDEN, "This is somebody else's message.")
        self._draft, self._resolved = draft, True

    def _send(self, archives: tuple[Address, ...]) -> None:
        if archives:
            self._post.messages.post(
                Letter(
                    to=self._to,
                    sender=self._caller.address,
                    name=self._caller.name,
                    draft=self._draft,
                    archives=archives,
                    waiting=self._waiting,
                    done=self._stored,
                    failed=self._heard,
                )
            )
            return
        message = self._post.unstored(self._caller, self._to, self._caller.name, self._draft)
        if self._deliver(message):
            self._heard(message)
        else:
            self._heard(Refused(Reason.UNAVAILABLE, "Nobody can be reached there now."))

    def _stored(self, message: Message, new: bool) -> None:
        """It is committed: now others may hear of it."""
        if new:
            taken = self._deliver(message)
            # Somebody came, or went, while it was written.
            if self._account and taken is self._waiting:
                messages, account = self._post.messages, self._peer
                self._post.delivery.begin(
                    # This one only: earlier ones may be on their way to whoever came.
                    messages.taken(account, ids=[message.id])
                    if taken
                    else messages.wait(account, [message.id])
                )
            if self._account and not taken and self._post.watch is not None:
                self._post.watch(MessageWaits("", message))
        self._heard(message)

    def _deliver(self, message: Message) -> bool:
        delivery = self._post.delivery
        if self._devices is not None:
            taken = delivery.hand(self._devices, MessageReceived("", message))
        else:
            taken = delivery.receive(message, self._outlet)
        if self._draft.copied and self._own != self._peer:
            delivery.sent(message, self._outlet)
        return taken
