/** The choice of an emoji. */

import { html, nothing, type TemplateResult } from "lit";
import { roveFocus } from "../room/focus.js";
import { recentEmoji, rememberEmoji } from "../storage.js";
import type { EmojiGroup } from "./emoji-list.js";
import type { ChatView } from "./view.js";

/** Those at hand before anybody has chosen one. */
const COMMON = ["👍", "❤️", "😂", "😮", "🙏", "🎉"];

export function emojiView(view: ChatView, choose: (emoji: string) => void): TemplateResult {
  const words = view.text.chat.emoji;
  const chosen = (emoji: string) => {
    rememberEmoji(emoji);
    choose(emoji);
  };
  const closes = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    view.chat.show(null);
  };
  return html`<div
    class="emoji"
    part="emoji-picker"
    role="dialog"
    aria-label=${words.title}
    @keydown=${closes}
  >
    <input
      class="input"
      part="emoji-search"
      type="search"
      autocomplete="off"
      maxlength="40"
      placeholder=${words.search}
      aria-label=${words.search}
      @input=${narrow}
    />
    <div class="emoji-groups" @keydown=${(event: KeyboardEvent) => roveFocus(event, "button")}>
      ${groupView(words.often, often(), chosen)}
      ${
        view.chat.emoji === null
          ? html`<span class="spinner"></span>`
          : groupsView(view, view.chat.emoji, chosen)
      }
      <p class="none" hidden>${words.none}</p>
    </div>
  </div>`;
}

type Named = readonly [emoji: string, name: string];

function often(): readonly Named[] {
  return [...new Set([...recentEmoji(), ...COMMON])].slice(0, 16).map((one) => [one, ""]);
}

function groupsView(
  { text }: ChatView,
  groups: readonly EmojiGroup[],
  choose: (emoji: string) => void,
): TemplateResult {
  return html`${groups.map((group, index) =>
    groupView(text.chat.emoji.groups[index] ?? "", group, choose),
  )}`;
}

function groupView(
  title: string,
  emoji: readonly Named[],
  choose: (emoji: string) => void,
): TemplateResult {
  return html`<section>
    <h3>${title}</h3>
    <div class="emoji-row">
      ${emoji.map(
        ([one, name], index) =>
          html`<button
            type="button"
            part="emoji-choice"
            data-emoji=${one}
            data-name=${name}
            aria-label=${name || one}
            title=${name || nothing}
            tabindex=${index === 0 ? 0 : -1}
            @click=${() => choose(one)}
          >
            ${one}
          </button>`,
      )}
    </div>
  </section>`;
}

/** Shows those only whose names contain what is typed. */
function narrow(event: Event): void {
  const input = event.currentTarget as HTMLInputElement;
  const words = input.value.trim().toLocaleLowerCase();
  const groups = input.nextElementSibling as HTMLElement;
  let any = false;
  for (const section of groups.querySelectorAll("section")) {
    let some = false;
    for (const button of section.querySelectorAll("button")) {
      const { name = "", emoji = "" } = button.dataset;
      const shown = words === "" || name.includes(words) || emoji === words;
      button.hidden = !shown;
      some ||= shown;
    }
    section.hidden = !some;
    any ||= some;
  }
  const none = groups.querySelector<HTMLElement>(".none");
  if (none) none.hidden = any;
}
