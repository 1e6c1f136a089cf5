/**
 * Messages of the room WebSocket `/ws`; field names are those on the wire.
 *
 * Generated from schema/signalling.json by tools/generate_signalling.py: change the schema.
 */

/** Why a request was refused, or a call or a membership ended. */
export type Reason =
  | "bad_request"
  | "unauthorized"
  | "forbidden"
  | "not_found"
  | "conflict"
  | "gone"
  | "too_large"
  | "too_many"
  | "unsupported"
  | "timeout"
  | "busy"
  | "internal"
  | "unavailable"
  | "banned"
  | "members_only"
  | "password"
  | "declined"
  | "cancelled"
  | "elsewhere"
  | "transferred"
  | "left"
  | "removed"
  | "closed"
  | "replaced"
  | "draining"
  | "lost";

/** Kind of media. */
export type Kind = "audio" | "video";

/** What a track shows or sounds. */
export type Source = "microphone" | "camera" | "screen" | "screen_audio" | "other";

/** What a member may do: a listener receives and chats, a speaker also sends media, a moderator also mutes and removes others. */
export type Role = "listener" | "speaker" | "moderator";

/** What an account is to a room, whether it is in it or not. */
export type Affiliation = "owner" | "admin" | "member" | "none" | "outcast";

/** What a member wants to receive: every track, the current speaker's, only those chosen, or none. */
export type Receive = "all" | "speaker" | "chosen" | "none";

/** How far a call is. */
export type CallState = "calling" | "ringing" | "answered" | "ended";

/** What is done to an earlier message. */
export type ChangeKind = "correction" | "retraction" | "reaction";

/** How far somebody is with the messages of another; a mark of one includes all before it. */
export type Mark = "received" | "displayed";

/** What a device says of its user: there, glad to talk, away, away for long, busy, or not there. */
export type Show = "available" | "chat" | "away" | "xa" | "busy" | "offline";

/** A STUN or TURN server, in the shape of RTCIceServer. */
export interface IceServer {
  urls: string[];
  /** For TURN. */
  username?: string;
  /** For TURN. */
  credential?: string;
}

/** Somebody present in a room. */
export interface Member {
  /** Unique in the room's life. */
  id: string;
  /** `user@domain`; a guest's domain begins with `guest.`. */
  address: string;
  /** To be shown. */
  name: string;
  /** The member's role. */
  role: Role;
  /** Has the hand raised. */
  hand: boolean;
  /** False while the connection is lost and may be resumed. */
  present: boolean;
  /** Seconds since 1970 (UTC). */
  joined_at: number;
  /** Number that marks the member's data channel messages; null without one. */
  endpoint: number | null;
  /** An encoder or a player (WHIP, WHEP), not a person. */
  stream: boolean;
  /** A telephone. Absent: no. */
  phone?: boolean;
  /** Has put the others on hold. Absent: no. */
  held?: boolean;
  /** What their account is to the room. Absent: none. */
  affiliation?: Affiliation;
}

/** One media source of a member. */
export interface Track {
  /** Unique in the room's life. */
  id: string;
  /** Who sends it. */
  member: string;
  /** Audio or video. */
  kind: Kind;
  /** What it shows or sounds. */
  source: Source;
  /** Muted by its owner or by a moderator. */
  muted: boolean;
  /** In use, lower case (`opus`, `vp8`); null before the first packet. */
  codec: string | null;
}

/** A file that a message points to. */
export interface Attachment {
  /** Where it is. */
  url: string;
  /** File name. */
  name?: string;
  /** As `image/png`. */
  media_type?: string;
  /** Bytes. */
  size?: number;
  /** URL of a small picture of it. */
  thumbnail?: string;
  /** Pixels. */
  width?: number;
  /** Pixels. */
  height?: number;
}

/** What one person reacts with. */
export interface Reaction {
  /** Address. */
  sender: string;
  /** To be shown. */
  name: string;
  reactions: string[];
}

/** A message that was taken back. */
export interface Retracted {
  /** Address of the sender, or of a moderator of the room. */
  by: string;
  /** Seconds since 1970 (UTC). */
  at: number;
}

