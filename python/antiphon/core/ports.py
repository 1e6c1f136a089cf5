"""What the core asks of the world: small interfaces, owned here, implemented by media, stores,
services and farm.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from .address import Address
from .call import CallInfo
from .description import Description, Kind
from .event import Event
from .graph import Change
from .message import Original
from .people import Contacts as Contacts  # noqa: PLC0414
from .people import Keep as Keep  # noqa: PLC0414
from .people import Keeping as Keeping  # noqa: PLC0414
from .people import Letter as Letter  # noqa: PLC0414
from .people import Messages as Messages  # noqa: PLC0414
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


class MediaRoom(Protocol):
    """The media side of one room: it does what the graph says."""

    def apply(self, change: Change) -> None:
        """Open and close elements, connect and disconnect wires."""

    def pause(self, track: str, paused: bool) -> None:
        """Drop, or pass again, what a track sends."""

    def close(self) -> None:
        """Free everything of this room."""


class Media(Protocol):
    """Where rooms get their media side from."""

    def open_room(self, name: str, events: "MediaEvents") -> MediaRoom:
        """Place a room on a media thread; `events` hears what happens in it."""


class MediaEvents(Protocol):
    """News of the media side, told to the room."""

    def track_started(self, track: str, codec: str) -> None:
        """The first packet arrived, or the codec changed."""

    def speaker_changed(self, track: str | None) -> None:
        """The dominant speaker's track; None: everybody is silent."""

    def failed(self, text: str) -> None:
        """The media side of this room broke down and is gone."""


class Endpoint(Protocol):
    """A member's media endpoint as its room sees it; its adapter sees more (offers, answers,
    candidates).
    """

    @property
    def number(self) -> int:
        """Names the endpoint in the media engine."""

    @property
    def description(self) -> Description:
        """What it can send and receive, as negotiated last."""

    def bind(self, section: str, track: str) -> None:
        """Name the media that arrives in `section`."""

    def release(self, track: str) -> None:
        """The media named `track` is no track any more."""

    def close(self) -> None:
        """Free it. Idempotent."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Reply to a session description: its text as the transport spells it, what it means, and
    section → track sent.
    """

    text: str
    description: Description
    carried: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How a member's media fares. Round trip in ms, loss as a fraction, bitrate in bit/s towards
    the member.
    """

    level: int  # 0 (lost) … 4 (good)
    round_trip: float | None
    loss_in: float
    loss_out: float
    available_bitrate: int | None


class SessionEvents(Protocol):
    """News of one media session, told to the adapter whose signalling carries it."""

    def offered(self, request: int, text: str) -> None:
        """We offer a new description: answer it with `accept_answer`."""

    def mapped(self, carried: Mapping[str, str]) -> None:
        """What we send in each section changed: section → track id."""

    def connected(self, profile: str) -> None:
        """Media flows; `profile` names its protection (as IANA lists it)."""

    def interrupted(self) -> None:
        """Nothing was heard for a while; `connected` follows if it comes back."""

    def closed(self, text: str) -> None:
        """The session is gone."""

    def quality(self, quality: Quality) -> None:
        """Measured every few seconds."""


class Session(Endpoint, Protocol):
    """A media session whose descriptions travel as text in somebody's signalling."""

    async def accept_offer(self, text: str) -> Answer:
        """Apply a remote offer. Raises `Refused(BAD_REQUEST)` when it cannot be understood."""

    async def accept_answer(self, request: int, text: str) -> None:
        """Apply the answer to our offer `request`; a stale one is ignored. Raises
        `Refused(BAD_REQUEST)`.
        """

    def add_candidate(self, text: str) -> None:
        """A trickled remote candidate (`candidate:…`); empty text means there are no more."""


class Sessions(Protocol):
    """Opens media sessions (`media/session`)."""

    def open(
        self, room: str, member: str, events: SessionEvents, *, open_ended: bool = True
    ) -> Session:
        """A session for a member of a room that is here; a member has one at a time.

        `open_ended`: we may offer further sections when there is more to send (False where the
        signalling has no way for it). Raises `Refused(TOO_MANY)` when the node is full.
        """


# telephones


class PhoneEvents(SessionEvents, Protocol):
    """News of the media session of a telephone."""

    def pressed(self, digit: str, duration: float) -> None:
        """A key was pressed: one of 0-9, A-D, *, # (RFC 4733); `duration` in seconds."""

    def played(self) -> None:
        """All that was given to `play` has been sounded."""


class PhoneSession(Session, Protocol):
    """A media session of a telephone, which may be a page in a browser.

    It begins outside of any room (`play` and `pressed` work at once) and may enter one, and then
    another. Its `bind` and wires work once it is in a room.
    """

    def enter(self, room: str, member: str) -> None:
        """Go into a room that is here, as that member (before `Attach`). Raises `Refused`."""

    async def offer(self, kinds: Sequence[Kind] = (Kind.AUDIO,)) -> str:
        """Our offer for a telephone that made none, or a new one in a running session.

        Give what it answers to `accept_answer` with request 0. Raises `Refused(CONFLICT)` while an
        offer of either side is open.
        """

    def withdraw(self) -> None:
        """Our open offer was refused: what was negotiated before holds."""

    def hold(self, held: bool) -> None:
        """Neither send nor take media until told otherwise; the next offer says so."""

    @property
    def on_hold(self) -> bool:
        """Whether the other side put us on hold by its last description."""

    def press(self, digits: str) -> None:
        """Press keys towards the telephone (RFC 4733)."""

    def play(self, prompt: str) -> None:
        """Sound a recorded prompt to this telephone alone, after those that wait; `played` follows.

        Raises `Refused(NOT_FOUND)` for an unknown one.
        """

    def stop(self) -> None:
        """Forget the prompts that are played or wait."""


class PhoneSessions(Protocol):
    """Opens media sessions of telephones (`media/phone`)."""

    def open(
        self,
        events: PhoneEvents,
        *,
        browser: bool = False,
        secure: bool = False,
        near: str | None = None,
    ) -> PhoneSession:
        """A session, in no room yet. Raises `Refused(TOO_MANY)` when the node is full.

        `near`: the IP address that the telephone's signalling comes from, as far as known.

        `browser`: the telephone is a page in a browser, as far as is known before it said anything;
        an offer of its own decides otherwise. `secure`: offer encrypted media to others as well.
        """


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


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceState:
    """What one device says of its user. `show`: available, chat, away, xa (away for long), busy,
    offline. `since`: seconds since 1970. `priority`: -128 to 127; messages to the account do not go
    to a device with a negative one. `idle_since`: when its user was last seen to do something.
    """

    device: Address
    show: str = "available"
    note: str = ""
    since: float = 0.0
    priority: int = 0
    idle_since: float | None = None
    original: Original | None = None


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
