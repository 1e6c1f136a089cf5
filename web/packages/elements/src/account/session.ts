/** Who is signed in on a page, and the connection by which they are reached: one for all elements. */

import { type Call, Emitter, type Show } from "@antiphon/client";
import { type Attempt, reasonOf } from "../logic/problems.js";
import type { Backend, Credentials, NewAccount, Phone } from "../room/backend.js";
import { Identity } from "../room/identity.js";
import { Faces } from "./faces.js";
import type { Keep, KeptSignIn } from "./kept.js";

/** How it stands with the server. */
export type AccountState = "signed-out" | "connecting" | "ready" | "reconnecting" | "failed";

/** Why one is not signed in, or not connected. */
export interface Failure {
  readonly attempt: Attempt;
  readonly error: unknown;
}

interface AccountEvents {
  /** Anything that is shown may be other than before. */
  changed: [];
  /** Somebody calls. */
  call: [call: Call];
  /** Connected, for the first time or again. */
  ready: [];
  /** The connection is given up, and with it what goes on there. */
  cut: [];
}

const FINAL: ReadonlySet<string> = new Set(["unauthorized", "forbidden", "replaced"]);

export class AccountSession extends Emitter<AccountEvents> {
  state: AccountState = "signed-out";
  failure: Failure | null = null;
  /** Signing in. */
  busy = false;
  /** Anybody may make an account on this server. */
  registration = false;
  /** Anybody may come as a guest. */
  guests = false;
  /** What was unread when one came is known. */
  loaded = false;
  /** What the user says of themselves, on this device. */
  show: Show = "available";
  note = "";
  phone: Phone | null = null;
  readonly identity: Identity;
  readonly faces: Faces;
  #guestName = "";
  /** Where the sign-in of now is kept. */
  #keep: Keep = "page";
  #users = 0;
  #following = false;
  #offs: (() => void)[] = [];

  /** `kept`: where a sign-in outlives the page; null: nowhere. */
  constructor(
    readonly backend: Backend,
    readonly server: string,
    readonly kept: KeptSignIn | null,
  ) {
    super();
    this.identity = new Identity(
      () => backend,
      () => server,
      () => this.#guestName,
      () => "",
      (credentials) => this.#renewed(credentials),
    );
    this.faces = new Faces(
      () => (this.signedIn ? this.phone : null),
      () => this.#changed(),
    );
  }

  /** Own address; empty while signed out. */
  get address(): string {
    return this.phone?.address ?? "";
  }

  get name(): string {
    return this.phone?.name ?? "";
  }

  get signedIn(): boolean {
    return this.state === "ready" || this.state === "reconnecting";
  }

  get isGuest(): boolean {
    return this.identity.isGuest;
  }

  /** The token of who is signed in with an account; empty: nobody is. */
  get token(): string {
    if (this.isGuest) return this.kept?.read() ?? "";
    return this.identity.held;
  }

  /** An element uses it: who was signed in before is so again. Returns how to cease. */
  use(): () => void {
    this.#users += 1;
    if (this.#users === 1 && this.state === "signed-out" && !this.busy) this.#resume();
    let using = true;
    return () => {
      if (!using) return;
      using = false;
      this.#users -= 1;
      if (this.#users > 0) return;
      this.cut();
      this.state = "signed-out";
    };
  }

  /** Connects with a token that was given. */
  async give(token: string): Promise<void> {
    this.#keep = "page";
    this.identity.give(token);
    await this.connect();
  }

  async signIn(address: string, password: string, keep: Keep = "page"): Promise<void> {
    await this.#authenticate("login", keep, () => this.identity.login(address, password));
  }

  async register(account: NewAccount, keep: Keep = "page"): Promise<void> {
    const { address, password } = account;
    await this.#authenticate("register", keep, async () => {
      await this.backend.register(this.server, account);
      await this.identity.login(address, password);
    });
  }

  /** Comes as a guest of that name. */
  async enterAsGuest(name: string): Promise<void> {
    this.#guestName = name;
    this.identity.forget();
    this.identity.give("");
    await this.connect("guest");
  }

  signOut(): void {
    // Who sits here next is not to read what is pushed for this one.
    this.phone?.push.unsubscribe().catch((error: unknown) => {
      console.info("antiphon: the server still pushes here, in vain", error);
    });
    this.cut();
    this.failure = null;
    this.#forget();
  }

  /** Puts aside what went wrong. */
  excuse(): void {
    this.failure = null;
    this.#changed();
  }

