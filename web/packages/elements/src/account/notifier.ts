/** Tells of messages, calls and requests while nobody looks at the page; counts in its title. */

import { notify } from "@antiphon/client";
import { isAttentive } from "../base.js";
import { localPart } from "../chat/pair.js";
import type { Phone } from "../room/backend.js";
import { notificationsOn } from "../storage.js";
import type { Text } from "../text.js";
import type { AccountSession } from "./session.js";

export interface NotifierHost {
  text(): Text;
  /** Whether the page wants it at all. */
  on(): boolean;
  /** A notification was chosen; `address`: whom it is about. */
  chosen(address: string): void;
}

const COUNT = /^\(\d+\) /u;

export class Notifier {
  #phone: Phone | null = null;
  #offs: (() => void)[] = [];

  constructor(readonly host: NotifierHost) {}

  /** Follows a session; returns how to cease. */
  watch(account: AccountSession): () => void {
    const follow = () => {
      this.#count(account.phone?.messages?.unread ?? 0);
      if (account.phone !== this.#phone) this.#attach(account);
    };
    const off = account.on("changed", follow);
    follow();
    return () => {
      off();
      this.#detach();
      this.#count(0);
    };
  }

  #attach(account: AccountSession): void {
    this.#detach();
    const { phone, faces } = account;
    this.#phone = phone;
    if (!phone) return;
    const words = () => this.host.text().contacts;
    const nameOf = (address: string, name = "") =>
      faces.nameOf(address, name || localPart(address));
    this.#offs = [
      phone.on("message", (message) => {
        const { sender, name, text, id } = message;
        this.#tell(sender, nameOf(sender, name), text || words().notify.file, id, account);
      }),
      phone.on("call", ({ peer, name, id }) => {
        const { call, callLead } = words().notify;
        this.#tell(peer, call(nameOf(peer, name)), callLead, id, account);
      }),
      phone.on("invitation", ({ sender, name, room, text }) => {
        this.#tell("", words().notify.invitation(nameOf(sender, name), room), text, room, account);
      }),
      phone.people.on("asked", (address, text) => {
        this.#tell("", words().notify.asks(nameOf(address)), text, address, account);
      }),
    ];
  }

  #detach(): void {
    for (const off of this.#offs) off();
    this.#offs = [];
    this.#phone = null;
  }

  #tell(address: string, title: string, text: string, tag: string, account: AccountSession): void {
    if (!this.host.on() || !notificationsOn() || isAttentive()) return;
    const icon = address ? account.faces.pictureOf(address) : null;
    const chosen = () => this.host.chosen(address);
    notify({ title, text, tag, chosen, ...(icon ? { icon } : {}) });
  }

  #count(unread: number): void {
    if (!this.host.on()) return;
    const title = document.title.replace(COUNT, "");
    const counted = unread > 0 ? `(${unread}) ${title}` : title;
    if (counted !== document.title) document.title = counted;
  }
}
