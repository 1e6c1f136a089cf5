/** Keeps the place in a conversation: the newest in sight, or what one reads further up. */

const NEAR = 64;

export class ChatScroll {
  #log: HTMLElement | null = null;
  #follows = true;
  /** The topmost message in sight, and how far below the edge it begins. */
  #anchor: { readonly id: string; readonly below: number } | null = null;
  #last: string | null = null;
  #placed = false;
  /** The end was in sight when the reader last scrolled: it stays so when the place for it changes. */
  #atEnd = true;
  readonly #sizes = new ResizeObserver(() => {
    if (this.#log && this.#atEnd) toEnd(this.#log);
  });

  /** Before a drawing: does the reader see the end, or else what? */
  before(): void {
    const log = this.#log;
    if (!log) return;
    this.#follows = seesEnd(log);
    const top = this.#follows ? undefined : topmost(log);
    const id = top?.dataset.id;
    this.#anchor = top && id ? { id, below: top.offsetTop - log.scrollTop } : null;
  }

  /**
   * After a drawing. `ready`: what was unread is known; `target`: a message to bring into view.
   * True: the target is in view.
   */
  after(root: ParentNode, ready = true, target: string | null = null): boolean {
    const log = root.querySelector<HTMLElement>(".log");
    const wrote = log !== null && this.#wrote(rowsOf(log).at(-1));
    if (log !== this.#log) {
      this.#placed = false;
      this.#watch(log);
    }
    this.#log = log;
    if (log === null) return false;
    if (target !== null && this.#show(log, target)) return true;
    if (!this.#placed) this.#begin(log, ready);
    else if (this.#follows || wrote) toEnd(log);
    else this.#stay(log);
    return false;
  }

  #watch(log: HTMLElement | null): void {
    this.#sizes.disconnect();
    this.#atEnd = true;
    if (!log) return;
    this.#sizes.observe(log);
    const scrolled = () => {
      this.#atEnd = seesEnd(log);
    };
    log.addEventListener("scroll", scrolled, { passive: true });
  }

  /** What was seen stays where it was, whatever came above or went. */
  #stay(log: HTMLElement): void {
    const { id, below } = this.#anchor ?? {};
    const row = id === undefined ? undefined : rowsOf(log).find((one) => one.dataset.id === id);
    if (row && below !== undefined) log.scrollTop = row.offsetTop - below;
  }

  /** Whether the newest message is one that the reader has just sent. */
  #wrote(row: HTMLElement | undefined): boolean {
    const { id = null, own, state } = row?.dataset ?? {};
    const isNew = id !== this.#last;
    this.#last = id;
    return isNew && own !== undefined && state === "sending";
  }

  /** Who opens a conversation begins where the unread do. */
  #begin(log: HTMLElement, ready: boolean): void {
    this.#placed = ready;
    const line = log.querySelector<HTMLElement>(".unread-line");
    if (line) log.scrollTop = line.offsetTop - log.offsetTop - NEAR;
    else toEnd(log);
  }

  #show(log: HTMLElement, target: string): boolean {
    const row = rowsOf(log).find((one) => one.dataset.id === target);
    if (!row) return false;
    row.scrollIntoView({ block: "center" });
    row.focus({ preventScroll: true });
    row.classList.remove("found-row");
    // Read, so that the animation begins anew.
    void row.offsetWidth;
    row.classList.add("found-row");
    row.addEventListener("animationend", () => row.classList.remove("found-row"), { once: true });
    return true;
  }
}

function rowsOf(log: HTMLElement): HTMLElement[] {
  return [...log.querySelectorAll<HTMLElement>(".row-of")];
}

/** The first message of which something is in sight. */
function topmost(log: HTMLElement): HTMLElement | undefined {
  return rowsOf(log).find((row) => row.offsetTop + row.offsetHeight > log.scrollTop);
}

function seesEnd(log: HTMLElement): boolean {
  return log.scrollHeight - log.scrollTop - log.clientHeight < NEAR;
}

function toEnd(log: HTMLElement): void {
  log.scrollTop = log.scrollHeight;
}
