/** The messages of a conversation, grouped and dated, with what was unread; used in rooms and alone. */

import type { Message } from "@antiphon/client";
import { html, nothing, type TemplateResult } from "lit";
import { keyed } from "lit/directives/keyed.js";
import { repeat } from "lit/directives/repeat.js";
import * as icons from "../icons.js";
import { type Group, groupMessages } from "../logic/conversation.js";
import { clockOf, dayWords } from "../logic/time.js";
import { avatar } from "../room/avatar.js";
import { composeView } from "./compose.js";
import { finderView } from "./finder-view.js";
import { messageView } from "./message.js";
import { retractView } from "./retract.js";
import type { ChatView } from "./view.js";

/** So near to the top earlier messages are fetched, in pixels. */
const NEAR_TOP = 240;

export function chatView(view: ChatView): TemplateResult {
  const { text, chat } = view;
  const drop = (event: DragEvent) => {
    if (!event.dataTransfer?.types.includes("Files") || !chat.place?.upload) return;
    event.preventDefault();
    chat.dragged(event.type === "dragover");
    if (event.type === "drop") chat.uploads.add(event.dataTransfer.files);
  };
  return html`<div
    class="chat"
    part="chat-panel"
    @dragover=${drop}
    @dragleave=${drop}
    @drop=${drop}
  >
    ${chat.finder.words === null ? nothing : finderView(view)}
    ${keyed(chat.place?.conversation, logView(view))}
    <div class="typists" part="typists" aria-live="polite">${typistWords(view)}</div>
    ${composeView(view)} ${retractView(view)}
    ${
      chat.dragging
        ? html`<div class="drop" part="drop">${icons.attach}${text.chat.files.drop}</div>`
        : nothing
    }
  </div>`;
}

function logView(view: ChatView): TemplateResult {
  const { text, chat } = view;
  const groups = groupMessages(chat.shown, chat.unreadFrom);
  return html`<div class="log-frame">
    <div
      class="log"
      part="chat-log"
      role="log"
      aria-label=${text.chat.log}
      tabindex="0"
      @scroll=${(event: Event) => scrolled(view, event)}
      @keydown=${moveFocus}
    >
      ${groups.length === 0 ? emptyView(view) : earlierView(view)}
      ${repeat(
        groups,
        (group) => keyOf(group.messages[0] as Message),
        (group) => groupView(view, group),
      )}
    </div>
    <button
      type="button"
      class="newest"
      part="newest"
      aria-label=${text.chat.newest}
      @click=${toEnd}
    >
      ${icons.chevronDown}
    </button>
  </div>`;
}

function emptyView({ text, chat, peerName }: ChatView): TemplateResult {
  if (chat.loading) return html`<div class="empty"><span class="spinner"></span></div>`;
  const lead = peerName ? text.chat.emptyDirect(peerName) : text.chat.emptyLead;
  return html`<div class="empty">
    ${icons.chat}<strong>${text.chat.empty}</strong><span>${lead}</span>
  </div>`;
}

function earlierView({ chat, text }: ChatView): TemplateResult | typeof nothing {
  // A short log is whole: the server sends the newest when one enters.
  if (!chat.earlier || chat.messages.length < 20) return nothing;
  return html`<div class="earlier">
    <button
      type="button"
      class="button small plain"
      part="chat-earlier"
      ?disabled=${chat.loading}
      @click=${() => void chat.showEarlier()}
    >
      ${chat.loading ? html`<span class="spinner"></span>` : nothing} ${text.chat.earlier}
    </button>
  </div>`;
}

function groupView(view: ChatView, group: Group<Message>): TemplateResult {
  const { text, faces } = view;
  const { sender, sentAt } = group;
  const own = group.messages[0]?.own ?? false;
  const name = faces.nameOf(sender, group.name);
  return html`${
    group.newDay ? html`<div class="day">${dayWords(sentAt, Date.now(), text)}</div>` : nothing
  }
  ${
    group.unread
      ? html`<div class="day unread-line" part="unread-line">${text.chat.newMessages}</div>`
      : nothing
  }
    <article class="group" part="message-group">
      ${avatar(name, sender, faces.pictureOf(sender))}
      <div class="by">
        <span class="who" part="message-name">${own ? text.you : name}</span>
        <time datetime=${new Date(sentAt).toISOString()}>${clockOf(sentAt)}</time>
      </div>
      <div class="texts">
        ${repeat(group.messages, keyOf, (one) => messageView(view, one))}
      </div>
    </article>`;
}

function typistWords({ text, chat, faces }: ChatView): string {
  const typists = chat.place?.conversation.typists ?? [];
  if (typists.length === 0) return "";
  return text.chat.typing(typists.map((one) => faces.nameOf(one.address, one.name)));
}

/** The same while it is on its way and afterwards. */
function keyOf(message: Message): string {
  return message.originId ?? message.id;
}

function scrolled({ chat }: ChatView, event: Event): void {
  const log = event.currentTarget as HTMLElement;
  if (log.scrollTop < NEAR_TOP && chat.messages.length >= 20) void chat.showEarlier();
  const away = log.scrollHeight - log.scrollTop - log.clientHeight;
  log.parentElement?.toggleAttribute("data-away", away > log.clientHeight / 2);
}

function toEnd(event: Event): void {
  const log = (event.currentTarget as HTMLElement).previousElementSibling;
  log?.scrollTo({ top: log.scrollHeight });
}

/** Arrow keys go from message to message. */
function moveFocus(event: KeyboardEvent): void {
  const log = event.currentTarget as HTMLElement;
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  const target = event.target as HTMLElement;
  if (!step || target.closest('[role="menu"], [role="dialog"]')) return;
  const rows = [...log.querySelectorAll<HTMLElement>(".row-of")];
  const at = rows.findIndex((row) => row.contains(target));
  const next = at < 0 ? rows.at(-1) : rows[at + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
}
