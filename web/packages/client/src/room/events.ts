/** What a room tells the application. */

import type { AntiphonError } from "../errors.js";
import type { MediaState } from "../media/health.js";
import type { Message } from "../messages/message.js";
import type { LocalTrack, Member, RemoteTrack } from "./types.js";

/** How the caller's media fares. `level`: 0 (lost) … 4 (good); `roundTrip` in milliseconds. */
export interface Quality {
  readonly level: number;
  readonly roundTrip: number | null;
  /** Fraction lost on the way to the server. */
  readonly lossIn: number;
  /** Fraction lost on the way from the server. */
  readonly lossOut: number;
  /** Bits per second towards the caller, estimated. */
  readonly availableBitrate: number | null;
}

/** Event name → what its listeners get. */
export interface RoomEvents {
  "member-joined": [member: Member];
  "member-changed": [member: Member];
  "member-left": [member: Member, reason: string];
  "track-added": [track: RemoteTrack];
  "track-changed": [track: RemoteTrack | LocalTrack];
  "track-removed": [track: RemoteTrack];
  /** `track.mediaTrack` is there, is another, or is gone. */
  media: [track: RemoteTrack];
  /** `room.localTracks`, or one of them, changed (published, unpublished, muted, replaced). */
  "local-tracks": [];
  /** A message is new in `messages`; `room.chat` tells everything else of them. */
  message: [message: Message];
  /** A message of one member to another alone, to or from this client; it is not kept. */
  whisper: [whisper: { message: Message; from: Member; to: Member }];
  /** `room.subject` is another. */
  subject: [subject: string];
  /** The room's settings are others: whoever shows them reads them again. */
  settings: [];
  speaker: [member: Member | null];
  quality: [quality: Quality];
  "media-state": [state: MediaState];
  /** Somebody pressed a key of a telephone's pad; `duration` in seconds. */
  digit: [member: Member, digit: string, duration: number];
  /** A message on the data channel; `member` is null when the server itself sent it. */
  data: [message: { member: Member | null; data: string | Uint8Array }];
  /** The membership is over, for good. */
  ended: [end: { reason: string; text: string }];
  /** The node stops soon; the client will connect again by itself. */
  draining: [text: string];
  /** Joined anew after the session was lost: everything was replaced, `room.me` too. */
  rejoined: [];
  error: [error: AntiphonError];
}
