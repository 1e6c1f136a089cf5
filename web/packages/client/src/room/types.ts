/** Members and tracks as the application sees them; implemented beside. */

import type { Affiliation, Kind, Receive, Role, Source } from "../generated/signalling.js";
import type { PublishOptions } from "../media/publications.js";

/** How to enter a room. */
export interface JoinOptions {
  /** Name to be shown; the account's or guest's own if absent. */
  name?: string;
  /** Of a room that has one. */
  password?: string;
  /** What to receive at first; all if absent. */
  receive?: Receive;
  /** Tracks to publish at once, in the first offer. */
  publish?: readonly (PublishOptions & { track: MediaStreamTrack })[];
}

/** Somebody in the room; the object stays the same while its fields change. */
export interface Member {
  readonly id: string;
  /** `user@domain`; a guest's domain begins with `guest.`. */
  readonly address: string;
  readonly name: string;
  readonly role: Role;
  /** What the member's account is to the room. */
  readonly affiliation: Affiliation;
  /** Has the hand raised. */
  readonly hand: boolean;
  /** False while the member's connection is lost and may come back. */
  readonly present: boolean;
  /** Milliseconds since 1970. */
  readonly joinedAt: number;
  /** An encoder or a player (WHIP, WHEP), not a person. */
  readonly stream: boolean;
  /** A telephone. */
  readonly phone: boolean;
  /** Has put the others on hold. */
  readonly held: boolean;
  /** Is this client. */
  readonly isLocal: boolean;
  /** What the member sends. */
  readonly tracks: readonly (RemoteTrack | LocalTrack)[];
}

/** What another member sends; the object stays the same while its fields change. */
export interface RemoteTrack {
  readonly id: string;
  readonly member: Member;
  readonly kind: Kind;
  readonly source: Source;
  /** Muted by its owner or by a moderator. */
  readonly muted: boolean;
  /** Lower case (`opus`, `vp8`); null before the first packet. */
  readonly codec: string | null;
  /** What to play; null while it is not received. */
  readonly mediaTrack: MediaStreamTrack | null;
}

/** What this client sends; the object stays the same over reconnections, its `id` may not. */
export interface LocalTrack {
  /** The server's id; another one after the media session had to be made anew. */
  readonly id: string;
  readonly kind: Kind;
  readonly source: Source;
  /** Muted by `mute` or by a moderator; its owner may always unmute. */
  readonly muted: boolean;
  readonly mediaTrack: MediaStreamTrack;
  /** Sends silence or black, and nothing passes the server. */
  mute(): Promise<void>;
  unmute(): Promise<void>;
  /** Sends another MediaStreamTrack of the same kind instead, for instance of another camera. */
  replace(mediaTrack: MediaStreamTrack): Promise<void>;
  /** Takes the track away. The MediaStreamTrack is not stopped: it is the caller's. */
  unpublish(): Promise<void>;
}
