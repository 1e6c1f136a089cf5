/** Lets requests of a room pass while the session knows the room; it knows no signalling. */

import type { AntiphonError } from "../errors.js";

interface Waiting {
  resolve(): void;
  reject(error: AntiphonError): void;
}

/** Open, closed for a while, or shut for good. */
export class Gate {
  #open = true;
  #shut: AntiphonError | null = null;
  #waiting: Waiting[] = [];

  get isOpen(): boolean {
    return this.#open && this.#shut === null;
  }

  /** Resolves when the gate is open; rejects when it is shut for good. */
  passed(): Promise<void> {
    if (this.#shut !== null) return Promise.reject(this.#shut);
    if (this.#open) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  close(): void {
    this.#open = false;
  }

  open(): void {
    this.#open = true;
    for (const one of this.#waiting.splice(0)) one.resolve();
  }

  shut(error: AntiphonError): void {
    this.#shut = error;
    for (const one of this.#waiting.splice(0)) one.reject(error);
  }
}
