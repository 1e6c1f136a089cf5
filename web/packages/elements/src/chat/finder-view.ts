/** The line in which one looks for words, and what was found. */

import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import * as icons from "../icons.js";
import { clockOf, dayWords } from "../logic/time.js";
import type { ChatView } from "./view.js";

export function finderView(view: ChatView): TemplateResult {
  const { text, chat } = view;
  const { finder } = chat;
  const words = text.chat.search;
  return html`<section class="finder" part="finder">
    <form
      role="search"
      @submit=${(event: SubmitEvent) => {
        event.preventDefault();
        const form = new FormData(event.currentTarget as HTMLFormElement);
        void finder.look(String(form.get("words") ?? ""));
      }}
      @keydown=${(event: KeyboardEvent) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        finder.close();
      }}
    >
      <input
        class="input"
        part="find-input"
        type="search"
        name="words"
        autofocus
        autocomplete="off"
        maxlength="200"
        placeholder=${words.label}
        aria-label=${words.label}
        @input=${(event: InputEvent) => finder.typed((event.target as HTMLInputElement).value)}
      />
      <button type="button" class="round quiet" part="close-finder" aria-label=${words.close} @click=${() => finder.close()}>
        ${icons.close}
      </button>
    </form>
    ${finder.words ? foundView(view) : nothing}
  </section>`;
}

function foundView({ text, chat, faces }: ChatView): TemplateResult {
  const { finder } = chat;
  const words = text.chat.search;
  const newestFirst = [...finder.found].reverse();
  return html`<ul class="found" part="found" aria-live="polite">
    ${repeat(
      newestFirst,
      (one) => one.id,
      (one) => html`<li>
        <button type="button" part="found-message" @click=${() => void chat.goTo(one.id)}>
          <strong>${one.own ? text.you : faces.nameOf(one.sender, one.name)}</strong>
          <time>${dayWords(one.sentAt, Date.now(), text)}, ${clockOf(one.sentAt)}</time>
          <span>${one.text}</span>
        </button>
      </li>`,
    )}
    ${finder.busy ? html`<li class="busy"><span class="spinner"></span></li>` : nothing}
    ${!finder.busy && finder.found.length === 0 ? html`<li class="none">${words.none}</li>` : nothing}
    ${
      finder.more && !finder.busy
        ? html`<li>
            <button
              type="button"
              class="button small plain"
              part="find-more"
              @click=${() => void finder.earlier()}
            >
              ${words.more}
            </button>
          </li>`
        : nothing
    }
  </ul>`;
}
