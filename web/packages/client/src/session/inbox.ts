/** Counts the numbered events of a session: none twice, none missed; knows no socket. */

/** What an arriving event is. */
export type Arrival = "new" | "repeated" | "gap";

const ACK_EVERY = 16;
const ACK_WITHIN_MS = 2000;

/** Remembers the last event seen and says when to acknowledge it. */
export class Inbox {
  #last = 0;
  #acked = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `ack` sends an acknowledgement; it is called only while something is to be acknowledged. */
  constructor(readonly ack: (seq: number) => void) {}

  /** The last event seen: where to resume. */
  get last(): number {
    return this.#last;
  }

  /** Notes an event by its number. */
  arrive(seq: number): Arrival {
    if (seq <= this.#last) return "repeated";
    if (seq > this.#last + 1) return "gap";
    this.#last = seq;
    if (seq - this.#acked >= ACK_EVERY) this.#acknowledge();
    else this.#timer ??= setTimeout(() => this.#acknowledge(), ACK_WITHIN_MS);
    return "new";
  }

  /** The connection is gone: acknowledging waits for the next event. */
  pause(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** A new session counts from one. */
  reset(): void {
    this.pause();
    this.#last = 0;
    this.#acked = 0;
  }

  #acknowledge(): void {
    this.pause();
    this.#acked = this.#last;
    this.ack(this.#last);
  }
}
