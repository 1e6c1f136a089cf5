/**
 * Shapes of what a server sends, to check it by before it is believed.
 *
 * Generated from schema/signalling.json by tools/generate_signalling.py: change the schema.
 */

/** What a value must look like; the values of enumerations stay open for newer servers. */
export type Shape =
  | "string"
  | "number"
  | "integer"
  | "boolean"
  | { readonly list: Shape }
  | { readonly map: Shape }
  | { readonly nullable: Shape }
  | { readonly optional: Shape }
  | { readonly part: string };

/** Field name → shape. Fields that are not named here are allowed. */
export type Shapes = { readonly [field: string]: Shape };

/** Parts of messages. */
export const partShapes: { readonly [name: string]: Shapes } = {
  IceServer: { urls: { list: "string" }, username: { optional: "string" }, credential: { optional: "string" } },
  Member: { id: "string", address: "string", name: "string", role: "string", hand: "boolean", present: "boolean", joined_at: "number", endpoint: { nullable: "integer" }, stream: "boolean", phone: { optional: "boolean" }, held: { optional: "boolean" }, affiliation: { optional: "string" } },
  Track: { id: "string", member: "string", kind: "string", source: "string", muted: "boolean", codec: { nullable: "string" } },
  Attachment: { url: "string", name: { optional: "string" }, media_type: { optional: "string" }, size: { optional: "integer" }, thumbnail: { optional: "string" }, width: { optional: "integer" }, height: { optional: "integer" } },
  Reaction: { sender: "string", name: "string", reactions: { list: "string" } },
  Retracted: { by: "string", at: "number" },
  Message: { id: "string", room: "string", sender: "string", name: "string", text: "string", sent_at: "number", origin_id: { nullable: "string" }, reply_to: { optional: "string" }, attachments: { optional: { list: { part: "Attachment" } } }, edited_at: { optional: "number" }, retracted: { optional: { part: "Retracted" } }, reactions: { optional: { list: { part: "Reaction" } } } },
  Change: { id: "string", kind: "string", about: "string", sender: "string", name: "string", sent_at: "number", origin_id: { nullable: "string" }, text: { optional: "string" }, attachments: { optional: { list: { part: "Attachment" } } }, reactions: { optional: { list: "string" } } },
  Conversation: { peer: "string", last: { part: "Message" }, unread: "integer", displayed: { nullable: "string" }, peer_received: { nullable: "string" }, peer_displayed: { nullable: "string" } },
  Contact: { address: "string", name: "string", groups: { list: "string" }, sees: "boolean", seen: "boolean", asked: "boolean", asking: "boolean", listed: "boolean", request: { optional: "string" } },
  PresenceDevice: { device: "string", show: "string", note: "string", since: "number", idle_since: { nullable: "number" } },
  Presence: { account: "string", show: "string", note: "string", since: { nullable: "number" }, devices: { list: { part: "PresenceDevice" } } },
  Room: { name: "string", title: "string", me: "string", members: { list: { part: "Member" } }, tracks: { list: { part: "Track" } }, messages: { list: { part: "Message" } }, speaker: { nullable: "string" }, subject: { optional: "string" } },
  Call: { id: "string", room: "string", caller: "string", caller_name: "string", callee: "string", video: "boolean", state: "string", started_at: "number", answered_at: { nullable: "number" }, ended_at: { nullable: "number" }, by: { nullable: "string" }, reason: { nullable: "string" } },
};

/** Messages by their `type`. */
export const serverShapes: { readonly [name: string]: Shapes } = {
  welcome: { session: "string", resumed: "boolean", address: "string", name: "string", ice_servers: { list: { part: "IceServer" } }, ping_interval: "number", resume_timeout: "number", version: "string", device: { optional: "string" } },
  pong: {},
  failed: { reason: "string", text: "string" },
  result: { id: "integer" },
  refused: { id: "integer", reason: "string", text: "string" },
  joined: { id: "integer", room: { part: "Room" } },
  answered: { id: "integer", sdp: "string", tracks: { map: "string" } },
  published: { id: "integer", track: { part: "Track" } },
  accepted: { id: "integer", message: { part: "Message" } },
  messages: { id: "integer", messages: { list: { part: "Message" } }, more: "boolean", next: { optional: "string" }, changes: { optional: { list: { part: "Change" } } } },
  changed: { id: "integer", change: { part: "Change" } },
  conversations: { id: "integer", conversations: { list: { part: "Conversation" } }, next: { nullable: "string" } },
  contacts: { id: "integer", contacts: { list: { part: "Contact" } }, blocked: { list: "string" }, presence: { list: { part: "Presence" } } },
  contact: { id: "integer", contact: { part: "Contact" } },
  called: { id: "integer", call: { part: "Call" } },
  offered: { seq: "integer", request: "integer", sdp: "string" },
  mapped: { seq: "integer", tracks: { map: "string" } },
  member_joined: { seq: "integer", member: { part: "Member" } },
  member_changed: { seq: "integer", member: { part: "Member" } },
  member_left: { seq: "integer", member: "string", reason: "string" },
  track_added: { seq: "integer", track: { part: "Track" } },
  track_changed: { seq: "integer", track: { part: "Track" } },
  track_removed: { seq: "integer", track: "string", member: "string" },
  said: { seq: "integer", message: { part: "Message" } },
  speaker_changed: { seq: "integer", member: { nullable: "string" } },
  invited: { seq: "integer", call: { part: "Call" } },
  call_ringing: { seq: "integer", call: { part: "Call" }, device: "string" },
  call_answered: { seq: "integer", call: { part: "Call" } },
  call_ended: { seq: "integer", call: { part: "Call" } },
  digit_pressed: { seq: "integer", member: "string", digit: "string", duration: "number" },
  held: { seq: "integer", member: "string", held: "boolean" },
  direct_message: { seq: "integer", message: { part: "Message" } },
  message_sent: { seq: "integer", message: { part: "Message" } },
  message_changed: { seq: "integer", peer: { nullable: "string" }, change: { part: "Change" } },
  typed: { seq: "integer", peer: { nullable: "string" }, sender: "string", name: "string", active: "boolean" },
  marked: { seq: "integer", peer: { nullable: "string" }, sender: "string", mark: "string", message: "string" },
  subject_changed: { seq: "integer", subject: "string", sender: "string", name: "string", at: "number" },
  room_changed: { seq: "integer" },
  whispered: { seq: "integer", message: { part: "Message" }, sender: "string", to: "string" },
  room_invited: { seq: "integer", room: "string", sender: "string", name: "string", text: "string" },
  contact_changed: { seq: "integer", contact: { part: "Contact" } },
  contact_removed: { seq: "integer", address: "string" },
  contact_asked: { seq: "integer", address: "string", text: "string" },
  contact_answered: { seq: "integer", address: "string", granted: "boolean" },
  blocking_changed: { seq: "integer", blocked: { list: "string" }, unblocked: { list: "string" } },
  presence_changed: { seq: "integer", presence: { part: "Presence" } },
  profile_changed: { seq: "integer", account: "string", name: "string", avatar: { nullable: "string" } },
  media_state: { seq: "integer", state: "string", srtp_profile: { nullable: "string" } },
  quality: { seq: "integer", level: "integer", round_trip: { nullable: "number" }, loss_in: "number", loss_out: "number", available_bitrate: { nullable: "integer" } },
  ended: { seq: "integer", reason: "string", text: "string", alternative: { optional: "string" } },
  draining: { seq: "integer", text: "string" },
};
