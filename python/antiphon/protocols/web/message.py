"""Messages of the room WebSocket `/ws` as msgspec structs; knows no room and no connection.

Generated from schema/signalling.json by tools/generate_signalling.py: change the schema, not this.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

Reason = Literal[
    "bad_request",
    "unauthorized",
    "forbidden",
    "not_found",
    "conflict",
    "gone",
    "too_large",
    "too_many",
    "unsupported",
    "timeout",
    "busy",
    "internal",
    "unavailable",
    "banned",
    "members_only",
    "password",
    "declined",
    "cancelled",
    "elsewhere",
    "transferred",
    "left",
    "removed",
    "closed",
    "replaced",
    "draining",
    "lost",
]
"""Why a request was refused, or a call or a membership ended."""

Kind = Literal["audio", "video"]
"""Kind of media."""

Source = Literal["microphone", "camera", "screen", "screen_audio", "other"]
"""What a track shows or sounds."""

Role = Literal["listener", "speaker", "moderator"]
"""What a member may do: a listener receives and chats, a speaker also sends media, a moderator
also mutes and removes others."""

Affiliation = Literal["owner", "admin", "member", "none", "outcast"]
"""What an account is to a room, whether it is in it or not."""

Receive = Literal["all", "speaker", "chosen", "none"]
"""What a member wants to receive: every track, the current speaker's, only those chosen, or
none."""

CallState = Literal["calling", "ringing", "answered", "ended"]
"""How far a call is."""

ChangeKind = Literal["correction", "retraction", "reaction"]
"""What is done to an earlier message."""

Mark = Literal["received", "displayed"]
"""How far somebody is with the messages of another; a mark of one includes all before it."""

Show = Literal["available", "chat", "away", "xa", "busy", "offline"]
"""What a device says of its user: there, glad to talk, away, away for long, busy, or not there."""

Id = Annotated[str, Meta(min_length=1, max_length=64)]
"""An id of a member, a track or a message."""

RequestId = Annotated[int, Meta(ge=1, le=9007199254740991)]
"""Number of a request, chosen by the client, rising by one; the reply carries it."""

Seq = Annotated[int, Meta(ge=1)]
"""Number of an event in its session, rising by one."""

Sdp = Annotated[str, Meta(min_length=1, max_length=65536)]
"""A session description (RFC 8866)."""

Emoji = Annotated[str, Meta(min_length=1, max_length=40)]
"""What somebody reacts with."""

AddressText = Annotated[str, Meta(min_length=1, max_length=600)]
"""An address, as its sender spells it."""

ShortText = Annotated[str, Meta(min_length=1, max_length=255)]
"""A name, or an id of somebody else's making."""


class IceServer(Struct, frozen=True, kw_only=True):
    """A STUN or TURN server, in the shape of RTCIceServer."""

    urls: Annotated[list[str], Meta(max_length=16)]
    username: str | UnsetType = UNSET
    """For TURN."""
    credential: str | UnsetType = UNSET
    """For TURN."""


class Member(Struct, frozen=True, kw_only=True):
    """Somebody present in a room."""

    id: Id
    address: str
    """`user@domain`; a guest's domain begins with `guest.`."""
    name: str
    """To be shown."""
    role: Role
    """The member's role."""
    hand: bool
    """Has the hand raised."""
    present: bool
    """False while the connection is lost and may be resumed."""
    joined_at: float
    """Seconds since 1970 (UTC)."""
    endpoint: int | None
    """Number that marks the member's data channel messages; null without one."""
    stream: bool
    """An encoder or a player (WHIP, WHEP), not a person."""
    phone: bool | UnsetType = UNSET
    """A telephone. Absent: no."""
    held: bool | UnsetType = UNSET
    """Has put the others on hold. Absent: no."""
    affiliation: Affiliation | UnsetType = UNSET
    """What their account is to the room. Absent: none."""


class Track(Struct, frozen=True, kw_only=True):
    """One media source of a member."""

    id: Id
    member: Id
    """Who sends it."""
    kind: Kind
    """Audio or video."""
    source: Source
    """What it shows or sounds."""
    muted: bool
    """Muted by its owner or by a moderator."""
    codec: str | None
    """In use, lower case (`opus`, `vp8`); null before the first packet."""


class Attachment(Struct, frozen=True, kw_only=True):
    """A file that a message points to."""

    url: Annotated[str, Meta(min_length=1, max_length=2048)]
    """Where it is."""
    name: Annotated[str, Meta(max_length=255)] | UnsetType = UNSET
    """File name."""
    media_type: Annotated[str, Meta(max_length=127)] | UnsetType = UNSET
    """As `image/png`."""
    size: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    """Bytes."""
    thumbnail: Annotated[str, Meta(min_length=1, max_length=2048)] | UnsetType = UNSET
    """URL of a small picture of it."""
    width: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    """Pixels."""
    height: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    """Pixels."""


class Reaction(Struct, frozen=True, kw_only=True):
    """What one person reacts with."""

    sender: str
    """Address."""
    name: str
    """To be shown."""
    reactions: Annotated[list[Emoji], Meta(max_length=10)]


