/** Which tiles there are, in which order, and which one is on stage; it knows no element. */

export interface TrackLike {
  readonly id: string;
  readonly kind: "audio" | "video";
  readonly source: string;
  readonly muted: boolean;
}

export interface MemberLike<T extends TrackLike = TrackLike> {
  readonly id: string;
  readonly isLocal: boolean;
  readonly joinedAt: number;
  /** An encoder or a player, not a person. */
  readonly stream: boolean;
  readonly tracks: readonly T[];
}

export interface Tile<M, T> {
  /** Unique and lasting: the member's id, with the track's for a screen or a further picture. */
  readonly key: string;
  readonly member: M;
  readonly kind: "person" | "screen" | "picture";
  /** What is seen; null shows the avatar. */
  readonly video: T | null;
}

export type Layout = "grid" | "speaker";

export interface LayoutChoice {
  readonly preferred: Layout;
  /** Chosen while a screen is shared; forgotten when the sharing ends. */
  readonly whileShared: Layout;
}

export interface StageWishes {
  readonly pinned: string | null;
  /** Member id of who speaks. */
  readonly speaker: string | null;
  /** Key of the tile on stage until now. */
  readonly previous: string | null;
}

/** From this many tiles on, people without a picture go behind those with one. */
const CROWD = 25;

/** One tile a member (players have none), one more for each shared screen and each further picture. */
export function tilesOf<T extends TrackLike, M extends MemberLike<T>>(
  members: Iterable<M>,
): Tile<M, T>[] {
  const sorted = [...members].sort(byEntry);
  const people: Tile<M, T>[] = [];
  const extra: Tile<M, T>[] = [];
  for (const member of sorted) {
    if (member.stream && member.tracks.length === 0) continue;
    const videos = member.tracks.filter((track) => track.kind === "video");
    const face = videos.find((track) => track.source === "camera");
    const main = face ?? videos.find((track) => track.source !== "screen") ?? null;
    people.push({ key: member.id, member, kind: "person", video: seen(main) });
    for (const track of videos) {
      if (track === main) continue;
      const kind = track.source === "screen" ? "screen" : "picture";
      extra.push({ key: `${member.id}/${track.id}`, member, kind, video: track });
    }
  }
  if (people.length + extra.length > CROWD) people.sort(byPicture);
  return [...extra, ...people];
}

/** The tiles with whoever speaks brought onto the first page, in place of its last tile. */
export function withSpeaker<M extends MemberLike, T>(
  tiles: readonly Tile<M, T>[],
  speaker: string | null,
  perPage: number,
): readonly Tile<M, T>[] {
  const at = tiles.findIndex((tile) => tile.kind === "person" && tile.member.id === speaker);
  const speaking = tiles[at];
  const last = tiles[perPage - 1];
  if (!speaking || !last || at < perPage) return tiles;
  const order = [...tiles];
  order[perPage - 1] = speaking;
  order[at] = last;
  return order;
}

/** The tile on stage: pinned, else a screen of another, else who speaks, else as before. */
export function stageOf<M extends MemberLike, T>(
  tiles: readonly Tile<M, T>[],
  wishes: StageWishes,
): Tile<M, T> | null {
  const remote = tiles.filter((tile) => !tile.member.isLocal);
  return (
    tiles.find((tile) => tile.key === wishes.pinned) ??
    remote.findLast((tile) => tile.kind === "screen") ??
    remote.find((tile) => tile.kind === "person" && tile.member.id === wishes.speaker) ??
    remote.find((tile) => tile.key === wishes.previous) ??
    remote[0] ??
    tiles[0] ??
    null
  );
}

/** True if somebody else's screen is to be seen. */
export function isShared<M extends MemberLike, T>(tiles: readonly Tile<M, T>[]): boolean {
  return tiles.some((tile) => tile.kind === "screen" && !tile.member.isLocal);
}

/** The layout in use. */
export function layoutOf(choice: LayoutChoice, shared: boolean, pinned: boolean): Layout {
  if (pinned) return "speaker";
  return shared ? choice.whileShared : choice.preferred;
}

/** The choice after somebody asked for `layout`. */
export function chooseLayout(choice: LayoutChoice, layout: Layout, shared: boolean): LayoutChoice {
  return shared ? { ...choice, whileShared: layout } : { ...choice, preferred: layout };
}

function seen<T extends TrackLike>(track: T | null): T | null {
  return track && !track.muted ? track : null;
}

/** Oneself first, then in the order of entry. */
function byEntry(left: MemberLike, right: MemberLike): number {
  return (
    Number(right.isLocal) - Number(left.isLocal) ||
    left.joinedAt - right.joinedAt ||
    left.id.localeCompare(right.id)
  );
}

function byPicture<M extends MemberLike, T>(left: Tile<M, T>, right: Tile<M, T>): number {
  const rank = ({ member, video }: Tile<M, T>) =>
    member.isLocal ? 0 : video ? 1 : member.tracks.length > 0 ? 2 : 3;
  return rank(left) - rank(right);
}
