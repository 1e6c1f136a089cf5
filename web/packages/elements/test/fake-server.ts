/** What a server keeps for one account: conversations, contacts, presence; moved by tests and pages. */

import {
  AntiphonError,
  type Attachment,
  Conversation,
  Messages,
  People,
  type Profile,
  type Show,
} from "@antiphon/client";
import type {
  Change,
  Contact,
  Message as MessageRecord,
  Presence,
} from "../../client/src/generated/signalling.js";

type Body = { readonly type: string; readonly [name: string]: unknown };
type Link = ConstructorParameters<typeof Messages>[0];

const NO_PROFILE: Profile = {
  fullName: "",
  nickname: "",
  givenName: "",
  familyName: "",
  organization: "",
  unit: "",
  title: "",
  role: "",
  emails: [],
  phones: [],
  urls: [],
  note: "",
  birthday: "",
  address: { street: "", locality: "", region: "", code: "", country: "" },
  avatar: null,
};

/** Milliseconds that pass between two messages. */
const STEP = 60_000;

export class FakeServer {
  me = { address: "ann@example.org", name: "Ann" };
  /** Reasons to refuse with, by type of request. */
  readonly refuse: { [type: string]: string } = {};
  readonly asked: Body[] = [];
  readonly histories = new Map<string, MessageRecord[]>();
  readonly contacts = new Map<string, Contact>();
  readonly presence = new Map<string, Presence>();
  readonly profiles = new Map<string, Partial<Profile>>();
  readonly blocked = new Set<string>();
  readonly displayed = new Map<string, string>();
  readonly reported: unknown[] = [];
  /** When the next message is sent. */
  now = Date.now() - 3_600_000;
  readonly link: Link;
  readonly messages: Messages;
  readonly people: People;
  #last = 0;

