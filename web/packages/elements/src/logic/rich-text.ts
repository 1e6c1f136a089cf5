/** A message's text as it is drawn: links, names that are called, emoji alone; no element. */

import { linkify } from "./conversation.js";

export interface Run {
  readonly text: string;
  /** Set for a link. */
  readonly href?: string;
  /** A name that is called: the reader's own, or somebody else's. */
  readonly mention?: "own" | "other";
}

/** Names that a text may call with `@`. */
export interface Names {
  readonly own: readonly string[];
  readonly others: readonly string[];
}

const FEW_EMOJI =
  /^(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\u200d|\ufe0f|\s|\p{Regional_Indicator}{2})+$/u;

/** The text in pieces. A call is `@` and one of the names, in any case. */
export function runsOf(text: string, names: Names): readonly Run[] {
  return linkify(text).flatMap((piece): readonly Run[] =>
    piece.href === undefined ? mentionsIn(piece.text, names) : [piece],
  );
}

/** Whether the text calls the reader. */
export function callsOwn(text: string, own: readonly string[]): boolean {
  return runsOf(text, { own, others: [] }).some((run) => run.mention === "own");
}

/** Up to a few emoji and nothing else: they are shown large. */
export function isEmojiOnly(text: string): boolean {
  return text.trim() !== "" && [...text].length <= 12 && FEW_EMOJI.test(text);
}

/** What is typed behind an `@` at the end, or null: then no name is being typed. */
export function startedMention(text: string): string | null {
  return /(?:^|\s)@([^\s@]{0,40})$/u.exec(text)?.[1] ?? null;
}

function mentionsIn(text: string, names: Names): readonly Run[] {
  const pattern = patternOf([...names.own, ...names.others]);
  if (pattern === null || !text.includes("@")) return [{ text }];
  const own = new Set(names.own.map((name) => name.toLocaleLowerCase()));
  const runs: Run[] = [];
  let at = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > at) runs.push({ text: text.slice(at, match.index) });
    const name = match[0].slice(1).toLocaleLowerCase();
    runs.push({ text: match[0], mention: own.has(name) ? "own" : "other" });
    at = match.index + match[0].length;
  }
  if (at < text.length) runs.push({ text: text.slice(at) });
  return runs;
}

function patternOf(names: readonly string[]): RegExp | null {
  const words = names.filter((name) => name !== "").map(escaped);
  if (words.length === 0) return null;
  // Longer names first: "Ann Lee" is not "Ann" with something behind it.
  words.sort((left, right) => right.length - left.length);
  return new RegExp(`(?<![\\p{L}\\p{N}])@(?:${words.join("|")})(?![\\p{L}\\p{N}])`, "giu");
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/gu, "\\$&");
}
