/** Who somebody is to the server: a given token, a guest's, or one from a login; no element. */

import type { Backend, Credentials } from "./backend.js";

/** A token is renewed this long before it ends. */
const MARGIN = 30_000;

export class Identity {
  #given = "";
  #held: Credentials | null = null;
  #account = false;

  constructor(
    readonly backend: () => Backend,
    readonly server: () => string,
    readonly name: () => string,
    readonly room: () => string,
  ) {}

  /** A token from outside (the `token` attribute) is used as it is. */
  give(token: string): void {
    this.#given = token;
  }

  /** True while nobody has signed in and no token was given. */
  get isGuest(): boolean {
    return !this.#given && !this.#account;
  }

  /** What was got from a login, or as a guest. */
  get credentials(): Credentials | null {
    return this.#held;
  }

  /** The token of an account; empty: it is a guest's, or there is none. */
  get held(): string {
    return this.#given || (this.#account ? (this.#held?.token ?? "") : "");
  }

  /** A token for the server; a guest's where none was given. */
  async token(): Promise<string> {
    if (this.#given) return this.#given;
    // Only guests are renewed: nobody who signed in becomes a guest unasked.
    const old = this.#held !== null && this.#held.expiresAt - MARGIN < Date.now();
    if (!this.#held || (old && !this.#account)) {
      this.#account = false;
      this.#held = await this.backend().guest(this.server(), this.name(), this.room());
    }
    return this.#held.token;
  }

  /** Signs in; from now on the account's token is used. */
  async login(address: string, password: string): Promise<void> {
    this.#given = "";
    this.#held = await this.backend().login(this.server(), address, password);
    this.#account = true;
  }

  /** Forgets what the server does not accept any more. */
  forget(): void {
    this.#held = null;
    this.#account = false;
  }
}
