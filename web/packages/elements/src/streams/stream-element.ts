/** What `<antiphon-publish>` and `<antiphon-play>` share: where to, how it fares, what went wrong. */

import type { StreamOptions, StreamState } from "@antiphon/client";
import { html, type PropertyDeclarations, type TemplateResult } from "lit";
import { AntiphonElement } from "../base.js";
import * as icons from "../icons.js";
import { type Attempt, type Problem, problemOf } from "../logic/problems.js";
import type { Player, Publisher } from "../room/backend.js";
import { controls } from "../styles/controls.js";
import { streamStyles } from "../styles/stream.js";
import { tokens } from "../styles/tokens.js";

export abstract class StreamElement extends AntiphonElement {
  static override properties: PropertyDeclarations = {
    room: {},
    token: {},
    theme: { reflect: true },
    state: { reflect: true },
    problem: { state: true },
  };
  static override styles = [tokens, controls, streamStyles];

  /** Name of the room. */
  declare room: string;
  /** A JWT, where the server asks for one. */
  declare token: string;
  declare theme: "light" | "dark" | null;
  /** How the stream fares; reflected. */
  declare state: StreamState;
  declare problem: Problem | null;
  #off: (() => void)[] = [];

  constructor() {
    super();
    this.room = "";
    this.token = "";
    this.theme = null;
    this.state = "idle";
    this.problem = null;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener("pagehide", this.#onPageHide);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener("pagehide", this.#onPageHide);
    void this.stop();
  }

  abstract start(): Promise<void>;
  abstract stop(): Promise<void>;

  /** True while it runs or tries to. */
  get running(): boolean {
    return this.state !== "idle" && this.state !== "closed";
  }

  protected get options(): StreamOptions {
    const { token, room } = this;
    return { server: this.serverAddress, room, ...(token ? { token } : {}) };
  }

  /** Takes over the state of a stream from now on. */
  protected follow(stream: Publisher | Player): void {
    this.unfollow();
    this.#off = [
      stream.on("state", (state) => {
        this.state = state;
        this.emit("antiphon-state", { state });
      }),
      stream.on("error", (error) => this.refused("stream", error)),
    ];
  }

  readonly #onPageHide = (): void => void this.stop();

  protected unfollow(): void {
    for (const off of this.#off) off();
    this.#off = [];
  }

  protected refused(attempt: Attempt, error: unknown): void {
    this.problem = problemOf(attempt, error, this.text);
    const { reason, text } = this.problem;
    this.emit("antiphon-error", { attempt, reason, text });
  }

  protected trouble(problem: Problem, again: () => void): TemplateResult {
    return html`<div class="middle" part="problem" role="alert">
      <strong>${problem.title}</strong>
      <p>${problem.text} ${problem.remedy}</p>
      <button type="button" class="button small" part="retry" @click=${again}>
        ${icons.refresh} ${this.text.retry}
      </button>
    </div>`;
  }
}
