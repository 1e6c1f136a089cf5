"""What the core asks of the world: small interfaces, owned here, implemented by media, stores,
services and farm.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from .address import Address
from .call import CallInfo
from .event import Event
from .presence import PresenceState
from .profile import Avatar, Profile, Slot
from .reason import Reason, Refused
from .standing import Affiliation, Role, Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a room is about now. `name`: of whoever set it; `at`: seconds since 1970, 0 if nobody
    did.
    """

    text: str = ""
    by: Address | None = None
    name: str = ""
    at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomSettings:
    """What is stored of a room that was made to last. An ad-hoc room has these defaults, is not
    `lasting`, and ends with its last member.

    `addresses_for`, `may_whisper`, `may_invite`, `may_set_subject`: the lowest role that sees who
    is behind a name, writes to one member alone, invites, sets the subject; None: no role.
    """

    name: str
    title: str = ""
    description: str = ""
    lasting: bool = True
    listed: bool = True  # whether those who do not know its name find it
    locked: bool = False  # nobody but its owners comes in until they have set it up
    members_only: bool = False  # nobody without an affiliation comes in
    moderated: bool = False  # newcomers without an affiliation listen, and listeners do not write
    password: str = ""  # what those without an affiliation need to come in; empty: nothing
    addresses_for: Role = Role.LISTENER
    may_whisper: Role | None = Role.LISTENER
    may_invite: Role | None = Role.LISTENER
    may_set_subject: Role | None = Role.MODERATOR
    archived: bool = True  # whether messages are kept
    history: int = 50  # how many of the last messages newcomers are shown, at most
    subject: Subject = Subject()
    affiliations: Mapping[Address, Standing] = field(default_factory=dict[Address, Standing])
    owner: Address | None = None
    guests: bool | None = None  # None: as the node's configuration says
    max_members: int | None = None
    stage: int = 25  # how many members' cameras are forwarded at once: those who spoke last
    audience: bool = False  # those who join without a grant to publish only listen
    pin: str = ""  # digits that whoever dials in must press; empty: none
    created_at: float = 0.0

    def standing(self, address: Address) -> Standing | None:
        """What is kept of an account's affiliation."""
        return self.affiliations.get(address.bare)

    def affiliation(self, address: Address) -> Affiliation:
        """What an account is to this room; whoever made it owns it."""
        account = address.bare
        if account == self.owner:
            return Affiliation.OWNER
        standing = self.affiliations.get(account)
        return Affiliation.NONE if standing is None else standing.affiliation

    def nick_holder(self, nick: str) -> Address | None:
        """For whom a name is kept; letters' case makes no other name."""
        nick = nick.casefold()
        kept = self.affiliations.items()
        return next((account for account, one in kept if one.nick.casefold() == nick), None)

    @property
    def owners(self) -> Sequence[Address]:
        """Its owners, whoever made it first."""
        others = [
            account
            for account, standing in self.affiliations.items()
            if standing.affiliation is Affiliation.OWNER and account != self.owner
        ]
        return others if self.owner is None else [self.owner, *others]


class Rooms(Protocol):
    """The stored rooms (`services/rooms`)."""

    async def find(self, name: str) -> RoomSettings | None:
        """Settings of the stored room with all its affiliations, None if there is none."""

    async def save(self, settings: RoomSettings) -> None:
        """Create, with its affiliations, or replace all but these."""

    async def affiliate(self, name: str, account: Address, standing: Standing | None) -> None:
        """Replace what is kept of an account's affiliation with a stored room; None: nothing."""

    async def remove(self, name: str) -> bool:
        """Delete; False if there was none."""

    async def page(
        self, after: str | None = None, limit: int = 100, account: Address | None = None
    ) -> Sequence[RoomSettings]:
        """Stored rooms by name, each with the affiliation of `account` only."""

    async def owned(self, account: Address) -> int:
        """How many stored rooms an account has made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grants:
    """What a token allows, beyond being its subject."""

    rooms: frozenset[str] | None = None  # None: any room
    publish: bool = True
    moderate: bool = False
    create: bool = True  # may make a room by joining it, or store one
    admin: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks: an authenticated address (account or guest), its name and grants.

    `expires_at`: when this ends to be known of them, in seconds since 1970; None: never.
    """

    address: Address
    name: str
    grants: Grants = field(default_factory=Grants)
    expires_at: float | None = field(default=None, compare=False)

    def must_be_whole(self) -> None:
        """Raise `Refused(FORBIDDEN)` for whoever has a token of an account for certain rooms only:
        nothing else of that account is theirs.
        """
        if self.is_confined:
            raise Refused(Reason.FORBIDDEN, "Your invitation is for a room only.")

    @property
    def is_confined(self) -> bool:
        """Whether it is an account's, but for certain rooms only. (Guests have nothing else.)"""
        grants = self.grants
        return grants.rooms is not None and not grants.admin and not self.address.is_guest


