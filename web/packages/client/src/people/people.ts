/** The account's contacts and their presence; it knows no socket and no message. */

import { Emitter } from "../emitter.js";
import { hasReason } from "../errors.js";
import type { ContactAsked, ServerEvent, Show } from "../generated/signalling.js";
import type { Request } from "../session/requests.js";
import { absent, type Contact, type Presence, toContact, toPresence } from "./types.js";

/** Event name → what its listeners get. */
export interface PeopleEvents {
  /** `contacts` or `blocked` changed. */
  contacts: [];
  /** Somebody asks to see the account's presence: `answer`. */
  asked: [address: string, text: string];
  /** Somebody lets the account see theirs, or not (any more). */
  answered: [address: string, granted: boolean];
  presence: [presence: Presence];
  /** The name or the picture of somebody (or of the account itself) is another. */
  profile: [change: { address: string; name: string; avatar: string | null }];
}

/** Event types that concern people. */
type PeopleType =
  | "contact_changed"
  | "contact_removed"
  | "contact_asked"
  | "contact_answered"
  | "blocking_changed"
  | "presence_changed"
  | "profile_changed";

/** Events of contacts and presence, as opposed to those of a room. */
export type PeopleEvent = Extract<ServerEvent, { type: PeopleType }>;

const TYPES: ReadonlySet<string> = new Set<PeopleType>([
  "contact_changed",
  "contact_removed",
  "contact_asked",
  "contact_answered",
  "blocking_changed",
  "presence_changed",
  "profile_changed",
]);

/** Whether an event concerns people. */
export function isPeopleEvent(event: ServerEvent): event is PeopleEvent {
  return TYPES.has(event.type);
}

/** What the user of this device says of themselves. */
export interface OwnPresence {
  show: Show;
  note?: string;
  /** When the user was last seen to do something; milliseconds since 1970. */
  idleSince?: number;
}

/** Contacts, blocking, presence. `watch` first; from then on all is kept up to date. */
export class People extends Emitter<PeopleEvents> {
  readonly #request: Request;
  readonly #contacts = new Map<string, Contact>();
  readonly #presence = new Map<string, Presence>();
  readonly #blocked = new Set<string>();
  #watching = false;
  #own: OwnPresence | null = null;

  /** @internal Made by `Client`. */
  constructor(request: Request) {
    super();
    this.#request = request;
  }

  /** By address; those who only ask are among them. */
  get contacts(): ReadonlyMap<string, Contact> {
    return this.#contacts;
  }

  /** Addresses and domains of whom nothing is heard. */
  get blocked(): ReadonlySet<string> {
    return this.#blocked;
  }

  /** Whether somebody is there, as far as the account may see it. */
  presence(address: string): Presence {
    return this.#presence.get(address) ?? absent(address);
  }

  /** Fetches contacts and presence, and follows them; also after a lost session. */
  async watch(): Promise<void> {
    this.#watching = true;
    const reply = await this.#request({ type: "watch_contacts" });
    this.#contacts.clear();
    for (const one of reply.contacts) this.#contacts.set(one.address, toContact(one));
    this.#blocked.clear();
    for (const one of reply.blocked) this.#blocked.add(one);
    const before = [...this.#presence.keys()];
    this.#presence.clear();
    for (const one of reply.presence) this.#presence.set(one.account, toPresence(one));
    this.emit("contacts");
    for (const account of new Set([...before, ...this.#presence.keys()])) {
      this.emit("presence", this.presence(account));
    }
  }

  /** Puts somebody into the list, or changes what stands there. Rejects with AntiphonError. */
  async set(
    address: string,
    change: { name?: string; groups?: readonly string[] } = {},
  ): Promise<Contact> {
    const { name, groups } = change;
    const { contact } = await this.#request({
      type: "set_contact",
      address,
      ...(name === undefined ? {} : { name }),
      ...(groups === undefined ? {} : { groups: [...groups] }),
    });
    return this.#put(toContact(contact));
  }

  /** Takes somebody out of the list; neither sees the other any more. */
  async remove(address: string): Promise<void> {
    await this.#request({ type: "remove_contact", address });
  }

  /** Asks to see somebody's presence. */
  async ask(address: string, text = ""): Promise<void> {
    await this.#request({ type: "ask_contact", address, text });
  }

  /** Lets somebody see the account's presence, or not (any more); also before they ask. */
  async answer(address: string, granted: boolean): Promise<void> {
    await this.#request({ type: "answer_contact", address, granted });
  }

  /** Does not see somebody's presence any more. */
  async withdraw(address: string): Promise<void> {
    await this.#request({ type: "withdraw_contact", address });
  }

  /** Hears nothing of them any more: addresses, or whole domains. */
  async block(...addresses: string[]): Promise<void> {
    await this.#request({ type: "block", addresses });
  }

  /** Hears of them again; of everybody if none is named. */
  async unblock(...addresses: string[]): Promise<void> {
    await this.#request({ type: "unblock", ...(addresses.length > 0 ? { addresses } : {}) });
  }

  /** Says how the user of this device is; said again after a lost session. */
  async setPresence(own: OwnPresence): Promise<void> {
    this.#own = own;
    const { show, note, idleSince } = own;
    await this.#request({
      type: "set_presence",
      show,
      ...(note === undefined ? {} : { note }),
      ...(idleSince === undefined ? {} : { idle_since: idleSince / 1000 }),
    });
  }

  /** @internal Takes an event. */
  handle(event: PeopleEvent): void {
    switch (event.type) {
      case "contact_changed":
        this.#put(toContact(event.contact));
        break;
      case "contact_removed":
        this.#contacts.delete(event.address);
        if (this.#presence.delete(event.address)) {
          this.emit("presence", absent(event.address));
        }
        this.emit("contacts");
        break;
      case "contact_asked":
        this.#put({ ...(this.#contacts.get(event.address) ?? stranger(event)), asking: true });
        this.emit("asked", event.address, event.text);
        break;
      case "contact_answered":
        this.emit("answered", event.address, event.granted);
        break;
      case "blocking_changed":
        for (const one of event.blocked) this.#blocked.add(one);
        for (const one of event.unblocked) this.#blocked.delete(one);
        this.emit("contacts");
        break;
      case "presence_changed": {
        const presence = toPresence(event.presence);
        this.#presence.set(presence.account, presence);
        this.emit("presence", presence);
        break;
      }
      case "profile_changed":
        this.emit("profile", { address: event.account, name: event.name, avatar: event.avatar });
        break;
    }
  }

  /** @internal A new session has begun, which watches nothing yet. */
  async renewed(): Promise<void> {
    try {
      if (this.#own !== null) await this.setPresence(this.#own);
      if (this.#watching) await this.watch();
    } catch (error) {
      // The next session asks again.
      if (!hasReason(error, "lost", "closed")) throw error;
    }
  }

  #put(contact: Contact): Contact {
    this.#contacts.set(contact.address, contact);
    this.emit("contacts");
    return contact;
  }
}

/** Somebody who asks and is not in the list. */
function stranger({ address, text }: ContactAsked): Contact {
  const nothing = { sees: false, seen: false, asked: false, asking: false, listed: false };
  return { address, name: "", groups: [], ...nothing, request: text };
}
