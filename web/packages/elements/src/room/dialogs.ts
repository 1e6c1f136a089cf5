/** The dialogs of a call: settings, invitation, shortcuts, and the question before a removal. */

import { html, nothing, type TemplateResult } from "lit";
import { dialogFrame } from "../dialog-frame.js";
import { SHORTCUTS } from "../logic/shortcuts.js";
import { deviceFields } from "./device-fields.js";
import { inviteLinkView } from "./invite.js";
import type { RoomView } from "./view.js";

export function dialogView(view: RoomView): TemplateResult | typeof nothing {
  const { text, ui } = view;
  switch (ui.dialog) {
    case "settings":
      return dialog(view, text.settings.title, html`${deviceFields(view)}`);
    case "invite":
      return dialog(
        view,
        text.invite.title,
        html`<p class="lead">${text.invite.lead}</p>
          ${inviteLinkView(view)}`,
      );
    case "shortcuts":
      return dialog(view, text.shortcuts.title, shortcutList(view));
    case "remove":
      return dialog(view, text.people.removeTitle(ui.removing?.name ?? ""), removeQuestion(view));
    default:
      return nothing;
  }
}

function dialog(view: RoomView, title: string, content: TemplateResult): TemplateResult {
  const close = () => view.set({ dialog: "", removing: null });
  return dialogFrame({ name: view.ui.dialog, title, text: view.text, close }, content);
}

function shortcutList(view: RoomView): TemplateResult {
  const words = view.text.shortcuts;
  return html`<dl class="shortcuts">
    ${SHORTCUTS.map(
      ({ key, does }) =>
        html`<dt>${words[does]}</dt>
          <dd><kbd>${key === "escape" ? "Esc" : key.toUpperCase()}</kbd></dd>`,
    )}
  </dl>`;
}

function removeQuestion(view: RoomView): TemplateResult {
  const { text, ui, session } = view;
  const { removing } = ui;
  const remove = () => {
    view.set({ dialog: "", removing: null });
    if (removing) void session.moderate(removing.id, "remove");
  };
  return html`<p class="lead">${text.people.removeLead}</p>
    <div class="actions">
      <button
        type="button"
        class="button"
        part="cancel"
        @click=${() => view.set({ dialog: "", removing: null })}
      >
        ${text.cancel}
      </button>
      <button type="button" class="button danger" part="confirm-remove" @click=${remove}>
        ${text.people.remove}
      </button>
    </div>`;
}
