/** A telephone's pad: twelve keys. */

import { html, type TemplateResult } from "lit";
import { KEYS } from "../logic/calls.js";
import { roveFocus } from "../room/focus.js";
import type { PhoneView } from "./view.js";

export function padView(view: PhoneView): TemplateResult {
  const { call } = view.text;
  return html`<div
    class="pad"
    part="pad"
    role="group"
    aria-label=${call.dial.pad}
    @keydown=${(event: KeyboardEvent) => roveFocus(event, ".key")}
  >
    ${KEYS.map(
      ({ digit, letters }, index) =>
        html`<button
          type="button"
          class="key"
          part="key"
          data-digit=${digit}
          tabindex=${index === 0 ? 0 : -1}
          aria-label=${call.keys[digit] ?? digit}
          @click=${() => view.press(digit)}
        >
          <strong>${digit}</strong><span aria-hidden="true">${letters}</span>
        </button>`,
    )}
  </div>`;
}
