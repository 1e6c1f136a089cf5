/** One's own profile: picture, name, status, details, password, notifications. */

import type { Show } from "@antiphon/client";
import { html, nothing, type TemplateResult } from "lit";
import * as icons from "../icons.js";
import { groupsOf } from "../logic/contacts.js";
import { avatar } from "../room/avatar.js";
import type { AntiphonProfile } from "./profile-element.js";

const SHOWS: readonly Show[] = ["available", "away", "xa", "busy"];
const PICTURES = "image/png,image/jpeg,image/webp,image/gif";

type Read = (name: string) => string;

export function profileView(view: AntiphonProfile): TemplateResult {
  return html`<div class="profile" part="profile">
    ${selfView(view)} ${statusView(view)} ${detailsView(view)} ${notificationsView(view)}
    ${passwordView(view)}
    <button type="button" class="button" part="sign-out" @click=${() => view.signOut()}>
      ${icons.leaveRoom} ${view.text.account.signOut}
    </button>
  </div>`;
}

function selfView(view: AntiphonProfile): TemplateResult {
  const { account, profile, text, busy } = view;
  const words = text.account.profile;
  const name = profile?.nickname || account.name;
  const picture = profile?.avatar
    ? (account.phone?.account.pictureUrl(profile.avatar, 192) ?? null)
    : null;
  const choose = (event: Event) => {
    const input = event.currentTarget as HTMLInputElement;
    const [file] = input.files ?? [];
    input.value = "";
    if (file) void view.setPicture(file);
  };
  const open = (event: Event) =>
    (event.currentTarget as HTMLElement).querySelector<HTMLInputElement>("input")?.click();
  return html`<header class="self">
    <span class="portrait">
      ${avatar(name || account.address, account.address, picture)}
      ${busy === "picture" ? html`<span class="spinner"></span>` : nothing}
    </span>
    <div class="who">
      <h2 part="own-name">${name}</h2>
      <p class="lead" part="own-address">${account.address}</p>
      <div class="row">
        <button type="button" class="button small" part="choose-picture" @click=${open}>
          ${words.choosePicture}
          <input
            type="file"
            part="picture-input"
            accept=${PICTURES}
            hidden
            tabindex="-1"
            aria-label=${words.choosePicture}
            @click=${(event: Event) => event.stopPropagation()}
            @change=${choose}
          />
        </button>
        ${
          profile?.avatar
            ? html`<button
                type="button"
                class="button plain small"
                part="remove-picture"
                @click=${() => void view.removePicture()}
              >
                ${words.removePicture}
              </button>`
            : nothing
        }
      </div>
    </div>
  </header>`;
}

function statusView(view: AntiphonProfile): TemplateResult {
  const { text } = view;
  const { show, note } = view.account;
  const words = text.account.profile;
  const changed = (event: Event) => {
    const form = (event.currentTarget as HTMLElement).closest("form");
    const data = new FormData(form ?? undefined);
    void view.setStatus(data.get("show") as Show, String(data.get("note") ?? "").trim());
  };
  return html`<form class="card" part="status" @submit=${(event: Event) => event.preventDefault()}>
    <fieldset class="shows">
      <legend>${words.status}</legend>
      ${SHOWS.map(
        (one) => html`<label>
          <input type="radio" name="show" value=${one} .checked=${show === one} @change=${changed} />
          <span><span class="dot" data-show=${one}></span>${text.contacts.show[one]}</span>
        </label>`,
      )}
    </fieldset>
    <label class="field">
      <span>${words.note}</span>
      <input
        class="input"
        part="note-input"
        name="note"
        maxlength="256"
        autocomplete="off"
        placeholder=${words.notePlaceholder}
        .value=${note}
        @change=${changed}
      />
    </label>
  </form>`;
}

function detailsView(view: AntiphonProfile): TemplateResult {
  const { text, profile, busy } = view;
  const words = text.account.profile;
  const submit = submitted((read) => {
    const line = (name: string) => read(name).trim();
    const list = (name: string) => groupsOf(read(name));
    void view.save({
      nickname: line("nickname"),
      fullName: line("fullName"),
      organization: line("organization"),
      title: line("title"),
      emails: list("emails"),
      phones: list("phones"),
      urls: list("urls"),
      note: line("about"),
    });
  });
  const field = (name: string, label: string, value: string | undefined) =>
    html`<label class="field">
      <span>${label}</span>
      <input class="input" part="${name}-input" name=${name} maxlength="256" .value=${value ?? ""} />
    </label>`;
  return html`<form class="card" part="details" @submit=${submit}>
    <h3>${words.details}</h3>
    ${field("nickname", words.name, profile?.nickname)}
    <div class="pair">
      ${field("fullName", words.fullName, profile?.fullName)}
      ${field("title", words.jobTitle, profile?.title)}
      ${field("organization", words.organization, profile?.organization)}
      ${field("emails", words.email, profile?.emails.join(", "))}
      ${field("phones", words.phone, profile?.phones.join(", "))}
      ${field("urls", words.website, profile?.urls.join(", "))}
    </div>
    <label class="field">
      <span>${words.about}</span>
      <textarea class="input" name="about" rows="3" maxlength="4096" .value=${profile?.note ?? ""}></textarea>
    </label>
    <p class="lead small">${words.detailsHint}</p>
    <button class="button primary" part="save" ?disabled=${busy === "profile" || !profile}>
      ${busy === "profile" ? html`<span class="spinner"></span>` : nothing} ${words.save}
    </button>
  </form>`;
}

function notificationsView(view: AntiphonProfile): TemplateResult {
  const { text, permission, wishes } = view;
  const words = text.account.profile;
  const on = wishes && permission === "granted";
  const why =
    permission === "denied"
      ? words.notificationsDenied
      : permission === "unsupported"
        ? words.notificationsMissing
        : words.notificationsLead;
  return html`<div class="card line" part="notifications">
    <div class="who">
      <h3 id="notifications">${words.notifications}</h3>
      <p class="lead small">${why}</p>
    </div>
    <button
      type="button"
      class="switch"
      part="switch-notifications"
      role="switch"
      aria-checked=${on}
      aria-labelledby="notifications"
      ?disabled=${permission === "denied" || permission === "unsupported"}
      @click=${() => void view.setNotifications(!on)}
    >
      <span></span>
    </button>
  </div>`;
}

function passwordView(view: AntiphonProfile): TemplateResult {
  const { text, busy } = view;
  const words = text.account;
  const submit = submitted((read, form) => {
    void view.changePassword(read("current"), read("password")).then((changed) => {
      if (changed) form.reset();
    });
  });
  const secret = (name: string, label: string, autocomplete: "new-password" | "current-password") =>
    html`<label class="field">
      <span>${label}</span>
      <input
        class="input"
        part="${name}-input"
        name=${name}
        type="password"
        autocomplete=${autocomplete}
        maxlength="1024"
        required
      />
    </label>`;
  return html`<details class="card" part="password">
    <summary>${words.profile.change}</summary>
    <form class="stack" @submit=${submit}>
      <input type="text" name="username" autocomplete="username" hidden .value=${view.account.address} />
      ${secret("current", words.profile.passwordNow, "current-password")}
      ${secret("password", words.newPassword, "new-password")}
      <button class="button" part="change-password" ?disabled=${busy === "password"}>
        ${words.profile.change}
      </button>
    </form>
  </details>`;
}

function submitted(run: (read: Read, form: HTMLFormElement) => void) {
  return (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const data = new FormData(form);
    run((name) => String(data.get(name) ?? ""), form);
  };
}
