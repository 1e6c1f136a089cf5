/** `<antiphon-contacts>`: whom one knows and with whom one spoke, who is there, and who asks. */

import { html, nothing, type PropertyDeclarations, type TemplateResult } from "lit";
import { Idle } from "../account/idle.js";
import { Notifier } from "../account/notifier.js";
import type { AccountSession } from "../account/session.js";
import { sharedAccount } from "../account/shared.js";
import { AntiphonElement, define } from "../base.js";
import * as icons from "../icons.js";
import { isOn } from "../logic/parameters.js";
import { problemOf } from "../logic/problems.js";
import { OverlayFocus } from "../overlay-focus.js";
import { noticesView } from "../room/banners.js";
import { roveFocus } from "../room/focus.js";
import { Notices } from "../room/notices.js";
import { contactStyles } from "../styles/contacts.js";
import { controls } from "../styles/controls.js";
import { noticeStyles } from "../styles/notices.js";
import { presenceStyles } from "../styles/presence.js";
import { tokens } from "../styles/tokens.js";
import { dialogView } from "./dialogs.js";
import { Directory } from "./directory.js";
import { listView } from "./list.js";
import { MessageSearch } from "./message-search.js";
import { type ContactsUi, type ContactsView, INITIAL_UI } from "./view.js";

const MENUS = ".menu, [data-menu-button]";

export class AntiphonContacts extends AntiphonElement implements ContactsView {
  static override properties: PropertyDeclarations = {
    selected: {},
    calls: {},
    notify: { type: Boolean },
    theme: { reflect: true },
    state: { reflect: true },
    unread: { type: Number, reflect: true },
    ui: { state: true },
  };
  static override styles = [tokens, controls, noticeStyles, presenceStyles, contactStyles];

  /** Address of whom the page shows now. */
  declare selected: string;
  /** `off`: no buttons that call. */
  declare calls: string | null;
  /** Tell of messages, calls and requests while the page is hidden, where the user allowed it. */
  declare notify: boolean;
  declare theme: "light" | "dark" | null;
  /** How it stands with the session of the page. Reflected. */
  declare state: string;
  /** Messages that nobody has seen yet. Reflected. */
  declare unread: number;
  declare ui: ContactsUi;

  readonly directory = new Directory(() => this.account);
  readonly messages = new MessageSearch(
    () => this.account,
    () => this.requestUpdate(),
  );
  readonly notices = new Notices(() => this.requestUpdate());
  readonly #overlay = new OverlayFocus();
  #offs: (() => void)[] = [];

  constructor() {
    super();
    this.selected = "";
    this.calls = null;
    this.notify = false;
    this.theme = null;
    this.state = "signed-out";
    this.unread = 0;
    this.ui = INITIAL_UI;
  }

  /** The session of the page. */
  get account(): AccountSession {
    return sharedAccount(this.backend, this.serverAddress);
  }

