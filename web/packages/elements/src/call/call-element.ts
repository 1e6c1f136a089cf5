/** `<antiphon-call>`: a telephone: call, be called, talk, and see who called. */

import type { Call, RemoteTrack } from "@antiphon/client";
import { html, nothing, type PropertyDeclarations, type TemplateResult } from "lit";
import { sharedAccount } from "../account/shared.js";
import { AntiphonElement, define } from "../base.js";
import * as icons from "../icons.js";
import { digitsOf, shownAddress } from "../logic/calls.js";
import { isOn } from "../logic/parameters.js";
import { AudioOutput } from "../media/audio-output.js";
import { LevelMeter } from "../media/level-meter.js";
import { Ringer } from "../media/ringer.js";
import { Streams } from "../media/streams.js";
import { avatar } from "../room/avatar.js";
import { noticesView } from "../room/banners.js";
import { callStyles } from "../styles/call.js";
import { controls } from "../styles/controls.js";
import { noticeStyles } from "../styles/notices.js";
import { padStyles } from "../styles/pad.js";
import { talkStyles } from "../styles/talk.js";
import { tokens } from "../styles/tokens.js";
import { dialView } from "./dial.js";
import { dialogView } from "./dialogs.js";
import { PhoneSession } from "./phone-session.js";
import { callingView, incomingView, waitingView } from "./ringing.js";
import { signInView } from "./sign-in.js";
import { talkingView } from "./talking.js";
import { INITIAL_UI, type PhoneUi, type PhoneView } from "./view.js";

const TICK = 500;

/** Where the person is. */
export type CallElementState =
  | "signed-out"
  | "connecting"
  | "failed"
  | "idle"
  | "calling"
  | "ringing"
  | "incoming"
  | "talking";

export class AntiphonCall extends AntiphonElement implements PhoneView {
  static override properties: PropertyDeclarations = {
    token: {},
    name: {},
    to: {},
    guest: { type: Boolean },
    remember: { type: Boolean },
    video: {},
    theme: { reflect: true },
    state: { reflect: true },
    pictures: { type: Boolean, reflect: true },
    ui: { state: true },
  };
  static override styles = [tokens, controls, noticeStyles, callStyles, talkStyles, padStyles];

  /** A JWT of an account; without one it is as the page is, or asks for address and password. */
  declare token: string;
  /** Name to be shown to others by a guest. */
  declare name: string;
  /** Whom to call, to begin with. */
  declare to: string;
  /** Call as a guest, where the server lets guests call. */
  declare guest: boolean;
  /** Stay signed in while this tab is open. */
  declare remember: boolean;
  /** `off`: sound only. */
  declare video: string | null;
  declare theme: "light" | "dark" | null;
  declare state: CallElementState;
  /** Others are seen: there may be more place for it on the page. Reflected. */
  declare pictures: boolean;
  declare ui: PhoneUi;

  session: PhoneSession;
  readonly streams = new Streams();
  readonly #ringer = new Ringer();
  readonly #meter = new LevelMeter((level) => this.#showLevel(level));
  #sound: AudioOutput | null = null;
  #ticking: ReturnType<typeof setInterval> | undefined;
  #unwatch: (() => void) | null = null;
  #drawn: CallElementState = "signed-out";
  /** What had the focus before a dialog. */
  #back: Element | null = null;

  constructor() {
    super();
    this.token = "";
    this.name = "";
    this.to = "";
    this.guest = false;
    this.remember = false;
    this.video = null;
    this.theme = null;
    this.state = "signed-out";
    this.pictures = false;
    this.ui = INITIAL_UI;
    this.session = this.#newSession();
  }

  /** The client library's call while there is one. */
  get controller(): Call | null {
    return this.session.talk?.call ?? null;
  }

