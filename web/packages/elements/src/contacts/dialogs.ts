/** The dialogs of the list: add somebody, give a name and groups, remove, block. */

import { html, nothing, type TemplateResult } from "lit";
import { problemView } from "../call/sign-in.js";
import { wholeAddress } from "../chat/pair.js";
import { dialogFrame } from "../dialog-frame.js";
import { groupsOf } from "../logic/contacts.js";
import type { ContactsView } from "./view.js";

export function dialogView(view: ContactsView): TemplateResult | typeof nothing {
  const { text, ui, directory } = view;
  const words = text.contacts;
  const people = view.account.phone?.people;
  const { name } = directory.person(ui.about);
  switch (ui.dialog) {
    case "add":
      return frame(view, words.add, addView(view));
    case "edit":
      return frame(view, words.edit, editView(view));
    case "remove":
      return frame(
        view,
        words.removeTitle(name),
        sureView(view, words.removeLead, words.remove, async () => people?.remove(ui.about)),
      );
    case "block":
      return frame(
        view,
        words.blockTitle(name),
        sureView(view, words.blockLead, words.block, async () => people?.block(ui.about)),
      );
    default:
      return nothing;
  }
}

function frame(view: ContactsView, title: string, content: TemplateResult): TemplateResult {
  const close = () => view.set({ dialog: "", problem: null });
  const { dialog, problem } = view.ui;
  return dialogFrame(
    { name: dialog, title, text: view.text, close },
    html`${problemView(problem)} ${content}`,
  );
}

function addView(view: ContactsView): TemplateResult {
  const { text, ui, account } = view;
  const words = text.contacts;
  const submit = (read: (name: string) => string) => async () => {
    const { people } = account.phone ?? {};
    const address = wholeAddress(read("address"), account.address);
    const [name, groups] = [read("name"), groupsOf(read("groups"))];
    // First, as it is refused where nobody has this address: then nobody is to be listed.
    await people?.ask(address, read("greeting"));
    await people?.set(address, { ...(name ? { name } : {}), ...(groups.length ? { groups } : {}) });
    // They may see us as soon as they ask, too: they need not be answered.
    await people?.answer(address, true);
    view.set({ tab: "people", typed: "" });
  };
  return form(
    view,
    words.addSubmit,
    submit,
    html`<p class="lead">${words.addLead}</p>
      ${field("address", words.address, words.addressPlaceholder, ui.about, true)}
      ${field("name", words.name, words.namePlaceholder, "", false)}
      ${field("groups", words.groups, words.groupsPlaceholder, "", false)}
      ${field("greeting", words.greeting, "", "", false)}`,
  );
}

function editView(view: ContactsView): TemplateResult {
  const { text, ui, directory, account } = view;
  const words = text.contacts;
  const { contact } = directory.person(ui.about);
  const submit = (read: (name: string) => string) => async () => {
    const change = { name: read("name"), groups: groupsOf(read("groups")) };
    await account.phone?.people.set(ui.about, change);
  };
  return form(
    view,
    words.save,
    submit,
    html`<p class="lead">${ui.about}</p>
      ${field("name", words.name, words.namePlaceholder, contact?.name ?? "", false)}
      ${field("groups", words.groups, words.groupsPlaceholder, contact?.groups.join(", ") ?? "", false)}
      <p class="lead">${words.groupsHint}</p>`,
  );
}

function sureView(
  view: ContactsView,
  lead: string,
  label: string,
  task: () => Promise<unknown>,
): TemplateResult {
  return html`<p class="lead">${lead}</p>
    <div class="row end">
      <button
        type="button"
        class="button plain"
        part="cancel"
        @click=${() => view.set({ dialog: "" })}
      >
        ${view.text.cancel}
      </button>
      <button
        type="button"
        class="button danger"
        part="confirm"
        autofocus
        ?disabled=${view.ui.busy}
        @click=${() => void done(view, task)}
      >
        ${label}
      </button>
    </div>`;
}

function form(
  view: ContactsView,
  label: string,
  task: (read: (name: string) => string) => () => Promise<unknown>,
  content: TemplateResult,
): TemplateResult {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    void done(
      view,
      task((name) => String(data.get(name) ?? "").trim()),
    );
  };
  return html`<form class="stack" @submit=${submit}>
    ${content}
    <button class="button primary" part="dialog-submit" ?disabled=${view.ui.busy}>
      ${view.ui.busy ? html`<span class="spinner"></span>` : nothing} ${label}
    </button>
  </form>`;
}

async function done(view: ContactsView, task: () => Promise<unknown>): Promise<void> {
  if (await view.ask(task)) view.set({ dialog: "" });
}

function field(
  name: string,
  label: string,
  placeholder: string,
  value: string,
  required: boolean,
): TemplateResult {
  return html`<label class="field">
    <span>${label}</span>
    <input
      class="input"
      part="${name}-input"
      name=${name}
      autocomplete="off"
      autocapitalize=${name === "address" ? "none" : "sentences"}
      spellcheck="false"
      maxlength="256"
      ?required=${required}
      ?autofocus=${required}
      placeholder=${placeholder}
      .value=${value}
    />
  </label>`;
}
