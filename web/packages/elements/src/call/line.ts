/** The telephone's line: the page's session, or one of its own; it knows no call but that one rings. */

import type { Call } from "@antiphon/client";
import type { Keep } from "../account/kept.js";
import { AccountSession, type AccountState } from "../account/session.js";
import { type Problem, problemOf } from "../logic/problems.js";
import type { Backend, Phone } from "../room/backend.js";
import type { Identity } from "../room/identity.js";
import type { Text } from "../text.js";

export interface LineHost {
  readonly text: Text;
  readonly backend: Backend;
  readonly server: string;
  /** Name to be shown to others by a guest. */
  readonly name: string;
  /** A guest may call without an account. */
  readonly guest: boolean;
  /** How long a sign-in here is kept. */
  readonly keep: Keep;
  /** The session that all elements of the page share. */
  shared(): AccountSession;
  changed(): void;
}

export interface LineEvents {
  invited(call: Call): void;
  /** Connected, for the first time or again. */
  ready(): void;
  /** The connection is given up, and with it what goes on there. */
  cut(): void;
}

export class Line {
  #account: AccountSession | null = null;
  #offs: (() => void)[] = [];

  constructor(
    readonly host: LineHost,
    readonly events: LineEvents,
  ) {}

  /** The session that it uses; null before `start`. */
  get account(): AccountSession | null {
    return this.#account;
  }

  get state(): AccountState {
    return this.#account?.state ?? "signed-out";
  }

  /** Why it is not connected. */
  get problem(): Problem | null {
    const failure = this.#account?.failure;
    return failure ? problemOf(failure.attempt, failure.error, this.host.text) : null;
  }

  /** Signing in. */
  get busy(): boolean {
    return this.#account?.busy ?? false;
  }

  get registration(): boolean {
    return this.#account?.registration ?? false;
  }

  get phone(): Phone | null {
    return this.#account?.phone ?? null;
  }

  get identity(): Identity | null {
    return this.#account?.identity ?? null;
  }

  /** With the token that was given, or as a guest where that is wished; else as the page is. */
  async start(token: string): Promise<void> {
    const { host } = this;
    const own = token !== "" || host.guest;
    this.#join(own ? new AccountSession(host.backend, host.server, null) : host.shared());
    if (token) await this.#account?.give(token);
    else if (host.guest) await this.#account?.enterAsGuest(host.name);
  }

  async signIn(address: string, password: string): Promise<void> {
    await this.#account?.signIn(address, password, this.host.keep);
  }

  async register(address: string, password: string, name: string): Promise<void> {
    await this.#account?.register({ address, password, name }, this.host.keep);
  }

  signOut(): void {
    this.#account?.signOut();
  }

  async connect(): Promise<void> {
    await this.#account?.connect();
  }

  /** Puts aside what went wrong. */
  excuse(): void {
    this.#account?.excuse();
  }

  /** Gives the line up. */
  cut(): void {
    for (const off of this.#offs) off();
    this.#offs = [];
    this.#account = null;
    this.events.cut();
  }

  #join(account: AccountSession): void {
    this.cut();
    this.#account = account;
    this.#offs = [
      account.on("changed", () => this.host.changed()),
      account.on("call", (call) => this.events.invited(call)),
      account.on("ready", () => this.events.ready()),
      account.on("cut", () => this.events.cut()),
      account.use(),
    ];
    if (account.state === "ready") this.events.ready();
    this.host.changed();
  }
}
