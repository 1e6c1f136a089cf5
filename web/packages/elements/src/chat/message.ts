/** One message: its text, files and reactions, and what may be done with it. */

import type { Message, Reaction } from "@antiphon/client";
import { html, nothing, type TemplateResult } from "lit";
import { ifDefined } from "lit/directives/if-defined.js";
import * as icons from "../icons.js";
import { callsOwn, isEmojiOnly, type Run, runsOf } from "../logic/rich-text.js";
import { clockOf } from "../logic/time.js";
import { roveFocus } from "../room/focus.js";
import { attachmentsView } from "./attachments.js";
import { emojiView } from "./emoji.js";
import { isStored } from "./model.js";
import type { ChatView } from "./view.js";

const NOBODY = { own: [], others: [] } as const;

export function messageView(view: ChatView, message: Message): TemplateResult {
  const { chat, text } = view;
  const { id, name, state } = message;
  const own = chat.place?.names.own ?? [];
  return html`<div
    class="row-of"
    part="message-row"
    tabindex="-1"
    data-id=${id}
    data-state=${state}
    data-own=${ifDefined(message.own ? "" : undefined)}
    data-called=${ifDefined(!message.own && callsOwn(message.text, own) ? "" : undefined)}
    data-open=${ifDefined(chat.overlay?.on === id ? "" : undefined)}
    aria-label="${name}, ${clockOf(message.sentAt)}"
  >
    ${message.replyTo === null ? nothing : quoteView(view, message.replyTo)}
    ${message.retracted ? goneView(view, message) : contentView(view, message)}
    ${reactionsView(view, message)} ${stateView(view, message)}
    ${isStored(message) && !message.retracted && !view.closed ? toolsView(view, message) : nothing}
    <span class="unseen">${message.own && isStored(message) ? text.chat.state[state] : ""}</span>
  </div>`;
}

function contentView(view: ChatView, message: Message): TemplateResult {
  const { text, chat } = view;
  const names = chat.place?.names ?? NOBODY;
  const part = isStored(message) ? "message" : "message-unsent";
  const large = isEmojiOnly(message.text) ? "large" : "";
  return html`${
    message.text === ""
      ? nothing
      : html`<p
          class="message ${large} ${message.state}"
          part=${part}
          data-id=${message.id}
          data-name=${message.name}
          >${runsOf(message.text, names).map(runView)}</p>`
  }${
    message.editedAt === null ? nothing : html`<span class="edited">${text.chat.edited}</span>`
  }${message.attachments.length > 0 ? attachmentsView(view, message.attachments) : nothing}`;
}

function runView(run: Run): TemplateResult | string {
  if (run.href) {
    return html`<a href=${run.href} target="_blank" rel="noopener noreferrer">${run.text}</a>`;
  }
  return run.mention ? html`<span class="mention ${run.mention}">${run.text}</span>` : run.text;
}

function goneView({ text }: ChatView, message: Message): TemplateResult {
  const bySender = message.retracted?.by === message.sender;
  const words = bySender ? text.chat.retracted : text.chat.retractedBy;
  return html`<p class="message gone" part="message-retracted">${words}</p>`;
}

/** What it answers. */
function quoteView({ chat, text, faces }: ChatView, replyTo: string): TemplateResult {
  const original = chat.place?.conversation.find(replyTo);
  const name = original
    ? original.own
      ? text.you
      : faces.nameOf(original.sender, original.name)
    : "";
  const words = !original
    ? text.chat.originalGone
    : original.retracted
      ? text.chat.retracted
      : original.text || original.attachments[0]?.name || text.chat.files.unnamed;
  return html`<button
    type="button"
    class="quote"
    part="quote"
    tabindex="-1"
    aria-label="${original ? text.chat.replyTo(name) : ""} ${words}"
    @click=${() => void chat.goTo(replyTo)}
  >
    ${original ? html`<strong>${name}</strong>` : nothing} <span>${words}</span>
  </button>`;
}

function reactionsView(view: ChatView, message: Message): TemplateResult | typeof nothing {
  const counted = countReactions(message.reactions);
  if (counted.size === 0) return nothing;
  const { chat, text, faces } = view;
  return html`<div class="reactions" part="reactions">
    ${[...counted].map(([emoji, by]) => {
      const names = by.map((one) => (one.own ? text.you : faces.nameOf(one.sender, one.name)));
      const label = text.chat.reaction(emoji, names.join(", "));
      return html`<button
        type="button"
        class="reaction"
        part="reaction"
        data-emoji=${emoji}
        aria-pressed=${by.some((one) => one.own)}
        aria-label=${label}
        title=${label}
        ?disabled=${view.closed !== ""}
        @click=${() => void chat.react(message, emoji)}
      >
        ${emoji} <span>${by.length}</span>
      </button>`;
    })}
  </div>`;
}

