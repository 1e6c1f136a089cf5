/** Looking for words in one conversation; it knows no element. */

import type { Conversation, Message } from "@antiphon/client";

/** Who types is not asked for each letter, in milliseconds. */
const PAUSE = 300;

export class Finder {
  /** What is looked for; null: the search is not open. */
  words: string | null = null;
  found: readonly Message[] = [];
  more = false;
  busy = false;
  #next: string | null = null;
  #asked = 0;
  #pause: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly conversation: () => Conversation | null,
    readonly changed: () => void,
    readonly refused: (error: unknown) => void,
  ) {}

  open(): void {
    this.words = "";
    this.changed();
  }

  close(): void {
    clearTimeout(this.#pause);
    this.#asked += 1;
    this.words = null;
    this.found = [];
    this.more = this.busy = false;
    this.changed();
  }

  /** The words as they are being typed: looks for them when the typing pauses. */
  typed(words: string): void {
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => void this.look(words), PAUSE);
  }

  /** Looks for these words, and forgets what was found before. */
  async look(words: string): Promise<void> {
    clearTimeout(this.#pause);
    if (words === this.words && this.busy) return;
    this.words = words;
    this.found = [];
    this.more = false;
    this.#next = null;
    if (words.trim() === "") {
      this.#asked += 1;
      this.busy = false;
      this.changed();
    } else await this.#read();
  }

  /** Those before. */
  async earlier(): Promise<void> {
    if (this.more && !this.busy) await this.#read();
  }

  async #read(): Promise<void> {
    const conversation = this.conversation();
    if (conversation === null || this.words === null) return;
    this.#asked += 1;
    const asked = this.#asked;
    this.busy = true;
    this.changed();
    try {
      const before = this.#next === null ? {} : { before: this.#next };
      const page = await conversation.search(this.words.trim(), { limit: 20, ...before });
      if (asked !== this.#asked) return;
      this.found = [...page.messages, ...this.found];
      this.more = page.more;
      this.#next = page.next;
    } catch (error) {
      if (asked === this.#asked) this.refused(error);
    } finally {
      if (asked === this.#asked) {
        this.busy = false;
        this.changed();
      }
    }
  }
}