/** A message of a room, or a direct one, as it is to be shown now: changes that came later are worked in. */
export interface Message {
  /** Given by the server, sorts by time. */
  id: string;
  /** Room name; of a direct message the address that it was sent to. */
  room: string;
  /** Address. */
  sender: string;
  /** The sender's name when it was sent. */
  name: string;
  /** Plain text. */
  text: string;
  /** Seconds since 1970 (UTC). */
  sent_at: number;
  /** The sender's own id of the message. */
  origin_id: string | null;
  /** Id of the message that it answers, or that one's `origin_id`. */
  reply_to?: string;
  attachments?: Attachment[];
  /** Its text is that of a correction. Seconds since 1970 (UTC). */
  edited_at?: number;
  /** It was taken back: its text is empty. */
  retracted?: Retracted;
  /** Who reacts with what; absent: nobody. */
  reactions?: Reaction[];
}

/** What somebody does to an earlier message; the last one of a kind counts. */
export interface Change {
  /** Given by the server, sorts by time among those of messages. */
  id: string;
  /** What it does. */
  kind: ChangeKind;
  /** Id of the message that it changes. */
  about: string;
  /** Address of who changes it. A correction counts only from the message's own sender. */
  sender: string;
  /** The sender's name then. */
  name: string;
  /** Seconds since 1970 (UTC). */
  sent_at: number;
  /** The sender's own id of the change. */
  origin_id: string | null;
  /** Of a correction: the text now. */
  text?: string;
  attachments?: Attachment[];
  reactions?: string[];
}

/** The caller's exchange with another account, as a list of them shows it. */
export interface Conversation {
  /** Address of an account. */
  peer: string;
  /** The latest message. */
  last: Message;
  /** How many of the peer's messages the caller has not seen. */
  unread: number;
  /** Id up to which the caller has seen them. */
  displayed: string | null;
  /** Id up to which the peer's devices have the caller's. */
  peer_received: string | null;
  /** Id up to which the peer has seen the caller's. */
  peer_displayed: string | null;
}

/** Somebody in the caller's list, or who asked to be. */
export interface Contact {
  /** Address. */
  address: string;
  /** As the caller calls them; empty: nothing of its own. */
  name: string;
  groups: string[];
  /** The caller sees their presence. */
  sees: boolean;
  /** They see the caller's. */
  seen: boolean;
  /** The caller asked to see them, and waits. */
  asked: boolean;
  /** They asked to see the caller, and wait. */
  asking: boolean;
  /** In the list. Who only asks is not. */
  listed: boolean;
  /** What they wrote when they asked. Absent: nothing. */
  request?: string;
}

/** What one device says of its user. */
export interface PresenceDevice {
  /** Name of the device: the part of its address behind `/`. */
  device: string;
  /** How it is. */
  show: Show;
  /** In words. */
  note: string;
  /** Seconds since 1970 (UTC). */
  since: number;
  /** When its user was last seen to do something; null: not known. Seconds since 1970 (UTC). */
  idle_since: number | null;
}

/** Whether somebody is there. */
export interface Presence {
  /** Address of an account. */
  account: string;
  /** What counts most of what the devices say. */
  show: Show;
  /** Of the device that counts most. */
  note: string;
  /** The same. Seconds since 1970 (UTC). */
  since: number | null;
  devices: PresenceDevice[];
}

/** The room as the joining member finds it. */
export interface Room {
  /** Part of the address `room@rooms.domain`. */
  name: string;
  /** To be shown. */
  title: string;
  /** The member that the caller is. */
  me: string;
  members: Member[];
  tracks: Track[];
  /** The newest, oldest first. */
  messages: Message[];
  /** The dominant speaker's member id. */
  speaker: string | null;
  /** What the room is about now. Absent: nothing. */
  subject?: string;
}

/** Somebody rings somebody else; whoever answers meets the caller in `room`. */
export interface Call {
  /** Names the call. */
  id: string;
  /** The room that the call leads into: join it. */
  room: string;
  /** Address of who rings, or a telephone number (`+49301234@domain`). */
  caller: string;
  /** To be shown. */
  caller_name: string;
  /** Address of who is rung, or a telephone number. */
  callee: string;
  /** The caller would like to be seen. */
  video: boolean;
  /** How far it is. */
  state: CallState;
  /** Seconds since 1970 (UTC). */
  started_at: number;
  /** Seconds since 1970 (UTC); null before. */
  answered_at: number | null;
  /** Seconds since 1970 (UTC); null before. */
  ended_at: number | null;
  /** Address and device of who answered. */
  by: string | null;
  reason: Reason | null;
}

