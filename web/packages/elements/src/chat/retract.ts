/** The question before a message is deleted. */

import { html, nothing, type TemplateResult } from "lit";
import { dialogFrame } from "../dialog-frame.js";
import type { ChatView } from "./view.js";

export function retractView({ chat, text }: ChatView): TemplateResult | typeof nothing {
  const { overlay } = chat;
  const message = overlay?.kind === "retract" ? chat.place?.conversation.find(overlay.on) : null;
  if (!message) return nothing;
  const words = text.chat.retract;
  const close = () => chat.show(null);
  return dialogFrame(
    { name: "retract", title: words.title, text, close },
    html`<p class="lead">${words.lead}</p>
      <blockquote class="quoted">${message.text || message.attachments[0]?.name}</blockquote>
      <div class="row end">
        <button type="button" class="button plain" part="cancel" @click=${close}>
          ${text.cancel}
        </button>
        <button
          type="button"
          class="button danger"
          part="confirm-retract"
          autofocus
          @click=${() => void chat.retract(message)}
        >
          ${words.confirm}
        </button>
      </div>`,
  );
}
