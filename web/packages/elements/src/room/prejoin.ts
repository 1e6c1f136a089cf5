/** The screen before the room: how one looks and sounds, under which name one enters. */

import { html, nothing, type TemplateResult } from "lit";
import { ifDefined } from "lit/directives/if-defined.js";
import { live } from "lit/directives/live.js";
import * as icons from "../icons.js";
import { type Problem, problemOf, reasonOf } from "../logic/problems.js";
import type { Input } from "../media/input.js";
import { avatar } from "./avatar.js";
import { cameraField, microphoneField } from "./device-fields.js";
import type { RoomView } from "./view.js";

const LONGEST_NAME = 64;

export function prejoinView(view: RoomView): TemplateResult {
  const { text, session } = view;
  const joining = session.state === "joining";
  const enter = (event: Event) => {
    event.preventDefault();
    void session.join();
  };
  return html`<main class="screen lobby" part="prejoin">
    ${brand(view)}
    <div class="setup">
      ${preview(view)}
      <form class="form" @submit=${enter}>
        <div>
          <h1>${text.prejoin.title}</h1>
          <p class="lead">${text.prejoin.room} <strong part="room-name">${view.roomName}</strong></p>
        </div>
        ${nameField(view)} ${inputs(view)}
        <button class="button primary" part="join" ?disabled=${joining}>
          ${joining ? html`<span class="spinner"></span>` : nothing}
          ${joining ? text.prejoin.joining : text.prejoin.join}
        </button>
        <p class="fine">
          ${hasNothing(view) ? text.prejoin.viewer : text.prejoin.privacy}
        </p>
      </form>
    </div>
  </main>`;
}

export function brand(view: RoomView): TemplateResult {
  return html`<div class="brand" part="brand">${icons.logo} ${view.text.product}</div>`;
}

/** Words for something that does not work, with its remedy. */
export function noteView(problem: Problem, again: TemplateResult | typeof nothing): TemplateResult {
  return html`<div class="note" part="problem" role="alert" data-problem=${problem.name}>
    ${icons.warning}
    <div><strong>${problem.title}</strong> ${problem.text} ${problem.remedy} ${again}</div>
  </div>`;
}

function nameField(view: RoomView): TemplateResult {
  const { prejoin } = view.text;
  return html`<label class="field">
    <span>${prejoin.name}</span>
    <input
      class="input"
      part="name-input"
      name="name"
      autocomplete="name"
      maxlength=${LONGEST_NAME}
      placeholder=${prejoin.namePlaceholder}
      .value=${view.displayName}
      @input=${(event: Event) => view.rename((event.target as HTMLInputElement).value)}
    />
  </label>`;
}

function preview(view: RoomView): TemplateResult {
  const { text, session } = view;
  const { camera } = session;
  const stream = camera.live ? view.streams.of(camera.track) : null;
  return html`<div class="preview" part="preview" aria-label=${text.prejoin.preview} role="group">
    ${
      stream
        ? html`<video
            class="mirrored"
            part="preview-video"
            autoplay
            playsinline
            .muted=${true}
            .srcObject=${live(stream)}
          ></video>`
        : html`<div class="empty">
            ${avatar(view.displayName || text.guest, view.displayName)}
            <span>${camera.opening ? text.prejoin.cameraStarting : text.prejoin.cameraOff}</span>
          </div>`
    }
    <div class="toggles">${microphoneToggle(view)} ${cameraToggle(view)}</div>
  </div>`;
}

function microphoneToggle(view: RoomView): TemplateResult {
  const { text, session } = view;
  const { live } = session.microphone;
  const label = live ? text.controls.mute : text.controls.unmute;
  return html`<button
    type="button"
    class="round"
    part="button microphone"
    data-off=${ifDefined(live ? undefined : "")}
    aria-label=${label}
    title="${label} (M)"
    @click=${() => view.does("microphone")}
  >
    ${live ? icons.microphone : icons.microphoneOff}
  </button>`;
}

function cameraToggle(view: RoomView): TemplateResult {
  const { text, session } = view;
  const { live } = session.camera;
  const label = live ? text.controls.cameraOff : text.controls.cameraOn;
  return html`<button
    type="button"
    class="round"
    part="button camera"
    data-off=${ifDefined(live ? undefined : "")}
    aria-label=${label}
    title="${label} (V)"
    @click=${() => view.does("camera")}
  >
    ${live ? icons.camera : icons.cameraOff}
  </button>`;
}

/** The choice of each device, or why there is none. */
function inputs(view: RoomView): TemplateResult {
  const { camera, microphone } = view.session;
  const same = failed(camera) && failed(microphone) && sameReason(camera, microphone);
  const problems = same
    ? problemWith(view, "both", camera)
    : [...problemWith(view, "microphone", microphone), ...problemWith(view, "camera", camera)];
  return html`${problems.map((problem) => noteView(problem, again(view, problem)))}
    <div class="devices stack">
      ${microphone.error === null ? microphoneField(view) : nothing}
      ${camera.error === null ? cameraField(view) : nothing}
    </div>`;
}

function failed(input: Input): boolean {
  return input.error !== null && !input.opening;
}

function sameReason(one: Input, other: Input): boolean {
  return reasonOf(one.error) === reasonOf(other.error);
}

function problemWith(
  view: RoomView,
  attempt: "camera" | "microphone" | "both",
  input: Input,
): Problem[] {
  if (!failed(input)) return [];
  return [problemOf(attempt, input.error, view.text)];
}

function again(view: RoomView, problem: Problem): TemplateResult | typeof nothing {
  if (!problem.retry) return nothing;
  return html`<br /><button
      type="button"
      class="button small"
      part="retry"
      @click=${() => void view.session.retryInputs()}
    >
      ${view.text.retry}
    </button>`;
}

function hasNothing(view: RoomView): boolean {
  const { camera, microphone } = view.session;
  return camera.error !== null && microphone.error !== null;
}