/** The first message of a connection (the token may come as WebSocket subprotocol `antiphon.token.<JWT>` instead, beside `antiphon.v1`). */
export interface Hello {
  type: "hello";
  /** JWT from `/api/v1/auth/...`. */
  token?: string;
  /** `session` of an earlier `welcome`. */
  resume?: string;
  /** With `resume`: the last `seq` seen. */
  after?: number;
  /** Calls and messages to the caller's address shall come to this session. No if absent; on a resume, as before. */
  reachable?: boolean;
}

/** Enter a room; one room at a time. → `joined` */
export interface Join {
  type: "join";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** Room name. */
  room: string;
  /** Name to be shown; the account's or guest's own if absent. */
  name?: string;
  /** What to receive at first; all if absent. */
  receive?: Receive;
  /** Of a room that has one. */
  password?: string;
}

/** Leave the room. → `result` */
export interface Leave {
  type: "leave";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
}

/** A session description of the client; its media session begins with the first one. → `answered` */
export interface Offer {
  type: "offer";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** Session description (RFC 8866), complete or with candidates to follow. */
  sdp: string;
}

/** The answer to `offered`. In a collision the client's own offer wins: it ignores `offered`, which comes again. → `result` */
export interface Answer {
  type: "answer";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** `request` of the `offered`. */
  request: number;
  /** Session description (RFC 8866), complete or with candidates to follow. */
  sdp: string;
}

/** A trickled ICE candidate (RFC 8839 `candidate:…`). → `result` */
export interface Candidate {
  type: "candidate";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** Empty: end of candidates. */
  candidate: string;
}

/** Make the media of one section a track of the room. → `published` */
export interface Publish {
  type: "publish";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** Section id of the client's session. */
  mid: string;
  /** What it is. */
  source: Source;
  /** Begins muted; false if absent. */
  muted?: boolean;
}

/** Take a track of one's own away. → `result` */
export interface Unpublish {
  type: "unpublish";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** Track id. */
  track: string;
}

/** Choose what to receive. → `result` */
export interface Subscribe {
  type: "subscribe";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** The choice. */
  receive: Receive;
  /** With `chosen`. */
  tracks?: string[];
}

/** Mute or unmute a track of one's own, at the server. → `result` */
export interface Mute {
  type: "mute";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** Track id. */
  track: string;
  /** The new state. */
  muted: boolean;
}

/** Send a chat message to the room. → `accepted`, when it is stored */
export interface Say {
  type: "say";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** Plain text; may be empty beside attachments. */
  text: string;
  /** An id of the sender's own: the same one twice is one message. */
  origin_id: string;
  /** Id of the message that it answers, or that one's `origin_id`. */
  reply_to?: string;
  attachments?: Attachment[];
}

/** Messages of the room, or with `to` of a direct conversation, with all changes to them. → `messages` */
export interface History {
  type: "history";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** Message id: those before it. The newest if absent. */
  before?: string;
  /** 50 if absent. */
  limit?: number;
  /** Address of an account: the direct conversation with it. Absent: the room that the session is in. */
  to?: string;
  /** Message id: those after it, the oldest first. Not with `before`. */
  after?: string;
  /** Words that the text contains. */
  search?: string;
}

/** Give a message of one's own another text. → `changed`, when it is stored */
export interface Correct {
  type: "correct";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** Id of the message, or its `origin_id`. */
  about: string;
  /** Plain text; may be empty beside attachments. */
  text: string;
  /** An id of the sender's own: the same one twice is one message. */
  origin_id: string;
  /** Address of an account: the direct conversation with it. Absent: the room that the session is in. */
  to?: string;
  attachments?: Attachment[];
}

/** Take a message back: one's own, or for moderators of the room any. → `changed`, when it is stored */
export interface Retract {
  type: "retract";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** Id of the message, or its `origin_id`. */
  about: string;
  /** An id of the sender's own: the same one twice is one message. */
  origin_id: string;
  /** Address of an account: the direct conversation with it. Absent: the room that the session is in. */
  to?: string;
}

