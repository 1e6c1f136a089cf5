/** The measured quality of a connection in words; it knows numbers and texts. */

import type { Quality } from "@antiphon/client";
import type { Text } from "../text.js";

/** For example "Good connection, round trip 24 ms"; loss is told from one in a hundred on. */
export function qualityWords(quality: Quality | null, text: Text): string {
  if (!quality) return text.quality.unknown;
  const words = [text.quality.levels[quality.level] ?? text.quality.unknown];
  if (quality.roundTrip !== null) words.push(text.quality.roundTrip(quality.roundTrip));
  const loss = Math.max(quality.lossIn, quality.lossOut);
  if (loss >= 0.01) words.push(text.quality.loss(loss));
  return words.join(", ");
}