class Retracted(Struct, frozen=True, kw_only=True):
    """A message that was taken back."""

    by: str
    """Address of the sender, or of a moderator of the room."""
    at: float
    """Seconds since 1970 (UTC)."""


class Message(Struct, frozen=True, kw_only=True):
    """A message of a room, or a direct one, as it is to be shown now: changes that came later
    are worked in."""

    id: Id
    room: str
    """Room name; of a direct message the address that it was sent to."""
    sender: str
    """Address."""
    name: str
    """The sender's name when it was sent."""
    text: str
    """Plain text."""
    sent_at: float
    """Seconds since 1970 (UTC)."""
    origin_id: str | None
    """The sender's own id of the message."""
    reply_to: ShortText | UnsetType = UNSET
    """Id of the message that it answers, or that one's `origin_id`."""
    attachments: Annotated[list[Attachment], Meta(max_length=10)] | UnsetType = UNSET
    edited_at: float | UnsetType = UNSET
    """Its text is that of a correction. Seconds since 1970 (UTC)."""
    retracted: Retracted | UnsetType = UNSET
    """It was taken back: its text is empty."""
    reactions: list[Reaction] | UnsetType = UNSET
    """Who reacts with what; absent: nobody."""


class Change(Struct, frozen=True, kw_only=True):
    """What somebody does to an earlier message; the last one of a kind counts."""

    id: Id
    kind: ChangeKind
    """What it does."""
    about: Id
    """Id of the message that it changes."""
    sender: str
    """Address of who changes it. A correction counts only from the message's own sender."""
    name: str
    """The sender's name then."""
    sent_at: float
    """Seconds since 1970 (UTC)."""
    origin_id: str | None
    """The sender's own id of the change."""
    text: str | UnsetType = UNSET
    """Of a correction: the text now."""
    attachments: Annotated[list[Attachment], Meta(max_length=10)] | UnsetType = UNSET
    reactions: Annotated[list[Emoji], Meta(max_length=10)] | UnsetType = UNSET


class Conversation(Struct, frozen=True, kw_only=True):
    """The caller's exchange with another account, as a list of them shows it."""

    peer: str
    """Address of an account."""
    last: Message
    """The latest message."""
    unread: Annotated[int, Meta(ge=0)]
    """How many of the peer's messages the caller has not seen."""
    displayed: Id | None
    """Id up to which the caller has seen them."""
    peer_received: Id | None
    """Id up to which the peer's devices have the caller's."""
    peer_displayed: Id | None
    """Id up to which the peer has seen the caller's."""


class Contact(Struct, frozen=True, kw_only=True):
    """Somebody in the caller's list, or who asked to be."""

    address: str
    """Address."""
    name: str
    """As the caller calls them; empty: nothing of its own."""
    groups: Annotated[list[ShortText], Meta(max_length=50)]
    sees: bool
    """The caller sees their presence."""
    seen: bool
    """They see the caller's."""
    asked: bool
    """The caller asked to see them, and waits."""
    asking: bool
    """They asked to see the caller, and wait."""
    listed: bool
    """In the list. Who only asks is not."""
    request: str | UnsetType = UNSET
    """What they wrote when they asked. Absent: nothing."""


class PresenceDevice(Struct, frozen=True, kw_only=True):
    """What one device says of its user."""

    device: str
    """Name of the device: the part of its address behind `/`."""
    show: Show
    """How it is."""
    note: str
    """In words."""
    since: float
    """Seconds since 1970 (UTC)."""
    idle_since: float | None
    """When its user was last seen to do something; null: not known. Seconds since 1970 (UTC)."""


class Presence(Struct, frozen=True, kw_only=True):
    """Whether somebody is there."""

    account: str
    """Address of an account."""
    show: Show
    """What counts most of what the devices say."""
    note: str
    """Of the device that counts most."""
    since: float | None
    """The same. Seconds since 1970 (UTC)."""
    devices: list[PresenceDevice]


class Room(Struct, frozen=True, kw_only=True):
    """The room as the joining member finds it."""

    name: str
    """Part of the address `room@rooms.domain`."""
    title: str
    """To be shown."""
    me: Id
    """The member that the caller is."""
    members: list[Member]
    tracks: list[Track]
    messages: list[Message]
    """The newest, oldest first."""
    speaker: Id | None
    """The dominant speaker's member id."""
    subject: str | UnsetType = UNSET
    """What the room is about now. Absent: nothing."""


class Call(Struct, frozen=True, kw_only=True):
    """Somebody rings somebody else; whoever answers meets the caller in `room`."""

    id: Annotated[str, Meta(min_length=1, max_length=256)]
    room: str
    """The room that the call leads into: join it."""
    caller: str
    """Address of who rings, or a telephone number (`+49301234@domain`)."""
    caller_name: str
    """To be shown."""
    callee: str
    """Address of who is rung, or a telephone number."""
    video: bool
    """The caller would like to be seen."""
    state: CallState
    """How far it is."""
    started_at: float
    """Seconds since 1970 (UTC)."""
    answered_at: float | None
    """Seconds since 1970 (UTC); null before."""
    ended_at: float | None
    """Seconds since 1970 (UTC); null before."""
    by: str | None
    """Address and device of who answered."""
    reason: Reason | None


