/** What all dialogs share: a title, a button that closes, a backdrop that does as well. */

import { html, type TemplateResult } from "lit";
import * as icons from "./icons.js";
import type { Text } from "./text.js";

export interface DialogFrame {
  readonly name: string;
  readonly title: string;
  readonly text: Text;
  readonly close: () => void;
}

export function dialogFrame(frame: DialogFrame, content: TemplateResult): TemplateResult {
  const backdrop = (event: MouseEvent) => {
    if (event.target === event.currentTarget) frame.close();
  };
  return html`<dialog
    part="dialog"
    data-dialog=${frame.name}
    aria-label=${frame.title}
    @close=${frame.close}
    @mousedown=${backdrop}
  >
    <header>
      <h2>${frame.title}</h2>
      <button
        type="button"
        class="round quiet"
        part="close-dialog"
        aria-label=${frame.text.close}
        @click=${frame.close}
      >
        ${icons.close}
      </button>
    </header>
    <div class="stack">${content}</div>
  </dialog>`;
}