/** React to a message, in place of what one reacted with before. → `changed`, when it is stored */
export interface React {
  type: "react";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** Id of the message, or its `origin_id`. */
  about: string;
  /** Empty: no reaction any more. */
  reactions: string[];
  /** An id of the sender's own: the same one twice is one message. */
  origin_id: string;
  /** Address of an account: the direct conversation with it. Absent: the room that the session is in. */
  to?: string;
}

/** Say that one writes, or has ceased to. Others forget it after half a minute. → `result` */
export interface Typing {
  type: "typing";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** Writes now. */
  active: boolean;
  /** Address of an account: the direct conversation with it. Absent: the room that the session is in. */
  to?: string;
}

/** Say how far one is with messages. → `result` */
export interface MarkMessages {
  type: "mark";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** How far. */
  mark: Mark;
  /** Id of the message up to which. */
  message: string;
  /** Address of an account: the direct conversation with it. Absent: the room that the session is in. */
  to?: string;
}

/** The caller's direct conversations, the latest first. → `conversations` */
export interface ListConversations {
  type: "conversations";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** `next` of the page before. */
  before?: string;
  /** 50 if absent. */
  limit?: number;
}

/** The caller's contacts, and from now on the presence of those whom the caller may see. → `contacts` */
export interface WatchContacts {
  type: "watch_contacts";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
}

/** Put somebody into one's list, or change what stands there. → `contact` */
export interface SetContact {
  type: "set_contact";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** Address. */
  address: string;
  /** As the caller calls them; as it was if absent. */
  name?: string;
  /** As they were if absent. */
  groups?: string[];
}

/** Take somebody out of one's list; neither sees the other any more. → `result` */
export interface RemoveContact {
  type: "remove_contact";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** Address. */
  address: string;
}

/** Ask to see somebody's presence. → `result` */
export interface AskContact {
  type: "ask_contact";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** Address. */
  address: string;
  /** For them to read. */
  text?: string;
}

/** Let somebody see one's presence, or not (any more); also before they ask. → `result` */
export interface AnswerContact {
  type: "answer_contact";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** Address. */
  address: string;
  /** They may. */
  granted: boolean;
}

/** Do not see somebody's presence any more. → `result` */
export interface WithdrawContact {
  type: "withdraw_contact";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** Address. */
  address: string;
}

/** Hear nothing of somebody any more. → `result` */
export interface Block {
  type: "block";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  addresses: string[];
}

/** Hear of them again. → `result` */
export interface Unblock {
  type: "unblock";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** Everybody if absent. */
  addresses?: string[];
}

/** Say how the user of this device is; `reachable` sessions only, which begin as available. → `result` */
export interface SetPresence {
  type: "set_presence";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** How; `offline`: not shown to be there. */
  show: Show;
  /** In words; none if absent. */
  note?: string;
  /** When the user was last seen to do something. Seconds since 1970 (UTC). */
  idle_since?: number;
}

/** Raise or lower one's own hand. → `result` */
export interface RaiseHand {
  type: "raise_hand";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** The new state. */
  raised: boolean;
}

/** For moderators: act on another member. → `result` */
export interface Moderate {
  type: "moderate";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** Member id. */
  member: string;
  /** `mute` mutes `track`, or every audio track of the member. */
  action: "mute" | "remove" | "lower_hand" | "promote" | "demote";
  /** With `mute`. */
  track?: string;
}

/** Say what the room is about now. → `result` */
export interface SetSubject {
  type: "set_subject";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** Empty: nothing. */
  subject: string;
}

/** Write to one member of the room alone; it is not kept. → `result` */
export interface Whisper {
  type: "whisper";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** Member id. */
  member: string;
  /** Plain text. */
  text: string;
  /** An id of the sender's own: the same one twice is one message. */
  origin_id: string;
}

/** Ask an account to come into the room. → `result` */
export interface AskIn {
  type: "ask_in";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** Address. */
  to: string;
  /** For them to read. */
  text?: string;
}

/** Ring somebody. → `called`; then join `call.room` and wait there. What becomes of it comes as `call_ringing`, `call_answered` and `call_ended`. */
export interface PlaceCall {
  type: "call";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** An account (`bob`, `bob@example.org`) or a telephone number. */
  to: string;
  /** With pictures; false if absent. */
  video?: boolean;
  /** A room to ring them into; one made for the two if absent. */
  room?: string;
}

