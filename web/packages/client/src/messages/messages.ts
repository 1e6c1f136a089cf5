/** The direct conversations of a client; it knows no socket and no room. */

import type { Api } from "../account/api.js";
import { Emitter } from "../emitter.js";
import { AntiphonError } from "../errors.js";
import type { Message as MessageRecord, ServerEvent } from "../generated/signalling.js";
import { Conversation, type ConversationLink, untilStored } from "./conversation.js";
import { bare, checkContent, type Message, randomId, toMessage } from "./message.js";

/** Event name → what its listeners get. */
export interface MessagesEvents {
  /** A conversation is new, or something in it is other than before. */
  changed: [conversation: Conversation];
  /** A message is new; `message.own`: another device of the account, or this one, sent it. */
  message: [message: Message, conversation: Conversation];
}

type Direct = "direct_message" | "message_sent" | "message_changed" | "typed" | "marked";
/** Events of direct conversations, as opposed to those of a room. */
export type DirectEvent = Extract<ServerEvent, { type: Direct }>;

/** The event, if it concerns a direct conversation and not a room. */
export function asDirect(event: ServerEvent): DirectEvent | null {
  switch (event.type) {
    case "direct_message":
    case "message_sent":
      return event;
    case "message_changed":
    case "typed":
    case "marked":
      return event.peer === null ? null : event;
    default:
      return null;
  }
}

/** What a search in all conversations found, the oldest first. */
export interface FoundMessages {
  readonly found: readonly { readonly peer: string; readonly message: Message }[];
  /** `before` of the page before; null: there is none. */
  readonly next: string | null;
}

/** All direct conversations, and the list of them. */
export class Messages extends Emitter<MessagesEvents> {
  readonly #link: ConversationLink;
  readonly #api: Pick<Api, "ask">;
  readonly #open = new Map<string, Conversation>();
  #next: string | null = null;
  #loaded = false;

  /** @internal Made by `Client`. */
  constructor(link: ConversationLink, api: Pick<Api, "ask">) {
    super();
    this.#link = link;
    this.#api = api;
  }

  /** Conversations that have messages, the latest first. */
  get list(): readonly Conversation[] {
    const spoken = [...this.#open.values()].filter((one) => one.last !== null);
    return spoken.sort((a, b) => (b.last?.sentAt ?? 0) - (a.last?.sentAt ?? 0));
  }

  /** Whether `load` would find more. */
  get more(): boolean {
    return !this.#loaded || this.#next !== null;
  }

  /** Messages of all conversations that were not marked as displayed. */
  get unread(): number {
    return [...this.#open.values()].reduce((sum, one) => sum + one.unread, 0);
  }

  /** The conversation with an account (`bob@example.org`); always the same object. */
  with(address: string): Conversation {
    const known = this.#open.get(address);
    if (known !== undefined) return known;
    const conversation = new Conversation(this.#link, { peer: address });
    conversation.on("changed", () => this.emit("changed", conversation));
    conversation.on("message", (message) => this.emit("message", message, conversation));
    this.#open.set(address, conversation);
    return conversation;
  }

  /** The conversation with an account, if it is in `list`. */
  known(address: string): Conversation | null {
    const conversation = this.#open.get(address);
    return conversation === undefined || conversation.last === null ? null : conversation;
  }

  /** Fetches the latest conversations into `list`; called again, those before them. */
  async load(limit = 50): Promise<void> {
    const before = this.#next === null ? {} : { before: this.#next };
    const request = { type: "conversations" as const, limit, ...before };
    const page = await untilStored(() => this.#link.request(request));
    this.#loaded = true;
    this.#next = page.next;
    await Promise.all(page.conversations.map((one) => this.with(one.peer).describe(one)));
  }

  /** Looks for words in all conversations; `Conversation.search` does in one. */
  async search(
    words: string,
    options: { before?: string; limit?: number } = {},
  ): Promise<FoundMessages> {
    const { before, limit = 50 } = options;
    const query = new URLSearchParams({ search: words, limit: String(limit) });
    if (before !== undefined) query.set("before", before);
    const page = await this.#api.ask("GET", `/accounts/me/messages?${query}`);
    if (!Array.isArray(page.messages)) {
      throw new AntiphonError("protocol", "The server sent malformed messages.");
    }
    const me = this.#link.me().address;
    const found = page.messages.map((view) => {
      const record = fromView(view);
      const peer = record.sender === me ? bare(record.room) : record.sender;
      return { peer, message: toMessage(record, me, "sent") };
    });
    return { found, next: typeof page.next === "string" ? page.next : null };
  }

  /** Sends to an address that may be spelled shortly (`bob`), or to a telephone number. */
  async send(to: string, text: string): Promise<Message> {
    checkContent(text, []);
    const body = { type: "send" as const, to, text, origin_id: randomId() };
    const { message } = await untilStored(() => this.#link.request(body));
    return this.with(bare(message.room)).add(message);
  }

  /** @internal Takes an event. */
  handle(event: DirectEvent): void {
    switch (event.type) {
      case "direct_message": {
        const { message } = event;
        const own = message.sender === this.#link.me().address;
        this.with(own ? bare(message.room) : message.sender).add(message);
        break;
      }
      case "message_sent":
        this.with(bare(event.message.room)).add(event.message);
        break;
      case "message_changed":
        this.#find(event.peer)?.changed(event.change);
        break;
      case "typed":
        this.with(event.peer ?? "").typed(event.sender, event.name, event.active);
        break;
      case "marked":
        this.#find(event.peer)?.marked(event.sender, event.mark, event.message);
        break;
    }
  }

  /** @internal A new session has begun: what came meanwhile is fetched. */
  async renewed(): Promise<void> {
    if (this.#loaded) {
      this.#next = null;
      await this.load();
    } else {
      await Promise.all([...this.#open.values()].map((one) => one.refresh()));
    }
  }

  #find(peer: string | null): Conversation | undefined {
    return this.#open.get(peer ?? "");
  }
}

/** A message as REST shows it: what is absent on the WebSocket is null there. */
function fromView(view: unknown): MessageRecord {
  const { id, room, sender, text, sent_at, ...rest } = (view ?? {}) as { [name: string]: unknown };
  const words = [id, room, sender, text].every((one) => typeof one === "string");
  if (!words || typeof sent_at !== "number") {
    throw new AntiphonError("protocol", "The server sent a malformed message.");
  }
  const there = Object.entries(rest).filter(
    ([name, value]) => value !== null || name === "origin_id",
  );
  const record = { id, room, sender, text, sent_at, ...Object.fromEntries(there) };
  return record as unknown as MessageRecord;
}