class FromClient(Struct, frozen=True, kw_only=True, tag_field="type", forbid_unknown_fields=True):
    """A message that a client sends; a field it does not know is an error."""


class FromServer(Struct, frozen=True, kw_only=True, tag_field="type"):
    """A message that a server sends; readers ignore fields they do not know."""


class Hello(FromClient, frozen=True, kw_only=True, tag="hello"):
    """The first message of a connection (the token may come as WebSocket subprotocol
    `antiphon.token.<JWT>` instead, beside `antiphon.v1`)."""

    token: Annotated[str, Meta(max_length=8192)] | UnsetType = UNSET
    """JWT from `/api/v1/auth/...`."""
    resume: Annotated[str, Meta(max_length=128)] | UnsetType = UNSET
    """`session` of an earlier `welcome`."""
    after: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    """With `resume`: the last `seq` seen."""
    reachable: bool | UnsetType = UNSET
    """Calls and messages to the caller's address shall come to this session. No if absent; on a
    resume, as before."""


class Join(FromClient, frozen=True, kw_only=True, tag="join"):
    """Enter a room; one room at a time. → `joined`"""

    id: RequestId
    room: Annotated[str, Meta(min_length=1, max_length=128)]
    """Room name."""
    name: Annotated[str, Meta(max_length=64)] | UnsetType = UNSET
    """Name to be shown; the account's or guest's own if absent."""
    receive: Receive | UnsetType = UNSET
    """What to receive at first; all if absent."""
    password: Annotated[str, Meta(max_length=255)] | UnsetType = UNSET
    """Of a room that has one."""


class Leave(FromClient, frozen=True, kw_only=True, tag="leave"):
    """Leave the room. → `result`"""

    id: RequestId


class Offer(FromClient, frozen=True, kw_only=True, tag="offer"):
    """A session description of the client; its media session begins with the first one. →
    `answered`"""

    id: RequestId
    sdp: Sdp
    """Session description (RFC 8866), complete or with candidates to follow."""


class Answer(FromClient, frozen=True, kw_only=True, tag="answer"):
    """The answer to `offered`. In a collision the client's own offer wins: it ignores `offered`,
    which comes again. → `result`"""

    id: RequestId
    request: Annotated[int, Meta(ge=0)]
    """`request` of the `offered`."""
    sdp: Sdp
    """Session description (RFC 8866), complete or with candidates to follow."""


class Candidate(FromClient, frozen=True, kw_only=True, tag="candidate"):
    """A trickled ICE candidate (RFC 8839 `candidate:…`). → `result`"""

    id: RequestId
    candidate: Annotated[str, Meta(max_length=1024)]
    """Empty: end of candidates."""


class Publish(FromClient, frozen=True, kw_only=True, tag="publish"):
    """Make the media of one section a track of the room. → `published`"""

    id: RequestId
    mid: Annotated[str, Meta(min_length=1, max_length=32)]
    """Section id of the client's session."""
    source: Source
    """What it is."""
    muted: bool | UnsetType = UNSET
    """Begins muted; false if absent."""


class Unpublish(FromClient, frozen=True, kw_only=True, tag="unpublish"):
    """Take a track of one's own away. → `result`"""

    id: RequestId
    track: Id
    """Track id."""


class Subscribe(FromClient, frozen=True, kw_only=True, tag="subscribe"):
    """Choose what to receive. → `result`"""

    id: RequestId
    receive: Receive
    """The choice."""
    tracks: Annotated[list[Id], Meta(max_length=256)] | UnsetType = UNSET
    """With `chosen`."""


class Mute(FromClient, frozen=True, kw_only=True, tag="mute"):
    """Mute or unmute a track of one's own, at the server. → `result`"""

    id: RequestId
    track: Id
    """Track id."""
    muted: bool
    """The new state."""


class Say(FromClient, frozen=True, kw_only=True, tag="say"):
    """Send a chat message to the room. → `accepted`, when it is stored"""

    id: RequestId
    text: Annotated[str, Meta(max_length=10000)]
    """Plain text; may be empty beside attachments."""
    origin_id: Id
    """An id of the sender's own: the same one twice is one message."""
    reply_to: ShortText | UnsetType = UNSET
    """Id of the message that it answers, or that one's `origin_id`."""
    attachments: Annotated[list[Attachment], Meta(max_length=10)] | UnsetType = UNSET


class History(FromClient, frozen=True, kw_only=True, tag="history"):
    """Messages of the room, or with `to` of a direct conversation, with all changes to them. →
    `messages`"""

    id: RequestId
    before: Id | UnsetType = UNSET
    """Message id: those before it. The newest if absent."""
    limit: Annotated[int, Meta(ge=1, le=200)] | UnsetType = UNSET
    """50 if absent."""
    to: AddressText | UnsetType = UNSET
    """Address of an account: the direct conversation with it. Absent: the room that the session
    is in."""
    after: Id | UnsetType = UNSET
    """Message id: those after it, the oldest first. Not with `before`."""
    search: Annotated[str, Meta(min_length=1, max_length=200)] | UnsetType = UNSET
    """Words that the text contains."""


