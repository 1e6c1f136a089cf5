/** The screens that are mostly words: joining, sign in, ended, error. */

import { html, nothing, type SVGTemplateResult, type TemplateResult } from "lit";
import * as icons from "../icons.js";
import type { Problem } from "../logic/problems.js";
import { brand, noteView } from "./prejoin.js";
import type { RoomView } from "./view.js";

interface Words {
  readonly icon: SVGTemplateResult;
  readonly bad: boolean;
  readonly title: string;
  readonly text: string;
  readonly remedy?: string;
}

/** While the room is being entered without the screen before it. */
export function joiningView(view: RoomView): TemplateResult {
  return html`<main class="screen lobby" part="joining">
    ${brand(view)}
    <div class="words" role="status">
      <span class="spinner"></span>
      <h1>${view.text.prejoin.joining}</h1>
      <p class="lead">${view.roomName}</p>
    </div>
  </main>`;
}

/** The room was not entered. */
export function errorView(view: RoomView, problem: Problem): TemplateResult {
  const { title, text, remedy, name } = problem;
  const retry = problem.retry ? button(view.text.retry, "retry", () => again(view)) : nothing;
  return wordsView(
    view,
    "error",
    name,
    { icon: icons.warning, bad: true, title, text, remedy },
    retry,
  );
}

/** The room was left, or closed, or one was removed from it. */
export function endedView(view: RoomView): TemplateResult {
  const reason = view.session.ending?.reason ?? "left";
  const rejoin = button(view.text.ended.rejoin, "rejoin", () => again(view));
  return wordsView(view, "ended", reason, endingWords(view, reason), rejoin);
}

/** Guests are not let in: address and password. */
export function loginView(view: RoomView): TemplateResult {
  const { text, session } = view;
  const { problem } = session;
  const joining = session.state === "joining";
  // What led here is told by the title; what went wrong here is told by itself.
  const wrong = problem && !["unauthorized", "forbidden"].includes(problem.name);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    const read = (name: string) => String(fields.get(name) ?? "");
    void session.login(read("address").trim(), read("password"));
  };
  return html`<main class="screen lobby" part="login">
    ${brand(view)}
    <form class="form login" @submit=${submit}>
      <div>
        <h1>${text.login.title}</h1>
        <p class="lead">${text.login.lead}</p>
      </div>
      ${wrong ? noteView(problem, nothing) : nothing}
      <label class="field">
        <span>${text.login.address}</span>
        <input
          class="input"
          part="address-input"
          name="address"
          autocomplete="username"
          autocapitalize="none"
          spellcheck="false"
          required
          placeholder=${text.login.addressPlaceholder}
        />
      </label>
      <label class="field">
        <span>${text.login.password}</span>
        <input
          class="input"
          part="password-input"
          name="password"
          type="password"
          autocomplete="current-password"
          required
        />
      </label>
      <button class="button primary" part="login-submit" ?disabled=${joining}>
        ${joining ? html`<span class="spinner"></span>` : nothing} ${text.login.submit}
      </button>
      <button type="button" class="button plain" part="back" @click=${() => session.backFromLogin()}>
        ${text.login.back}
      </button>
    </form>
  </main>`;
}

function endingWords(view: RoomView, reason: string): Words {
  const { ended, problems } = view.text;
  const trouble = (problem: { title: string; text: string; remedy: string }): Words => ({
    icon: icons.warning,
    bad: true,
    ...problem,
  });
  const calm = (title: string, text: string): Words => ({
    icon: icons.leaveRoom,
    bad: false,
    title,
    text,
  });
  switch (reason) {
    case "left":
      return calm(ended.left, ended.leftLead);
    case "replaced":
      return calm(ended.replaced, ended.replacedLead);
    case "closed":
    case "gone":
      return calm(problems.roomClosed.title, problems.roomClosed.text);
    case "removed":
      return trouble(problems.removed);
    case "unauthorized":
    case "forbidden":
      return trouble(problems.expired);
    case "draining":
      return trouble(problems.draining);
    default:
      return trouble(problems.offline);
  }
}

function wordsView(
  view: RoomView,
  part: string,
  name: string,
  words: Words,
  action: TemplateResult | typeof nothing,
): TemplateResult {
  return html`<main class="screen lobby" part=${part} data-reason=${name}>
    ${brand(view)}
    <div class="words" role="alert">
      <span class="sign ${words.bad ? "bad" : ""}">${words.icon}</span>
      <h1>${words.title}</h1>
      <p class="lead">${words.text} ${words.remedy ?? ""}</p>
      <div class="row">
        ${action}
        ${
          view.home
            ? html`<a class="button plain" part="home" href=${view.home}>${view.text.ended.home}</a>`
            : nothing
        }
      </div>
    </div>
  </main>`;
}

function button(label: string, part: string, run: () => void): TemplateResult {
  return html`<button type="button" class="button primary" part=${part} @click=${run}>
    ${label}
  </button>`;
}

function again(view: RoomView): void {
  void view.session.again();
}
