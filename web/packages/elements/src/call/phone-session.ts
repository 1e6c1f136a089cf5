/** One person's telephone: signed in, reachable, with one call at a time and one that knocks. */

import type { Call } from "@antiphon/client";
import { endingWords } from "../logic/calls.js";
import { type Attempt, type Problem, problemOf, reasonOf } from "../logic/problems.js";
import type { Sound } from "../media/ringer.js";
import type { Backend, Phone } from "../room/backend.js";
import { Identity } from "../room/identity.js";
import { Notices } from "../room/notices.js";
import type { Text } from "../text.js";
import { CallLog } from "./call-log.js";
import { type Finished, finishedOf } from "./finished.js";
import { Inputs } from "./inputs.js";
import { Talk } from "./talk.js";

/** How it stands with the server. */
export type PhoneState = "signed-out" | "connecting" | "ready" | "reconnecting" | "failed";

/** What the session asks of the element around it. */
export interface PhoneHost {
  readonly text: Text;
  readonly backend: Backend;
  readonly server: string;
  /** Name to be shown to others by a guest. */
  readonly name: string;
  /** A guest may call without an account. */
  readonly guest: boolean;
  changed(): void;
  emit(name: string, detail: unknown): void;
  /** The sign-in is to be kept, or to be forgotten. */
  signedIn(token: string, expiresAt: number): void;
  signedOut(): void;
}

/** The record of a call is written a moment after its end. */
const RECORDED_MS = 700;

