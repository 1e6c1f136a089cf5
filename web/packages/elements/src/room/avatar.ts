/** A person without a picture: initials on a colour of their own. */

import { html, type TemplateResult } from "lit";
import { hueOf, initials } from "../logic/people.js";

/** `address` chooses the colour, `name` the letters. */
export function avatar(name: string, address: string): TemplateResult {
  const style = `--hue: ${hueOf(address || name)}`;
  return html`<span class="avatar" part="avatar" style=${style} aria-hidden="true"
    >${initials(name)}</span>`;
}