/** Answer a call that rings here. → `called`; then join `call.room`. Refused with `gone` when it was answered elsewhere or is over. */
export interface AcceptCall {
  type: "accept";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** Call id. */
  call: string;
}

/** Do not answer a call that rings here. → `result` */
export interface DeclineCall {
  type: "decline";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** Call id. */
  call: string;
  /** `declined` if absent. */
  reason?: "declined" | "busy";
}

/** End a call that this session makes or has answered. → `result` */
export interface HangUp {
  type: "hang_up";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** Call id. */
  call: string;
}

/** Ring somebody into the room that the caller is in. → `called` */
export interface Invite {
  type: "invite";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** As in `call`. */
  to: string;
  /** As in `call`. */
  video?: boolean;
}

/** Ring somebody into the room that the caller is in, and leave it when they have come (`ended` with `transferred`). → `called` */
export interface Transfer {
  type: "transfer";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** As in `call`. */
  to: string;
  /** As in `call`. */
  video?: boolean;
}

/** Put the others in the room on hold (no media either way), or come back. → `result` */
export interface Hold {
  type: "hold";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** The new state. */
  held: boolean;
}

/** Press keys of a telephone's pad; telephones in the room hear the tones. → `result` */
export interface Press {
  type: "press";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** Of 0-9, A-D, *, #. */
  digits: string;
  /** Of each, in milliseconds; 160 if absent. */
  duration?: number;
}

/** Send a direct message to all devices of somebody. → `accepted`, when it is stored, or one of them has it */
export interface Send {
  type: "send";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** Address. */
  to: string;
  /** Plain text; may be empty beside attachments. */
  text: string;
  /** An id of the sender's own: the same one twice is one message. */
  origin_id: string;
  /** Id of the message that it answers, or that one's `origin_id`. */
  reply_to?: string;
  attachments?: Attachment[];
}

/** Events up to `seq` have arrived and need not be kept. */
export interface Ack {
  type: "ack";
  /** The last one. */
  seq: number;
}

/** → `pong` */
export interface Ping {
  type: "ping";
}

/** Reply to `hello`. */
export interface Welcome {
  type: "welcome";
  /** Names this session for a resume; a secret. */
  session: string;
  /** True: the session goes on, its missed events follow. False: it is a new one; join again. */
  resumed: boolean;
  /** The caller's address. */
  address: string;
  /** The caller's name. */
  name: string;
  ice_servers: IceServer[];
  /** Seconds; a client silent for twice as long is taken as lost. */
  ping_interval: number;
  /** Seconds that a lost session is kept. */
  resume_timeout: number;
  /** Of the server. */
  version: string;
  /** The device that this session is, when it is reachable: calls to the account ring here. Absent: not reachable. */
  device?: string;
}

/** Reply to `ping`. */
export interface Pong {
  type: "pong";
}

/** The connection cannot go on (bad hello, garbage, flood); the server closes it after this. */
export interface Failed {
  type: "failed";
  /** Why. */
  reason: Reason;
  /** For people. */
  text: string;
}

/** The request was done. */
export interface Result {
  type: "result";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
}

/** The request was not done. */
export interface Refused {
  type: "refused";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** Why. */
  reason: Reason;
  /** For people. */
  text: string;
}

/** Reply to `join`. */
export interface Joined {
  type: "joined";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** As it is now. */
  room: Room;
}

/** Reply to `offer`. */
export interface Answered {
  type: "answered";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** Session description (RFC 8866), complete or with candidates to follow. */
  sdp: string;
  /** Section id (`mid`) → track id: what the server sends in each section now. A section that is absent carries nothing. */
  tracks: { [name: string]: string };
}

/** Reply to `publish`. */
export interface Published {
  type: "published";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** The track. */
  track: Track;
}

/** Reply to `say`: the message is stored; to `send`: it is stored, or a device has it. */
export interface Accepted {
  type: "accepted";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** As everybody gets it. */
  message: Message;
}

/** Reply to `history`. */
export interface Messages {
  type: "messages";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** Oldest first. */
  messages: Message[];
  /** There are others beyond, in the direction that was asked for. */
  more: boolean;
  /** `before` (or `after`) of the next page. Absent: that of the last message here. */
  next?: string;
  /** Changes of this time to messages that are not here, oldest first. */
  changes?: Change[];
}

