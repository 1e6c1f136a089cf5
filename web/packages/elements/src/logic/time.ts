/** Times as they are read in a chat; it knows milliseconds and words. */

import type { Text } from "../text.js";

/** Hours and minutes in the reader's own fashion. */
export function clockOf(time: number): string {
  return new Date(time).toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });
}

/** "Today", "Yesterday", or the date. */
export function dayWords(time: number, now: number, text: Text): string {
  const day = new Date(time).toDateString();
  const today = new Date(now);
  if (day === today.toDateString()) return text.chat.today;
  today.setDate(today.getDate() - 1);
  if (day === today.toDateString()) return text.chat.yesterday;
  return new Date(time).toLocaleDateString([], { day: "numeric", month: "long", year: "numeric" });
}