  get withVideo(): boolean {
    return isOn(this.video, true);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    // Anywhere on the page: browsers let sound begin after any gesture.
    document.addEventListener("pointerdown", this.#onGesture);
    document.addEventListener("keydown", this.#onGesture);
    window.addEventListener("pagehide", this.#onPageHide);
    // After the attributes of a parsed or created element are all there.
    queueMicrotask(() => {
      if (this.isConnected) this.#begin();
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("pointerdown", this.#onGesture);
    document.removeEventListener("keydown", this.#onGesture);
    window.removeEventListener("pagehide", this.#onPageHide);
    this.#unwatch?.();
    this.#unwatch = null;
    clearInterval(this.#ticking);
    this.#meter.stop();
    this.#ringer.close();
    this.#sound?.close();
    this.session.close();
    this.session = this.#newSession();
  }

  /** Calls somebody, as the button does. */
  async call(to: string, options: { video?: boolean } = {}): Promise<void> {
    await this.session.dial(to, options.video ?? false);
  }

  /** Answers what rings. */
  async answer(options: { video?: boolean } = {}): Promise<void> {
    await this.session.answer(options.video ?? false);
  }

  /** Ends the call, or declines what rings. */
  async hangUp(): Promise<void> {
    await (this.session.talk?.ringing ? this.session.decline() : this.session.hangUp());
  }

  set(change: Partial<PhoneUi>): void {
    const then = this.ui.dialog;
    this.ui = { ...this.ui, ...change };
    if (!then && this.ui.dialog) this.#back = (this.renderRoot as ShadowRoot).activeElement;
    // Between calls, the microphone is open while it is chosen, so that its level can be seen.
    if (then !== this.ui.dialog && !this.session.talk && !this.session.dialling) {
      if (this.ui.dialog === "devices") void this.session.inputs.open(false);
      else if (then === "devices") this.session.inputs.close();
    }
  }

  dial(video: boolean): void {
    const to = this.ui.entry.trim();
    if (!to) {
      this.session.notices.show(this.text.call.dial.empty);
      this.renderRoot.querySelector<HTMLElement>('[part~="callee"]')?.focus();
      return;
    }
    void this.session.dial(to, video, this.ui.title);
  }

  callAgain(peer: string, video: boolean, name: string): void {
    const entry = shownAddress(peer, this.session.address);
    this.set({ entry, title: name === peer ? "" : name });
    this.dial(video && this.withVideo);
  }

  pictureOf(address: string): string | null {
    return this.session.line.account?.faces.pictureOf(address) ?? null;
  }

  nameOf(address: string, name: string): string {
    return this.session.line.account?.faces.nameOf(address, name) ?? name;
  }

  press(digit: string): void {
    this.#ringer.press(digit);
    const { talk } = this.session;
    if (talk?.talking) void talk.press(digit);
    else this.set({ entry: this.ui.entry + digit, title: "" });
  }

  hear(): void {
    this.#sound?.resume();
    this.#ringer.unlock();
  }

  chooseOutput(deviceId: string): void {
    this.set({ output: deviceId });
    void this.#sound?.choose(deviceId);
  }

  override willUpdate(): void {
    this.state = this.#state();
    const tracks = [...(this.controller?.room?.tracks.values() ?? [])];
    this.pictures = this.state === "talking" && tracks.some(isSeen);
    const { keys, dialog } = this.ui;
    if (this.state !== "talking" && (keys || dialog === "add" || dialog === "transfer")) {
      this.ui = { ...this.ui, keys: false, dialog: "" };
    }
  }

  override render(): TemplateResult {
    const { session } = this;
    return html`<main part="phone" @keydown=${this.#onKey}>
        ${this.state === "signed-out" ? nothing : this.#header()} ${this.#screen()}
        ${session.waiting ? waitingView(this, session.waiting) : nothing} ${dialogView(this)}
      </main>
      ${noticesView(this)}
      <div id="sounds" hidden></div>`;
  }

  override updated(): void {
    const root = this.renderRoot as ShadowRoot;
    const { session } = this;
    const talk = session.talk?.talking ? session.talk : null;
    const dialog = root.querySelector("dialog");
    if (dialog && !dialog.open) dialog.showModal();
    if (!dialog) this.#restore(root);
    this.#meter.watch(root.querySelector(".meter") ? session.microphone.track : null);
    const tracks = talk && !talk.held ? [...(talk.room?.tracks.values() ?? [])] : [];
    this.#output(root).update(tracks.filter((track) => track.kind === "audio"));
    this.#ringer.play(session.sound);
    this.#tick(this.state === "talking");
    this.#arrive(root);
  }

  #screen(): TemplateResult {
    const { session } = this;
    switch (this.state) {
      case "signed-out":
        return signInView(this);
      case "connecting":
        return html`<div class="middle" role="status">
          <span class="spinner"></span>${this.text.call.connecting}
        </div>`;
      case "failed":
        return this.#failed();
      case "calling":
      case "ringing":
        return callingView(this);
      case "incoming":
        return session.talk ? incomingView(this, session.talk) : html``;
      case "talking":
        return session.talk ? talkingView(this, session.talk) : html``;
      default:
        return dialView(this);
    }
  }

  #failed(): TemplateResult {
    const { problem } = this.session.line;
    return html`<div class="middle" role="alert" part="failed">
      <span class="sign">${icons.warning}</span>
      <strong>${problem?.title}</strong>
      <p class="lead">${problem?.text} ${problem?.remedy}</p>
      <button
        type="button"
        class="button primary"
        part="retry"
        @click=${() => void this.session.line.connect()}
      >
        ${this.text.retry}
      </button>
    </div>`;
  }

  #header(): TemplateResult {
    const { session, text } = this;
    const { state: line } = session.line;
    const ready = line === "ready";
    const state = ready
      ? text.call.reachable
      : line === "reconnecting"
        ? text.call.reconnecting
        : text.call.connecting;
    const own = shownAddress(session.address, session.address);
    return html`<header class="own" part="own">
      <span class="presence" data-ready=${ready}
        >${avatar(session.name || "?", session.address, this.pictureOf(session.address))}</span>
      <div class="who">
        <strong>${session.name}</strong>
        <span role="status" part="connection">${ready && own ? `${own} · ${state}` : state}</span>
      </div>
      ${this.#headerButton("settings", icons.settings, text.call.settings, () =>
        this.set({ dialog: "devices" }),
      )}
      ${
        this.token || this.guest
          ? nothing
          : this.#headerButton("sign-out", icons.leaveRoom, text.call.signOut, () =>
              session.line.signOut(),
            )
      }
    </header>`;
  }

  #headerButton(part: string, icon: TemplateResult, label: string, run: () => void) {
    return html`<button
      type="button"
      class="round quiet"
      part=${part}
      aria-label=${label}
      title=${label}
      @click=${run}
    >
      ${icon}
    </button>`;
  }

  #state(): CallElementState {
    const { talk, dialling } = this.session;
    const { state } = this.session.line;
    if (talk?.talking) return "talking";
    if (talk?.ringing) return "incoming";
    if (talk) return talk.call.state === "ringing" ? "ringing" : "calling";
    if (dialling) return "calling";
    return state === "ready" || state === "reconnecting" ? "idle" : state;
  }

  #begin(): void {
    if (this.to && !this.ui.entry) this.set({ entry: this.to });
    this.#unwatch = this.backend.watchDevices(() => void this.session.inputs.refresh());
    void this.session.line.start(this.token);
  }

  #newSession(): PhoneSession {
    const element = this;
    return new PhoneSession({
      get text() {
        return element.text;
      },
      get backend() {
        return element.backend;
      },
      get server() {
        return element.serverAddress;
      },
      get name() {
        return element.name.trim() || element.text.guest;
      },
      get guest() {
        return element.guest;
      },
      get keep() {
        return element.remember ? ("tab" as const) : ("page" as const);
      },
      shared: () => sharedAccount(element.backend, element.serverAddress),
      changed: () => element.requestUpdate(),
      emit: (name, detail) => element.#emitted(name, detail),
    });
  }

  #emitted(name: string, detail: unknown): void {
    // Who was reached need not be typed again.
    if (name === "antiphon-call-ended" && this.session.last?.answered) {
      this.set({ entry: "", title: "" });
    }
    this.emit(name, detail);
  }

  #output(root: ShadowRoot): AudioOutput {
    const container = root.getElementById("sounds");
    if (!this.#sound && container) {
      this.#sound = new AudioOutput(container, () => {
        this.set({ soundBlocked: this.#sound?.blocked ?? false });
      });
    }
    if (!this.#sound) throw new Error("the element is not drawn yet");
    return this.#sound;
  }

  /** The time of a call goes on. */
  #tick(on: boolean): void {
    if (on === (this.#ticking !== undefined)) return;
    clearInterval(this.#ticking);
    this.#ticking = on ? setInterval(() => this.requestUpdate(), TICK) : undefined;
  }

  /** The focus goes back to where it was before a dialog. */
  #restore(root: ShadowRoot): void {
    const back = this.#back;
    this.#back = null;
    if (back instanceof HTMLElement && back.isConnected && !root.activeElement) back.focus();
  }

  /** What has come is told; what rings gets the focus, unless somebody is busy elsewhere on the page. */
  #arrive(root: ShadowRoot): void {
    const then = this.#drawn;
    this.#drawn = this.state;
    if (then === this.state) return;
    this.emit("antiphon-state", { state: this.state });
    const { activeElement } = document;
    const ours = !activeElement || activeElement === document.body || activeElement === this;
    if (!ours || root.activeElement) return;
    const target = {
      incoming: '[part~="answer"]',
      calling: '[part~="hang-up"]',
      talking: '[part~="microphone"]',
      // On a telephone's screen the field would bring up a keyboard.
      idle:
        then === "connecting" || !matchMedia("(pointer: fine)").matches ? "" : '[part~="callee"]',
    }[this.state as string];
    if (target) root.querySelector<HTMLElement>(target)?.focus({ preventScroll: true });
  }

  #showLevel(level: number): void {
    const meter = this.renderRoot?.querySelector<HTMLElement>(".meter");
    meter?.style.setProperty("--level", level.toFixed(2));
    meter?.setAttribute("aria-valuenow", String(Math.round(level * 100)));
  }

  /** Digits of the keyboard are keys of the pad, while that is open in a call. */
  readonly #onKey = (event: KeyboardEvent): void => {
    if (!this.ui.keys || this.ui.dialog || event.ctrlKey || event.metaKey || event.altKey) return;
    const digit = event.key.length === 1 ? digitsOf(event.key) : "";
    if (/[0-9*#]/.test(digit)) this.press(digit);
  };

  readonly #onGesture = (): void => {
    this.#ringer.unlock();
    this.#meter.resume();
    if (this.ui.soundBlocked) this.hear();
  };

  readonly #onPageHide = (): void => this.session.close();
}

function isSeen(track: RemoteTrack): boolean {
  return track.kind === "video" && !track.muted && track.mediaTrack !== null;
}

define("antiphon-call", AntiphonCall);

declare global {
  interface HTMLElementTagNameMap {
    "antiphon-call": AntiphonCall;
  }
}
