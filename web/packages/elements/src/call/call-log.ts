/** The list of past calls, page by page; it knows no element and no server. */

import type { CallPage, LoggedCall } from "@antiphon/client";

export class CallLog {
  calls: readonly LoggedCall[] = [];
  more = false;
  loading = false;
  /** It could not be had. */
  failed = false;
  #asked = 0;

  constructor(
    readonly read: (before: string | null) => Promise<CallPage>,
    readonly changed: () => void,
  ) {}

  /** Reads the latest, and forgets the rest. */
  begin(): void {
    void this.#read(null);
  }

  /** Reads what came before. */
  earlier(): void {
    void this.#read(this.calls.at(-1)?.id ?? null);
  }

  clear(): void {
    this.#asked += 1;
    this.calls = [];
    this.more = this.failed = this.loading = false;
  }

  async #read(before: string | null): Promise<void> {
    this.#asked += 1;
    const asked = this.#asked;
    this.loading = true;
    this.changed();
    try {
      const page = await this.read(before);
      if (asked !== this.#asked) return;
      this.calls = before === null ? page.calls : [...this.calls, ...page.calls];
      this.more = page.more;
      this.failed = false;
    } catch (error) {
      if (asked !== this.#asked) return;
      console.warn("antiphon: the list of calls cannot be had", error);
      this.failed = true;
    }
    this.loading = false;
    this.changed();
  }
}
