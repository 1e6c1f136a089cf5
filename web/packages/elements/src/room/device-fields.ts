/** The choice of camera, microphone and loudspeaker, before and during a call. */

import { html, nothing, type SVGTemplateResult, type TemplateResult } from "lit";
import * as icons from "../icons.js";
import { canChooseOutput } from "../media/audio-output.js";
import type { RoomView } from "./view.js";

interface Field {
  readonly part: string;
  readonly icon: SVGTemplateResult;
  readonly label: string;
  readonly devices: readonly MediaDeviceInfo[];
  readonly chosen: string;
  readonly choose: (deviceId: string) => void;
}

/** The fields; `meter` shows the level of the microphone below its choice. */
export function deviceFields(view: RoomView): TemplateResult {
  const { text, session, ui } = view;
  const { devices, microphone, camera } = session;
  return html`${field(view, {
    part: "choose-microphone",
    icon: icons.microphone,
    label: text.settings.microphone,
    devices: devices.microphones,
    chosen: microphone.deviceId,
    choose: (id) => void session.chooseMicrophone(id),
  })}
  ${levelView(view)}
  ${field(view, {
    part: "choose-camera",
    icon: icons.camera,
    label: text.settings.camera,
    devices: devices.cameras,
    chosen: camera.deviceId,
    choose: (id) => void session.chooseCamera(id),
  })}
  ${
    canChooseOutput() && devices.speakers.length > 0
      ? field(view, {
          part: "choose-output",
          icon: icons.volume,
          label: text.settings.output,
          devices: devices.speakers,
          chosen: ui.output,
          choose: (id) => view.chooseOutput(id),
        })
      : nothing
  }`;
}

/** The level of the own microphone; its element moves the bar without a new drawing. */
export function levelView(view: RoomView): TemplateResult {
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

function field(view: RoomView, one: Field): TemplateResult {
  const { settings } = view.text;
  const known = one.devices.some((device) => device.deviceId === one.chosen);
  return html`<label class="field">
    <span>${one.label}</span>
    <select
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
    </select>
  </label>`;
}