/** Who gave each reaction, in the order in which they came. */
export function countReactions(reactions: readonly Reaction[]): Map<string, Reaction[]> {
  const counted = new Map<string, Reaction[]>();
  for (const one of reactions) {
    for (const emoji of one.reactions) {
      counted.set(emoji, [...(counted.get(emoji) ?? []), one]);
    }
  }
  return counted;
}

function stateView(view: ChatView, message: Message): TemplateResult | typeof nothing {
  const { text, chat } = view;
  if (message.state === "failed") {
    return html`<p class="failed" part="message-failed" role="alert">
      ${text.chat.failed} ·
      <button type="button" part="resend" @click=${() => void chat.retry(message)}>
        ${text.chat.resend}
      </button>
      <button type="button" part="discard" @click=${() => chat.discard(message)}>
        ${text.chat.discard}
      </button>
    </p>`;
  }
  if (!message.own || message.retracted) return nothing;
  const inRoom = chat.place?.conversation.peer === null;
  const { state } = message;
  if (state !== "sending" && (inRoom || !view.marked.has(message.id))) return nothing;
  const icon = {
    sending: icons.clock,
    sent: icons.check,
    received: icons.checks,
    displayed: icons.checks,
  }[message.state];
  const label = text.chat.state[message.state];
  return html`<span class="mark-of" part="mark" data-state=${message.state} title=${label} aria-hidden="true"
    >${icon}</span>`;
}

function toolsView(view: ChatView, message: Message): TemplateResult {
  const { text, chat, faces } = view;
  const { id } = message;
  const { actions } = text.chat;
  const name = message.own ? text.you : faces.nameOf(message.sender, message.name);
  const open = chat.overlay?.on === id ? chat.overlay.kind : null;
  const toggle = (kind: "emoji" | "menu") => () => {
    chat.show(open === kind ? null : { kind, on: id });
  };
  return html`<div class="tools" part="message-tools" role="toolbar" aria-label=${actions.label(name)}>
      ${tool("react", icons.smile, actions.react, toggle("emoji"))}
      ${tool("reply", icons.reply, actions.reply, () => chat.reply(message))}
      ${tool("message-menu", icons.more, actions.more, toggle("menu"))}
    </div>
    ${open === "menu" ? menuView(view, message) : nothing}
    ${open === "emoji" ? emojiView(view, (emoji) => void chat.react(message, emoji)) : nothing}`;
}

function tool(part: string, icon: TemplateResult, label: string, run: () => void): TemplateResult {
  return html`<button
    type="button"
    part=${part}
    data-menu-button
    aria-label=${label}
    title=${label}
    @click=${run}
  >
    ${icon}
  </button>`;
}

function menuView(view: ChatView, message: Message): TemplateResult {
  const { chat, text } = view;
  const { actions } = text.chat;
  const copy = () => {
    chat.show(null);
    void navigator.clipboard?.writeText(message.text);
  };
  const edits = message.own && message.text !== "";
  return html`<div
    class="menu"
    part="menu"
    role="menu"
    aria-label=${actions.more}
    @keydown=${(event: KeyboardEvent) => {
      if (event.key === "Escape") {
        event.stopPropagation();
        chat.show(null);
      } else roveFocus(event, "button");
    }}
  >
    ${edits ? item("edit", icons.pencil, actions.edit, () => chat.edit(message)) : nothing}
    ${message.text ? item("copy", icons.copy, actions.copy, copy) : nothing}
    ${
      chat.mayRetract(message)
        ? item(
            "retract",
            icons.trash,
            message.own ? actions.retract : actions.moderate,
            () => chat.show({ kind: "retract", on: message.id }),
            "danger",
          )
        : nothing
    }
  </div>`;
}

function item(action: string, icon: TemplateResult, label: string, run: () => void, kind = "") {
  return html`<button
    type="button"
    role="menuitem"
    class=${kind}
    part="menu-item"
    data-action=${action}
    @click=${run}
  >
    ${icon} <span>${label}</span>
  </button>`;
}