@dataclass(frozen=True, slots=True)
class IceServer:
    """A STUN or TURN server for clients. Credentials are for TURN."""

    urls: tuple[str, ...]
    username: str = ""
    credential: str = ""


class IceServers(Protocol):
    """Which ICE servers a client may use."""

    def for_caller(self, caller: Caller) -> Sequence[IceServer]:
        """The servers, with credentials made for this caller where they need any."""


class Authenticator(Protocol):
    """Knows who holds a token (`services/tokens`)."""

    async def verify(self, token: str) -> Caller:
        """Who it is. Raises `Refused(UNAUTHORIZED)`."""


# who can be reached


class Device(Protocol):
    """One way to reach an account: a browser tab, a registered telephone, a trunk."""

    @property
    def address(self) -> Address:
        """The account's address on this device; no two devices have the same."""

    @property
    def listens(self) -> bool:
        """Whether messages to its account go to it now."""

    def deliver(self, event: Event) -> None:
        """Take one event (`Invited`, `CallEnded`, `MessageReceived`). Never blocks nor raises."""


class Reach(Protocol):
    """Knows devices; each protocol has one and gives it to the switchboard by `add_reach`."""

    async def devices(self, caller: Caller, callee: Address) -> Sequence[Device]:
        """Devices of an account that can be reached now; of a telephone number: its trunk's.

        Raises `Refused` when this caller may not reach it.
        """

    def present(self, account: Address) -> Sequence[Device]:
        """Devices of an account that are connected now, from memory and cheap; of a full address:
        that one. What must be sought (a number's trunk) is not among them.
        """


class Directory(Protocol):
    """Knows who has an account on this node, whether they can be reached now or not."""

    async def knows(self, account: Address) -> bool:
        """Whether there is such an account (bare address)."""

    def known(self, account: Address) -> bool | None:
        """The same from memory; None: `knows` must be asked."""

    def message_rate(self, account: Address) -> float | None:
        """Messages a second that this account may send, as far as it has a limit of its own; from
        memory.
        """


class Calls(Protocol):
    """The record of calls (`services/calls`)."""

    def record(self, call: CallInfo) -> None:
        """Store or replace what is known of a call, some time soon and in order; told when it
        begins, is answered and ends. Never blocks nor raises.
        """

    async def page(
        self, account: Address | None, before: str | None = None, limit: int = 50
    ) -> tuple[Sequence[CallInfo], bool]:
        """Calls from or to an account (None: all), the latest first; whether there are more."""

    async def find(self, id: str) -> CallInfo | None:
        """One call."""


class Presence(Protocol):
    """Who is there (`services/presence`)."""

    def publish(self, state: PresenceState, expires: float | None = None) -> None:
        """What a device says now; forgotten after `expires` seconds, if given. Raises
        `Refused(BAD_REQUEST)` for what makes no sense.
        """

    def withdraw(self, device: Address) -> None:
        """The device is gone."""

    def of(self, account: Address) -> Sequence[PresenceState]:
        """All devices of an account that are there."""

    def watch(self, account: Address, tell: Callable[[Event], None]) -> Callable[[], None]:
        """Tell each `PresenceChanged` of an account from now on; the result ends that."""

    async def last_seen(self, account: Address) -> float | None:
        """When a device of the account was there last (seconds since 1970); None: never."""


# how accounts show themselves, and their files


class Profiles(Protocol):
    """Profiles and pictures of accounts (`services/profiles`). Refusals: NOT_FOUND where there is
    no such account, BAD_REQUEST, TOO_LARGE, UNSUPPORTED.
    """

    async def of(self, account: Address) -> Profile:
        """What an account says of itself."""

    async def set(self, account: Address, profile: Profile) -> Profile:
        """Replace it; as it is stored."""

    async def avatar(self, account: Address, *, small: bool = False) -> Avatar | None:
        """Its picture of at most 512 pixels in width and height; `small`: of at most 96."""

    async def avatar_id(self, account: Address) -> str | None:
        """`Avatar.id` of its picture; cheap."""

    async def set_avatar(self, account: Address, data: bytes) -> Avatar:
        """Take a PNG, JPEG, WebP or GIF file; stored as it came if it is small enough and has
        nothing hidden in it, else scaled and written anew.
        """

    async def remove_avatar(self, account: Address) -> None:
        """Show no picture any more."""


class Files(Protocol):
    """Places for files (`services/files`)."""

    @property
    def max_size(self) -> int:
        """Bytes of the largest file."""

    async def slot(self, caller: Caller, name: str, size: int, media_type: str = "") -> Slot:
        """A place for a file of exactly `size` bytes.

        Raises `Refused`: FORBIDDEN for guests, TOO_LARGE above `max_size`, UNSUPPORTED for a type
        that is not taken, TOO_MANY when the account's quota is used up or too many slots wait,
        BAD_REQUEST for a bad name.
        """