  get withCalls(): boolean {
    return isOn(this.calls, true);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener("pointerdown", this.#onPointer);
    // After the attributes of a parsed or created element are all there.
    queueMicrotask(() => {
      if (this.isConnected) this.#begin();
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("pointerdown", this.#onPointer);
    for (const off of this.#offs) off();
    this.#offs = [];
    this.notices.close();
    this.messages.close();
  }

  set(change: Partial<ContactsUi>): void {
    this.ui = { ...this.ui, ...change };
  }

  select(address: string, message?: string): void {
    this.selected = address;
    this.set({ typed: "" });
    const { name } = this.directory.person(address);
    this.emit("antiphon-select", { address, name, ...(message ? { message } : {}) });
  }

  dial(address: string, video: boolean): void {
    const { name } = this.directory.person(address);
    this.emit("antiphon-dial", { address, name, video });
  }

  async ask(task: () => Promise<unknown>): Promise<boolean> {
    this.set({ busy: true, problem: null });
    try {
      await task();
      return true;
    } catch (error) {
      const problem = problemOf("contact", error, this.text);
      if (this.ui.dialog) this.set({ problem });
      else this.notices.show(`${problem.title}. ${problem.text} ${problem.remedy}`, "warning");
      this.emit("antiphon-error", {
        attempt: "contact",
        reason: problem.reason,
        text: problem.text,
      });
      return false;
    } finally {
      this.set({ busy: false });
    }
  }

  more(): void {
    void this.ask(async () => this.account.phone?.messages.load());
  }

  override willUpdate(): void {
    this.state = this.account.state;
    this.messages.look(this.ui.typed);
    const { unread } = this.directory;
    if (unread === this.unread) return;
    this.unread = unread;
    this.emit("antiphon-unread", { unread });
  }

  override render(): TemplateResult {
    const { signedIn, isGuest } = this.account;
    return html`<div class="frame" part="contacts">
        ${signedIn && !isGuest ? html`${this.#top()}` : nothing}
        <div
          class="lists"
          part="lists"
          role=${signedIn && !isGuest ? "tabpanel" : "presentation"}
          aria-label=${this.text.contacts[this.ui.tab]}
        >
          ${signedIn && !isGuest ? listView(this) : this.#waiting()}
        </div>
        ${dialogView(this)}
      </div>
      ${noticesView({ session: this })}`;
  }

  override updated(): void {
    const root = this.renderRoot as ShadowRoot;
    const dialog = root.querySelector("dialog");
    if (dialog && !dialog.open) dialog.showModal();
    this.#overlay.after(root, ".menu");
  }

  #top(): TemplateResult {
    const { text, ui, directory } = this;
    const words = text.contacts;
    const tab = (name: ContactsUi["tab"], label: string, count: number) =>
      html`<button
        type="button"
        role="tab"
        part="tab"
        data-tab=${name}
        aria-selected=${ui.tab === name}
        @click=${() => this.set({ tab: name })}
      >
        ${label} ${count > 0 ? html`<span class="count-of">${count}</span>` : nothing}
      </button>`;
    return html`<div class="top">
      <div class="search">
        ${icons.search}<input
          type="search"
          part="search"
          autocomplete="off"
          autocapitalize="none"
          spellcheck="false"
          maxlength="256"
          placeholder=${words.search}
          aria-label=${words.searchLabel}
          .value=${ui.typed}
          @input=${(event: Event) => this.set({ typed: (event.target as HTMLInputElement).value })}
          @keydown=${(event: KeyboardEvent) => {
            if (event.key === "Escape") this.set({ typed: "" });
          }}
        />
      </div>
      <button
        type="button"
        class="round quiet"
        part="add-contact"
        aria-label=${words.add}
        title=${words.add}
        @click=${() => this.set({ dialog: "add", about: "", problem: null })}
      >
        ${icons.addPerson}
      </button>
    </div>
    <div
      class="tabs"
      role="tablist"
      aria-label=${words.title}
      @keydown=${(event: KeyboardEvent) => roveFocus(event, '[role="tab"]')}
    >
      ${tab("chats", words.chats, this.unread)}
      ${tab("people", words.people, directory.requests.length)}
    </div>`;
  }

  #waiting(): TemplateResult {
    const { text, account } = this;
    if (account.state === "connecting") {
      return html`<div class="empty" role="status"><span class="spinner"></span></div>`;
    }
    const words = account.state === "failed" ? text.contacts.failed : text.contacts.signedOut;
    return html`<div class="empty" part="signed-out">
      ${icons.people}<span>${words}</span>
      ${
        account.state === "failed"
          ? html`<button
              type="button"
              class="button small"
              part="retry"
              @click=${() => void account.connect()}
            >
              ${text.retry}
            </button>`
          : nothing
      }
    </div>`;
  }

  #begin(): void {
    const { account } = this;
    const notifier = new Notifier({
      text: () => this.text,
      on: () => this.notify,
      chosen: (address) => (address ? this.select(address) : undefined),
    });
    this.#offs = [
      account.on("changed", () => this.requestUpdate()),
      notifier.watch(account),
      new Idle(account).watch(),
      account.use(),
    ];
    account.follow();
    this.requestUpdate();
  }

  readonly #onPointer = (event: PointerEvent): void => {
    if (!this.ui.menu) return;
    const within = event
      .composedPath()
      .some((node) => node instanceof Element && node.matches(MENUS));
    if (!within) this.set({ menu: "" });
  };
}

define("antiphon-contacts", AntiphonContacts);

declare global {
  interface HTMLElementTagNameMap {
    "antiphon-contacts": AntiphonContacts;
  }
}
