/** The screen of a call that goes on: who is there, for how long, and what can be done. */

import type { Member } from "@antiphon/client";
import { html, nothing, type TemplateResult } from "lit";
import { ifDefined } from "lit/directives/if-defined.js";
import { live } from "lit/directives/live.js";
import { repeat } from "lit/directives/repeat.js";
import * as icons from "../icons.js";
import { durationOf, shownAddress } from "../logic/calls.js";
import { hueOf } from "../logic/people.js";
import { avatar } from "../room/avatar.js";
import { roveFocus } from "../room/focus.js";
import { microphoneOf } from "../room/tile.js";
import { padView } from "./pad.js";
import type { Talk } from "./talk.js";
import type { PhoneView } from "./view.js";

export function talkingView(view: PhoneView, talk: Talk): TemplateResult {
  const others = [...(talk.room?.members.values() ?? [])].filter(
    (one) => !one.isLocal && !one.stream,
  );
  const seen = others.some((one) => pictureOf(one) !== null);
  const hue = hueOf(talk.call.peer);
  return html`<section
    class="talking"
    part="talking"
    data-seen=${seen}
    data-count=${others.length}
    style="--hue: ${hue}"
    aria-label=${view.text.call.state.with(talk.name)}
  >
    <header class="status">
      <strong part="peer">${titleOf(view, talk, others)}</strong>
      <span part="call-state">${statusOf(view, talk, others)}</span>
    </header>
    <div class="parties" part="parties" role="group" aria-label=${view.text.call.talk.people}>
      ${repeat(
        others,
        (one) => one.id,
        (one) => partyView(view, talk, one),
      )}
      ${others.length === 0 ? html`<span class="spinner"></span>` : nothing}
    </div>
    ${selfView(view, talk)} ${rungView(view, talk)}
    ${
      view.ui.keys
        ? html`<div class="keys">
      <output part="pressed" aria-live="off">${talk.pressed}</output>${padView(view)}</div>`
        : nothing
    }
    ${controlsView(view, talk)}
  </section>`;
}

function titleOf(view: PhoneView, talk: Talk, others: readonly Member[]): string {
  if (others.length < 2) return shownAddress(talk.name, view.session.address);
  return others.map((one) => one.name).join(", ");
}

function statusOf(view: PhoneView, talk: Talk, others: readonly Member[]): string {
  const { state } = view.text.call;
  if (talk.broken || view.session.line.state === "reconnecting") return state.reconnecting;
  if (talk.held) return state.held;
  const holder = others.find((one) => one.held);
  if (holder && others.length === 1) return state.heldBy(holder.name);
  if (others.length === 1 && !others[0]?.present) return view.text.tile.away;
  const { answeredAt } = talk.call;
  if (others.length === 0 || answeredAt === null) return state.connecting;
  return durationOf(Date.now() - answeredAt);
}

function pictureOf(member: Member): MediaStreamTrack | null {
  const shown = member.tracks.find((one) => one.kind === "video" && !one.muted && one.mediaTrack);
  return shown?.mediaTrack ?? null;
}

function partyView(view: PhoneView, talk: Talk, member: Member): TemplateResult {
  const { text, streams } = view;
  const stream = talk.held ? null : streams.of(pictureOf(member));
  const speaking = talk.room?.speaker?.id === member.id && microphoneOf(member) === "on";
  const marks = [
    member.phone ? text.tile.phone : "",
    member.held ? text.tile.held : "",
    microphoneOf(member) === "off" ? text.tile.muted : "",
    member.hand ? text.tile.hand : "",
    member.present ? "" : text.tile.away,
  ].filter(Boolean);
  return html`<div
    class="party"
    part="tile"
    role="group"
    aria-label=${text.tile.label(member.name, marks)}
    data-member=${member.id}
    data-name=${member.name}
    data-kind="person"
    data-held=${ifDefined(member.held ? "" : undefined)}
    data-away=${ifDefined(member.present ? undefined : "")}
    data-speaking=${ifDefined(speaking ? "" : undefined)}
    style="--hue: ${hueOf(member.address)}"
  >
    <video
      part="video"
      autoplay
      playsinline
      disablepictureinpicture
      .muted=${true}
      .srcObject=${live(stream)}
      ?hidden=${!stream}
    ></video>
    ${stream ? nothing : avatar(member.name, member.address, view.pictureOf(member.address))}
    <span class="caption" part="caption">
      ${member.phone ? icons.phone : nothing} ${member.held ? icons.hold : nothing}
      ${microphoneOf(member) === "off" ? html`<span class="off">${icons.microphoneOff}</span>` : nothing}
      ${member.hand ? icons.hand : nothing}
      <span class="name" part="name">${member.name}</span>
    </span>
  </div>`;
}