/** Reply to `correct`, `retract` and `react`: the change is stored. */
export interface Changed {
  type: "changed";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** As everybody gets it. */
  change: Change;
}

/** Reply to `conversations`. */
export interface Conversations {
  type: "conversations";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** The latest first. */
  conversations: Conversation[];
  /** `before` of the next page; null: this is the last. */
  next: string | null;
}

/** Reply to `watch_contacts`. */
export interface Contacts {
  type: "contacts";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  contacts: Contact[];
  /** Of whom the caller hears nothing. */
  blocked: string[];
  /** Of the caller and of all contacts that are there; the others are offline. */
  presence: Presence[];
}

/** Reply to `set_contact`. */
export interface ContactIs {
  type: "contact";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** As it is now. */
  contact: Contact;
}

/** Reply to `call`, `invite`, `transfer` and `accept`. */
export interface Called {
  type: "called";
  /** Number of the request, chosen by the client, rising by one; the reply carries it. A request repeated after a resume is answered again, not done again. */
  id: number;
  /** As it is now. */
  call: Call;
}

/** The server's session description: answer it with `answer`. */
export interface Offered {
  type: "offered";
  /** Number of the event in this session, rising by one; `ack` it now and then, name the last one to resume. */
  seq: number;
  /** Number of the offer. */
  request: number;
  /** Session description (RFC 8866), complete or with candidates to follow. */
  sdp: string;
}

/** What the server sends in each section changed. */
export interface Mapped {
  type: "mapped";
  /** Number of the event in this session, rising by one; `ack` it now and then, name the last one to resume. */
  seq: number;
  /** Section id (`mid`) → track id: what the server sends in each section now. A section that is absent carries nothing. */
  tracks: { [name: string]: string };
}

/** Somebody entered. */
export interface MemberJoined {
  type: "member_joined";
  /** Number of the event in this session, rising by one; `ack` it now and then, name the last one to resume. */
  seq: number;
  /** Who. */
  member: Member;
}

/** A member's name, role, hand or presence changed. */
export interface MemberChanged {
  type: "member_changed";
  /** Number of the event in this session, rising by one; `ack` it now and then, name the last one to resume. */
  seq: number;
  /** As it is now. */
  member: Member;
}

/** Somebody left. */
export interface MemberLeft {
  type: "member_left";
  /** Number of the event in this session, rising by one; `ack` it now and then, name the last one to resume. */
  seq: number;
  /** Member id. */
  member: string;
  /** Why. */
  reason: Reason;
}

/** A member publishes a track. */
export interface TrackAdded {
  type: "track_added";
  /** Number of the event in this session, rising by one; `ack` it now and then, name the last one to resume. */
  seq: number;
  /** Which. */
  track: Track;
}

/** A track was muted, unmuted, or its codec is known. */
export interface TrackChanged {
  type: "track_changed";
  /** Number of the event in this session, rising by one; `ack` it now and then, name the last one to resume. */
  seq: number;
  /** As it is now. */
  track: Track;
}

/** A track is no more. */
export interface TrackRemoved {
  type: "track_removed";
  /** Number of the event in this session, rising by one; `ack` it now and then, name the last one to resume. */
  seq: number;
  /** Track id. */
  track: string;
  /** Whose it was. */
  member: string;
}

/** A message of the room. */
export interface Said {
  type: "said";
  /** Number of the event in this session, rising by one; `ack` it now and then, name the last one to resume. */
  seq: number;
  /** The message. */
  message: Message;
}

/** The dominant speaker changed. */
export interface SpeakerChanged {
  type: "speaker_changed";
  /** Number of the event in this session, rising by one; `ack` it now and then, name the last one to resume. */
  seq: number;
  /** Member id; null: nobody speaks. */
  member: string | null;
}

/** Somebody calls: ring, and `accept` or `decline`. */
export interface Invited {
  type: "invited";
  /** Number of the event in this session, rising by one; `ack` it now and then, name the last one to resume. */
  seq: number;
  /** Who, and where it leads. */
  call: Call;
}

/** Of a call that this session makes: a device rings. */
export interface CallRinging {
  type: "call_ringing";
  /** Number of the event in this session, rising by one; `ack` it now and then, name the last one to resume. */
  seq: number;
  /** As it is now. */
  call: Call;
  /** Address of the device. */
  device: string;
}

