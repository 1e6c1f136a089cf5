/** Keys, durations and endings of calls in words and figures; it knows no element and no server. */

import type { Text } from "../text.js";

export interface Key {
  readonly digit: string;
  /** The letters that telephones show on it. */
  readonly letters: string;
}

/** A telephone's pad, row by row. */
export const KEYS: readonly Key[] = [
  { digit: "1", letters: "" },
  { digit: "2", letters: "ABC" },
  { digit: "3", letters: "DEF" },
  { digit: "4", letters: "GHI" },
  { digit: "5", letters: "JKL" },
  { digit: "6", letters: "MNO" },
  { digit: "7", letters: "PQRS" },
  { digit: "8", letters: "TUV" },
  { digit: "9", letters: "WXYZ" },
  { digit: "*", letters: "" },
  { digit: "0", letters: "+" },
  { digit: "#", letters: "" },
];

/** The digits in a typed text that a pad has. */
export function digitsOf(text: string): string {
  return text.toUpperCase().replace(/[^0-9A-D*#]/gu, "");
}

/** Minutes and seconds, with hours where there are any. */
export function durationOf(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (value: number) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(seconds % 60)}`
    : `${two(minutes)}:${two(seconds % 60)}`;
}

/** An address as it is shown: those of one's own domain by their first part. */
export function shownAddress(address: string, own: string): string {
  const domain = own.slice(own.indexOf("@"));
  return domain.length > 1 && address.endsWith(domain) ? address.slice(0, -domain.length) : address;
}

export interface Ending {
  readonly incoming: boolean;
  /** It had been answered here. */
  readonly answered: boolean;
  readonly reason: string;
}

/** What became of a call, in a few words about `name`. */
export function endingWords(ending: Ending, name: string, text: Text): string {
  const { ended } = text.call;
  const { incoming, answered, reason } = ending;
  if (reason === "transferred") return ended.transferred;
  if (reason === "draining") return ended.draining;
  if (reason === "lost") return ended.lost;
  if (reason === "internal") return ended.failed;
  if (answered) return ended.left;
  if (incoming) {
    if (reason === "elsewhere") return ended.elsewhere;
    return reason === "cancelled" || reason === "timeout" ? ended.missed(name) : ended.left;
  }
  if (reason === "declined") return ended.declined(name);
  if (reason === "busy") return ended.busy(name);
  if (reason === "timeout") return ended.timeout(name);
  if (reason === "unavailable") return ended.unavailable(name);
  return reason === "left" || reason === "cancelled" ? ended.left : ended.failed;
}
