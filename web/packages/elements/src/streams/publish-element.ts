/** `<antiphon-publish>`: sends this browser's camera or screen into a room by WHIP. */

import { html, nothing, type PropertyDeclarations, type TemplateResult } from "lit";
import { ifDefined } from "lit/directives/if-defined.js";
import { live } from "lit/directives/live.js";
import { define } from "../base.js";
import * as icons from "../icons.js";
import { isOn } from "../logic/parameters.js";
import { Streams } from "../media/streams.js";
import type { Publisher } from "../room/backend.js";
import { StreamElement } from "./stream-element.js";

type Kind = "audio" | "video";

export class AntiphonPublish extends StreamElement {
  static override properties: PropertyDeclarations = {
    source: {},
    audio: {},
    video: {},
    autostart: { type: Boolean },
    tracks: { state: true },
  };

  /** What to send: `camera` (with the microphone) or `screen`. */
  declare source: "camera" | "screen";
  /** `off`: send no sound, no picture. */
  declare audio: string | null;
  declare video: string | null;
  /** Go live at once. */
  declare autostart: boolean;
  declare tracks: readonly MediaStreamTrack[];
  #publisher: Publisher | null = null;
  readonly #streams = new Streams();

  constructor() {
    super();
    this.source = "camera";
    this.audio = null;
    this.video = null;
    this.autostart = false;
    this.tracks = [];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    queueMicrotask(() => {
      if (this.isConnected && this.autostart) void this.start();
    });
  }

  /** Opens the devices and goes live; what fails is told by `antiphon-error`. */
  override async start(): Promise<void> {
    if (this.#publisher) return;
    this.problem = null;
    const publisher = this.backend.publisher(this.options);
    this.#publisher = publisher;
    this.state = "connecting";
    try {
      this.tracks = await this.#open();
    } catch (error) {
      this.refused(this.source === "screen" ? "screen" : "camera", error);
      this.#end();
      return;
    }
    if (this.#publisher !== publisher) return this.#release();
    this.follow(publisher);
    try {
      await publisher.start(this.tracks);
    } catch (error) {
      if (this.#publisher !== publisher) return;
      this.refused("stream", error);
      this.#end();
    }
  }

  /** Ends the stream and gives the devices back. */
  override async stop(): Promise<void> {
    const publisher = this.#publisher;
    this.#end();
    try {
      await publisher?.stop();
    } catch (error) {
      // The server ends a silent session by itself.
      console.warn("antiphon: the server did not hear the end of the stream", error);
    }
  }

  override render(): TemplateResult {
    const { text } = this;
    const video = this.tracks.find((track) => track.kind === "video") ?? null;
    const mirrored = this.source === "camera" ? "mirrored" : "";
    return html`<video
        part="video"
        class=${mirrored}
        autoplay
        playsinline
        aria-label=${text.publish.label}
        .muted=${true}
        .srcObject=${live(this.#streams.of(video))}
      ></video>
      <span class="pill" part="state" role="status" data-live=${this.#flag(this.#live)}
        >${this.#words()}</span
      >
      ${this.problem && !this.running ? this.trouble(this.problem, () => void this.start()) : nothing}
      <div class="controls" part="controls">
        ${this.#toggle("audio")} ${this.#toggle("video")}
        <span class="space"></span>
        ${this.running ? this.#stopButton() : this.#startButton()}
      </div>`;
  }

  get #live(): boolean {
    return this.state === "connected";
  }

  #words(): string {
    const { publish } = this.text;
    if (this.#live) return publish.live;
    return this.running ? publish.connecting : publish.idle;
  }

  #startButton(): TemplateResult {
    return html`<button
      type="button"
      class="button primary"
      part="start"
      @click=${() => void this.start()}
    >
      ${icons.live} ${this.text.publish.start}
    </button>`;
  }

  #stopButton(): TemplateResult {
    return html`<button
      type="button"
      class="button danger"
      part="stop"
      @click=${() => void this.stop()}
    >
      ${icons.stop} ${this.text.publish.stop}
    </button>`;
  }

  #toggle(kind: Kind): TemplateResult | typeof nothing {
    const track = this.tracks.find((one) => one.kind === kind);
    if (!track) return nothing;
    const { controls } = this.text;
    const { enabled } = track;
    const label =
      kind === "audio"
        ? enabled
          ? controls.mute
          : controls.unmute
        : enabled
          ? controls.cameraOff
          : controls.cameraOn;
    const on = kind === "audio" ? icons.microphone : icons.camera;
    const off = kind === "audio" ? icons.microphoneOff : icons.cameraOff;
    return html`<button
      type="button"
      class="round"
      part="button ${kind === "audio" ? "microphone" : "camera"}"
      data-off=${this.#flag(!enabled)}
      aria-label=${label}
      title=${label}
      @click=${() => {
        track.enabled = !enabled;
        this.requestUpdate();
      }}
    >
      ${enabled ? on : off}
    </button>`;
  }

  #flag(on: boolean) {
    return ifDefined(on ? "" : undefined);
  }

  async #open(): Promise<readonly MediaStreamTrack[]> {
    if (this.source === "screen") return this.backend.openScreen();
    const wanted = [
      isOn(this.audio, true) ? this.backend.openMicrophone("") : null,
      isOn(this.video, true) ? this.backend.openCamera("") : null,
    ];
    const opened = await Promise.allSettled(wanted.filter((one) => one !== null));
    const tracks = opened.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    const failed = opened.find((one) => one.status === "rejected");
    // One of both is enough: sound without a picture, or a picture without sound.
    if (tracks.length === 0 && failed) throw failed.reason;
    return tracks;
  }

  #end(): void {
    this.unfollow();
    this.#publisher = null;
    this.#release();
    this.state = "idle";
  }

  #release(): void {
    for (const track of this.tracks) track.stop();
    this.tracks = [];
  }
}

define("antiphon-publish", AntiphonPublish);

declare global {
  interface HTMLElementTagNameMap {
    "antiphon-publish": AntiphonPublish;
  }
}