  async connect(attempt: Attempt = "call"): Promise<void> {
    this.cut();
    this.failure = null;
    const { server } = this;
    const phone = this.backend.phone({ server, token: () => this.identity.token() });
    this.phone = phone;
    this.#set("connecting");
    this.#offs = [
      phone.on("call", (call) => this.emit("call", call)),
      phone.on("error", (error) => this.#lost(phone, error)),
      phone.on("state", () => this.#follow(phone)),
    ];
    try {
      await phone.connect();
    } catch (error) {
      if (this.phone === phone) this.#failed(attempt, error);
      return;
    }
    if (this.phone === phone) this.#ready();
  }

  /** Says how the user is, on this device. Rejects with AntiphonError. */
  async showAs(show: Show, note: string): Promise<void> {
    await this.phone?.people.setPresence({ show, note });
    this.show = show;
    this.note = note;
    this.#changed();
  }

  /** Follows contacts and conversations as well, now and after each sign-in. */
  follow(): void {
    if (this.#following) return;
    this.#following = true;
    if (this.state === "ready") this.#watch();
  }

  /** Gives the connection up. */
  cut(): void {
    for (const off of this.#offs) off();
    this.#offs = [];
    this.emit("cut");
    this.phone?.close();
    this.phone = null;
    this.loaded = false;
  }

  /** Asks what the server lets strangers do. */
  async learnOffers(): Promise<void> {
    try {
      const offers = await this.backend.offers(this.server);
      this.registration = offers.registration;
      this.guests = offers.guests;
    } catch (error) {
      // Signing in will tell what is wrong.
      console.warn("antiphon: the server does not say what it offers", error);
    }
    this.#changed();
  }

  #resume(): void {
    const token = this.kept?.read() ?? "";
    if (!token) {
      this.#signedOut();
      return;
    }
    const keep = this.kept?.where() ?? "page";
    void this.give(token);
    this.#keep = keep;
  }

  async #authenticate(attempt: Attempt, keep: Keep, task: () => Promise<void>): Promise<void> {
    this.busy = true;
    this.failure = null;
    this.#changed();
    try {
      await task();
    } catch (error) {
      this.failure = { attempt, error };
      return;
    } finally {
      this.busy = false;
      this.#changed();
    }
    const { token, expiresAt } = this.identity.credentials ?? { token: "", expiresAt: 0 };
    this.#keep = keep;
    this.kept?.write({ token, expiresAt }, keep);
    await this.connect();
  }

  /** What is kept for other pages and visits is the latest token. */
  #renewed(credentials: Credentials): void {
    if (!this.isGuest) this.kept?.write(credentials, this.#keep);
    this.#changed();
  }

  #failed(attempt: Attempt, error: unknown): void {
    this.cut();
    this.failure = { attempt, error };
    const reason = reasonOf(error);
    if (reason === "unauthorized" || reason === "forbidden") this.#forget();
    else this.#set("failed");
  }

  /** A token that has expired while the connection was lost does not come back by itself. */
  #lost(phone: Phone, error: unknown): void {
    const final = FINAL.has(reasonOf(error));
    if (this.phone === phone && this.state !== "connecting" && final) this.#failed("call", error);
  }

  #follow(phone: Phone): void {
    if (this.phone !== phone) return;
    if (phone.state === "reconnecting" && this.state === "ready") this.#set("reconnecting");
    else if (phone.state === "connected" && this.state === "reconnecting") this.#set("ready", true);
  }

  #ready(): void {
    this.#set("ready", true);
    if (this.#following) this.#watch();
  }

  /** The client keeps both up to date from now on, also over lost connections. */
  #watch(): void {
    const { phone } = this;
    // Nothing is kept for guests.
    this.loaded = this.isGuest;
    if (!phone || this.isGuest) return;
    const { people, messages } = phone;
    this.#offs.push(
      people.on("contacts", () => this.#changed()),
      people.on("presence", () => this.#changed()),
      people.on("profile", (change) => this.faces.told(change)),
      messages.on("changed", () => this.#changed()),
    );
    this.#fetched(people.watch());
    this.#fetched(
      messages.load().finally(() => {
        this.loaded = true;
      }),
    );
  }

  #fetched(asked: Promise<void>): void {
    asked.then(
      () => this.#changed(),
      (error: unknown) => {
        this.failure = { attempt: "contact", error };
        this.#changed();
      },
    );
  }

  #forget(): void {
    this.identity.give("");
    this.identity.forget();
    this.kept?.forget();
    this.#signedOut();
  }

  #signedOut(): void {
    this.faces.clear();
    this.#set("signed-out");
    void this.learnOffers();
  }

  #set(state: AccountState, ready = false): void {
    this.state = state;
    this.#changed();
    if (ready) this.emit("ready");
  }

  #changed(): void {
    this.emit("changed");
  }
}
