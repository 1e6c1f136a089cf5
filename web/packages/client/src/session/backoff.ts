/** When to try again: delays that double up to a limit, with jitter; knows no clock. */

/** Delays of successive attempts, in milliseconds. */
export class Backoff {
  #attempts = 0;

  constructor(
    readonly first: number,
    readonly limit: number,
    readonly random: () => number = Math.random,
  ) {}

  /** The next delay: between half of it and all of it, so that many clients do not come at once. */
  next(): number {
    const delay = Math.min(this.first * 2 ** this.#attempts, this.limit);
    if (delay < this.limit) this.#attempts += 1;
    return delay * (0.5 + this.random() / 2);
  }

  /** It went well: begin anew. */
  reset(): void {
    this.#attempts = 0;
  }
}
