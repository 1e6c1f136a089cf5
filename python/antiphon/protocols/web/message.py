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

Receive = Literal["all", "speaker", "chosen", "none"]
"""What a member wants to receive: every track, the current speaker's, only those chosen, or
none."""

CallState = Literal["calling", "ringing", "answered", "ended"]
"""How far a call is."""

Id = Annotated[str, Meta(min_length=1, max_length=64)]
"""An id of a member, a track or a message."""

RequestId = Annotated[int, Meta(ge=1, le=9007199254740991)]
"""Number of a request, chosen by the client, rising by one; the reply carries it."""

Seq = Annotated[int, Meta(ge=1)]
"""Number of an event in its session, rising by one."""

Sdp = Annotated[str, Meta(min_length=1, max_length=65536)]
"""A session description (RFC 8866)."""


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


class Message(Struct, frozen=True, kw_only=True):
    """A chat message of a room, or a direct one."""

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
    text: Annotated[str, Meta(min_length=1, max_length=10000)]
    """Plain text."""
    origin_id: Id
    """An id of the sender's own: the same one twice is one message."""


class History(FromClient, frozen=True, kw_only=True, tag="history"):
    """Older messages of the room. → `messages`"""

    id: RequestId
    before: Id | UnsetType = UNSET
    """Message id; the newest if absent."""
    limit: Annotated[int, Meta(ge=1, le=200)] | UnsetType = UNSET
    """50 if absent."""


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
    """Send a direct message to all devices of somebody. → `accepted`, when one of them has it"""

    id: RequestId
    to: Annotated[str, Meta(min_length=1, max_length=256)]
    """Address."""
    text: Annotated[str, Meta(min_length=1, max_length=10000)]
    """Plain text."""
    origin_id: Id
    """An id of the sender's own: the same one twice is one message."""


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
    """Reply to `say`: the message is stored; to `send`: a device has it."""

    id: RequestId
    message: Message
    """As everybody gets it."""


class Messages(FromServer, frozen=True, kw_only=True, tag="messages"):
    """Reply to `history`."""

    id: RequestId
    messages: list[Message]
    """Oldest first."""
    more: bool
    """There are older ones."""


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
    """A chat message."""

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
    """A message to the caller's account."""

    seq: Seq
    message: Message
    """The message."""


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
    | RaiseHand
    | Moderate
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

ServerReply = Result | Refused | Joined | Answered | Published | Accepted | Messages | Called
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
    | MediaState
    | Quality
    | Ended
    | Draining
)
"""A numbered event."""

ServerMessage = Welcome | Pong | Failed | ServerReply | ServerEvent
"""Everything a server may send."""
