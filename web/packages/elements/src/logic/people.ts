/** How people are shown without a picture: initials, colour, order; it knows no element. */

const HUES = [18, 42, 78, 128, 162, 198, 228, 262, 296, 332] as const;

/** One or two letters that stand for a name. */
export function initials(name: string): string {
  const words = name.split(/[\s._-]+/u).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const first = firstLetter(words[0] ?? name.trim());
  const last = words.length > 1 ? firstLetter(words[words.length - 1] ?? "") : "";
  return `${first}${last}`.toLocaleUpperCase() || "?";
}

/** A hue in degrees, always the same one for the same address. */
export function hueOf(address: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < address.length; index += 1) {
    hash = Math.imul(hash ^ address.charCodeAt(index), 0x01000193);
  }
  // The low bits of FNV-1a hardly change with the last character alone: mix the high ones in.
  const mixed = (hash ^ (hash >>> 15)) >>> 0;
  return HUES[mixed % HUES.length] ?? HUES[0];
}

export interface Ranked {
  readonly name: string;
  readonly hand: boolean;
  readonly isLocal: boolean;
  readonly role: string;
}

/** Order of the people list: oneself, raised hands, moderators, then by name. */
export function byRank(left: Ranked, right: Ranked): number {
  return (
    Number(right.isLocal) - Number(left.isLocal) ||
    Number(right.hand) - Number(left.hand) ||
    Number(right.role === "moderator") - Number(left.role === "moderator") ||
    left.name.localeCompare(right.name)
  );
}

function firstLetter(word: string): string {
  return [...word].find((letter) => /[\p{L}\p{N}]/u.test(letter)) ?? "";
}
