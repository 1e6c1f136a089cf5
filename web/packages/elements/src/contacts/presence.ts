/** Whether somebody is there: a dot with a shape of its own for each state, and words. */

import type { Presence } from "@antiphon/client";
import { html, nothing, type TemplateResult } from "lit";
import type { Text } from "../text.js";

export function presenceDot(
  presence: Presence | undefined,
  text: Text,
): TemplateResult | typeof nothing {
  if (!presence) return nothing;
  const label = text.contacts.show[presence.show];
  return html`<span
    class="dot"
    part="presence-dot"
    data-show=${presence.show}
    role="img"
    aria-label=${label}
    title=${label}
  ></span>`;
}

/** What they say of themselves, or whether they are there, or `otherwise`. */
export function presenceWords(presence: Presence | undefined, text: Text, otherwise = ""): string {
  if (!presence) return otherwise;
  const show = text.contacts.show[presence.show];
  if (presence.note) return `${show} · ${presence.note}`;
  return show;
}
