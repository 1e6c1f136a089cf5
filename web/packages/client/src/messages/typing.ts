/** Who writes now, and telling others that one does; it knows no conversation. */

/** Somebody who writes. */
export interface Typist {
  readonly address: string;
  readonly name: string;
}

/** Said again at most so often while one goes on writing. */
const AGAIN_AFTER_MS = 10_000;
/** Without a word for so long one has ceased. */
const CEASES_AFTER_MS = 15_000;
/** Others are forgotten when nothing was heard for so long. */
const FORGOTTEN_AFTER_MS = 30_000;

/** Tells others, but not with every key. */
export class OwnTyping {
  #saidAt = 0;
  #active = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly tell: (active: boolean) => void) {}

  /** A key was pressed, or all text deleted. */
  set(active: boolean): void {
    clearTimeout(this.#timer);
    if (active) this.#timer = setTimeout(() => this.set(false), CEASES_AFTER_MS);
    const now = Date.now();
    const again = active && now - this.#saidAt >= AGAIN_AFTER_MS;
    if (active === this.#active && !again) return;
    this.#active = active;
    this.#saidAt = active ? now : 0;
    this.tell(active);
  }

  /** What was written was sent: the message itself says so. */
  sent(): void {
    clearTimeout(this.#timer);
    this.#active = false;
    this.#saidAt = 0;
  }
}

/** Those who write. */
export class Typists {
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  #list: readonly Typist[] = [];

  constructor(readonly changed: () => void) {}

  /** Each change makes a new list. */
  get list(): readonly Typist[] {
    return this.#list;
  }

  /** Somebody began or ceased. */
  heard(address: string, name: string, active: boolean): void {
    clearTimeout(this.#timers.get(address));
    if (!active) {
      this.gone(address);
      return;
    }
    this.#timers.set(
      address,
      setTimeout(() => this.gone(address), FORGOTTEN_AFTER_MS),
    );
    if (this.#list.some((one) => one.address === address)) return;
    this.#list = [...this.#list, { address, name }];
    this.changed();
  }

  /** Somebody ceased, sent what they wrote, or left. */
  gone(address: string): void {
    clearTimeout(this.#timers.get(address));
    if (!this.#timers.delete(address)) return;
    this.#list = this.#list.filter((one) => one.address !== address);
    this.changed();
  }
}
