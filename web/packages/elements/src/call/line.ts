/** The line to the server: signed in or not, connected or not; it knows no call but that one rings. */

import type { Call } from "@antiphon/client";
import { type Problem, problemOf, reasonOf } from "../logic/problems.js";
import type { Backend, Phone } from "../room/backend.js";
import { Identity } from "../room/identity.js";
import type { Text } from "../text.js";

/** How it stands with the server. */
export type LineState = "signed-out" | "connecting" | "ready" | "reconnecting" | "failed";

export interface LineHost {
  readonly text: Text;
  readonly backend: Backend;
  readonly server: string;
  /** Name to be shown to others by a guest. */
  readonly name: string;
  /** A guest may call without an account. */
  readonly guest: boolean;
  changed(): void;
  /** The sign-in is to be kept, or to be forgotten. */
  signedIn(token: string, expiresAt: number): void;
  signedOut(): void;
}

export interface LineEvents {
  invited(call: Call): void;
  /** Connected, for the first time or again. */
  ready(): void;
  /** The connection is given up, and with it what goes on there. */
  cut(): void;
}

export class Line {
  state: LineState = "signed-out";
  /** Why it is not connected. */
  problem: Problem | null = null;
  /** Signing in. */
  busy = false;
  /** Anybody may make an account on this server. */
  registration = false;
  phone: Phone | null = null;
  readonly identity: Identity;
  #offs: (() => void)[] = [];

  constructor(
    readonly host: LineHost,
    readonly events: LineEvents,
  ) {
    this.identity = new Identity(
      () => host.backend,
      () => host.server,
      () => host.name,
      () => "",
    );
  }

  /** Connects with the token that was given, or as a guest where that is wished; else signed out. */
  async start(token: string): Promise<void> {
    this.identity.give(token);
    if (token || this.host.guest) await this.connect();
    else this.#signedOut();
  }

  async signIn(address: string, password: string): Promise<void> {
    await this.#authenticate("login", () => this.identity.login(address, password));
  }

  async register(address: string, password: string, name: string): Promise<void> {
    const { backend, server } = this.host;
    await this.#authenticate("register", async () => {
      await backend.register(server, { address, password, name });
      await this.identity.login(address, password);
    });
  }

  signOut(): void {
    this.cut();
    this.problem = null;
    this.#forget();
  }

  async connect(): Promise<void> {
    this.cut();
    this.problem = null;
    const { backend, server } = this.host;
    const phone = backend.phone({ server, token: () => this.identity.token() });
    this.phone = phone;
    this.#set("connecting");
    this.#offs = [
      phone.on("call", (call) => this.events.invited(call)),
      phone.on("error", (error) => this.#lost(phone, error)),
      phone.on("state", () => this.#follow(phone)),
    ];
    try {
      await phone.connect();
    } catch (error) {
      if (this.phone === phone) this.#failed(error);
      return;
    }
    if (this.phone === phone) this.#ready();
  }

  /** Gives the connection up. */
  cut(): void {
    for (const off of this.#offs) off();
    this.#offs = [];
    this.events.cut();
    this.phone?.close();
    this.phone = null;
  }

  async #authenticate(attempt: "login" | "register", task: () => Promise<void>): Promise<void> {
    this.busy = true;
    this.problem = null;
    this.host.changed();
    try {
      await task();
    } catch (error) {
      this.problem = problemOf(attempt, error, this.host.text);
      return;
    } finally {
      this.busy = false;
      this.host.changed();
    }
    const { token, expiresAt } = this.identity.credentials ?? { token: "", expiresAt: 0 };
    this.host.signedIn(token, expiresAt);
    await this.connect();
  }

  #failed(error: unknown): void {
    this.cut();
    this.problem = problemOf("call", error, this.host.text);
    if (["unauthorized", "forbidden"].includes(this.problem.reason)) this.#forget();
    else this.#set("failed");
  }

  /** A token that has expired while the connection was lost does not come back by itself. */
  #lost(phone: Phone, error: unknown): void {
    const final = ["unauthorized", "forbidden", "replaced"].includes(reasonOf(error));
    if (this.phone === phone && this.state !== "connecting" && final) this.#failed(error);
  }

  #follow(phone: Phone): void {
    if (this.phone !== phone) return;
    if (phone.state === "reconnecting" && this.state === "ready") this.#set("reconnecting");
    else if (phone.state === "connected" && this.state === "reconnecting") this.#ready();
  }

  #ready(): void {
    this.#set("ready");
    this.events.ready();
  }

  #forget(): void {
    this.identity.give("");
    this.identity.forget();
    this.host.signedOut();
    this.#signedOut();
  }

  #signedOut(): void {
    this.#set("signed-out");
    void this.#learnOffers();
  }

  async #learnOffers(): Promise<void> {
    const { backend, server } = this.host;
    try {
      this.registration = (await backend.offers(server)).registration;
    } catch (error) {
      // Signing in will tell what is wrong.
      console.warn("antiphon: the server does not say what it offers", error);
    }
    this.host.changed();
  }

  #set(state: LineState): void {
    this.state = state;
    this.host.changed();
  }
}
