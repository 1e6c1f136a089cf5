/** Who somebody is to the server: a given token, a guest's, or one from a login; no element. */

import { tokenExpiry } from "@antiphon/client";
import { reasonOf } from "../logic/problems.js";
import type { Backend, Credentials } from "./backend.js";

/** A token is renewed this long before it ends, a short one when half of it is left. */
const MARGIN = 5 * 60_000;

/** A token, and how it was got. */
interface Held extends Credentials {
  readonly from: "outside" | "login" | "guest";
  /** From when on it is to be renewed; Infinity: never. */
  readonly staleAt: number;
  /** The token that was had first. */
  readonly origin: string;
}

const REFUSED: ReadonlySet<string> = new Set(["unauthorized", "forbidden", "not_found"]);

export class Identity {
  #held: Held | null = null;
  #renewing: Promise<string> | null = null;

  /** `renewed` is told of each token that came in place of another. */
  constructor(
    readonly backend: () => Backend,
    readonly server: () => string,
    readonly name: () => string,
    readonly room: () => string,
    readonly renewed: (credentials: Credentials) => void = () => {},
  ) {}

  /** A token from outside (the `token` attribute) is used; empty: none is any more. */
  give(token: string): void {
    const outside = this.#held?.from === "outside";
    // Who gives a token knows nothing of those that came in its place.
    if (outside && this.#held?.origin === token) return;
    if (token) this.#hold({ token, expiresAt: tokenExpiry(token) }, "outside");
    else if (outside) this.#held = null;
  }

  /** True while nobody has signed in and no token was given. */
  get isGuest(): boolean {
    return !this.#held || this.#held.from === "guest";
  }

  /** What was got from a login, or as a guest. */
  get credentials(): Credentials | null {
    return this.#held?.from === "outside" ? null : this.#held;
  }

  /** The token of an account; empty: it is a guest's, or there is none. */
  get held(): string {
    return this.isGuest ? "" : (this.#held?.token ?? "");
  }

  /** A token for the server, renewed in time; a guest's where none was given. */
  async token(): Promise<string> {
    const held = this.#held;
    if (held && Date.now() < held.staleAt) return held.token;
    this.#renewing ??= (held ? this.#renew(held) : this.#come()).finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  /** Signs in; from now on the account's token is used. */
  async login(address: string, password: string): Promise<void> {
    this.#hold(await this.backend().login(this.server(), address, password), "login");
  }

  /** Forgets what the server does not accept any more. */
  forget(): void {
    if (this.#held?.from !== "outside") this.#held = null;
  }

  async #come(): Promise<string> {
    const credentials = await this.backend().guest(this.server(), this.name(), this.room());
    // Who signed in meanwhile is no guest.
    return this.#held?.token ?? this.#hold(credentials, "guest");
  }

  async #renew(held: Held): Promise<string> {
    try {
      const fresh = await this.backend().renew(this.server(), held.token);
      if (this.#held !== held) return this.#held?.token ?? fresh.token;
      this.#hold(fresh, held.from, held.origin);
      this.renewed(fresh);
      return fresh.token;
    } catch (error) {
      if (this.#held !== held) return this.#held?.token ?? held.token;
      if (!REFUSED.has(reasonOf(error))) return held.token;
      // Only guests may be other guests: nobody who signed in becomes one unasked.
      if (held.from === "guest") {
        this.#held = null;
        return this.#come();
      }
      this.#held = { ...held, staleAt: Number.POSITIVE_INFINITY };
      return held.token;
    }
  }

  #hold({ token, expiresAt }: Credentials, from: Held["from"], origin = token): string {
    const left = Math.max(0, expiresAt - Date.now());
    const staleAt = expiresAt - Math.min(MARGIN, left / 2);
    this.#held = { token, expiresAt, from, staleAt, origin };
    return token;
  }
}
