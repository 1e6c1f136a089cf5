/** The dialogs of the telephone: devices, and whom to add or to transfer to. */

import { html, nothing, type TemplateResult } from "lit";
import { dialogFrame } from "../dialog-frame.js";
import { deviceFields } from "../room/device-fields.js";
import type { PhoneView } from "./view.js";

export function dialogView(view: PhoneView): TemplateResult | typeof nothing {
  const { text, ui } = view;
  const words = text.call.talk;
  switch (ui.dialog) {
    case "devices":
      return dialog(view, text.settings.title, html`${deviceFields(view)}`);
    case "add":
      return dialog(
        view,
        words.addTitle,
        whomView(view, words.addLead, words.addSubmit, (to) => view.session.add(to)),
      );
    case "transfer":
      return dialog(
        view,
        words.transferTitle,
        whomView(view, words.transferLead, words.transferSubmit, (to) => view.session.transfer(to)),
      );
    default:
      return nothing;
  }
}

function dialog(view: PhoneView, title: string, content: TemplateResult): TemplateResult {
  const close = () => view.set({ dialog: "" });
  return dialogFrame({ name: view.ui.dialog, title, text: view.text, close }, content);
}

function whomView(
  view: PhoneView,
  lead: string,
  label: string,
  run: (to: string) => Promise<void>,
): TemplateResult {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const to = String(form.get("whom") ?? "").trim();
    view.set({ dialog: "" });
    void run(to);
  };
  const { dial } = view.text.call;
  return html`<p class="lead">${lead}</p>
    <form class="stack" @submit=${submit}>
      <input
        class="input"
        name="whom"
        part="whom"
        required
        autofocus
        autocomplete="off"
        autocapitalize="none"
        spellcheck="false"
        maxlength="256"
        placeholder=${dial.placeholder}
        aria-label=${dial.label}
      />
      <button class="button primary" part="whom-submit">${label}</button>
    </form>`;
}
