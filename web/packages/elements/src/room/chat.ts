/** The chat: its messages and the line in which one writes; used by the room and by itself. */

import { LONGEST_TEXT, type Message } from "@antiphon/client";
import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import * as icons from "../icons.js";
import { type Group, groupMessages, linkify } from "../logic/conversation.js";
import { clockOf, dayWords } from "../logic/time.js";
import type { Text } from "../text.js";
import { avatar } from "./avatar.js";
import type { ChatLog } from "./chat-log.js";

export interface ChatView {
  readonly text: Text;
  readonly chat: ChatLog;
}

export function chatView(view: ChatView): TemplateResult {
  const { text, chat } = view;
  const groups = groupMessages(chat.messages);
  const empty = groups.length === 0 && chat.unsent.length === 0;
  return html`<div class="chat" part="chat-panel">
    <div class="log" part="chat-log" role="log" aria-label=${text.chat.log} tabindex="0">
      ${empty ? emptyView(text) : earlier(view)}
      ${repeat(
        groups,
        (group) => group.messages[0]?.id,
        (group) => groupView(view, group),
      )}
      ${chat.unsent.map((one) => unsentView(view, one))}
    </div>
    ${compose(view)}
  </div>`;
}

function emptyView(text: Text): TemplateResult {
  return html`<div class="empty">
    ${icons.chat}<strong>${text.chat.empty}</strong><span>${text.chat.emptyLead}</span>
  </div>`;
}

function earlier({ chat, text }: ChatView): TemplateResult | typeof nothing {
  // A short log is whole: the server sends the newest when one enters.
  if (!chat.more || chat.messages.length < 20) return nothing;
  return html`<div class="earlier">
    <button
      type="button"
      class="button small plain"
      part="chat-earlier"
      ?disabled=${chat.loading}
      @click=${() => void chat.loadEarlier()}
    >
      ${chat.loading ? html`<span class="spinner"></span>` : nothing} ${text.chat.earlier}
    </button>
  </div>`;
}

function groupView({ text, chat }: ChatView, group: Group<Message>): TemplateResult {
  const own = group.sender === chat.room?.me.address;
  return html`${
    group.newDay
      ? html`<div class="day">${dayWords(group.sentAt, Date.now(), text)}</div>`
      : nothing
  }
    <article class="group" part="message-group">
      ${avatar(group.name, group.sender)}
      <div class="by">
        <span class="who" part="message-name">${own ? text.you : group.name}</span>
        <time datetime=${new Date(group.sentAt).toISOString()}>${clockOf(group.sentAt)}</time>
      </div>
      <div class="texts">
        ${group.messages.map(
          (one) =>
            html`<p class="message" part="message" data-id=${one.id} data-name=${one.name}
              >${textView(one.text)}</p>`,
        )}
      </div>
    </article>`;
}

function textView(text: string): (TemplateResult | string)[] {
  return linkify(text).map((piece) =>
    piece.href
      ? html`<a href=${piece.href} target="_blank" rel="noopener noreferrer">${piece.text}</a>`
      : piece.text,
  );
}

function unsentView({ chat, text }: ChatView, one: ChatLog["unsent"][number]): TemplateResult {
  return html`<p class="message unsent ${one.failed ? "failed" : ""}" part="message-unsent">
    ${one.text}
    ${
      one.failed
        ? html`<br />${text.chat.failed} ·
            <button type="button" part="resend" @click=${() => void chat.resend(one.id)}>
              ${text.chat.resend}
            </button>`
        : html`<span class="unseen">${text.chat.sending}</span>`
    }
  </p>`;
}

function compose(view: ChatView): TemplateResult {
  const { text, chat } = view;
  return html`<form
    class="compose"
    @submit=${(event: SubmitEvent) => {
      event.preventDefault();
      send(event.currentTarget as HTMLFormElement, chat);
    }}
  >
    <textarea
      name="text"
      part="chat-input"
      rows="1"
      maxlength=${LONGEST_TEXT}
      placeholder=${chat.room ? text.chat.placeholder : text.chat.offline}
      aria-label=${text.chat.placeholder}
      ?disabled=${!chat.room}
      @keydown=${sendOnEnter}
    ></textarea>
    <button class="round" part="chat-send" aria-label=${text.chat.send} ?disabled=${!chat.room}>
      ${icons.send}
    </button>
  </form>`;
}

/** Enter sends, Shift and Enter begin a new line. */
function sendOnEnter(event: KeyboardEvent): void {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  (event.currentTarget as HTMLTextAreaElement).form?.requestSubmit();
}

function send(form: HTMLFormElement, chat: ChatLog): void {
  const input = form.elements.namedItem("text");
  if (!(input instanceof HTMLTextAreaElement) || !input.value.trim()) return;
  void chat.say(input.value);
  input.value = "";
}
