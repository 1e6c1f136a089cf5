/** What a member receives: how much to expect, and which browser track belongs to which track. */

import type { Receive } from "../generated/signalling.js";
import type { ReceivedTrack } from "./remote-track.js";

/** More sections than this of one kind are left to the server to offer. */
const MOST_EXPECTED = 25;

/** How many tracks of each kind the server will send at first. */
export function expected(
  tracks: Iterable<ReceivedTrack>,
  wishes: { receive: Receive; chosen: readonly string[] },
): { audio: number; video: number } {
  const count = { audio: 0, video: 0 };
  const most = { all: MOST_EXPECTED, speaker: 1, chosen: MOST_EXPECTED, none: 0 }[wishes.receive];
  for (const track of tracks) {
    if (wishes.receive === "chosen" && !wishes.chosen.includes(track.id)) continue;
    count[track.kind] = Math.min(count[track.kind] + 1, most);
  }
  return count;
}

/** Gives each track what is received for it; first those that lose something, then the others. */
export function showReceived(
  tracks: ReadonlyMap<string, ReceivedTrack>,
  received: ReadonlyMap<string, MediaStreamTrack>,
  changed: (track: ReceivedTrack) => void,
): void {
  for (const track of tracks.values()) {
    if (!received.has(track.id) && track.receive(null)) changed(track);
  }
  for (const [id, mediaTrack] of received) {
    const track = tracks.get(id);
    if (track?.receive(mediaTrack)) changed(track);
  }
}