/** Of a call that this session makes: somebody answered and comes into `call.room`. */
export interface CallAnswered {
  type: "call_answered";
  /** Number of the event in this session, rising by one; `ack` it now and then, name the last one to resume. */
  seq: number;
  /** As it is now. */
  call: Call;
}

/** A call is over, for this session: `call.reason` says why. On a device that was rung in vain: `elsewhere` (answered there), `cancelled` or `timeout`. */
export interface CallEnded {
  type: "call_ended";
  /** Number of the event in this session, rising by one; `ack` it now and then, name the last one to resume. */
  seq: number;
  /** As it is now. */
  call: Call;
}

/** A member pressed a key of a telephone's pad. */
export interface DigitPressed {
  type: "digit_pressed";
  /** Number of the event in this session, rising by one; `ack` it now and then, name the last one to resume. */
  seq: number;
  /** Member id. */
  member: string;
  /** One of 0-9, A-D, *, #. */
  digit: string;
  /** Seconds. */
  duration: number;
}

/** A member put the others on hold, or came back. */
export interface Held {
  type: "held";
  /** Number of the event in this session, rising by one; `ack` it now and then, name the last one to resume. */
  seq: number;
  /** Member id. */
  member: string;
  /** On hold. */
  held: boolean;
}

/** A direct message to the caller's account. */
export interface DirectMessage {
  type: "direct_message";
  /** Number of the event in this session, rising by one; `ack` it now and then, name the last one to resume. */
  seq: number;
  /** The message. */
  message: Message;
}

/** Another device of the caller's account sent a direct message. */
export interface MessageSent {
  type: "message_sent";
  /** Number of the event in this session, rising by one; `ack` it now and then, name the last one to resume. */
  seq: number;
  /** The message; `room` is whom it was sent to. */
  message: Message;
}

/** Somebody corrected, took back or reacted to a message. */
export interface MessageChanged {
  type: "message_changed";
  /** Number of the event in this session, rising by one; `ack` it now and then, name the last one to resume. */
  seq: number;
  /** With whom the direct conversation is; null: it is in the room that the session is in. */
  peer: string | null;
  /** What changed. */
  change: Change;
}

/** Somebody began or ceased to write. */
export interface Typed {
  type: "typed";
  /** Number of the event in this session, rising by one; `ack` it now and then, name the last one to resume. */
  seq: number;
  /** With whom the direct conversation is; null: it is in the room that the session is in. */
  peer: string | null;
  /** Address of who writes. */
  sender: string;
  /** To be shown. */
  name: string;
  /** Writes now. */
  active: boolean;
}

/** Somebody is that far with messages of others. */
export interface Marked {
  type: "marked";
  /** Number of the event in this session, rising by one; `ack` it now and then, name the last one to resume. */
  seq: number;
  /** With whom the direct conversation is; null: it is in the room that the session is in. */
  peer: string | null;
  /** Address of who is. */
  sender: string;
  /** How far. */
  mark: Mark;
  /** Id of the message up to which. */
  message: string;
}

/** What the room is about is another. */
export interface SubjectChanged {
  type: "subject_changed";
  /** Number of the event in this session, rising by one; `ack` it now and then, name the last one to resume. */
  seq: number;
  /** Empty: nothing. */
  subject: string;
  /** Address of who set it. */
  sender: string;
  /** Their name then. */
  name: string;
  /** Seconds since 1970 (UTC). */
  at: number;
}

/** The room's settings are others: whoever shows them reads them again. */
export interface RoomChanged {
  type: "room_changed";
  /** Number of the event in this session, rising by one; `ack` it now and then, name the last one to resume. */
  seq: number;
}

/** A member's message to another one alone, which is not kept. */
export interface Whispered {
  type: "whispered";
  /** Number of the event in this session, rising by one; `ack` it now and then, name the last one to resume. */
  seq: number;
  /** The message. */
  message: Message;
  /** Member id of who wrote it. */
  sender: string;
  /** Member id of who gets it. */
  to: string;
}