class Correct(FromClient, frozen=True, kw_only=True, tag="correct"):
    """Give a message of one's own another text. → `changed`, when it is stored"""

    id: RequestId
    about: ShortText
    """Id of the message, or its `origin_id`."""
    text: Annotated[str, Meta(max_length=10000)]
    """Plain text; may be empty beside attachments."""
    origin_id: Id
    """An id of the sender's own: the same one twice is one message."""
    to: AddressText | UnsetType = UNSET
    """Address of an account: the direct conversation with it. Absent: the room that the session
    is in."""
    attachments: Annotated[list[Attachment], Meta(max_length=10)] | UnsetType = UNSET


class Retract(FromClient, frozen=True, kw_only=True, tag="retract"):
    """Take a message back: one's own, or for moderators of the room any. → `changed`, when it is
    stored"""

    id: RequestId
    about: ShortText
    """Id of the message, or its `origin_id`."""
    origin_id: Id
    """An id of the sender's own: the same one twice is one message."""
    to: AddressText | UnsetType = UNSET
    """Address of an account: the direct conversation with it. Absent: the room that the session
    is in."""


class React(FromClient, frozen=True, kw_only=True, tag="react"):
    """React to a message, in place of what one reacted with before. → `changed`, when it is
    stored"""

    id: RequestId
    about: ShortText
    """Id of the message, or its `origin_id`."""
    reactions: Annotated[list[Emoji], Meta(max_length=10)]
    """Empty: no reaction any more."""
    origin_id: Id
    """An id of the sender's own: the same one twice is one message."""
    to: AddressText | UnsetType = UNSET
    """Address of an account: the direct conversation with it. Absent: the room that the session
    is in."""


class Typing(FromClient, frozen=True, kw_only=True, tag="typing"):
    """Say that one writes, or has ceased to. Others forget it after half a minute. → `result`"""

    id: RequestId
    active: bool
    """Writes now."""
    to: AddressText | UnsetType = UNSET
    """Address of an account: the direct conversation with it. Absent: the room that the session
    is in."""


class MarkMessages(FromClient, frozen=True, kw_only=True, tag="mark"):
    """Say how far one is with messages. → `result`"""

    id: RequestId
    mark: Mark
    """How far."""
    message: Id
    """Id of the message up to which."""
    to: AddressText | UnsetType = UNSET
    """Address of an account: the direct conversation with it. Absent: the room that the session
    is in."""


class ListConversations(FromClient, frozen=True, kw_only=True, tag="conversations"):
    """The caller's direct conversations, the latest first. → `conversations`"""

    id: RequestId
    before: Id | UnsetType = UNSET
    """`next` of the page before."""
    limit: Annotated[int, Meta(ge=1, le=200)] | UnsetType = UNSET
    """50 if absent."""


class WatchContacts(FromClient, frozen=True, kw_only=True, tag="watch_contacts"):
    """The caller's contacts, and from now on the presence of those whom the caller may see. →
    `contacts`"""

    id: RequestId


class SetContact(FromClient, frozen=True, kw_only=True, tag="set_contact"):
    """Put somebody into one's list, or change what stands there. → `contact`"""

    id: RequestId
    address: AddressText
    """Address."""
    name: Annotated[str, Meta(max_length=255)] | UnsetType = UNSET
    """As the caller calls them; as it was if absent."""
    groups: Annotated[list[ShortText], Meta(max_length=50)] | UnsetType = UNSET
    """As they were if absent."""


class RemoveContact(FromClient, frozen=True, kw_only=True, tag="remove_contact"):
    """Take somebody out of one's list; neither sees the other any more. → `result`"""

    id: RequestId
    address: AddressText
    """Address."""


class AskContact(FromClient, frozen=True, kw_only=True, tag="ask_contact"):
    """Ask to see somebody's presence. → `result`"""

    id: RequestId
    address: AddressText
    """Address."""
    text: Annotated[str, Meta(max_length=1000)] | UnsetType = UNSET
    """For them to read."""


class AnswerContact(FromClient, frozen=True, kw_only=True, tag="answer_contact"):
    """Let somebody see one's presence, or not (any more); also before they ask. → `result`"""

    id: RequestId
    address: AddressText
    """Address."""
    granted: bool
    """They may."""


class WithdrawContact(FromClient, frozen=True, kw_only=True, tag="withdraw_contact"):
    """Do not see somebody's presence any more. → `result`"""

    id: RequestId
    address: AddressText
    """Address."""


class Block(FromClient, frozen=True, kw_only=True, tag="block"):
    """Hear nothing of somebody any more. → `result`"""

    id: RequestId
    addresses: Annotated[list[AddressText], Meta(max_length=100)]


class Unblock(FromClient, frozen=True, kw_only=True, tag="unblock"):
    """Hear of them again. → `result`"""

    id: RequestId
    addresses: Annotated[list[AddressText], Meta(max_length=100)] | UnsetType = UNSET
    """Everybody if absent."""