export class PhoneSession {
  state: PhoneState = "signed-out";
  problem: Problem | null = null;
  /** Whom we are about to call, before the server knows of it. */
  dialling: { readonly to: string; readonly video: boolean } | null = null;
  talk: Talk | null = null;
  /** Somebody else who calls meanwhile. */
  waiting: Talk | null = null;
  last: Finished | null = null;
  busy = false;
  /** Anybody may make an account on this server. */
  registration = false;
  readonly identity: Identity;
  readonly inputs: Inputs;
  readonly notices: Notices;
  readonly log: CallLog;
  #phone: Phone | null = null;
  #offs: (() => void)[] = [];
  #attempt = 0;
  #accepting: Talk | null = null;
  #reading: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly host: PhoneHost) {
    const changed = () => host.changed();
    this.identity = new Identity(
      () => host.backend,
      () => host.server,
      () => host.name,
      () => "",
    );
    this.inputs = new Inputs({
      get backend() {
        return host.backend;
      },
      changed,
      refused: (attempt, error) => this.refused(attempt, error),
    });
    this.notices = new Notices(changed);
    this.log = new CallLog(
      (before) => this.#readLog(before),
      () => host.changed(),
    );
  }

  /** Own address; empty while signed out. */
  get address(): string {
    return this.#phone?.address ?? "";
  }

  get name(): string {
    return this.#phone?.name ?? "";
  }

  // What the choice of devices is drawn from.

  get devices() {
    return this.inputs.devices;
  }

  get microphone() {
    return this.inputs.microphone;
  }

  get camera() {
    return this.inputs.camera;
  }

  /** What is to be heard now. */
  get sound(): Sound | null {
    const { talk, waiting, dialling, last } = this;
    if (waiting) return "knock";
    if (talk?.ringing) return talk === this.#accepting ? null : "ring";
    if (talk && !talk.talking) return talk.call.state === "ringing" ? "ringback" : null;
    const vain = last !== null && !last.incoming && !last.answered && last.reason !== "cancelled";
    return talk || dialling || !vain || last.reason === "left" ? null : "busy";
  }

  // being signed in

  /** Connects with the token that was given, or as a guest where that is wished; else signed out. */
  async start(token: string): Promise<void> {
    this.identity.give(token);
    if (token || this.host.guest) await this.#connect();
    else {
      this.#set("signed-out");
      await this.#learnOffers();
    }
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
    this.#disconnect();
    this.identity.give("");
    this.identity.forget();
    this.problem = null;
    this.last = null;
    this.log.clear();
    this.host.signedOut();
    this.#set("signed-out");
    void this.#learnOffers();
  }

  async retry(): Promise<void> {
    await this.#connect();
  }

  // calling

  /** Calls somebody. What goes wrong is told by `problem` or by `last`. */
  async dial(to: string, video: boolean, title = ""): Promise<void> {
    const phone = this.#phone;
    if (!phone || this.talk || this.dialling || !to) return;
    this.#attempt += 1;
    const attempt = this.#attempt;
    this.problem = null;
    this.last = null;
    this.dialling = { to, video };
    this.#changed();
    await this.inputs.open(video);
    try {
      if (attempt !== this.#attempt) return;
      const call = await phone.call(to, { video });
      if (attempt === this.#attempt) await this.#begin(new Talk(call, this.#talkHost(), title));
      else await call.hangUp();
    } catch (error) {
      if (attempt === this.#attempt) this.#notCalled(to, error);
    }
  }

  /** Answers what rings, ending the call that there is. */
  async answer(video: boolean): Promise<void> {
    const talk = this.waiting ?? this.talk;
    if (!talk?.ringing || this.#accepting) return;
    this.#accepting = talk;
    if (talk === this.waiting) await this.#swap(talk);
    this.#changed();
    await this.inputs.open(video);
    try {
      await talk.call.accept();
      await talk.publish();
      this.host.emit("antiphon-call-answered", { call: talk.call });
    } catch (error) {
      // Too late is told by the end of the call.
      if (reasonOf(error) !== "gone") this.refused("call", error);
      talk.call.decline().catch((cause: unknown) => this.refused("call", cause));
    } finally {
      this.#accepting = null;
      this.#changed();
    }
  }

  /** Does not answer what rings. */
  async decline(): Promise<void> {
    const talk = this.waiting ?? this.talk;
    if (!talk?.ringing) return;
    await this.#try(() => talk.call.decline(talk === this.waiting ? "busy" : "declined"));
  }

  /** Ends the call, or the attempt at one. */
  async hangUp(): Promise<void> {
    this.#attempt += 1;
    if (this.dialling) {
      this.dialling = null;
      this.inputs.close();
      this.#changed();
    }
    const { talk } = this;
    if (talk) await this.#try(() => talk.call.hangUp());
  }

  /** Rings somebody into the call. */
  async add(to: string): Promise<void> {
    await this.#ring(to, (phone) => phone.invite(to));
  }

  /** Rings somebody into the call, and leaves it when they have come. */
  async transfer(to: string): Promise<void> {
    await this.#ring(to, (phone) => phone.transfer(to));
  }

  // microphone and camera

  async toggleMicrophone(): Promise<void> {
    await this.#toggle("microphone");
  }

  async toggleCamera(): Promise<void> {
    await this.#toggle("camera");
  }

  async chooseMicrophone(deviceId: string): Promise<void> {
    await this.inputs.choose("microphone", deviceId);
  }

  async chooseCamera(deviceId: string): Promise<void> {
    await this.inputs.choose("camera", deviceId);
  }

  /** Says that something was refused, in words with a remedy. */
  refused(attempt: Attempt, error: unknown): void {
    const problem = problemOf(attempt, error, this.host.text);
    this.notices.show(`${problem.title}. ${problem.text} ${problem.remedy}`, "warning");
    this.host.emit("antiphon-error", { attempt, reason: problem.reason, text: problem.text });
  }

  /** Gives everything back: call, devices, connection, timers. */
  close(): void {
    this.#disconnect();
    this.notices.close();
    this.state = "signed-out";
  }

  // within

  async #learnOffers(): Promise<void> {
    const { backend, server } = this.host;
    try {
      this.registration = (await backend.offers(server)).registration;
    } catch (error) {
      // Signing in will tell what is wrong.
      console.warn("antiphon: the server does not say what it offers", error);
    }
    this.#changed();
  }

  async #authenticate(attempt: "login" | "register", task: () => Promise<void>): Promise<void> {
    this.busy = true;
    this.problem = null;
    this.#changed();
    try {
      await task();
    } catch (error) {
      this.problem = problemOf(attempt, error, this.host.text);
      return;
    } finally {
      this.busy = false;
      this.#changed();
    }
    const { token, expiresAt } = this.identity.credentials ?? { token: "", expiresAt: 0 };
    this.host.signedIn(token, expiresAt);
    await this.#connect();
  }

  async #connect(): Promise<void> {
    this.#disconnect();
    this.problem = null;
    const { backend, server } = this.host;
    const phone = backend.phone({ server, token: () => this.identity.token() });
    this.#phone = phone;
    this.#set("connecting");
    this.#offs = [
      phone.on("call", (call) => this.#invited(call)),
      phone.on("error", (error) => this.#lost(phone, error)),
      phone.on("state", () => this.#follow(phone)),
    ];
    try {
      await phone.connect();
    } catch (error) {
      if (this.#phone === phone) this.#notConnected(error);
      return;
    }
    if (this.#phone !== phone) return;
    this.#set("ready");
    this.log.begin();
    void this.inputs.refresh();
  }

  #notConnected(error: unknown): void {
    this.#disconnect();
    this.problem = problemOf("call", error, this.host.text);
    const unknown = ["unauthorized", "forbidden"].includes(this.problem.reason);
    if (unknown) {
      this.identity.give("");
      this.identity.forget();
      this.host.signedOut();
    }
    this.#set(unknown ? "signed-out" : "failed");
    if (unknown) void this.#learnOffers();
  }

  /** A token that has expired while the connection was lost does not come back by itself. */
  #lost(phone: Phone, error: unknown): void {
    const final = ["unauthorized", "forbidden", "replaced"].includes(reasonOf(error));
    if (this.#phone === phone && this.state !== "connecting" && final) this.#notConnected(error);
  }

  #follow(phone: Phone): void {
    if (this.#phone !== phone) return;
    if (phone.state === "reconnecting" && this.state === "ready") this.#set("reconnecting");
    else if (phone.state === "connected" && this.state === "reconnecting") {
      this.#set("ready");
      this.log.begin();
    }
  }

  #disconnect(): void {
    this.#attempt += 1;
    clearTimeout(this.#reading);
    for (const off of this.#offs) off();
    this.#offs = [];
    this.waiting?.close();
    this.talk?.close();
    this.waiting = this.talk = this.dialling = null;
    this.inputs.close();
    this.#phone?.close();
    this.#phone = null;
  }

  #talkHost() {
    return {
      microphone: this.microphone,
      camera: this.camera,
      changed: () => this.#changed(),
      refused: (attempt: Attempt, error: unknown) => this.refused(attempt, error),
      over: (talk: Talk) => this.#over(talk),
    };
  }

  #invited(call: Call): void {
    this.last = null;
    const talk = new Talk(call, this.#talkHost());
    if (!this.talk && !this.dialling) this.talk = talk;
    else if (!this.waiting) this.waiting = talk;
    else {
      // Two at a time are enough for anybody.
      talk.close();
      call.decline("busy").catch((error: unknown) => this.refused("call", error));
      return;
    }
    this.notices.say(this.host.text.call.state.calls(talk.name));
    this.host.emit("antiphon-call", { call });
    this.#changed();
  }

  async #begin(talk: Talk): Promise<void> {
    this.dialling = null;
    if (talk.call.state !== "ended") this.talk = talk;
    this.#changed();
    this.host.emit("antiphon-calling", { call: talk.call });
    await talk.publish();
  }

  /** The call that there is ends; the one that waits takes its place. */
  async #swap(talk: Talk): Promise<void> {
    const { talk: former } = this;
    former?.close();
    this.talk = talk;
    this.waiting = null;
    this.dialling = null;
    this.#attempt += 1;
    this.inputs.detach();
    if (former) await this.#try(() => former.call.hangUp());
  }

  #notCalled(to: string, error: unknown): void {
    this.dialling = null;
    this.inputs.close();
    const problem = problemOf("call", error, this.host.text);
    this.problem = problem;
    this.notices.say(`${problem.title}. ${problem.text}`);
    this.host.emit("antiphon-error", { attempt: "call", reason: problem.reason, text: to });
    this.#changed();
  }

  #over(talk: Talk): void {
    const { text } = this.host;
    const last = finishedOf(talk.call, talk.name);
    const words = endingWords(last, last.name, text);
    this.host.emit("antiphon-call-ended", { call: talk.call, reason: last.reason });
    this.#reading = setTimeout(() => this.log.begin(), RECORDED_MS);
    if (talk === this.waiting) {
      this.waiting = null;
      if (last.reason === "cancelled" || last.reason === "timeout") this.notices.show(words);
    } else if (talk === this.talk || this.talk === null) {
      this.talk = this.waiting;
      this.waiting = null;
      if (!this.talk) this.inputs.close();
      if (this.talk) this.notices.show(words);
      // What one did oneself needs no telling.
      else if (last.reason !== "declined" || !last.incoming) this.last = last;
      this.notices.say(words);
    }
    this.#changed();
  }

  async #ring(to: string, ask: (phone: Phone) => Promise<Call>): Promise<void> {
    const { talk } = this;
    const phone = this.#phone;
    if (!talk || !phone || !to) return;
    try {
      const call = await ask(phone);
      talk.rings(call, (one) => {
        const ending = { incoming: false, answered: false, reason: one.reason ?? "" };
        this.notices.show(endingWords(ending, one.name, this.host.text));
      });
    } catch (error) {
      this.refused("call", error);
    }
  }

  async #toggle(attempt: "microphone" | "camera"): Promise<void> {
    const input = this[attempt];
    const on = !input.live;
    await input.set(on);
    if (on && !input.live && this.talk) this.refused(attempt, input.error);
    const { news } = this.host.text;
    const now = input.live ? "On" : "Off";
    this.notices.say(news[`${attempt}${now}`]);
  }

  async #readLog(before: string | null) {
    const token = await this.identity.token();
    return this.host.backend.calls(this.host.server, token, this.address, before);
  }

  async #try(task: () => Promise<unknown>): Promise<void> {
    try {
      await task();
    } catch (error) {
      this.refused("action", error);
    }
  }

  #changed(): void {
    this.host.changed();
  }

  #set(state: PhoneState): void {
    this.state = state;
    this.#changed();
  }
}
