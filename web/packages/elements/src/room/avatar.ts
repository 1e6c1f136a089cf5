/** A person: the picture, or initials on a colour of their own. */

import { html, nothing, type TemplateResult } from "lit";
import { hueOf, initials } from "../logic/people.js";

/** `address` chooses the colour, `name` the letters; `picture`: a URL. */
export function avatar(
  name: string,
  address: string,
  picture: string | null = null,
): TemplateResult {
  const style = `--hue: ${hueOf(address || name)}`;
  return html`<span class="avatar" part="avatar" style=${style} aria-hidden="true"
    >${initials(name)}${
      picture === null
        ? nothing
        : html`<img src=${picture} alt="" loading="lazy" @error=${withoutPicture} />`
    }</span>`;
}

/** A picture that cannot be had leaves the letters. */
function withoutPicture(event: Event): void {
  (event.currentTarget as HTMLElement).remove();
}
