/** `<antiphon-lobby>`: one screen that says what this is and leads into a room. */

import { html, nothing, type PropertyDeclarations, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { AntiphonElement, define } from "../base.js";
import * as icons from "../icons.js";
import { inviteLink } from "../logic/parameters.js";
import { friendlyName, type RecentRoom, roomNameOf } from "../logic/room-names.js";
import { forgetRoom, recentRooms } from "../storage.js";
import { controls } from "../styles/controls.js";
import { lobbyStyles } from "../styles/lobby.js";
import { tokens } from "../styles/tokens.js";

const FEATURE_ICONS = [icons.shield, icons.devices, icons.globe];

export class AntiphonLobby extends AntiphonElement {
  static override properties: PropertyDeclarations = {
    theme: { reflect: true },
    suggestion: { state: true },
    recent: { state: true },
    invalid: { state: true },
  };
  static override styles = [tokens, controls, lobbyStyles];

  declare theme: "light" | "dark" | null;
  /** The name offered to whoever types none. */
  declare suggestion: string;
  declare recent: readonly RecentRoom[];
  declare invalid: boolean;

  constructor() {
    super();
    this.theme = null;
    this.suggestion = friendlyName(Math.random);
    this.recent = [];
    this.invalid = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.recent = recentRooms();
  }

  override render(): TemplateResult {
    const { text } = this;
    return html`<main part="lobby">
      <header class="brand" part="brand">
        ${icons.logo} ${text.product} <slot name="actions"></slot>
      </header>
      <section class="hero">
        <h1 part="headline">${text.lobby.title}</h1>
        <p class="lead">${text.lobby.lead}</p>
        ${this.#form()} ${this.recent.length > 0 ? this.#recentRooms() : nothing}
      </section>
      <ul class="features" part="features">
        ${text.lobby.features.map(
          ([title, words], index) =>
            html`<li>
              ${FEATURE_ICONS[index] ?? nothing}
              <div><strong>${title}</strong><span>${words}</span></div>
            </li>`,
        )}
      </ul>
    </main>`;
  }

  #form(): TemplateResult {
    const { lobby } = this.text;
    return html`<form @submit=${this.#go}>
        <div class="combined">
          <input
            name="room"
            part="room-input"
            autocomplete="off"
            autocapitalize="none"
            spellcheck="false"
            maxlength="512"
            placeholder=${this.suggestion}
            aria-label=${lobby.label}
            aria-invalid=${this.invalid}
            @input=${() => {
              this.invalid = false;
            }}
          />
          <button
            type="button"
            class="round quiet"
            part="suggest"
            aria-label=${lobby.fresh}
            title=${lobby.fresh}
            @click=${this.#suggest}
          >
            ${icons.refresh}
          </button>
          <button class="button primary" part="open-room">${lobby.go} ${icons.chevronRight}</button>
        </div>
      </form>
      <p class="hint" role="status">${this.invalid ? lobby.invalid : lobby.hint}</p>`;
  }

  #recentRooms(): TemplateResult {
    const { lobby } = this.text;
    return html`<nav class="recent" part="recent" aria-label=${lobby.recent}>
      <h2>${lobby.recent}</h2>
      <ul>
        ${repeat(
          this.recent,
          (room) => room.name,
          (room) =>
            html`<li class="chip">
              <a href=${inviteLink(this.serverAddress, room.name)} part="recent-room"
                >${room.name}</a
              ><button
                type="button"
                part="forget"
                aria-label=${lobby.forget(room.name)}
                title=${lobby.forget(room.name)}
                @click=${() => this.#forget(room.name)}
              >
                ${icons.close}
              </button>
            </li>`,
        )}
      </ul>
    </nav>`;
  }

  readonly #go = (event: SubmitEvent): void => {
    event.preventDefault();
    const typed = String(new FormData(event.currentTarget as HTMLFormElement).get("room") ?? "");
    const room = roomNameOf(typed.trim() || this.suggestion);
    this.invalid = room === "";
    if (!room) return;
    const allowed = this.dispatchEvent(
      new CustomEvent("antiphon-open", {
        detail: { room },
        bubbles: true,
        composed: true,
        cancelable: true,
      }),
    );
    if (allowed) location.assign(inviteLink(this.serverAddress, room));
  };

  readonly #suggest = (): void => {
    this.suggestion = friendlyName(Math.random);
    const input = this.renderRoot.querySelector<HTMLInputElement>('[name="room"]');
    if (input) input.value = "";
    input?.focus();
  };

  #forget(name: string): void {
    forgetRoom(name);
    this.recent = recentRooms();
  }
}

define("antiphon-lobby", AntiphonLobby);

declare global {
  interface HTMLElementTagNameMap {
    "antiphon-lobby": AntiphonLobby;
  }
}
