/** The form of whoever is not signed in: an account, a new one, a guest's name, another password. */

import { html, nothing, type TemplateResult } from "lit";
import { problemView } from "../call/sign-in.js";
import * as icons from "../icons.js";
import type { Problem } from "../logic/problems.js";
import type { Text } from "../text.js";

export type LoginMode = "sign-in" | "register" | "guest" | "invitation" | "reset";

export interface LoginForm {
  readonly text: Text;
  readonly mode: LoginMode;
  readonly busy: boolean;
  /** The password can be read. */
  readonly shown: boolean;
  /** The password was set anew. */
  readonly done: boolean;
  readonly registration: boolean;
  readonly guests: boolean;
  readonly address: string;
  readonly name: string;
  readonly problem: Problem | null;
  turn(mode: LoginMode): void;
  reveal(): void;
  submit(read: (name: string) => string): void;
}

export function formView(form: LoginForm): TemplateResult {
  const { text, mode, busy } = form;
  const words = text.account;
  const [title, lead, label] = {
    "sign-in": [words.signIn, words.signInLead, words.signIn],
    register: [words.register, words.registerLead, words.register],
    invitation: [words.invitation, words.invitationLead, words.register],
    guest: [words.guest, words.guestLead, words.guest],
    reset: [words.reset, words.resetLead, words.profile.save],
  }[mode];
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    form.submit((name) => String(data.get(name) ?? ""));
  };
  const named = mode === "register" || mode === "invitation" || mode === "guest";
  return html`<form class="login" part="login" data-mode=${mode} @submit=${submit}>
    <h2>${title}</h2>
    <p class="lead">${lead}</p>
    ${form.done ? html`<p class="done" role="status">${icons.check} ${words.resetDone}</p>` : nothing}
    ${problemView(form.problem)}
    ${mode === "guest" || mode === "reset" ? nothing : addressView(form)}
    ${named ? nameView(form) : nothing} ${mode === "guest" ? nothing : passwordView(form)}
    ${mode === "guest" || mode === "reset" ? nothing : stayView(form)}
    <button class="button primary" part="login-submit" ?disabled=${busy}>
      ${busy ? html`<span class="spinner"></span>` : nothing} ${label}
    </button>
    ${othersView(form)}
  </form>`;
}

/** The other ways in. */
function othersView(form: LoginForm): TemplateResult {
  const { text, mode } = form;
  const words = text.account;
  const way = (to: LoginMode, part: string, label: string) =>
    html`<button type="button" class="button plain small" part=${part} @click=${() => form.turn(to)}>
      ${label}
    </button>`;
  return html`<div class="others">
    ${mode === "sign-in" ? nothing : way("sign-in", "to-sign-in", words.toSignIn)}
    ${mode === "sign-in" && form.registration ? way("register", "register", words.toRegister) : nothing}
    ${mode === "sign-in" && form.guests ? way("guest", "guest", words.toGuest) : nothing}
  </div>`;
}

function addressView({ text, address }: LoginForm): TemplateResult {
  const words = text.account;
  return html`<label class="field">
    <span>${words.address}</span>
    <input
      class="input"
      part="address-input"
      name="address"
      autocomplete="username"
      autocapitalize="none"
      spellcheck="false"
      maxlength="256"
      required
      placeholder=${words.addressPlaceholder}
      value=${address}
    />
  </label>`;
}

function nameView({ text, mode, name }: LoginForm): TemplateResult {
  const words = text.account;
  return html`<label class="field">
    <span>${words.name}</span>
    <input
      class="input"
      part="name-input"
      name="name"
      autocomplete="name"
      maxlength="64"
      ?required=${mode === "guest"}
      placeholder=${words.namePlaceholder}
      value=${mode === "guest" ? name : ""}
    />
  </label>`;
}

function passwordView(form: LoginForm): TemplateResult {
  const { text, mode, shown } = form;
  const words = text.account;
  const fresh = mode !== "sign-in";
  return html`<label class="field">
    <span>${mode === "reset" ? words.newPassword : words.password}</span>
    <span class="secret"
      ><input
        class="input"
        part="password-input"
        name="password"
        type=${shown ? "text" : "password"}
        autocomplete=${fresh ? "new-password" : "current-password"}
        autocapitalize="none"
        spellcheck="false"
        maxlength="1024"
        required
      /><button
        type="button"
        class="round quiet"
        part="reveal"
        aria-label=${shown ? words.hide : words.show}
        aria-pressed=${shown}
        @click=${() => form.reveal()}
      >
        ${icons.eye}
      </button></span>
  </label>`;
}

function stayView({ text }: LoginForm): TemplateResult {
  return html`<label class="check">
    <input type="checkbox" name="stay" part="stay" value="on" />
    <span>${text.account.stay}</span>
  </label>`;
}