/** Somebody asks the caller to come into a room. */
export interface RoomInvited {
  type: "room_invited";
  /** Number of the event in this session, rising by one; `ack` it now and then, name the last one to resume. */
  seq: number;
  /** Name of the room. */
  room: string;
  /** Address. */
  sender: string;
  /** To be shown. */
  name: string;
  /** For the caller to read. */
  text: string;
}

/** A contact is new, or other than before. */
export interface ContactChanged {
  type: "contact_changed";
  /** Number of the event in this session, rising by one; `ack` it now and then, name the last one to resume. */
  seq: number;
  /** As it is now. */
  contact: Contact;
}

/** A contact is no more. */
export interface ContactRemoved {
  type: "contact_removed";
  /** Number of the event in this session, rising by one; `ack` it now and then, name the last one to resume. */
  seq: number;
  /** Address. */
  address: string;
}

/** Somebody asks to see the caller's presence: `answer_contact`. */
export interface ContactAsked {
  type: "contact_asked";
  /** Number of the event in this session, rising by one; `ack` it now and then, name the last one to resume. */
  seq: number;
  /** Address. */
  address: string;
  /** For the caller to read. */
  text: string;
}

/** Somebody lets the caller see their presence, or not (any more). */
export interface ContactAnswered {
  type: "contact_answered";
  /** Number of the event in this session, rising by one; `ack` it now and then, name the last one to resume. */
  seq: number;
  /** Address. */
  address: string;
  /** The caller sees them. */
  granted: boolean;
}

/** The caller blocks others than before. */
export interface BlockingChanged {
  type: "blocking_changed";
  /** Number of the event in this session, rising by one; `ack` it now and then, name the last one to resume. */
  seq: number;
  blocked: string[];
  unblocked: string[];
}

/** Of the caller's account or of somebody whom the caller sees. */
export interface PresenceChanged {
  type: "presence_changed";
  /** Number of the event in this session, rising by one; `ack` it now and then, name the last one to resume. */
  seq: number;
  /** As it is now. */
  presence: Presence;
}

/** The name or the picture of the caller or of a contact is another. */
export interface ProfileChanged {
  type: "profile_changed";
  /** Number of the event in this session, rising by one; `ack` it now and then, name the last one to resume. */
  seq: number;
  /** Address of an account. */
  account: string;
  /** To be shown. */
  name: string;
  /** Names the picture's content; null: no picture. */
  avatar: string | null;
}

/** The state of the caller's media connection. */
export interface MediaState {
  type: "media_state";
  /** Number of the event in this session, rising by one; `ack` it now and then, name the last one to resume. */
  seq: number;
  /** `closed`: make a new session with `offer`. */
  state: "connected" | "interrupted" | "closed";
  /** IANA name when connected. */
  srtp_profile: string | null;
}

/** How the caller's media fares, every few seconds. */
export interface Quality {
  type: "quality";
  /** Number of the event in this session, rising by one; `ack` it now and then, name the last one to resume. */
  seq: number;
  /** 0 (lost) … 4 (good). */
  level: number;
  /** Milliseconds. */
  round_trip: number | null;
  /** Fraction lost on the way to the server. */
  loss_in: number;
  /** Fraction lost on the way from the server. */
  loss_out: number;
  /** Bits per second towards the caller, estimated. */
  available_bitrate: number | null;
}

/** The caller's membership ended. */
export interface Ended {
  type: "ended";
  /** Number of the event in this session, rising by one; `ack` it now and then, name the last one to resume. */
  seq: number;
  /** Why. */
  reason: Reason;
  /** For people. */
  text: string;
  /** Room to meet in instead, where one was closed for good in favour of another. */
  alternative?: string;
}

/** The node stops soon; connect again (perhaps to another node). */
export interface Draining {
  type: "draining";
  /** Number of the event in this session, rising by one; `ack` it now and then, name the last one to resume. */
  seq: number;
  /** For people. */
  text: string;
}

/** A request: it has a reply. */
export type ClientRequest =
  | Join
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
  | Send;

/** Everything a client may send. */
export type ClientMessage = Hello | Ack | Ping | ClientRequest;

/** The reply to a request. */
export type ServerReply =
  | Result
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
  | Called;

/** A numbered event. */
export type ServerEvent =
  | Offered
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
  | Draining;

/** Everything a server may send. */
export type ServerMessage = Welcome | Pong | Failed | ServerReply | ServerEvent;