class SetPresence(FromClient, frozen=True, kw_only=True, tag="set_presence"):
    """Say how the user of this device is; `reachable` sessions only, which begin as available. →
    `result`"""

    id: RequestId
    show: Show
    """How; `offline`: not shown to be there."""
    note: Annotated[str, Meta(max_length=256)] | UnsetType = UNSET
    """In words; none if absent."""
    idle_since: float | UnsetType = UNSET
    """When the user was last seen to do something. Seconds since 1970 (UTC)."""


class RaiseHand(FromClient, frozen=True, kw_only=True, tag="raise_hand"):
    """Raise or lower one's own hand. → `result`"""

    id: RequestId
    raised: bool
    """The new state."""


class Moderate(FromClient, frozen=True, kw_only=True, tag="moderate"):
    """For moderators: act on another member. → `result`"""

    id: RequestId
    member: Id
    """Member id."""
    action: Literal["mute", "remove", "lower_hand", "promote", "demote"]
    """`mute` mutes `track`, or every audio track of the member."""
    track: Id | UnsetType = UNSET
    """With `mute`."""


class SetSubject(FromClient, frozen=True, kw_only=True, tag="set_subject"):
    """Say what the room is about now. → `result`"""

    id: RequestId
    subject: Annotated[str, Meta(max_length=4096)]
    """Empty: nothing."""


class Whisper(FromClient, frozen=True, kw_only=True, tag="whisper"):
    """Write to one member of the room alone; it is not kept. → `result`"""

    id: RequestId
    member: Id
    """Member id."""
    text: Annotated[str, Meta(min_length=1, max_length=10000)]
    """Plain text."""
    origin_id: Id
    """An id of the sender's own: the same one twice is one message."""


class AskIn(FromClient, frozen=True, kw_only=True, tag="ask_in"):
    """Ask an account to come into the room. → `result`"""

    id: RequestId
    to: AddressText
    """Address."""
    text: Annotated[str, Meta(max_length=1000)] | UnsetType = UNSET
    """For them to read."""


class PlaceCall(FromClient, frozen=True, kw_only=True, tag="call"):
    """Ring somebody. → `called`; then join `call.room` and wait there. What becomes of it comes
    as `call_ringing`, `call_answered` and `call_ended`."""

    id: RequestId
    to: Annotated[str, Meta(min_length=1, max_length=256)]
    """An account (`bob`, `bob@example.org`) or a telephone number."""
    video: bool | UnsetType = UNSET
    """With pictures; false if absent."""
    room: Annotated[str, Meta(min_length=1, max_length=128)] | UnsetType = UNSET
    """A room to ring them into; one made for the two if absent."""


class AcceptCall(FromClient, frozen=True, kw_only=True, tag="accept"):
    """Answer a call that rings here. → `called`; then join `call.room`. Refused with `gone` when
    it was answered elsewhere or is over."""

    id: RequestId
    call: Annotated[str, Meta(min_length=1, max_length=256)]
    """Call id."""


class DeclineCall(FromClient, frozen=True, kw_only=True, tag="decline"):
    """Do not answer a call that rings here. → `result`"""

    id: RequestId
    call: Annotated[str, Meta(min_length=1, max_length=256)]
    """Call id."""
    reason: Literal["declined", "busy"] | UnsetType = UNSET
    """`declined` if absent."""


class HangUp(FromClient, frozen=True, kw_only=True, tag="hang_up"):
    """End a call that this session makes or has answered. → `result`"""

    id: RequestId
    call: Annotated[str, Meta(min_length=1, max_length=256)]
    """Call id."""


class Invite(FromClient, frozen=True, kw_only=True, tag="invite"):
    """Ring somebody into the room that the caller is in. → `called`"""

    id: RequestId
    to: Annotated[str, Meta(min_length=1, max_length=256)]
    """As in `call`."""
    video: bool | UnsetType = UNSET
    """As in `call`."""


class Transfer(FromClient, frozen=True, kw_only=True, tag="transfer"):
    """Ring somebody into the room that the caller is in, and leave it when they have come
    (`ended` with `transferred`). → `called`"""

    id: RequestId
    to: Annotated[str, Meta(min_length=1, max_length=256)]
    """As in `call`."""
    video: bool | UnsetType = UNSET
    """As in `call`."""


class Hold(FromClient, frozen=True, kw_only=True, tag="hold"):
    """Put the others in the room on hold (no media either way), or come back. → `result`"""

    id: RequestId
    held: bool
    """The new state."""


class Press(FromClient, frozen=True, kw_only=True, tag="press"):
    """Press keys of a telephone's pad; telephones in the room hear the tones. → `result`"""

    id: RequestId
    digits: Annotated[str, Meta(min_length=1, max_length=32)]
    """Of 0-9, A-D, *, #."""
    duration: Annotated[int, Meta(ge=40, le=5000)] | UnsetType = UNSET
    """Of each, in milliseconds; 160 if absent."""


class Send(FromClient, frozen=True, kw_only=True, tag="send"):
    """Send a direct message to all devices of somebody. → `accepted`, when it is stored, or one
    of them has it"""

    id: RequestId
    to: Annotated[str, Meta(min_length=1, max_length=256)]
    """Address."""
    text: Annotated[str, Meta(max_length=10000)]
    """Plain text; may be empty beside attachments."""
    origin_id: Id
    """An id of the sender's own: the same one twice is one message."""
    reply_to: ShortText | UnsetType = UNSET
    """Id of the message that it answers, or that one's `origin_id`."""
    attachments: Annotated[list[Attachment], Meta(max_length=10)] | UnsetType = UNSET


