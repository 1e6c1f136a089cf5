/** `<antiphon-login>`: sign in, make an account, come as a guest; for all elements of the page. */

import { html, nothing, type PropertyDeclarations, type TemplateResult } from "lit";
import { AntiphonElement, define } from "../base.js";
import { type Problem, problemOf } from "../logic/problems.js";
import { avatar } from "../room/avatar.js";
import { storedName, storeName } from "../storage.js";
import { accountStyles } from "../styles/account.js";
import { controls } from "../styles/controls.js";
import { noticeStyles } from "../styles/notices.js";
import { presenceStyles } from "../styles/presence.js";
import { tokens } from "../styles/tokens.js";
import { formView, type LoginForm, type LoginMode } from "./login-form.js";
import type { AccountSession } from "./session.js";
import { sharedAccount } from "./shared.js";

export class AntiphonLogin extends AntiphonElement {
  static override properties: PropertyDeclarations = {
    address: {},
    token: {},
    guest: { type: Boolean },
    fromAddress: { type: Boolean, attribute: "from-address" },
    theme: { reflect: true },
    state: { reflect: true },
    mode: { reflect: true },
    shown: { state: true },
    done: { state: true },
    refused: { state: true },
  };
  static override styles = [tokens, controls, noticeStyles, presenceStyles, accountStyles];

  /** The address to begin with. */
  declare address: string;
  /** A JWT of an account, by which all elements of the page are signed in. */
  declare token: string;
  /** Offer to come as a guest, where the server lets them. */
  declare guest: boolean;
  /** Take an invitation or the reset of a password from the page's address, and clear it there. */
  declare fromAddress: boolean;
  declare theme: "light" | "dark" | null;
  /** How it stands with the session of the page. Reflected. */
  declare state: string;
  /** Which form is shown. Reflected. */
  declare mode: LoginMode;
  /** The password can be read. */
  declare shown: boolean;
  /** The password was set anew. */
  declare done: boolean;
  declare refused: Problem | null;

  #token = "";
  /** Where an invitation leads. */
  #room: string | null = null;
  #offs: (() => void)[] = [];

  constructor() {
    super();
    this.address = "";
    this.token = "";
    this.guest = false;
    this.fromAddress = false;
    this.theme = null;
    this.state = "signed-out";
    this.mode = "sign-in";
    this.shown = false;
    this.done = false;
    this.refused = null;
  }