  constructor() {
    this.link = {
      request: ((body: Body) => this.#answer(body)) as unknown as Link["request"],
      me: () => this.me,
      report: (error) => this.reported.push(error),
    };
    this.messages = new Messages(this.link, { ask: async (_, path) => this.#found(path) });
    this.people = new People(this.link.request);
  }

  /** The conversation of a room. */
  room(name: string): Conversation {
    return new Conversation(this.link, { room: name });
  }

  /** How often a type of request was asked, and with what. */
  requests(type: string): Body[] {
    return this.asked.filter((one) => one.type === type);
  }

  knows(address: string, change: Partial<Contact> = {}, show: Show = "offline", note = ""): void {
    const state = { sees: true, seen: true, asked: false, asking: false, listed: true };
    this.contacts.set(address, { address, name: "", groups: [], ...state, ...change });
    this.shows(address, show, note);
  }

  /** Somebody says how they are. */
  shows(account: string, show: Show, note = ""): void {
    const presence = { account, show, note, since: this.now / 1000, devices: [] };
    this.presence.set(account, presence);
    this.people.handle({ type: "presence_changed", seq: 0, presence });
  }

  /** Somebody asks to be a contact. */
  asks(address: string, request = ""): void {
    const state = { sees: false, seen: false, asked: false, asking: true, listed: false };
    const contact = { address, name: "", groups: [], ...state, request };
    this.contacts.set(address, contact);
    this.people.handle({ type: "contact_changed", seq: 0, contact });
    this.people.handle({ type: "contact_asked", seq: 0, address, text: request });
  }

  /** A message stands in the archive. */
  keeps(
    key: string,
    sender: string,
    name: string,
    text: string,
    more: Partial<MessageRecord> = {},
  ): MessageRecord {
    this.#last += 1;
    this.now += STEP;
    const record: MessageRecord = {
      id: String(this.#last).padStart(6, "0"),
      room: sender === this.me.address ? key : key.includes("@") ? this.me.address : key,
      sender,
      name,
      text,
      sent_at: this.now / 1000,
      origin_id: null,
      ...more,
    };
    this.histories.set(key, [...(this.histories.get(key) ?? []), record]);
    return record;
  }

  /** Somebody writes. */
  writes(sender: string, name: string, text: string, more: Partial<MessageRecord> = {}) {
    const message = this.keeps(sender, sender, name, text, more);
    this.messages.handle({ type: "direct_message", seq: 0, message });
    return message;
  }

  /** Somebody begins or ceases to write. */
  types(sender: string, name: string, active = true): void {
    this.messages.handle({ type: "typed", seq: 0, peer: sender, sender, name, active });
  }

  /** Somebody is that far with what the account wrote. */
  marks(peer: string, mark: "received" | "displayed", message: string): void {
    this.messages.handle({ type: "marked", seq: 0, peer, sender: peer, mark, message });
  }

  /** Somebody does something to a message. */
  changes(peer: string, change: Partial<Change> & Pick<Change, "kind" | "about">): Change {
    const whole = this.#change(peer, change);
    this.messages.handle({ type: "message_changed", seq: 0, peer, change: whole });
    return whole;
  }

  readonly account = {
    profile: async (address = "me"): Promise<Profile> => {
      const key = address === "me" ? this.me.address : address;
      return { ...NO_PROFILE, ...this.profiles.get(key) };
    },
    setProfile: async (change: Partial<Profile>): Promise<Profile> => {
      const all = { ...NO_PROFILE, ...this.profiles.get(this.me.address), ...change };
      this.asked.push({ type: "setProfile", ...change });
      this.profiles.set(this.me.address, all);
      return all;
    },
    setAvatar: async (): Promise<string> => {
      this.asked.push({ type: "setAvatar" });
      this.profiles.set(this.me.address, { ...this.profiles.get(this.me.address), avatar: "own" });
      return "own";
    },
    removeAvatar: async (): Promise<void> => {
      this.profiles.set(this.me.address, { ...this.profiles.get(this.me.address), avatar: null });
    },
    changePassword: async (current: string, password: string): Promise<void> => {
      this.#refuse("changePassword");
      this.asked.push({ type: "changePassword", current, password });
    },
    pictureUrl: (avatar: string) => (avatar.startsWith("data:") ? avatar : `/avatars/${avatar}`),
  };

  readonly files = {
    upload: async (
      file: File,
      options: { progress?: (sent: number, size: number) => void } = {},
    ): Promise<Attachment> => {
      this.#refuse("upload");
      options.progress?.(file.size, file.size);
      const nothing = { thumbnail: null, width: null, height: null };
      const { name, size, type: mediaType } = file;
      return { url: `https://call.example/upload/1/${name}`, name, size, mediaType, ...nothing };
    },
  };

  async #answer(body: Body): Promise<unknown> {
    this.asked.push(body);
    this.#refuse(body.type);
    const to = String(body.to ?? "standup");
    switch (body.type) {
      case "send":
      case "say":
        return { message: this.#stored(to, body) };
      case "correct":
      case "retract":
      case "react":
        return {
          change: this.#change(this.me.address, { ...body, kind: KINDS[body.type] } as never),
        };
      case "history":
        return this.#page(this.histories.get(to) ?? [], body);
      case "conversations":
        return { conversations: this.#conversations(), next: null };
      case "watch_contacts":
        return {
          contacts: [...this.contacts.values()],
          blocked: [...this.blocked],
          presence: [...this.presence.values()],
        };
      case "set_contact":
        return { contact: this.#setContact(body) };
      default:
        this.#people(body);
        return {};
    }
  }

  #refuse(type: string): void {
    const reason = this.refuse[type];
    if (reason) throw new AntiphonError(reason, `refused: ${reason}`);
  }

  #stored(to: string, body: Body): MessageRecord {
    const { text, origin_id, reply_to, attachments } = body;
    this.now = Date.now() - STEP;
    return this.keeps(to, this.me.address, this.me.name, String(text), {
      origin_id: String(origin_id),
      ...(reply_to ? { reply_to: String(reply_to) } : {}),
      ...(attachments ? { attachments: attachments as never } : {}),
    });
  }

  #change(sender: string, change: Partial<Change>): Change {
    this.#last += 1;
    const name = sender === this.me.address ? this.me.name : sender;
    const { kind, about, text, attachments, reactions } = change as Change;
    return {
      id: String(this.#last).padStart(6, "0"),
      kind,
      about,
      sender,
      name,
      sent_at: this.now / 1000,
      origin_id: null,
      ...(text === undefined ? {} : { text }),
      ...(attachments === undefined ? {} : { attachments }),
      ...(reactions === undefined ? {} : { reactions }),
    };
  }

  #page(all: readonly MessageRecord[], body: Body) {
    const { before, after, search, limit = 50 } = body;
    const fitting = all.filter(
      (one) =>
        (before === undefined || one.id < String(before)) &&
        (after === undefined || one.id > String(after)) &&
        (search === undefined || one.text.toLowerCase().includes(String(search).toLowerCase())),
    );
    const messages = fitting.slice(-Number(limit));
    return { messages, more: messages.length < fitting.length };
  }

  /** What `GET …/messages?search=` answers. */
  #found(path: string) {
    const words = new URLSearchParams(path.split("?")[1]).get("search") ?? "";
    const all = [...this.histories.values()].flat().sort((a, b) => a.id.localeCompare(b.id));
    return { messages: all.filter((one) => one.text.includes(words)), next: null };
  }

  #conversations() {
    return [...this.histories]
      .filter(([peer]) => peer.includes("@"))
      .map(([peer, all]) => {
        const displayed = this.displayed.get(peer) ?? null;
        const news = all.filter((one) => one.sender === peer && one.id > (displayed ?? ""));
        const marks = { displayed, peer_received: null, peer_displayed: null };
        return { peer, last: all.at(-1), unread: news.length, ...marks };
      });
  }

  #setContact(body: Body): Contact {
    const address = String(body.address);
    const state = { sees: false, seen: false, asked: false, asking: false };
    const before = this.contacts.get(address) ?? { address, name: "", groups: [], ...state };
    const { name = before.name, groups = before.groups } = body as unknown as Contact;
    const contact = { ...before, name, groups, listed: true };
    this.contacts.set(address, contact);
    return contact;
  }

  #people(body: Body): void {
    const address = String(body.address ?? "");
    const contact = this.contacts.get(address);
    if (body.type === "remove_contact") {
      this.contacts.delete(address);
      this.people.handle({ type: "contact_removed", seq: 0, address });
    } else if (body.type === "answer_contact" && contact) {
      const granted = Boolean(body.granted);
      const changed = { ...contact, asking: false, seen: granted };
      this.contacts.set(address, changed);
      this.people.handle({ type: "contact_changed", seq: 0, contact: changed });
    } else if (body.type === "ask_contact" && contact) {
      const changed = { ...contact, asked: true };
      this.contacts.set(address, changed);
      this.people.handle({ type: "contact_changed", seq: 0, contact: changed });
    } else if (body.type === "block" || body.type === "unblock") {
      const these = (body.addresses ?? []) as string[];
      const [blocked, unblocked] = body.type === "block" ? [these, []] : [[], these];
      this.people.handle({ type: "blocking_changed", seq: 0, blocked, unblocked });
    }
  }
}

const KINDS: { readonly [type: string]: Change["kind"] } = {
  correct: "correction",
  retract: "retraction",
  react: "reaction",
};
