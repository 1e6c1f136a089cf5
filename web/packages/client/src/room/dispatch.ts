/** Hands each event of the session to the part of the room that it concerns. */

import type { CallEvent } from "../calls/calls.js";
import type {
  DirectMessage,
  MessageSent,
  Quality as QualityEvent,
  RoomInvited,
  ServerEvent,
  Whispered,
} from "../generated/signalling.js";
import type { Media } from "../media/media.js";
import type { Conversation } from "../messages/conversation.js";
import type { PeopleEvent } from "../people/people.js";
import type { Quality } from "./events.js";
import type { Roster } from "./roster.js";
import type { LocalTrack, Member } from "./types.js";

/** An event that concerns the room that the client is in. */
export type RoomEvent = Exclude<
  ServerEvent,
  CallEvent | PeopleEvent | DirectMessage | MessageSent | RoomInvited
>;

/** The parts of a room. */
export interface Parts {
  roster: Roster;
  chat: Conversation;
  media: Media;
  quality(quality: Quality): void;
  localChanged(track: LocalTrack): void;
  pressed(member: Member, digit: string, duration: number): void;
  subject(subject: string): void;
  settings(): void;
  whispered(event: Whispered): void;
  draining(text: string): void;
  ended(reason: string, text: string): void;
}

type Handlers = {
  readonly [Type in RoomEvent["type"]]: (
    event: Extract<RoomEvent, { type: Type }>,
    parts: Parts,
  ) => void;
};

const HANDLERS: Handlers = {
  member_joined: (event, { roster }) => roster.memberChanged(event.member),
  member_changed: (event, { roster }) => roster.memberChanged(event.member),
  member_left: (event, { roster }) => roster.memberLeft(event.member, event.reason),
  track_added: (event, parts) => trackChanged(event.track, parts),
  track_changed: (event, parts) => trackChanged(event.track, parts),
  track_removed: (event, { roster }) => roster.trackRemoved(event.track),
  speaker_changed: (event, { roster }) => roster.speakerChanged(event.member),
  said: (event, { chat }) => chat.add(event.message),
  message_changed: (event, { chat }) => chat.changed(event.change),
  typed: (event, { chat }) => chat.typed(event.sender, event.name, event.active),
  marked: (event, { chat }) => chat.marked(event.sender, event.mark, event.message),
  subject_changed: (event, parts) => parts.subject(event.subject),
  room_changed: (_, parts) => parts.settings(),
  whispered: (event, parts) => parts.whispered(event),
  offered: (event, { media }) => media.offered(event.request, event.sdp),
  mapped: (event, { media }) => media.mapped(event.tracks),
  media_state: (event, { media }) => media.serverSays(event.state),
  quality: (event, parts) => parts.quality(toQuality(event)),
  held: (event, { roster }) => roster.held(event.member, event.held),
  digit_pressed: (event, parts) => {
    const member = parts.roster.members.get(event.member);
    if (member !== undefined) parts.pressed(member, event.digit, event.duration);
  },
  draining: (event, parts) => parts.draining(event.text),
  ended: (event, parts) => parts.ended(event.reason, event.text),
};

/** Handles one event. */
export function handle(event: RoomEvent, parts: Parts): void {
  const handler = HANDLERS[event.type] as (event: RoomEvent, parts: Parts) => void;
  handler(event, parts);
}

type TrackRecord = Extract<ServerEvent, { type: "track_changed" }>["track"];

function trackChanged(track: TrackRecord, { roster, media, localChanged }: Parts): void {
  if (track.member !== roster.me.id) {
    roster.trackChanged(track);
    return;
  }
  // One of ours: a moderator may have muted it.
  const local = media.findLocal(track.id);
  if (local?.serverSays(track.muted)) localChanged(local);
}

function toQuality(event: QualityEvent): Quality {
  return {
    level: event.level,
    roundTrip: event.round_trip,
    lossIn: event.loss_in,
    lossOut: event.loss_out,
    availableBitrate: event.available_bitrate,
  };
}
