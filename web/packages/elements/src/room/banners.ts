/** What stands above the call while it lasts: reconnecting, sharing, sound held back; toasts. */

import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import * as icons from "../icons.js";
import type { Notices } from "./notices.js";
import type { RoomView } from "./view.js";

export function bannersView(view: RoomView): TemplateResult {
  const { session, ui } = view;
  return html`<div class="banners">
    ${session.state === "reconnecting" ? reconnecting(view) : nothing}
    ${session.draining && session.state === "joined" ? draining(view) : nothing}
    ${session.screen.active ? sharing(view) : nothing} ${ui.soundBlocked ? hear(view) : nothing}
  </div>`;
}

/** Passing news, and the line that screen readers read. */
export function noticesView(view: {
  readonly session: { readonly notices: Notices };
}): TemplateResult {
  const { toasts, spoken } = view.session.notices;
  return html`<div class="toasts" part="toasts" aria-hidden="true">
      ${repeat(
        toasts,
        (toast) => toast.id,
        (toast) => html`<div class="toast ${toast.tone}" part="toast">${toast.text}</div>`,
      )}
    </div>
    <div class="unseen" role="status" aria-live="polite">${spoken}</div>`;
}

function reconnecting(view: RoomView): TemplateResult {
  const { banner } = view.text;
  return html`<div class="banner trouble" part="banner reconnecting" role="alert">
    <strong><span class="spinner"></span>${banner.reconnecting}</strong>
    <span class="lead">${banner.reconnectingLead}</span>
  </div>`;
}

function draining(view: RoomView): TemplateResult {
  return html`<div class="banner trouble" part="banner draining" role="status">
    <strong>${icons.refresh} ${view.text.banner.draining}</strong>
  </div>`;
}

function sharing(view: RoomView): TemplateResult {
  const { text } = view;
  return html`<div class="banner sharing" part="banner sharing">
    <strong>${icons.screen} ${text.banner.sharing}</strong>
    <button
      type="button"
      class="button small"
      part="stop-sharing"
      @click=${() => view.does("screen")}
    >
      ${text.controls.stopSharing}
    </button>
  </div>`;
}

function hear(view: RoomView): TemplateResult {
  const { banner } = view.text;
  return html`<div class="banner hear" part="banner">
    <button
      type="button"
      class="button primary"
      part="tap-to-hear"
      title=${banner.tapLead}
      @click=${() => view.hear()}
    >
      ${icons.volume} ${banner.tapToHear}
    </button>
  </div>`;
}
