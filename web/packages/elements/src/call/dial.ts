/** The screen between calls: whom to call, what became of the last call, the list of calls. */

import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import * as icons from "../icons.js";
import { durationOf, endingWords, shownAddress } from "../logic/calls.js";
import { clockOf } from "../logic/time.js";
import { avatar } from "../room/avatar.js";
import { logView, namesIn } from "./log.js";
import { padView } from "./pad.js";
import { problemView } from "./sign-in.js";
import type { PhoneView } from "./view.js";

export function dialView(view: PhoneView): TemplateResult {
  return html`<div class="desk" part="desk">
    <section class="dial" part="dial">${lastView(view)} ${problemView(view.session.problem)} ${formView(view)}</section>
    ${logView(view)}
  </div>`;
}

function formView(view: PhoneView): TemplateResult {
  const { ui, session, withVideo } = view;
  const { dial } = view.text.call;
  const offline = session.line.state !== "ready";
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const by = event.submitter as HTMLButtonElement | null;
    view.dial(by?.value === "video");
  };
  return html`<form @submit=${submit}>
    <h2>${dial.title}</h2>
    <div class="entry">
      <input
        name="callee"
        part="callee"
        list="known"
        autocomplete="off"
        autocapitalize="none"
        spellcheck="false"
        maxlength="256"
        placeholder=${dial.placeholder}
        aria-label=${dial.label}
        .value=${live(ui.entry)}
        @input=${(event: Event) =>
          view.set({ entry: (event.target as HTMLInputElement).value, title: "" })}
      />
      ${knownView(view)}
      ${
        ui.entry
          ? html`<button
              type="button"
              class="round quiet"
              part="backspace"
              aria-label=${dial.remove}
              title=${dial.remove}
              @click=${() => view.set({ entry: ui.entry.slice(0, -1), title: "" })}
            >
              ${icons.backspace}
            </button>`
          : nothing
      }
      <button
        type="button"
        class="round quiet"
        part="toggle-pad"
        aria-pressed=${ui.pad}
        aria-label=${ui.pad ? dial.hidePad : dial.showPad}
        title=${ui.pad ? dial.hidePad : dial.showPad}
        @click=${() => view.set({ pad: !ui.pad })}
      >
        ${icons.keypad}
      </button>
    </div>
    ${ui.pad ? padView(view) : nothing}
    <div class="go">
      <button class="button primary" part="call" value="audio" ?disabled=${offline}>
        ${icons.phone} ${dial.audio}
      </button>
      ${
        withVideo
          ? html`<button class="button" part="video-call" value="video" ?disabled=${offline}>
              ${icons.camera} ${dial.video}
            </button>`
          : nothing
      }
    </div>
  </form>`;
}

/** Whom one has called before: the browser offers them while one types. */
function knownView(view: PhoneView): TemplateResult {
  const { session } = view;
  const names = namesIn(session.log.calls);
  const known = new Set(session.log.calls.map((call) => call.peer));
  return html`<datalist id="known">
    ${[...known].map(
      (peer) =>
        html`<option value=${shownAddress(peer, session.address)}>${names.get(peer) ?? ""}</option>`,
    )}
  </datalist>`;
}

function lastView(view: PhoneView): TemplateResult | typeof nothing {
  const { last, address } = view.session;
  if (!last) return nothing;
  const name = shownAddress(view.nameOf(last.peer, last.name), address);
  const close = () => {
    view.session.last = null;
    view.set({});
  };
  return html`<div class="last" part="last" role="status" data-reason=${last.reason}>
    ${avatar(name, last.peer, view.pictureOf(last.peer))}
    <div class="who">
      <strong>${endingWords(last, name, view.text)}</strong>
      <span
        >${last.answered ? `${name} · ${durationOf(last.duration)}` : clockOf(last.endedAt)}</span
      >
    </div>
    <button
      type="button"
      class="round small"
      part="call-again"
      aria-label=${view.text.call.ended.again}
      title=${view.text.call.ended.again}
      @click=${() => view.callAgain(last.peer, last.video, last.name)}
    >
      ${icons.phone}
    </button>
    <button
      type="button"
      class="round quiet small"
      part="dismiss"
      aria-label=${view.text.dismiss}
      title=${view.text.dismiss}
      @click=${close}
    >
      ${icons.close}
    </button>
  </div>`;
}