class Ack(FromClient, frozen=True, kw_only=True, tag="ack"):
    """Events up to `seq` have arrived and need not be kept."""

    seq: Annotated[int, Meta(ge=0)]


class Ping(FromClient, frozen=True, kw_only=True, tag="ping"):
    """→ `pong`"""


class Welcome(FromServer, frozen=True, kw_only=True, tag="welcome"):
    """Reply to `hello`."""

    session: str
    """Names this session for a resume; a secret."""
    resumed: bool
    """True: the session goes on, its missed events follow. False: it is a new one; join again."""
    address: str
    """The caller's address."""
    name: str
    """The caller's name."""
    ice_servers: list[IceServer]
    ping_interval: float
    """Seconds; a client silent for twice as long is taken as lost."""
    resume_timeout: float
    """Seconds that a lost session is kept."""
    version: str
    """Of the server."""
    device: str | UnsetType = UNSET
    """The device that this session is, when it is reachable: calls to the account ring here.
    Absent: not reachable."""


class Pong(FromServer, frozen=True, kw_only=True, tag="pong"):
    """Reply to `ping`."""


class Failed(FromServer, frozen=True, kw_only=True, tag="failed"):
    """The connection cannot go on (bad hello, garbage, flood); the server closes it after this."""

    reason: Reason
    """Why."""
    text: str
    """For people."""


class Result(FromServer, frozen=True, kw_only=True, tag="result"):
    """The request was done."""

    id: RequestId


class Refused(FromServer, frozen=True, kw_only=True, tag="refused"):
    """The request was not done."""

    id: RequestId
    reason: Reason
    """Why."""
    text: str
    """For people."""


class Joined(FromServer, frozen=True, kw_only=True, tag="joined"):
    """Reply to `join`."""

    id: RequestId
    room: Room
    """As it is now."""


class Answered(FromServer, frozen=True, kw_only=True, tag="answered"):
    """Reply to `offer`."""

    id: RequestId
    sdp: Sdp
    """Session description (RFC 8866), complete or with candidates to follow."""
    tracks: dict[str, str]
    """Section id (`mid`) → track id: what the server sends in each section now. A section that
    is absent carries nothing."""


class Published(FromServer, frozen=True, kw_only=True, tag="published"):
    """Reply to `publish`."""

    id: RequestId
    track: Track
    """The track."""


class Accepted(FromServer, frozen=True, kw_only=True, tag="accepted"):
    """Reply to `say`: the message is stored; to `send`: it is stored, or a device has it."""

    id: RequestId
    message: Message
    """As everybody gets it."""


class Messages(FromServer, frozen=True, kw_only=True, tag="messages"):
    """Reply to `history`."""

    id: RequestId
    messages: list[Message]
    """Oldest first."""
    more: bool
    """There are others beyond, in the direction that was asked for."""
    next: Id | UnsetType = UNSET
    """`before` (or `after`) of the next page. Absent: that of the last message here."""
    changes: list[Change] | UnsetType = UNSET
    """Changes of this time to messages that are not here, oldest first."""


class Changed(FromServer, frozen=True, kw_only=True, tag="changed"):
    """Reply to `correct`, `retract` and `react`: the change is stored."""

    id: RequestId
    change: Change
    """As everybody gets it."""


class Conversations(FromServer, frozen=True, kw_only=True, tag="conversations"):
    """Reply to `conversations`."""

    id: RequestId
    conversations: list[Conversation]
    """The latest first."""
    next: Id | None
    """`before` of the next page; null: this is the last."""


class Contacts(FromServer, frozen=True, kw_only=True, tag="contacts"):
    """Reply to `watch_contacts`."""

    id: RequestId
    contacts: list[Contact]
    blocked: list[str]
    """Of whom the caller hears nothing."""
    presence: list[Presence]
    """Of the caller and of all contacts that are there; the others are offline."""


class ContactIs(FromServer, frozen=True, kw_only=True, tag="contact"):
    """Reply to `set_contact`."""

    id: RequestId
    contact: Contact
    """As it is now."""


class Called(FromServer, frozen=True, kw_only=True, tag="called"):
    """Reply to `call`, `invite`, `transfer` and `accept`."""

    id: RequestId
    call: Call
    """As it is now."""


class Offered(FromServer, frozen=True, kw_only=True, tag="offered"):
    """The server's session description: answer it with `answer`."""

    seq: Seq
    request: int
    """Number of the offer."""
    sdp: Sdp
    """Session description (RFC 8866), complete or with candidates to follow."""


class Mapped(FromServer, frozen=True, kw_only=True, tag="mapped"):
    """What the server sends in each section changed."""

    seq: Seq
    tracks: dict[str, str]
    """Section id (`mid`) → track id: what the server sends in each section now. A section that
    is absent carries nothing."""


class MemberJoined(FromServer, frozen=True, kw_only=True, tag="member_joined"):
    """Somebody entered."""

    seq: Seq
    member: Member
    """Who."""


