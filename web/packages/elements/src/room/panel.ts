/** The panel at the side: chat or people. */

import { html, nothing, type TemplateResult } from "lit";
import { chatView } from "../chat/log.js";
import type { ChatView } from "../chat/view.js";
import * as icons from "../icons.js";
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
      ${chat ? searchButton(view) : inviteButton(view)}
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
    ${chat ? chatView(roomChat(view)) : peopleView(view)}
  </aside>`;
}

/** In a room nobody says how far they have read. */
const NOTHING: ReadonlySet<string> = new Set();

function roomChat({ text, session, faces, serverAddress }: RoomView): ChatView {
  return {
    text,
    chat: session.chat,
    faces,
    server: serverAddress,
    marked: NOTHING,
    peerName: "",
    closed: session.room ? "" : text.chat.offline,
    offline: session.state === "reconnecting",
  };
}

function searchButton({ text, session }: RoomView): TemplateResult {
  const { finder } = session.chat;
  return html`<button
    type="button"
    class="round quiet"
    part="find"
    aria-label=${text.chat.search.open}
    aria-expanded=${finder.words !== null}
    title=${text.chat.search.open}
    @click=${() => (finder.words === null ? finder.open() : finder.close())}
  >
    ${icons.search}
  </button>`;
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
