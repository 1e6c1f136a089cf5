/** `<antiphon-profile>`: how one shows oneself, and what concerns the account: all its owner may do. */

import { askToNotify, notificationState, type Profile, type Show } from "@antiphon/client";
import { html, type PropertyDeclarations, type TemplateResult } from "lit";
import { AntiphonElement, define } from "../base.js";
import * as icons from "../icons.js";
import { type Attempt, problemOf } from "../logic/problems.js";
import { noticesView } from "../room/banners.js";
import { Notices } from "../room/notices.js";
import { notificationsOn, wishNotifications } from "../storage.js";
import { accountStyles } from "../styles/account.js";
import { controls } from "../styles/controls.js";
import { noticeStyles } from "../styles/notices.js";
import { presenceStyles } from "../styles/presence.js";
import { tokens } from "../styles/tokens.js";
import { profileView } from "./profile-form.js";
import type { AccountSession } from "./session.js";
import { sharedAccount } from "./shared.js";

export class AntiphonProfile extends AntiphonElement {
  static override properties: PropertyDeclarations = {
    theme: { reflect: true },
    state: { reflect: true },
    profile: { state: true },
    busy: { state: true },
    wishes: { state: true },
  };
  static override styles = [tokens, controls, noticeStyles, presenceStyles, accountStyles];

  declare theme: "light" | "dark" | null;
  /** How it stands with the session of the page. Reflected. */
  declare state: string;
  declare profile: Profile | null;
  /** What is being saved; empty: nothing. */
  declare busy: "" | "picture" | "profile" | "password" | "status" | "notifications";
  /** Notifications are wished here. */
  declare wishes: boolean;

  readonly notices = new Notices(() => this.requestUpdate());
  #offs: (() => void)[] = [];
  #of = "";

  constructor() {
    super();
    this.theme = null;
    this.state = "signed-out";
    this.profile = null;
    this.busy = "";
    this.wishes = notificationsOn();
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
    this.notices.close();
  }

  override willUpdate(): void {
    const { account } = this;
    this.state = account.state;
    if (account.signedIn && account.address !== this.#of) void this.#read();
    if (!account.signedIn) {
      this.#of = "";
      this.profile = null;
    }
  }

  override render(): TemplateResult {
    const { account, text } = this;
    const inside = account.signedIn && !account.isGuest;
    return html`${
      inside
        ? profileView(this)
        : html`<div class="middle" part="signed-out">
            ${icons.person}<span>${text.account.profile.signedOut}</span>
          </div>`
    }
    ${noticesView({ session: this })}`;
  }

  /** Which notifications there may be. */
  get permission() {
    return notificationState();
  }

  /** Shows another picture; the server scales it. */
  async setPicture(file: Blob): Promise<void> {
    await this.#do("picture", "upload", async (phone) => {
      const avatar = await phone.account.setAvatar(file);
      if (this.profile) this.profile = { ...this.profile, avatar };
      this.#toldSelf();
    });
  }

  async removePicture(): Promise<void> {
    await this.#do("picture", "action", async (phone) => {
      await phone.account.removeAvatar();
      if (this.profile) this.profile = { ...this.profile, avatar: null };
      this.#toldSelf();
    });
  }

  async save(change: Partial<Profile>): Promise<void> {
    await this.#do("profile", "action", async (phone) => {
      this.profile = await phone.account.setProfile(change);
      this.#toldSelf();
      this.notices.show(this.text.account.profile.saved);
    });
  }

  /** Says how one is, on this device. */
  async setStatus(show: Show, note: string): Promise<void> {
    await this.#do("status", "action", () => this.account.showAs(show, note));
  }

  /** Tokens of before are void then: one signs in anew at once. */
  async changePassword(current: string, password: string): Promise<boolean> {
    return this.#do("password", "password", async (phone) => {
      const { account } = this;
      const { address } = account;
      const keep = account.kept?.where() ?? "page";
      await phone.account.changePassword(current, password);
      await account.signIn(address, password, keep);
      this.notices.show(this.text.account.profile.changed);
    });
  }

  /** Asks the browser within the click, and the server where it pushes. */
  async setNotifications(on: boolean): Promise<void> {
    const allowed = on && (await askToNotify());
    this.wishes = allowed;
    wishNotifications(allowed);
    if (on && !allowed) return;
    const { push } = this.account.phone ?? {};
    if (!push?.supported) return;
    try {
      await (on ? push.subscribe() : push.unsubscribe());
    } catch (error) {
      // Without Web Push, the open page still tells.
      console.info("antiphon: no Web Push here", error);
    }
  }

  signOut(): void {
    this.account.signOut();
  }

  #begin(): void {
    const { account } = this;
    this.#offs = [account.on("changed", () => this.requestUpdate()), account.use()];
    this.requestUpdate();
  }

  async #read(): Promise<void> {
    this.#of = this.account.address;
    if (this.account.isGuest) return;
    await this.#do("", "action", async (phone) => {
      this.profile = await phone.account.profile();
    });
  }

  /** The other elements of the page show it at once. */
  #toldSelf(): void {
    const { account, profile } = this;
    if (!profile) return;
    const { nickname: name, avatar } = profile;
    account.faces.told({ address: account.address, name, avatar });
  }

  async #do(
    what: AntiphonProfile["busy"],
    attempt: Attempt,
    task: (phone: NonNullable<AccountSession["phone"]>) => Promise<void>,
  ): Promise<boolean> {
    const { phone } = this.account;
    if (!phone) return false;
    this.busy = what;
    try {
      await task(phone);
      return true;
    } catch (error) {
      const problem = problemOf(attempt, error, this.text);
      this.notices.show(`${problem.title}. ${problem.text} ${problem.remedy}`, "warning");
      this.emit("antiphon-error", { attempt, reason: problem.reason, text: problem.text });
      return false;
    } finally {
      this.busy = "";
    }
  }
}

define("antiphon-profile", AntiphonProfile);

declare global {
  interface HTMLElementTagNameMap {
    "antiphon-profile": AntiphonProfile;
  }
}
