"""What happened in a room, in the past tense: frozen records that adapters spell in their
protocol's words.
"""

from dataclasses import dataclass

from .address import Address
from .call import CallInfo
from .contact import Contact
from .member import Info, Track
from .message import Mark, Message, Original
from .presence import PresenceState
from .reason import Reason


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all. `room`: the room's name."""

    room: str


@dataclass(frozen=True, slots=True)
class RoomOpened(Event):
    """The room came to life here (told to watchers only)."""


@dataclass(frozen=True, slots=True)
class RoomClosed(Event):
    """The room is gone from here (told to watchers only)."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class MemberJoined(Event):
    """Somebody entered."""

    member: Info


@dataclass(frozen=True, slots=True)
class MemberChanged(Event):
    """A member's name, role, hand, presence or endpoint changed."""

    member: Info


@dataclass(frozen=True, slots=True)
class MemberLeft(Event):
    """Somebody left; their tracks were removed before. `text`: why, where others decided it."""

    member: Info
    reason: Reason
    text: str = ""


@dataclass(frozen=True, slots=True)
class TrackAdded(Event):
    """A member publishes a track."""

    track: Track


@dataclass(frozen=True, slots=True)
class TrackChanged(Event):
    """A track was muted or unmuted, or its codec is known."""

    track: Track


@dataclass(frozen=True, slots=True)
class TrackRemoved(Event):
    """A track is no more."""

    track: Track


@dataclass(frozen=True, slots=True)
class Said(Event):
    """A message was said in the room and is stored."""

    message: Message


@dataclass(frozen=True, slots=True)
class SpeakerChanged(Event):
    """The dominant speaker changed; None: nobody speaks."""

    member: str | None


@dataclass(frozen=True, slots=True)
class Ended(Event):
    """The addressee's own membership ended. `alternative`: the room to meet in instead, where one
    was closed for good in favour of another.
    """

    member: str
    reason: Reason
    text: str
    alternative: str = ""


@dataclass(frozen=True, slots=True)
class Draining(Event):
    """The node will stop soon."""

    text: str


@dataclass(frozen=True, slots=True)
class DigitPressed(Event):
    """A member pressed a key of a telephone's pad: one of 0-9, A-D, *, #. `duration` in seconds.

    `carried`: it came with the media, which bring it to the other one in a room of two as well.
    """

    member: str
    digit: str
    duration: float
    carried: bool = False


@dataclass(frozen=True, slots=True)
class Held(Event):
    """A member put the others on hold (neither sends nor wants media), or came back."""

    member: str
    held: bool


# Of calls: told to devices, not to rooms (`room` is the one that the call leads into).


@dataclass(frozen=True, slots=True)
class Invited(Event):
    """Told to a device: it is called, and may ring, answer or decline."""

    call: CallInfo


@dataclass(frozen=True, slots=True)
class CallRinging(Event):
    """Told to the caller: this device rings."""

    call: CallInfo
    device: Address


@dataclass(frozen=True, slots=True)
class CallAnswered(Event):
    """Told to the caller and to whoever watches: `call.by` answered."""

    call: CallInfo


@dataclass(frozen=True, slots=True)
class CallEnded(Event):
    """Told to the caller, to each device that was rung but did not decline, and to whoever watches.

    `call.reason` says why; for a device that was rung in vain: `ELSEWHERE`, when the call was
    answered or declined on another one, else `CANCELLED`.
    """

    call: CallInfo


# Of people: told to devices (`room` is empty, but for what happened in a room).


@dataclass(frozen=True, slots=True)
class MessageReceived(Event):
    """Told to a device: a direct message for its account, perhaps for another device of it
    (`message.to`). `waited`: it came while none of them listened.
    """

    message: Message
    waited: bool = False


@dataclass(frozen=True, slots=True)
class MessageSent(Event):
    """Told to a device: another device of its account sent a direct message."""

    message: Message


@dataclass(frozen=True, slots=True)
class MessageWaits(Event):
    """Told to watchers only: no device of the account that a message is for listens now, so it
    waits in the archive.
    """

    message: Message


@dataclass(frozen=True, slots=True)
class Marked(Event):
    """`sender` is that far with the messages of `to` (an account), or of the room `to`.

    Told to the devices of both accounts, or to the members of the room. `id`: of a message in the
    archive; `origin_id`: what its sender calls it.
    """

    sender: Address
    to: Address
    mark: Mark
    id: str
    origin_id: str | None = None
    original: Original | None = None


@dataclass(frozen=True, slots=True)
class Typed(Event):
    """`sender`, shown as `name`, began or ceased to write to `to` (an account or a room)."""

    sender: Address
    to: Address
    name: str
    active: bool
    original: Original | None = None


@dataclass(frozen=True, slots=True)
class PresenceChanged(Event):
    """Told to those who watch an account's presence. `device`: which one changed; it is gone if it
    is not among `devices`. None: several, or the account itself.
    """

    account: Address
    devices: tuple[PresenceState, ...]
    device: Address | None = None


@dataclass(frozen=True, slots=True)
class ContactChanged(Event):
    """Told to the devices of `account`: one of its contacts is new or other than before."""

    account: Address
    contact: Contact


@dataclass(frozen=True, slots=True)
class ContactRemoved(Event):
    """Told to the devices of `account`: this contact is no more."""

    account: Address
    address: Address


@dataclass(frozen=True, slots=True)
class ContactAsked(Event):
    """Told to the devices of `account`: somebody asks to see its presence."""

    account: Address
    address: Address
    text: str


@dataclass(frozen=True, slots=True)
class ContactAnswered(Event):
    """Told to the devices of `account`: `address` lets it see their presence, or not any more."""

    account: Address
    address: Address
    granted: bool


@dataclass(frozen=True, slots=True)
class BlockingChanged(Event):
    """Told to the devices of `account`: whom it blocks now (accounts, domains) changed by these."""

    account: Address
    blocked: tuple[str, ...]
    unblocked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProfileChanged(Event):
    """Told to the devices of an account and of those who see it: its name or picture is another.

    `avatar`: names the picture's content (hexadecimal SHA-1); None: no picture.
    """

    account: Address
    name: str
    avatar: str | None


# Of rooms, told to their members.


@dataclass(frozen=True, slots=True)
class RoomChanged(Event):
    """The room's settings, subject or affiliations are others: whoever shows them reads them
    again.
    """


@dataclass(frozen=True, slots=True)
class SubjectChanged(Event):
    """The room's subject is another. `name`: of whoever set it, who may have left since."""

    subject: str
    sender: Address
    name: str
    at: float


@dataclass(frozen=True, slots=True)
class Whispered(Event):
    """A message of one member to another, told to both of them only; it is not kept."""

    message: Message
    sender: str
    to: str


@dataclass(frozen=True, slots=True)
class RoomInvited(Event):
    """Told to the devices of an account: `sender` invites it into `room`."""

    sender: Address
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class RoomDeclined(Event):
    """Told to the devices of an account: `sender`, whom it invited into `room`, will not come."""

    sender: Address
    text: str
