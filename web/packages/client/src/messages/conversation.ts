/** One conversation: a direct one or that of a room. The same for both; it knows no socket. */

import { Emitter } from "../emitter.js";
import { AntiphonError, hasReason, toAntiphonError } from "../errors.js";
import type {
  Change,
  Conversation as ConversationRecord,
  Mark,
  Message as MessageRecord,
  Messages as PageRecord,
} from "../generated/signalling.js";
import type { Request } from "../session/requests.js";
import {
  type Attachment,
  checkContent,
  fromAttachment,
  type Message,
  randomId,
  toMessage,
} from "./message.js";
import { Timeline } from "./timeline.js";
import { OwnTyping, type Typist, Typists } from "./typing.js";

/** Event name → what its listeners get. */
export interface ConversationEvents {
  /** Messages, their number unread, or who writes: whatever is shown may be another. */
  changed: [];
  /** A message is new here: it came, or was sent, also from another device of the account. */
  message: [message: Message];
}

/** How a conversation reaches the server. */
export interface ConversationLink {
  request: Request;
  /** The own account. */
  me(): { address: string; name: string };
  /** What nobody waits for failed. */
  report(error: unknown): void;
}

/** What a message has besides its text. */
export interface SendOptions {
  /** The message that it answers. */
  replyTo?: Message | string;
  attachments?: readonly Attachment[];
}

/** Part of a history, oldest first. `more`: there are others beyond. */
export interface MessagePage {
  readonly messages: readonly Message[];
  readonly more: boolean;
}

/** What a search found, oldest first; `next` is `before` of the page before it. */
export interface SearchPage extends MessagePage {
  readonly next: string | null;
}

const PAGE = 50;
const MOST_AT_ONCE = 200;
const RECEIVED_WITHIN_MS = 500;

/** Messages once each and in order, with what was done to them; sends, and fetches older ones. */
export class Conversation extends Emitter<ConversationEvents> {
  readonly #link: ConversationLink;
  readonly #timeline: Timeline;
  readonly #typists: Typists;
  readonly #typing: OwnTyping;
  readonly #to: { to?: string };
  #more = true;
  #before: string | null = null;
  #unread = 0;
  #displayed = "";
  #received: ReturnType<typeof setTimeout> | undefined;

