/** What became of the last call, until the next one; it knows no element. */

import type { Call } from "@antiphon/client";

export interface Finished {
  readonly name: string;
  readonly peer: string;
  readonly video: boolean;
  readonly incoming: boolean;
  readonly answered: boolean;
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly endedAt: number;
  /** Milliseconds that it lasted. */
  readonly duration: number;
}

export function finishedOf(call: Call, name: string): Finished {
  const { peer, video, incoming, answeredAt, endedAt } = call;
  const reason = call.reason ?? "left";
  // On a device that rang in vain it was answered by another one, if at all.
  const answered = answeredAt !== null && reason !== "elsewhere";
  const end = endedAt ?? Date.now();
  const duration = answered ? end - answeredAt : 0;
  return { name, peer, video, incoming, answered, reason, endedAt: end, duration };
}
