/** Keeps the place in a conversation: the newest in sight, or what one reads further up. */

const NEAR = 64;

export class ChatScroll {
  #log: HTMLElement | null = null;
  /** The reader is at the end, and stays there whatever comes and however large the place is. */
  #atEnd = true;
  /** Where the reader was last: who is further up now has scrolled. */
  #top = 0;
  /** The topmost message in sight, and how far below the edge it begins. */
  #anchor: { readonly id: string; readonly below: number } | null = null;
  #last: string | null = null;
  #placed = false;
  readonly #sizes = new ResizeObserver(() => {
    if (this.#log && this.#atEnd) toEnd(this.#log);
  });

  /** Before a drawing: is the reader at the end, or else where? */
  before(): void {
    const log = this.#log;
    if (!log) return;
    this.#look(log);
    const top = this.#atEnd ? undefined : topmost(log);
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
    else if (this.#atEnd || wrote) toEnd(log);
    else this.#stay(log);
    if (wrote) this.#atEnd = true;
    return false;
  }

  #watch(log: HTMLElement | null): void {
    this.#sizes.disconnect();
    this.#atEnd = true;
    this.#top = 0;
    if (!log) return;
    this.#sizes.observe(log);
    log.addEventListener("scroll", () => this.#look(log), { passive: true });
  }

  /** That there is more below is no scrolling: the place may just have become smaller. */
  #look(log: HTMLElement): void {
    const { scrollTop } = log;
    if (seesEnd(log)) this.#atEnd = true;
    else if (scrollTop < this.#top) this.#atEnd = false;
    this.#top = scrollTop;
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
    this.#atEnd = seesEnd(log);
  }

  #show(log: HTMLElement, target: string): boolean {
    const row = rowsOf(log).find((one) => one.dataset.id === target);
    if (!row) return false;
    row.scrollIntoView({ block: "center" });
    this.#atEnd = seesEnd(log);
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
