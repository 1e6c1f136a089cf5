/** Names of rooms: friendly new ones, what may be typed, those visited lately; no element. */

const QUALITIES = [
  "amber",
  "bold",
  "brisk",
  "calm",
  "clear",
  "cosy",
  "crisp",
  "early",
  "gentle",
  "golden",
  "happy",
  "keen",
  "kind",
  "light",
  "lively",
  "lucky",
  "mellow",
  "merry",
  "noble",
  "quiet",
  "quick",
  "silver",
  "smart",
  "sunny",
  "swift",
  "tidy",
  "vivid",
  "warm",
  "wise",
  "witty",
] as const;
const THINGS = [
  "anchor",
  "aspen",
  "beacon",
  "birch",
  "brook",
  "cedar",
  "choir",
  "cello",
  "cloud",
  "comet",
  "coral",
  "delta",
  "fern",
  "finch",
  "garden",
  "harbour",
  "heron",
  "island",
  "lantern",
  "lark",
  "maple",
  "meadow",
  "orchard",
  "otter",
  "pebble",
  "river",
  "robin",
  "sparrow",
  "summit",
  "willow",
] as const;
/** Longest room name of the signalling. */
const LONGEST = 128;
const RECENT = 6;

export interface RecentRoom {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** A name such as `calm-river-482`; `random` gives numbers in [0, 1). */
export function friendlyName(random: () => number): string {
  const pick = (words: readonly string[]) => words[Math.floor(random() * words.length)] ?? "";
  const number = 100 + Math.floor(random() * 900);
  return `${pick(QUALITIES)}-${pick(THINGS)}-${number}`;
}

/** What somebody typed or pasted (a name, or a link to a room) as a room name; "" if none. */
export function roomNameOf(typed: string): string {
  const linked = /^https?:\/\/[^/]+\/r\/([^/?#]+)/iu.exec(typed.trim())?.[1];
  const plain = linked ? decodeURIComponentSafely(linked) : typed;
  return plain
    .trim()
    .toLocaleLowerCase()
    .replace(/[\s/?#@&%"'<>\\]+/gu, "-")
    .replace(/^-+|-+$/gu, "")
    .slice(0, LONGEST);
}

/** The list with `name` in front, none twice, no more than six. */
export function remember(list: readonly RecentRoom[], name: string, at: number): RecentRoom[] {
  return [{ name, at }, ...list.filter((room) => room.name !== name)].slice(0, RECENT);
}

/** What is stored, read with suspicion: anything else than such a list is none. */
export function parseRecent(stored: string | null): RecentRoom[] {
  try {
    const value: unknown = JSON.parse(stored ?? "[]");
    return Array.isArray(value) ? value.filter(isRecentRoom).slice(0, RECENT) : [];
  } catch {
    // Another program's or an older format: nothing to show.
    return [];
  }
}

function isRecentRoom(value: unknown): value is RecentRoom {
  if (typeof value !== "object" || value === null) return false;
  const { name, at } = value as Partial<RecentRoom>;
  return typeof name === "string" && name !== "" && typeof at === "number";
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not percent-encoded UTF-8: take it as it is written.
    return text;
  }
}
