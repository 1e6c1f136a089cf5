/** One person's telephone: signed in, reachable, with one call at a time and one that knocks. */

import type { Call } from "@antiphon/client";
import { endingWords } from "../logic/calls.js";
import { type Attempt, type Problem, problemOf, reasonOf } from "../logic/problems.js";
import type { Sound } from "../media/ringer.js";
import type { Phone } from "../room/backend.js";
import { Notices } from "../room/notices.js";
import { CallLog } from "./call-log.js";
import { type Finished, finishedOf } from "./finished.js";
import { Inputs } from "./inputs.js";
import { Line, type LineHost } from "./line.js";
import { Talk } from "./talk.js";

/** What the session asks of the element around it. */
export interface PhoneHost extends LineHost {
  emit(name: string, detail: unknown): void;
}

/** The record of a call is written a moment after its end. */
const RECORDED_MS = 700;

export class PhoneSession {
  /** Why somebody could not be called. */
  problem: Problem | null = null;
  /** Whom we are about to call, before the server knows of it. */
  dialling: { readonly to: string; readonly video: boolean } | null = null;
  talk: Talk | null = null;
  /** Somebody else who calls meanwhile. */
  waiting: Talk | null = null;
  last: Finished | null = null;
  readonly line: Line;
  readonly inputs: Inputs;
  readonly notices: Notices;
  readonly log: CallLog;
  #attempt = 0;
  #accepting: Talk | null = null;
  #reading: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly host: PhoneHost) {
    const changed = () => host.changed();
    this.line = new Line(host, {
      invited: (call) => this.#invited(call),
      ready: () => {
        this.log.begin();
        void this.inputs.refresh();
      },
      cut: () => this.#cut(),
    });
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
    return this.line.phone?.address ?? "";
  }

  get name(): string {
    return this.line.phone?.name ?? "";
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

  // calling

  /** Calls somebody. What goes wrong is told by `problem` or by `last`. */
  async dial(to: string, video: boolean, title = ""): Promise<void> {
    const { phone } = this.line;
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
    this.line.cut();
    this.notices.close();
  }

  // within

  /** The connection is given up. */
  #cut(): void {
    this.#attempt += 1;
    clearTimeout(this.#reading);
    this.waiting?.close();
    this.talk?.close();
    this.waiting = this.talk = this.dialling = this.last = null;
    this.problem = null;
    this.inputs.close();
    this.log.clear();
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
    this.host.emit("antiphon-call-ended", { call: talk.call, reason: last.reason });
    this.#changed();
  }

  async #ring(to: string, ask: (phone: Phone) => Promise<Call>): Promise<void> {
    const { talk } = this;
    const { phone } = this.line;
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
    const token = (await this.line.identity?.token()) ?? "";
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
}