  /** The session of the page. */
  get account(): AccountSession {
    return sharedAccount(this.backend, this.serverAddress);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    // After the attributes of a parsed or created element are all there.
    queueMicrotask(() => {
      if (this.isConnected) this.#begin();
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const off of this.#offs) off();
    this.#offs = [];
  }

  /** Signs out, as the button does. */
  signOut(): void {
    this.account.signOut();
  }

  override willUpdate(): void {
    const before = this.state;
    this.state = this.account.state;
    if (before !== this.state) {
      this.emit("antiphon-state", { state: this.state });
      if (this.state === "ready") this.#arrived();
    }
  }

  override render(): TemplateResult {
    const { account, text } = this;
    if (account.signedIn) return this.#inside();
    if (account.state === "connecting") {
      return html`<div class="middle" role="status">
        <span class="spinner"></span>${text.account.connecting}
      </div>`;
    }
    return formView(this.#form());
  }

  #inside(): TemplateResult {
    const { account, text } = this;
    const { name, address, faces } = account;
    const lost = account.state === "reconnecting";
    return html`<section class="inside" part="signed-in">
      <button
        type="button"
        class="self"
        part="own"
        title=${text.account.profile.title}
        @click=${() => this.emit("antiphon-profile", {})}
      >
        <span class="presence-of"
          >${avatar(name || address, address, faces.pictureOf(address))}<span
            class="dot"
            data-show=${lost ? "offline" : account.show}
          ></span
        ></span>
        <span class="who">
          <strong part="own-name">${faces.nameOf(address, name)}</strong>
          <small part="own-address">${lost ? text.account.reconnecting : address}</small>
        </span>
      </button>
      ${
        account.isGuest
          ? html`<button
              type="button"
              class="button small"
              part="sign-out"
              @click=${() => this.signOut()}
            >
              ${text.account.signOut}
            </button>`
          : nothing
      }
    </section>`;
  }

  #form(): LoginForm {
    const { account, text } = this;
    const { failure } = account;
    return {
      text,
      mode: this.mode,
      busy: account.busy,
      shown: this.shown,
      done: this.done,
      registration: account.registration,
      guests: this.guest && account.guests,
      address: this.address,
      name: storedName(),
      problem: this.refused ?? (failure ? problemOf(failure.attempt, failure.error, text) : null),
      turn: (mode) => {
        this.refused = null;
        this.mode = mode;
        account.excuse();
        void this.updateComplete.then(() => this.renderRoot.querySelector("input")?.focus());
      },
      reveal: () => {
        this.shown = !this.shown;
      },
      submit: (read) => void this.#submit(read),
    };
  }

  async #submit(read: (name: string) => string): Promise<void> {
    const { account } = this;
    const [address, password, name] = [
      read("address").trim(),
      read("password"),
      read("name").trim(),
    ];
    const keep = read("stay") ? "device" : "tab";
    this.refused = null;
    this.done = false;
    switch (this.mode) {
      case "sign-in":
        await account.signIn(address, password, keep);
        break;
      case "register":
        await account.register({ address, password, name }, keep);
        break;
      case "invitation":
        await account.register({ address, password, name, invitation: this.#token }, keep);
        break;
      case "guest":
        storeName(name);
        await account.enterAsGuest(name);
        break;
      case "reset":
        await this.#reset(password);
        break;
    }
    const { failure } = account;
    if (failure) this.#tell(problemOf(failure.attempt, failure.error, this.text));
  }

  async #reset(password: string): Promise<void> {
    try {
      await this.backend.resetPassword(this.serverAddress, this.#token, password);
      this.done = true;
      this.mode = "sign-in";
    } catch (error) {
      this.refused = problemOf("reset", error, this.text);
      this.#tell(this.refused);
    }
  }

  #tell(problem: Problem): void {
    const { reason, text } = problem;
    this.emit("antiphon-error", { attempt: "login", reason, text });
  }

  #begin(): void {
    const { account } = this;
    if (this.fromAddress) this.#readAddress();
    this.#offs = [account.on("changed", () => this.requestUpdate()), account.use()];
    if (this.token && this.token !== account.token) void account.give(this.token);
    else if (account.state === "signed-out") void account.learnOffers();
    this.requestUpdate();
  }

  /** `#invitation=…` and `#reset=…`, which an administrator handed out. */
  #readAddress(): void {
    const values = new URLSearchParams(location.hash.slice(1));
    for (const mode of ["invitation", "reset"] as const) {
      const token = values.get(mode);
      if (!token) continue;
      this.#token = token;
      this.mode = mode;
      // It works once, and is nobody else's affair.
      history.replaceState(history.state, "", location.pathname + location.search);
      if (mode === "invitation") void this.#learnInvitation();
    }
  }

  /** Where it leads, and whether it still works. */
  async #learnInvitation(): Promise<void> {
    try {
      this.#room = (await this.backend.invitation(this.serverAddress, this.#token)).room;
    } catch (error) {
      this.refused = problemOf("invitation", error, this.text);
    }
  }

  #arrived(): void {
    this.mode = "sign-in";
    this.#token = "";
    const { address, name, isGuest } = this.account;
    this.emit("antiphon-signed-in", { address, name, guest: isGuest, room: this.#room });
    this.#room = null;
  }
}

define("antiphon-login", AntiphonLogin);

declare global {
  interface HTMLElementTagNameMap {
    "antiphon-login": AntiphonLogin;
  }
}
