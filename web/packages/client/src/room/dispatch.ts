/** Hands each event of the session to the part of the room that it concerns. */

import type { Quality as QualityEvent, ServerEvent } from "../generated/signalling.js";
import type { Media } from "../media/media.js";
import type { Chat } from "./chat.js";
import type { Quality } from "./events.js";
import type { Roster } from "./roster.js";
import type { LocalTrack } from "./types.js";

/** The parts of a room. */
export interface Parts {
  roster: Roster;
  chat: Chat;
  media: Media;
  quality(quality: Quality): void;
  localChanged(track: LocalTrack): void;
  draining(text: string): void;
  ended(reason: string, text: string): void;
}

type Handlers = {
  readonly [Type in ServerEvent["type"]]: (
    event: Extract<ServerEvent, { type: Type }>,
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
  offered: (event, { media }) => media.offered(event.request, event.sdp),
  mapped: (event, { media }) => media.mapped(event.tracks),
  media_state: (event, { media }) => media.serverSays(event.state),
  quality: (event, parts) => parts.quality(toQuality(event)),
  draining: (event, parts) => parts.draining(event.text),
  ended: (event, parts) => parts.ended(event.reason, event.text),
};

/** Handles one event. */
export function handle(event: ServerEvent, parts: Parts): void {
  const handler = HANDLERS[event.type] as (event: ServerEvent, parts: Parts) => void;
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
