/** The screen of somebody who is not signed in: an account and its password, or a new account. */

import { html, nothing, type TemplateResult } from "lit";
import * as icons from "../icons.js";
import type { Problem } from "../logic/problems.js";
import type { PhoneView } from "./view.js";

export function signInView(view: PhoneView): TemplateResult {
  const { ui } = view;
  const { line } = view.session;
  const words = view.text.call.signIn;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const read = (name: string) => String(form.get(name) ?? "");
    const [address, password] = [read("address").trim(), read("password")];
    if (ui.register) void line.register(address, password, read("name").trim());
    else void line.signIn(address, password);
  };
  const turn = () => {
    line.excuse();
    view.set({ register: !ui.register });
  };
  return html`<form class="sign-in" part="sign-in" @submit=${submit}>
    <span class="sign">${icons.phone}</span>
    <h1>${ui.register ? words.registerTitle : words.title}</h1>
    <p class="lead">${ui.register ? words.registerLead : words.lead}</p>
    ${problemView(line.problem)}
    ${field("address", words.address, "username", words.addressPlaceholder)}
    ${ui.register ? field("name", words.name, "name", words.namePlaceholder) : nothing}
    ${field("password", words.password, ui.register ? "new-password" : "current-password")}
    <button class="button primary" part="sign-in-submit" ?disabled=${line.busy}>
      ${line.busy ? html`<span class="spinner"></span>` : nothing}
      ${ui.register ? words.register : words.submit}
    </button>
    ${
      line.registration || ui.register
        ? html`<button type="button" class="button plain" part="register" @click=${turn}>
            ${ui.register ? words.toSignIn : words.toRegister}
          </button>`
        : nothing
    }
  </form>`;
}

/** What went wrong, and what to do about it. */
export function problemView(problem: Problem | null): TemplateResult | typeof nothing {
  if (!problem) return nothing;
  return html`<div class="note" part="problem" role="alert" data-reason=${problem.reason}>
    ${icons.warning}
    <div><strong>${problem.title}</strong>${problem.text} ${problem.remedy}</div>
  </div>`;
}

function field(
  name: "address" | "name" | "password",
  label: string,
  autocomplete: string,
  placeholder = "",
): TemplateResult {
  const secret = name === "password";
  return html`<label class="field">
    <span>${label}</span>
    <input
      class="input"
      part="${name}-input"
      name=${name}
      type=${secret ? "password" : "text"}
      autocomplete=${autocomplete as "on"}
      autocapitalize="none"
      spellcheck="false"
      ?required=${name !== "name"}
      placeholder=${placeholder}
    />
  </label>`;
}
