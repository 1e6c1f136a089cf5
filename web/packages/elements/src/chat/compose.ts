/** The line in which one writes: text, files, emoji, names; an answer or an edit above it. */

import { LONGEST_TEXT } from "@antiphon/client";
import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { repeat } from "lit/directives/repeat.js";
import * as icons from "../icons.js";
import { startedMention } from "../logic/rich-text.js";
import { sizeWords } from "../logic/sizes.js";
import { emojiView } from "./emoji.js";
import type { PendingFile } from "./uploads.js";
import type { ChatView } from "./view.js";

const MOST_NAMES = 6;

export function composeView(view: ChatView): TemplateResult {
  const { text, chat, closed } = view;
  const words = text.chat;
  const { upload } = chat.place ?? { upload: null };
  const picking = chat.overlay?.kind === "emoji" && chat.overlay.on === "";
  return html`<div class="composer" part="composer">
    ${view.offline && !closed ? html`<p class="waiting-line" role="status">${words.waiting}</p>` : nothing}
    ${contextView(view)} ${filesView(view)} ${namesView(view)}
    <form
      class="compose"
      @submit=${(event: SubmitEvent) => {
        event.preventDefault();
        const typed = new FormData(event.currentTarget as HTMLFormElement).get("text");
        if (typed !== null && typed !== chat.draft) chat.write(String(typed));
        void chat.send();
      }}
    >
      ${upload && !chat.editing ? attachView(view) : nothing}
      <textarea
        name="text"
        part="chat-input"
        rows=${Math.min(6, chat.draft.split("\n").length)}
        maxlength=${LONGEST_TEXT}
        placeholder=${closed || (view.peerName ? words.placeholderTo(view.peerName) : words.placeholder)}
        aria-label=${words.placeholder}
        .value=${live(chat.draft)}
        ?disabled=${closed !== ""}
        @input=${(event: InputEvent) => chat.write((event.target as HTMLTextAreaElement).value)}
        @keydown=${(event: KeyboardEvent) => pressed(view, event)}
        @paste=${(event: ClipboardEvent) => pasted(view, event)}
      ></textarea>
      <button
        type="button"
        class="round quiet"
        part="emoji"
        data-menu-button
        aria-label=${words.emoji.open}
        aria-expanded=${picking}
        title=${words.emoji.open}
        ?disabled=${closed !== ""}
        @click=${() => chat.show(picking ? null : { kind: "emoji", on: "" })}
      >
        ${icons.smile}
      </button>
      <button
        class="round"
        part="chat-send"
        aria-label=${chat.editing ? words.save : words.send}
        ?disabled=${closed !== "" || !chat.sendable}
      >
        ${chat.editing ? icons.check : icons.send}
      </button>
      ${picking ? emojiView(view, (emoji) => insert(view, emoji)) : nothing}
    </form>
  </div>`;
}

/** What is answered, or edited. */
function contextView({ text, chat, faces }: ChatView): TemplateResult | typeof nothing {
  const message = chat.editing ?? chat.replying;
  if (!message) return nothing;
  const name = message.own ? text.you : faces.nameOf(message.sender, message.name);
  return html`<div class="context" part="context">
    ${chat.editing ? icons.pencil : icons.reply}
    <span>
      <strong>${chat.editing ? text.chat.editing : text.chat.replyingTo(name)}</strong>
      <span>${message.text || message.attachments[0]?.name}</span>
    </span>
    <button
      type="button"
      class="round quiet"
      part="cancel-context"
      aria-label=${text.chat.cancel}
      @click=${() => chat.cancel()}
    >
      ${icons.close}
    </button>
  </div>`;
}

function attachView({ text, chat, closed }: ChatView): TemplateResult {
  const { attach } = text.chat.files;
  const choose = (event: Event) => {
    const input = event.currentTarget as HTMLInputElement;
    chat.uploads.add(input.files ?? []);
    input.value = "";
  };
  const open = (event: Event) => {
    ((event.currentTarget as HTMLElement).nextElementSibling as HTMLInputElement).click();
  };
  return html`<button
      type="button"
      class="round quiet"
      part="attach"
      aria-label=${attach}
      title=${attach}
      ?disabled=${closed !== ""}
      @click=${open}
    >
      ${icons.attach}</button
    ><input type="file" part="file-input" multiple hidden tabindex="-1" aria-label=${attach} @change=${choose} />`;
}

