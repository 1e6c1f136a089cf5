/** Keeps the newest message in sight, unless somebody reads further up. */

const NEAR = 64;

export class ChatScroll {
  #log: HTMLElement | null = null;
  #follows = true;

  /** Before a drawing: does the reader see the end? */
  before(): void {
    const log = this.#log;
    if (log) this.#follows = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR;
  }

  /** After a drawing: show the end to who saw it before, and to who has just opened the chat. */
  after(root: ParentNode): void {
    const log = root.querySelector<HTMLElement>(".log");
    if (log && (log !== this.#log || this.#follows)) log.scrollTop = log.scrollHeight;
    this.#log = log;
  }
}
