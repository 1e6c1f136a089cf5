/** `<antiphon-play>`: plays a room's current speaker, or one of its members, by WHEP. */

import { html, nothing, type PropertyDeclarations, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { define } from "../base.js";
import * as icons from "../icons.js";
import type { Player } from "../room/backend.js";
import { StreamElement } from "./stream-element.js";

/** After "nobody sends yet" it is tried again. */
const PATIENCE = 3000;

export class AntiphonPlay extends StreamElement {
  static override properties: PropertyDeclarations = {
    member: {},
    autoplay: { type: Boolean },
    muted: { type: Boolean },
    silenced: { state: true },
    pictured: { state: true },
  };

  /** Whom to play (a member id); the current speaker if absent. */
  declare member: string | null;
  declare autoplay: boolean;
  declare muted: boolean;
  /** The browser let it begin without sound only. */
  declare silenced: boolean;
  /** A first picture is shown. */
  declare pictured: boolean;
  #player: Player | null = null;
  #stream: MediaStream | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.member = null;
    this.autoplay = false;
    this.muted = false;
    this.silenced = false;
    this.pictured = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    queueMicrotask(() => {
      if (this.isConnected && this.autoplay) void this.start();
    });
  }

  /** Begins to play; what fails is told by `antiphon-error`. */
  override async start(): Promise<void> {
    if (this.#player) return;
    clearTimeout(this.#timer);
    this.problem = null;
    const { member } = this;
    const player = this.backend.player({ ...this.options, ...(member ? { member } : {}) });
    this.#player = player;
    this.#stream = new MediaStream();
    this.follow(player);
    const off = player.on("track", () => void this.#show(player));
    try {
      await player.start();
    } catch (error) {
      off();
      if (this.#player === player) this.#failed(error);
    }
  }

  /** Ends the playing. */
  override async stop(): Promise<void> {
    const player = this.#player;
    this.#end();
    try {
      await player?.stop();
    } catch (error) {
      // The server ends a silent session by itself.
      console.warn("antiphon: the server did not hear the end of the stream", error);
    }
  }

  override render(): TemplateResult {
    return html`<video
        part="video"
        playsinline
        aria-label=${this.text.play.label}
        .muted=${this.muted || this.silenced}
        .srcObject=${live(this.#stream)}
        @playing=${this.#playing}
      ></video>
      ${this.#middle()} ${this.running ? this.#controls() : nothing}`;
  }

  #middle(): TemplateResult | typeof nothing {
    const { play } = this.text;
    if (this.problem && !this.running) return this.trouble(this.problem, () => void this.start());
    if (!this.running) {
      return html`<div class="middle">
        <button
          type="button"
          class="big"
          part="play"
          aria-label=${play.play}
          @click=${() => void this.start()}
        >
          ${icons.play}
        </button>
      </div>`;
    }
    if (this.state === "connected" && this.pictured) return nothing;
    const words = this.state === "connected" ? play.waiting : play.connecting;
    return html`<div class="middle" role="status">
      <span class="spinner"></span>
      <p>${words}</p>
    </div>`;
  }

  #controls(): TemplateResult {
    const { play } = this.text;
    return html`${
      this.silenced
        ? html`<div class="controls">
            <button type="button" class="button primary" part="tap-to-hear" @click=${this.#hear}>
              ${icons.volume} ${play.unmute}
            </button>
          </div>`
        : html`<div class="controls shy" part="controls">
            <button
              type="button"
              class="round"
              part="stop"
              aria-label=${play.stop}
              title=${play.stop}
              @click=${() => void this.stop()}
            >
              ${icons.stop}
            </button>
            <span class="space"></span>
            <button
              type="button"
              class="round"
              part="fullscreen"
              aria-label=${play.fullscreen}
              title=${play.fullscreen}
              @click=${this.#fullscreen}
            >
              ${icons.fullscreen}
            </button>
          </div>`
    }`;
  }

  async #show(player: Player): Promise<void> {
    const stream = this.#stream;
    if (this.#player !== player || !stream) return;
    // After a restart the player has other tracks than before.
    for (const track of stream.getTracks()) {
      if (!player.tracks.includes(track)) stream.removeTrack(track);
    }
    for (const track of player.tracks) stream.addTrack(track);
    this.requestUpdate();
    await this.updateComplete;
    await this.#play();
  }

  async #play(): Promise<void> {
    const video = this.renderRoot.querySelector("video");
    try {
      await video?.play();
    } catch (error) {
      const blocked = error instanceof DOMException && error.name === "NotAllowedError";
      if (!blocked || !video || this.silenced) return;
      // Without a gesture browsers play silent pictures only.
      this.silenced = true;
      video.muted = true;
      await this.#play();
    }
  }

  readonly #hear = (): void => {
    this.silenced = false;
  };

  readonly #playing = (): void => {
    this.pictured = true;
  };

  readonly #fullscreen = (): void => {
    const change = document.fullscreenElement
      ? document.exitFullscreen()
      : this.requestFullscreen();
    change.catch((error: unknown) => this.refused("action", error));
  };

  #failed(error: unknown): void {
    this.refused("stream", error);
    const waits = this.problem?.name === "noStream";
    this.#end();
    if (waits) this.#timer = setTimeout(() => void this.start(), PATIENCE);
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.unfollow();
    this.#player = null;
    this.#stream = null;
    this.silenced = false;
    this.pictured = false;
    this.state = "idle";
  }
}

define("antiphon-play", AntiphonPlay);

declare global {
  interface HTMLElementTagNameMap {
    "antiphon-play": AntiphonPlay;
  }
}