class MemberChanged(FromServer, frozen=True, kw_only=True, tag="member_changed"):
    """A member's name, role, hand or presence changed."""

    seq: Seq
    member: Member
    """As it is now."""


class MemberLeft(FromServer, frozen=True, kw_only=True, tag="member_left"):
    """Somebody left."""

    seq: Seq
    member: Id
    """Member id."""
    reason: Reason
    """Why."""


class TrackAdded(FromServer, frozen=True, kw_only=True, tag="track_added"):
    """A member publishes a track."""

    seq: Seq
    track: Track
    """Which."""


class TrackChanged(FromServer, frozen=True, kw_only=True, tag="track_changed"):
    """A track was muted, unmuted, or its codec is known."""

    seq: Seq
    track: Track
    """As it is now."""


class TrackRemoved(FromServer, frozen=True, kw_only=True, tag="track_removed"):
    """A track is no more."""

    seq: Seq
    track: Id
    """Track id."""
    member: Id
    """Whose it was."""


class Said(FromServer, frozen=True, kw_only=True, tag="said"):
    """A message of the room."""

    seq: Seq
    message: Message
    """The message."""


class SpeakerChanged(FromServer, frozen=True, kw_only=True, tag="speaker_changed"):
    """The dominant speaker changed."""

    seq: Seq
    member: Id | None
    """Member id; null: nobody speaks."""


class Invited(FromServer, frozen=True, kw_only=True, tag="invited"):
    """Somebody calls: ring, and `accept` or `decline`."""

    seq: Seq
    call: Call
    """Who, and where it leads."""


class CallRinging(FromServer, frozen=True, kw_only=True, tag="call_ringing"):
    """Of a call that this session makes: a device rings."""

    seq: Seq
    call: Call
    """As it is now."""
    device: str
    """Address of the device."""


class CallAnswered(FromServer, frozen=True, kw_only=True, tag="call_answered"):
    """Of a call that this session makes: somebody answered and comes into `call.room`."""

    seq: Seq
    call: Call
    """As it is now."""


class CallEnded(FromServer, frozen=True, kw_only=True, tag="call_ended"):
    """A call is over, for this session: `call.reason` says why. On a device that was rung in
    vain: `elsewhere` (answered there), `cancelled` or `timeout`."""

    seq: Seq
    call: Call
    """As it is now."""


class DigitPressed(FromServer, frozen=True, kw_only=True, tag="digit_pressed"):
    """A member pressed a key of a telephone's pad."""

    seq: Seq
    member: Id
    """Member id."""
    digit: str
    """One of 0-9, A-D, *, #."""
    duration: float
    """Seconds."""


class Held(FromServer, frozen=True, kw_only=True, tag="held"):
    """A member put the others on hold, or came back."""

    seq: Seq
    member: Id
    """Member id."""
    held: bool
    """On hold."""


class DirectMessage(FromServer, frozen=True, kw_only=True, tag="direct_message"):
    """A direct message to the caller's account."""

    seq: Seq
    message: Message
    """The message."""


class MessageSent(FromServer, frozen=True, kw_only=True, tag="message_sent"):
    """Another device of the caller's account sent a direct message."""

    seq: Seq
    message: Message
    """The message; `room` is whom it was sent to."""


class MessageChanged(FromServer, frozen=True, kw_only=True, tag="message_changed"):
    """Somebody corrected, took back or reacted to a message."""

    seq: Seq
    peer: str | None
    """With whom the direct conversation is; null: it is in the room that the session is in."""
    change: Change
    """What changed."""


class Typed(FromServer, frozen=True, kw_only=True, tag="typed"):
    """Somebody began or ceased to write."""

    seq: Seq
    peer: str | None
    """With whom the direct conversation is; null: it is in the room that the session is in."""
    sender: str
    """Address of who writes."""
    name: str
    """To be shown."""
    active: bool
    """Writes now."""


class Marked(FromServer, frozen=True, kw_only=True, tag="marked"):
    """Somebody is that far with messages of others."""

    seq: Seq
    peer: str | None
    """With whom the direct conversation is; null: it is in the room that the session is in."""
    sender: str
    """Address of who is."""
    mark: Mark
    """How far."""
    message: Id
    """Id of the message up to which."""


class SubjectChanged(FromServer, frozen=True, kw_only=True, tag="subject_changed"):
    """What the room is about is another."""

    seq: Seq
    subject: str
    """Empty: nothing."""
    sender: str
    """Address of who set it."""
    name: str
    """Their name then."""
    at: float
    """Seconds since 1970 (UTC)."""


class RoomChanged(FromServer, frozen=True, kw_only=True, tag="room_changed"):
    """The room's settings are others: whoever shows them reads them again."""

    seq: Seq


class Whispered(FromServer, frozen=True, kw_only=True, tag="whispered"):
    """A member's message to another one alone, which is not kept."""

    seq: Seq
    message: Message
    """The message."""
    sender: Id
    """Member id of who wrote it."""
    to: Id
    """Member id of who gets it."""