function selfView(view: PhoneView, talk: Talk): TemplateResult | typeof nothing {
  const { camera } = view.session;
  if (!camera.live || talk.held) return nothing;
  return html`<video
    class="self mirrored"
    part="self"
    autoplay
    playsinline
    disablepictureinpicture
    .muted=${true}
    .srcObject=${live(view.streams.of(camera.track))}
  ></video>`;
}

/** Those who are rung into the call. */
function rungView(view: PhoneView, talk: Talk): TemplateResult | typeof nothing {
  const { session, text } = view;
  if (talk.rung.length === 0) return nothing;
  return html`<ul class="rung" part="rung">
    ${talk.rung.map((call) => {
      const name = shownAddress(call.name, session.address);
      const label = text.call.talk.cancelRinging(name);
      return html`<li role="status">
        <span class="spinner"></span> ${name} ·
        ${call.state === "ringing" ? text.call.state.ringing : text.call.state.dialling}
        <button
          type="button"
          class="round quiet small"
          part="cancel-ringing"
          aria-label=${label}
          title=${label}
          @click=${() => call.hangUp().catch((error: unknown) => session.refused("action", error))}
        >
          ${icons.close}
        </button>
      </li>`;
    })}
  </ul>`;
}

function controlsView(view: PhoneView, talk: Talk): TemplateResult {
  const { session, ui, withVideo } = view;
  const { microphone, camera } = session;
  const words = view.text.call.talk;
  return html`<div
    class="controls"
    part="controls"
    role="toolbar"
    aria-label=${words.controls}
    @keydown=${(event: KeyboardEvent) => roveFocus(event, "button")}
  >
    ${control("microphone", microphone.live ? icons.microphone : icons.microphoneOff, {
      label: microphone.live ? words.mute : words.unmute,
      off: !microphone.live,
      run: () => void session.toggleMicrophone(),
    })}
    ${
      withVideo
        ? control("camera", camera.live ? icons.camera : icons.cameraOff, {
            label: words.camera,
            on: camera.live,
            run: () => void session.toggleCamera(),
          })
        : nothing
    }
    ${control("hold", talk.held ? icons.play : icons.hold, {
      label: talk.held ? words.resume : words.hold,
      on: talk.held,
      run: () => void talk.hold(!talk.held),
    })}
    ${control("keypad", icons.keypad, {
      label: words.keypad,
      on: ui.keys,
      run: () => view.set({ keys: !ui.keys }),
    })}
    ${control("add", icons.addPerson, {
      label: words.add,
      run: () => view.set({ dialog: "add" }),
    })}
    ${control("transfer", icons.transfer, {
      label: words.transfer,
      run: () => view.set({ dialog: "transfer" }),
    })}
    ${control("devices", icons.settings, {
      label: words.devices,
      run: () => view.set({ dialog: "devices" }),
    })}
    ${control("hang-up", icons.leave, {
      label: words.hangUp,
      danger: true,
      run: () => void session.hangUp(),
    })}
  </div>`;
}

interface Control {
  readonly label: string;
  readonly on?: boolean;
  readonly off?: boolean;
  readonly danger?: boolean;
  readonly run: () => void;
}

function control(part: string, icon: TemplateResult, one: Control): TemplateResult {
  return html`<div class="control">
    <button
      type="button"
      class="round ${one.danger ? "danger" : ""}"
      part="button ${part}"
      data-on=${ifDefined(one.on ? "" : undefined)}
      data-off=${ifDefined(one.off ? "" : undefined)}
      aria-pressed=${ifDefined(one.on === undefined ? undefined : one.on)}
      aria-label=${one.label}
      title=${one.label}
      @click=${one.run}
    >
      ${icon}</button
    ><span aria-hidden="true">${one.label}</span>
  </div>`;
}
