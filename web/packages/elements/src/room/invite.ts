/** The link to the room: to copy, and to hand to the system's share sheet where there is one. */

import { html, nothing, type TemplateResult } from "lit";
import * as icons from "../icons.js";
import type { RoomView } from "./view.js";

export function inviteLinkView(view: RoomView): TemplateResult {
  const { text, ui } = view;
  const select = (event: Event) => (event.target as HTMLInputElement).select();
  return html`<div class="link">
      <input
        class="input"
        part="invite-link"
        readonly
        .value=${view.inviteLink}
        aria-label=${text.invite.title}
        @focus=${select}
      />
      <button
        type="button"
        class="button primary"
        part="copy-link"
        @click=${() => void view.copyInvite()}
      >
        ${ui.copied ? icons.check : icons.copy}
        <span aria-live="polite">${ui.copied ? text.invite.copied : text.invite.copy}</span>
      </button>
    </div>
    ${canShare() ? shareButton(view) : nothing}`;
}

function shareButton(view: RoomView): TemplateResult {
  return html`<button
    type="button"
    class="button"
    part="share-link"
    @click=${() => void view.shareInvite()}
  >
    ${icons.share} ${view.text.invite.share}
  </button>`;
}

function canShare(): boolean {
  return typeof navigator !== "undefined" && typeof navigator.share === "function";
}
