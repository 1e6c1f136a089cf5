/** Says that the user is away when nothing was done on the page for a while, and back afterwards. */

import type { AccountSession } from "./session.js";

const IDLE_MS = 10 * 60_000;
const SIGNS = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"] as const;

export class Idle {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #since = 0;
  #away = false;

  constructor(readonly account: AccountSession) {}

  /** Watches the page; returns how to cease. */
  watch(): () => void {
    const options = { passive: true, capture: true };
    for (const sign of SIGNS) document.addEventListener(sign, this.#alive, options);
    this.#alive();
    return () => {
      for (const sign of SIGNS) document.removeEventListener(sign, this.#alive, options);
      clearTimeout(this.#timer);
    };
  }

  readonly #alive = (): void => {
    const now = Date.now();
    // Moving a pointer says it many times a second.
    if (!this.#away && now - this.#since < 1000) return;
    this.#since = now;
    if (this.#away) this.#say(false);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#say(true), IDLE_MS);
  };

  /** Who said something else than "available" meant it. */
  #say(away: boolean): void {
    const { phone, show, note, signedIn, isGuest } = this.account;
    if (!phone || !signedIn || isGuest || show !== "available") return;
    this.#away = away;
    const own = away ? { show: "away" as const, note, idleSince: this.#since } : { show, note };
    phone.people.setPresence(own).catch((error: unknown) => {
      console.info("antiphon: the server was not told who is away", error);
    });
  }
}
