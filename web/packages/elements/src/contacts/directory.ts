/** Whom one knows, from contacts, presence and conversations together; it knows no element. */

import type { AccountSession } from "../account/session.js";
import { localPart } from "../chat/pair.js";
import { byRecency, type Person } from "../logic/contacts.js";

export class Directory {
  constructor(readonly account: () => AccountSession) {}

  /** Those in the list. */
  get contacts(): readonly Person[] {
    const { people } = this.account().phone ?? {};
    const listed = [...(people?.contacts.values() ?? [])].filter((one) => one.listed);
    return listed.map((one) => this.person(one.address));
  }

  /** Those with whom one spoke, the latest first. */
  get conversations(): readonly Person[] {
    const list = this.account().phone?.messages.list ?? [];
    return list.map((one) => this.person(one.peer ?? "")).sort(byRecency);
  }

  /** Those who ask to be contacts. */
  get requests(): readonly Person[] {
    const { people } = this.account().phone ?? {};
    const asking = [...(people?.contacts.values() ?? [])].filter((one) => one.asking);
    return asking.map((one) => this.person(one.address)).filter((one) => !one.blocked);
  }

  /** Addresses of whom nothing is heard. */
  get blocked(): readonly string[] {
    return [...(this.account().phone?.people.blocked ?? [])].sort();
  }

  get unread(): number {
    return this.account().phone?.messages.unread ?? 0;
  }

  /** Whether `more` would find further conversations. */
  get hasMore(): boolean {
    return this.account().phone?.messages.more ?? false;
  }

  person(address: string): Person {
    const account = this.account();
    const { people, messages } = account.phone ?? {};
    const conversation = messages?.known(address) ?? null;
    const named = account.faces.nameOf(address, "");
    const spoken = () =>
      conversation?.messages.findLast((one) => one.sender === address)?.name || localPart(address);
    const absent = {
      account: address,
      show: "offline",
      note: "",
      since: null,
      devices: [],
    } as const;
    return {
      address,
      name: named || spoken(),
      contact: people?.contacts.get(address) ?? null,
      presence: people?.presence(address) ?? absent,
      conversation,
      blocked: people?.blocked.has(address) ?? false,
    };
  }
}
