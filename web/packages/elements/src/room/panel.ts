/** The panel at the side: chat or people. */

import { html, nothing, type TemplateResult } from "lit";
import * as icons from "../icons.js";
import { chatView } from "./chat.js";
import { peopleView } from "./people.js";
import type { RoomView } from "./view.js";

export function panelView(view: RoomView): TemplateResult | typeof nothing {
  const { ui, text, session } = view;
  if (ui.panel === "") return nothing;
  const chat = ui.panel === "chat";
  const title = chat ? text.chat.title : text.people.title;
  const members = session.room?.members.size ?? 0;
  return html`<aside class="panel" part="panel" data-panel=${ui.panel} aria-label=${title}>
    <header>
      <h2>${title} ${chat ? nothing : html`<span class="count">${members}</span>`}</h2>
      ${chat ? nothing : inviteButton(view)}
      <button
        type="button"
        class="round quiet"
        part="close-panel"
        aria-label=${text.close}
        title="${text.close} (Esc)"
        @click=${() => view.set({ panel: "" })}
      >
        ${icons.close}
      </button>
    </header>
    ${chat ? chatView({ text, chat: session.chat }) : peopleView(view)}
  </aside>`;
}

function inviteButton(view: RoomView): TemplateResult {
  const { invite } = view.text.controls;
  return html`<button
    type="button"
    class="round quiet"
    part="invite"
    aria-label=${invite}
    title=${invite}
    @click=${() => view.set({ dialog: "invite" })}
  >
    ${icons.invite}
  </button>`;
}