  /** @internal Made by `Messages` and `Room`. */
  constructor(link: ConversationLink, where: { peer: string } | { room: string }) {
    super();
    this.#link = link;
    this.peer = "peer" in where ? where.peer : null;
    this.room = "room" in where ? where.room : null;
    this.#to = this.peer === null ? {} : { to: this.peer };
    this.#timeline = new Timeline(() => link.me().address);
    this.#typists = new Typists(() => this.emit("changed"));
    this.#typing = new OwnTyping((active) => {
      this.#quietly(link.request({ type: "typing", active, ...this.#to }));
    });
  }

  /** Address of the account with which it is; null: it is that of a room. */
  readonly peer: string | null;

  /** The room's name; null: it is a direct one. */
  readonly room: string | null;

  /** Oldest first, at the end those on their way; each change makes a new list. */
  get messages(): readonly Message[] {
    return this.#timeline.messages;
  }

  /** @internal Without those on their way. */
  get stored(): readonly Message[] {
    return this.#timeline.stored;
  }

  /** The latest message. */
  get last(): Message | null {
    return this.#timeline.last;
  }

  /** Whether older ones than `messages[0]` may be had. */
  get more(): boolean {
    return this.#more;
  }

  /** How many messages of others were not marked as displayed. */
  get unread(): number {
    return this.#unread;
  }

  /** The others who write now; each change makes a new list. */
  get typists(): readonly Typist[] {
    return this.#typists.list;
  }

  /** The message of that id, or origin id, if it is here. */
  find(id: string): Message | undefined {
    return this.#timeline.find(id);
  }

  /**
   * Sends a message. It stands in `messages` at once; without a connection it waits for one.
   * Resolves when it is stored; rejects with AntiphonError when it is refused: then it stays as
   * `failed`, for `retry` or `discard`.
   */
  async send(text: string, options: SendOptions = {}): Promise<Message> {
    const { replyTo, attachments = [] } = options;
    checkContent(text, attachments);
    const me = this.#link.me();
    const id = randomId();
    const record: MessageRecord = {
      id,
      room: this.peer ?? this.room ?? "",
      sender: me.address,
      name: me.name,
      text,
      sent_at: Date.now() / 1000,
      origin_id: id,
      ...(replyTo === undefined ? {} : { reply_to: idOf(replyTo) }),
      ...(attachments.length === 0 ? {} : { attachments: attachments.map(fromAttachment) }),
    };
    this.#typing.sent();
    this.#timeline.expect(record);
    this.emit("changed");
    return this.#deliver(record);
  }

  /** @internal Sends a message that is forgotten when it fails. */
  async say(text: string): Promise<Message> {
    try {
      return await this.send(text);
    } catch (error) {
      for (const one of this.messages) if (one.error === error) this.discard(one);
      throw error;
    }
  }

  /** Sends again what failed; it is the same message, and is stored once. */
  async retry(message: Message): Promise<Message> {
    const record = this.#timeline.fail(message.originId ?? message.id, null);
    if (record === null) throw new AntiphonError("not_found", "Nothing of that kind failed.");
    this.emit("changed");
    return this.#deliver(record);
  }

  /** Forgets what failed. */
  discard(message: Message): void {
    this.#timeline.discard(message.originId ?? message.id);
    this.emit("changed");
  }

  /** Gives one's own message another text. Rejects with AntiphonError. */
  async correct(
    message: Message | string,
    text: string,
    attachments: readonly Attachment[] = [],
  ): Promise<void> {
    checkContent(text, attachments);
    const files = attachments.length > 0 ? { attachments: attachments.map(fromAttachment) } : {};
    const body = { about: idOf(message), text, origin_id: randomId(), ...files, ...this.#to };
    const request = () => this.#link.request({ type: "correct", ...body });
    this.changed((await untilStored(request)).change);
  }

  /** Takes a message back: one's own, or for moderators of the room any. */
  async retract(message: Message | string): Promise<void> {
    const body = { about: idOf(message), origin_id: randomId(), ...this.#to };
    const request = () => this.#link.request({ type: "retract", ...body });
    this.changed((await untilStored(request)).change);
  }

  /** Reacts with these and nothing else; none: not any more. */
  async react(message: Message | string, reactions: readonly string[]): Promise<void> {
    const about = { about: idOf(message), reactions: [...reactions] };
    const body = { ...about, origin_id: randomId(), ...this.#to };
    const request = () => this.#link.request({ type: "react", ...body });
    this.changed((await untilStored(request)).change);
  }

  /** Adds a reaction, or takes it back if it is there. */
  async toggle(message: Message, reaction: string): Promise<void> {
    const now = this.find(message.id) ?? message;
    const mine = now.reactions.find((one) => one.own)?.reactions ?? [];
    const others = mine.filter((one) => one !== reaction);
    await this.react(message, others.length < mine.length ? others : [...mine, reaction]);
  }

  /** Call it with each change of what is being written: the others are told now and then. */
  typing(active: boolean): void {
    this.#typing.set(active);
  }

  /** The user has seen all up to a message (the latest if absent). */
  async markDisplayed(message?: Message): Promise<void> {
    const id = message?.id ?? this.#timeline.newestOfOthers;
    if (id === null || id <= this.#displayed || !this.#timeline.has(id)) return;
    this.#seen(id);
    // In a room nobody wants to know.
    if (this.peer === null) return;
    clearTimeout(this.#received);
    const body = { type: "mark" as const, mark: "displayed" as const, message: id, to: this.peer };
    await untilStored(() => this.#link.request(body));
  }

  /** Fetches up to 200 messages older than `messages[0]`, puts them before it, returns them. */
  async history(limit = PAGE): Promise<MessagePage> {
    const oldest = this.#before ?? this.#timeline.oldest;
    const before = oldest === null ? {} : { before: oldest };
    const page = await this.#page({ limit, ...before });
    this.#before = page.next ?? page.messages[0]?.id ?? null;
    this.#more = page.more;
    this.#take(page);
    this.emit("changed");
    return { messages: this.#views(page), more: page.more };
  }

  /** The history backwards, page by page, beginning with what is here. */
  async *pages(limit = PAGE): AsyncGenerator<readonly Message[]> {
    if (this.messages.length > 0) yield this.messages;
    while (this.#more) yield (await this.history(limit)).messages;
  }

  /** Looks for words in all messages; what is found is not put into `messages`. */
  async search(
    words: string,
    options: { before?: string; limit?: number } = {},
  ): Promise<SearchPage> {
    const page = await this.#page({ search: words, limit: PAGE, ...options });
    const next = page.more ? (page.next ?? page.messages[0]?.id ?? null) : null;
    return { messages: this.#views(page), more: page.more, next };
  }

  /** @internal Takes what was there before we came. */
  fill(records: readonly MessageRecord[]): void {
    for (const record of records) this.#timeline.insert(record);
    this.emit("changed");
  }

  /** @internal Takes the newest messages, of which some came while we were away. */
  resume(records: readonly MessageRecord[]): void {
    const newest = this.#timeline.newest;
    // Between those known and these there may be others.
    const apart = records.length > 0 && records.every((one) => one.id > (newest ?? ""));
    if (newest !== null && apart) this.#restart();
    for (const record of records) this.add(record);
  }

  /** @internal Takes a message that may be known already. */
  add(record: MessageRecord): Message {
    const isNew = this.#timeline.insert(record);
    if (isNew && this.#timeline.newest === record.id && this.#timeline.trim()) {
      // The history begins again at what is the oldest now.
      this.#before = null;
      this.#more = true;
    }
    const message = this.#timeline.find(record.id) ?? toMessage(record, this.#me(), "sent");
    this.#typists.gone(record.sender);
    // What waited for a device comes late: the list of conversations has counted it.
    const latest = (this.#timeline.newest ?? "") <= record.id;
    if (isNew && latest && !message.own) this.#arrived(record.id);
    if (isNew) this.emit("message", message);
    this.emit("changed");
    return message;
  }

  /** @internal Takes a change. */
  changed(change: Change): void {
    if (this.#timeline.change(change) !== null) this.emit("changed");
  }

  /** @internal Somebody began or ceased to write. */
  typed(sender: string, name: string, active: boolean): void {
    if (sender !== this.#me()) this.#typists.heard(sender, name, active);
  }

  /** @internal Somebody is that far. */
  marked(sender: string, mark: Mark, id: string): void {
    if (sender === this.#me()) {
      if (mark === "displayed" && id > this.#displayed) this.#seen(id);
    } else if (this.peer !== null && this.#timeline.peerIs(mark, id)) {
      this.emit("changed");
    }
  }

  /** @internal What a list of conversations says. */
  async describe(record: ConversationRecord): Promise<void> {
    if (record.displayed !== null) this.#displayed = record.displayed;
    if (record.peer_received !== null) this.#timeline.peerIs("received", record.peer_received);
    if (record.peer_displayed !== null) this.#timeline.peerIs("displayed", record.peer_displayed);
    if (this.#timeline.newest === null) this.#timeline.insert(record.last);
    else await this.refresh();
    this.#unread = record.unread;
    this.emit("changed");
  }

  /** @internal Fetches what was missed while no session was there. */
  async refresh(): Promise<void> {
    const after = this.#timeline.newest;
    if (after === null) return;
    const page = await this.#page({ after, limit: MOST_AT_ONCE });
    if (page.more) {
      this.#restart();
      this.#take(await this.#page({ limit: PAGE }));
    } else {
      this.#take(page);
    }
    this.emit("changed");
  }

  async #deliver(record: MessageRecord): Promise<Message> {
    const { text, reply_to, attachments } = record;
    const body = {
      text,
      origin_id: record.id,
      ...(reply_to === undefined ? {} : { reply_to }),
      ...(attachments === undefined ? {} : { attachments }),
    };
    const { peer } = this;
    const request = () =>
      peer === null
        ? this.#link.request({ type: "say", ...body })
        : this.#link.request({ type: "send", to: peer, ...body });
    try {
      return this.add((await untilStored(request)).message);
    } catch (error) {
      const reason = toAntiphonError(error, "failed");
      this.#timeline.fail(record.id, reason);
      this.emit("changed");
      throw reason;
    }
  }

  #page(span: {
    before?: string;
    after?: string;
    search?: string;
    limit: number;
  }): Promise<PageRecord> {
    return untilStored(() => this.#link.request({ type: "history", ...span, ...this.#to }));
  }

  #take(page: PageRecord): void {
    for (const record of page.messages) this.#timeline.insert(record);
    for (const change of page.changes ?? []) this.#timeline.change(change);
  }

  #views(page: PageRecord): readonly Message[] {
    return page.messages.map(
      (one) => this.#timeline.find(one.id) ?? toMessage(one, this.#me(), "sent"),
    );
  }

  #restart(): void {
    this.#timeline.clear();
    this.#before = null;
    this.#more = true;
  }

  #arrived(id: string): void {
    this.#unread += 1;
    const { peer } = this;
    if (peer === null) return;
    // One for all that come together; a later `displayed` says it, too.
    clearTimeout(this.#received);
    this.#received = setTimeout(() => {
      const body = { mark: "received" as const, message: id, to: peer };
      this.#quietly(this.#link.request({ type: "mark", ...body }));
    }, RECEIVED_WITHIN_MS);
  }

  #seen(id: string): void {
    this.#displayed = id;
    this.#unread = this.#timeline.countAfter(id);
    this.emit("changed");
  }

  /** What is of no use later fails silently with its session; anything else is told. */
  #quietly(reply: Promise<unknown>): void {
    reply.catch((error: unknown) => {
      if (!hasReason(error, "lost", "closed", "conflict", "left")) this.#link.report(error);
    });
  }

  #me(): string {
    return this.#link.me().address;
  }
}

/** Asks until the session in which it asked is not lost. */
export async function untilStored<Reply>(ask: () => Promise<Reply>): Promise<Reply> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!hasReason(error, "lost")) throw error;
    }
  }
}

function idOf(message: Message | string): string {
  return typeof message === "string" ? message : message.id;
}
