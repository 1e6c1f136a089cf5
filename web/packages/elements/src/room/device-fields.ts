/** The choice of camera, microphone and loudspeaker, before and during a call. */

import { html, nothing, type TemplateResult } from "lit";
import * as icons from "../icons.js";
import { canChooseOutput } from "../media/audio-output.js";
import type { RoomView } from "./view.js";

/** What the choice is drawn from. */
export interface DevicesView {
  readonly text: RoomView["text"];
  readonly session: Pick<
    RoomView["session"],
    "devices" | "microphone" | "camera" | "chooseMicrophone" | "chooseCamera"
  >;
  readonly ui: { readonly output: string };
  chooseOutput(deviceId: string): void;
}

interface Field {
  readonly part: string;
  readonly label: string;
  readonly devices: readonly MediaDeviceInfo[];
  readonly chosen: string;
  readonly choose: (deviceId: string) => void;
}

/** All fields, for the settings. */
export function deviceFields(view: DevicesView): TemplateResult {
  return html`${microphoneField(view)} ${cameraField(view)} ${outputField(view)}`;
}

/** The choice of the microphone, with its level below. */
export function microphoneField(view: DevicesView): TemplateResult {
  const { text, session } = view;
  return html`${field(view, {
    part: "choose-microphone",
    label: text.settings.microphone,
    devices: session.devices.microphones,
    chosen: session.microphone.deviceId,
    choose: (id) => void session.chooseMicrophone(id),
  })}
  ${levelView(view)}`;
}

export function cameraField(view: DevicesView): TemplateResult {
  const { text, session } = view;
  return field(view, {
    part: "choose-camera",
    label: text.settings.camera,
    devices: session.devices.cameras,
    chosen: session.camera.deviceId,
    choose: (id) => void session.chooseCamera(id),
  });
}

function outputField(view: DevicesView): TemplateResult | typeof nothing {
  const { text, session, ui } = view;
  const { speakers } = session.devices;
  if (!canChooseOutput() || speakers.length === 0) return nothing;
  return field(view, {
    part: "choose-output",
    label: text.settings.output,
    devices: speakers,
    chosen: ui.output,
    choose: (id) => view.chooseOutput(id),
  });
}

/** The level of the own microphone; its element moves the bar without a new drawing. */
function levelView(view: DevicesView): TemplateResult {
  return html`<div class="level" part="level">
    ${view.session.microphone.live ? icons.microphone : icons.microphoneOff}
    <div
      class="meter"
      part="meter"
      role="meter"
      aria-label=${view.text.prejoin.level}
      aria-valuemin="0"
      aria-valuemax="100"
      aria-valuenow="0"
    ></div>
  </div>`;
}

function field(view: DevicesView, one: Field): TemplateResult {
  const { settings } = view.text;
  const known = one.devices.some((device) => device.deviceId === one.chosen);
  return html`<label class="field">
    <span>${one.label}</span>
    <span class="select"><select
      class="input"
      part=${one.part}
      ?disabled=${one.devices.length === 0}
      @change=${(event: Event) => one.choose((event.target as HTMLSelectElement).value)}
    >
      ${one.devices.length === 0 ? html`<option>${settings.none}</option>` : nothing}
      ${
        one.devices.length > 0 && !known
          ? html`<option value="" selected>${settings.systemDefault}</option>`
          : nothing
      }
      ${one.devices.map(
        (device, index) =>
          html`<option value=${device.deviceId} ?selected=${device.deviceId === one.chosen}>
            ${device.label || settings.unnamed(one.label, index + 1)}
          </option>`,
      )}
    </select>${icons.chevronDown}</span>
  </label>`;
}