class RoomInvited(FromServer, frozen=True, kw_only=True, tag="room_invited"):
    """Somebody asks the caller to come into a room."""

    seq: Seq
    room: str
    """Name of the room."""
    sender: str
    """Address."""
    name: str
    """To be shown."""
    text: str
    """For the caller to read."""


class ContactChanged(FromServer, frozen=True, kw_only=True, tag="contact_changed"):
    """A contact is new, or other than before."""

    seq: Seq
    contact: Contact
    """As it is now."""


class ContactRemoved(FromServer, frozen=True, kw_only=True, tag="contact_removed"):
    """A contact is no more."""

    seq: Seq
    address: str
    """Address."""


class ContactAsked(FromServer, frozen=True, kw_only=True, tag="contact_asked"):
    """Somebody asks to see the caller's presence: `answer_contact`."""

    seq: Seq
    address: str
    """Address."""
    text: str
    """For the caller to read."""


class ContactAnswered(FromServer, frozen=True, kw_only=True, tag="contact_answered"):
    """Somebody lets the caller see their presence, or not (any more)."""

    seq: Seq
    address: str
    """Address."""
    granted: bool
    """The caller sees them."""


class BlockingChanged(FromServer, frozen=True, kw_only=True, tag="blocking_changed"):
    """The caller blocks others than before."""

    seq: Seq
    blocked: list[str]
    unblocked: list[str]


class PresenceChanged(FromServer, frozen=True, kw_only=True, tag="presence_changed"):
    """Of the caller's account or of somebody whom the caller sees."""

    seq: Seq
    presence: Presence
    """As it is now."""


class ProfileChanged(FromServer, frozen=True, kw_only=True, tag="profile_changed"):
    """The name or the picture of the caller or of a contact is another."""

    seq: Seq
    account: str
    """Address of an account."""
    name: str
    """To be shown."""
    avatar: str | None
    """Names the picture's content; null: no picture."""


class MediaState(FromServer, frozen=True, kw_only=True, tag="media_state"):
    """The state of the caller's media connection."""

    seq: Seq
    state: Literal["connected", "interrupted", "closed"]
    """`closed`: make a new session with `offer`."""
    srtp_profile: str | None
    """IANA name when connected."""


class Quality(FromServer, frozen=True, kw_only=True, tag="quality"):
    """How the caller's media fares, every few seconds."""

    seq: Seq
    level: Annotated[int, Meta(ge=0, le=4)]
    """0 (lost) … 4 (good)."""
    round_trip: float | None
    """Milliseconds."""
    loss_in: float
    """Fraction lost on the way to the server."""
    loss_out: float
    """Fraction lost on the way from the server."""
    available_bitrate: int | None
    """Bits per second towards the caller, estimated."""


class Ended(FromServer, frozen=True, kw_only=True, tag="ended"):
    """The caller's membership ended."""

    seq: Seq
    reason: Reason
    """Why."""
    text: str
    """For people."""
    alternative: str | UnsetType = UNSET
    """Room to meet in instead, where one was closed for good in favour of another."""


class Draining(FromServer, frozen=True, kw_only=True, tag="draining"):
    """The node stops soon; connect again (perhaps to another node)."""

    seq: Seq
    text: str
    """For people."""


ClientRequest = (
    Join
    | Leave
    | Offer
    | Answer
    | Candidate
    | Publish
    | Unpublish
    | Subscribe
    | Mute
    | Say
    | History
    | Correct
    | Retract
    | React
    | Typing
    | MarkMessages
    | ListConversations
    | WatchContacts
    | SetContact
    | RemoveContact
    | AskContact
    | AnswerContact
    | WithdrawContact
    | Block
    | Unblock
    | SetPresence
    | RaiseHand
    | Moderate
    | SetSubject
    | Whisper
    | AskIn
    | PlaceCall
    | AcceptCall
    | DeclineCall
    | HangUp
    | Invite
    | Transfer
    | Hold
    | Press
    | Send
)
"""A request: it has a reply."""

ClientMessage = Hello | Ack | Ping | ClientRequest
"""Everything a client may send."""

ServerReply = (
    Result
    | Refused
    | Joined
    | Answered
    | Published
    | Accepted
    | Messages
    | Changed
    | Conversations
    | Contacts
    | ContactIs
    | Called
)
"""The reply to a request."""

ServerEvent = (
    Offered
    | Mapped
    | MemberJoined
    | MemberChanged
    | MemberLeft
    | TrackAdded
    | TrackChanged
    | TrackRemoved
    | Said
    | SpeakerChanged
    | Invited
    | CallRinging
    | CallAnswered
    | CallEnded
    | DigitPressed
    | Held
    | DirectMessage
    | MessageSent
    | MessageChanged
    | Typed
    | Marked
    | SubjectChanged
    | RoomChanged
    | Whispered
    | RoomInvited
    | ContactChanged
    | ContactRemoved
    | ContactAsked
    | ContactAnswered
    | BlockingChanged
    | PresenceChanged
    | ProfileChanged
    | MediaState
    | Quality
    | Ended
    | Draining
)
"""A numbered event."""

ServerMessage = Welcome | Pong | Failed | ServerReply | ServerEvent
"""Everything a server may send."""
