/** Looking for words in all conversations while they are typed; it knows no element. */

import type { Message } from "@antiphon/client";
import type { AccountSession } from "../account/session.js";

/** So long after the last key the server is asked. */
const PAUSE_MS = 300;
const SHORTEST = 2;
const PAGE = 20;

export interface FoundMessage {
  readonly peer: string;
  readonly message: Message;
}

export class MessageSearch {
  /** The latest first. */
  found: readonly FoundMessage[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #words = "";

  constructor(
    readonly account: () => AccountSession,
    readonly changed: () => void,
  ) {}

  /** Looks for these words soon, and forgets what was found for others. */
  look(typed: string): void {
    const words = typed.trim();
    if (words === this.#words) return;
    this.#words = words;
    this.found = [];
    clearTimeout(this.#timer);
    if (words.length >= SHORTEST) this.#timer = setTimeout(() => void this.#read(words), PAUSE_MS);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#words = "";
    this.found = [];
  }

  async #read(words: string): Promise<void> {
    try {
      const page = await this.account().phone?.messages.search(words, { limit: PAGE });
      if (words !== this.#words) return;
      this.found = [...(page?.found ?? [])].reverse();
      this.changed();
    } catch (error) {
      // People are found without the server.
      console.info("antiphon: messages cannot be searched now", error);
    }
  }
}
