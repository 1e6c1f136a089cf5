/** People and tracks as plain objects, for tests of what needs no more. */

import type { MemberLike, TrackLike } from "../src/logic/gallery.js";

export interface MadeMember extends MemberLike {
  readonly name: string;
}

export function track(id: string, change: Partial<TrackLike> = {}): TrackLike {
  return { id, kind: "video", source: "camera", muted: false, ...change };
}

export function member(id: string, change: Partial<MadeMember> = {}): MadeMember {
  return { id, name: id, isLocal: false, joinedAt: 0, stream: false, tracks: [], ...change };
}

/** A room of `count`: oneself and others who entered one after the other. */
export function crowd(count: number): MadeMember[] {
  return Array.from({ length: count }, (_, index) =>
    member(index === 0 ? "me" : `m${index}`, {
      isLocal: index === 0,
      joinedAt: index,
      stream: false,
      tracks: [track(`v${index}`)],
    }),
  );
}