function filesView(view: ChatView): TemplateResult | typeof nothing {
  const { files } = view.chat.uploads;
  if (files.length === 0) return nothing;
  return html`<ul class="pending" part="pending-files">
    ${repeat(
      files,
      (one) => one.id,
      (one) => pendingView(view, one),
    )}
  </ul>`;
}

function pendingView({ text, chat }: ChatView, one: PendingFile): TemplateResult {
  const words = text.chat.files;
  const { name, size } = one.file;
  const percent = Math.round(one.progress * 100);
  const state = one.failed ? words.failed : one.attachment ? sizeWords(size) : `${percent} %`;
  return html`<li
    class=${one.failed ? "failed" : ""}
    part="pending-file"
    data-state=${one.failed ? "failed" : one.attachment ? "ready" : "uploading"}
    style="--progress: ${one.progress}"
  >
    ${one.preview ? html`<img src=${one.preview} alt="" />` : icons.file}
    <span><strong>${name}</strong><small>${state}</small></span>
    ${
      one.failed
        ? html`<button
            type="button"
            class="round quiet"
            aria-label=${words.retry(name)}
            @click=${() => chat.uploads.retry(one.id)}
          >
            ${icons.refresh}
          </button>`
        : nothing
    }
    <button
      type="button"
      class="round quiet"
      part="remove-file"
      aria-label=${words.remove(name)}
      @click=${() => chat.uploads.remove(one.id)}
    >
      ${icons.close}
    </button>
  </li>`;
}

/** Names that go on as the one that is being typed. */
function namesView(view: ChatView): TemplateResult | typeof nothing {
  const names = matching(view);
  if (names.length === 0) return nothing;
  return html`<ul class="names" part="names">
    ${names.map(
      (name) =>
        html`<li>
          <button type="button" part="mention-choice" @click=${() => complete(view, name)}>
            @${name}
          </button>
        </li>`,
    )}
  </ul>`;
}

function matching({ chat }: ChatView): readonly string[] {
  const started = startedMention(chat.draft)?.toLocaleLowerCase();
  if (started === undefined) return [];
  const others = [...new Set(chat.place?.names.others ?? [])];
  return others.filter((name) => name.toLocaleLowerCase().startsWith(started)).slice(0, MOST_NAMES);
}

function complete(view: ChatView, name: string): void {
  const { chat } = view;
  const started = startedMention(chat.draft) ?? "";
  chat.write(`${chat.draft.slice(0, chat.draft.length - started.length)}${name} `);
}

/** An emoji goes where the cursor is. */
function insert({ chat }: ChatView, emoji: string): void {
  chat.show(null);
  chat.write(chat.draft + emoji);
}

/** Enter sends, Shift and Enter begin a new line. */
function pressed(view: ChatView, event: KeyboardEvent): void {
  const { chat } = view;
  if (event.isComposing) return;
  const [name] = matching(view);
  if (event.key === "Tab" && name !== undefined && !event.shiftKey) {
    event.preventDefault();
    complete(view, name);
  } else if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    (event.currentTarget as HTMLTextAreaElement).form?.requestSubmit();
  } else if (event.key === "Escape" && (chat.editing || chat.replying || chat.overlay)) {
    event.stopPropagation();
    chat.cancel();
  } else if (event.key === "ArrowUp" && chat.draft === "") {
    event.preventDefault();
    chat.editLast();
  }
}

function pasted({ chat }: ChatView, event: ClipboardEvent): void {
  const files = event.clipboardData?.files;
  if (!files || files.length === 0 || !chat.place?.upload || chat.editing) return;
  event.preventDefault();
  chat.uploads.add(files);
}
