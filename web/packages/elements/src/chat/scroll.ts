/** Keeps the place in a conversation: the newest in sight, or what one reads further up. */

const NEAR = 64;

export class ChatScroll {
  #log: HTMLElement | null = null;
  #follows = true;
  #height = 0;
  #first: string | null = null;
  #placed = false;

  /** Before a drawing: does the reader see the end? */
  before(): void {
    const log = this.#log;
    if (!log) return;
    this.#follows = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR;
    this.#height = log.scrollHeight;
  }

  /**
   * After a drawing. `ready`: what was unread is known; `target`: a message to bring into view.
   * True: the target is in view.
   */
  after(root: ParentNode, ready = true, target: string | null = null): boolean {
    const log = root.querySelector<HTMLElement>(".log");
    const first = log?.querySelector<HTMLElement>(".row-of")?.dataset.id ?? null;
    const other = log !== this.#log;
    if (other) this.#placed = false;
    if (log) {
      if (target !== null && this.#show(log, target)) {
        this.#remember(log, first);
        return true;
      }
      if (!this.#placed) this.#begin(log, ready);
      else if (this.#follows) toEnd(log);
      // Earlier messages came in above: what was seen stays where it was.
      else if (first !== this.#first) log.scrollTop += log.scrollHeight - this.#height;
    }
    this.#remember(log, first);
    return false;
  }

  #remember(log: HTMLElement | null, first: string | null): void {
    this.#log = log;
    this.#first = first;
  }

  /** Who opens a conversation begins where the unread do. */
  #begin(log: HTMLElement, ready: boolean): void {
    this.#placed = ready;
    const line = log.querySelector<HTMLElement>(".unread-line");
    if (line) log.scrollTop = line.offsetTop - log.offsetTop - NEAR;
    else toEnd(log);
  }

  #show(log: HTMLElement, target: string): boolean {
    const row = [...log.querySelectorAll<HTMLElement>(".row-of")].find(
      (one) => one.dataset.id === target,
    );
    if (!row) return false;
    row.scrollIntoView({ block: "center" });
    row.focus({ preventScroll: true });
    row.classList.remove("found-row");
    // Read, so that the animation begins anew.
    void row.offsetWidth;
    row.classList.add("found-row");
    return true;
  }
}

function toEnd(log: HTMLElement): void {
  log.scrollTop = log.scrollHeight;
}
