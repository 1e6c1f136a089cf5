/** One conversation as it is read and written: drafts, answers, files, unread; it knows no element. */

import type { Message } from "@antiphon/client";
import { type Attempt, reasonOf } from "../logic/problems.js";
import type { EmojiGroup } from "./emoji-list.js";
import { Finder } from "./finder.js";
import type { Place } from "./place.js";
import { Uploads } from "./uploads.js";

export interface ChatHost {
  changed(): void;
  refused(attempt: Attempt, error: unknown): void;
  /** Somebody looks at it now. */
  attentive(): boolean;
  /** More files than a message may have. */
  tooMany(): void;
}

/** What is open above or beside a message, or in the line in which one writes. */
export interface Overlay {
  readonly kind: "menu" | "emoji" | "retract";
  /** Id of a message; empty: the line in which one writes. */
  readonly on: string;
}

const PAGE = 50;
/** So many messages are drawn at first; more as one goes back. */
const DRAWN = 150;
const FEW = 20;
/** So many pages are fetched at most to find a message. */
const FARTHEST = 20;
const FLEETING: ReadonlySet<string> = new Set(["lost", "closed", "conflict", "left", "not_found"]);

export class ChatModel {
  draft = "";
  replying: Message | null = null;
  editing: Message | null = null;
  overlay: Overlay | null = null;
  /** What was unread is known: it may be shown and marked. */
  ready = false;
  /** Null until it was loaded. */
  emoji: readonly EmojiGroup[] | null = null;
  /** Files are being dragged over it. */
  dragging = false;
  /** Earlier messages are on their way. */
  loading = false;
  /** Id of the first message that was unread when the conversation was opened. */
  unreadFrom: string | null = null;
  /** Id of a message that is to be brought into view. */
  target: string | null = null;
  readonly uploads: Uploads;
  readonly finder: Finder;
  #place: Place | null = null;
  #open = false;
  #off: () => void = () => {};
  #before = "";
  /** How many of the newest messages are drawn. */
  #drawn = DRAWN;

  constructor(readonly host: ChatHost) {
    const model = this;
    const changed = () => host.changed();
    this.uploads = new Uploads({
      get upload() {
        return model.#place?.upload ?? null;
      },
      changed,
      refused: (error) => host.refused("upload", error),
      tooMany: () => host.tooMany(),
    });
    this.finder = new Finder(
      () => this.#place?.conversation ?? null,
      changed,
      (error) => host.refused("action", error),
    );
  }

  get place(): Place | null {
    return this.#place;
  }

  /** Where it is read and written; null: nowhere, for now. */
  attach(place: Place | null): void {
    this.#off();
    this.#off = () => {};
    this.#place = place;
    this.ready = false;
    if (place) {
      const off = place.conversation.on("changed", () => this.#changed());
      const heard = place.conversation.on("message", (message) => {
        if (message.own) this.unreadFrom = null;
      });
      this.#off = () => {
        off();
        heard();
      };
      if (this.#open) void this.#opened();
    }
    this.host.changed();
  }

  /** All that is known, oldest first. */
  get messages(): readonly Message[] {
    return this.#place?.conversation.messages ?? [];
  }

  /** Those of them that are drawn: a long history is no burden to the page. */
  get shown(): readonly Message[] {
    return this.messages.slice(-this.#drawn);
  }

  /** Whether there are earlier ones than those drawn. */
  get earlier(): boolean {
    return this.more || this.messages.length > this.#drawn;
  }

  get unread(): number {
    return this.#open ? 0 : (this.#place?.conversation.unread ?? 0);
  }

  get more(): boolean {
    return this.#place?.conversation.more ?? false;
  }

  get open(): boolean {
    return this.#open;
  }

  /** It is shown or hidden. */
  set open(open: boolean) {
    if (open === this.#open) return;
    this.#open = open;
    this.ready = false;
    this.#drawn = DRAWN;
    if (open) void this.#opened();
    else this.unreadFrom = null;
    this.host.changed();
  }

  /** Somebody looks again: what stands there is read. */
  seen(): void {
    const conversation = this.#place?.conversation;
    if (!conversation || !this.ready || conversation.unread === 0) return;
    if (!this.host.attentive()) return;
    this.#quietly(conversation.markDisplayed());
  }

  // writing

  /** Each change of what is being written. */
  write(draft: string): void {
    this.draft = draft;
    if (!this.editing) this.#place?.conversation.typing(draft.trim() !== "");
    this.host.changed();
  }

  get sendable(): boolean {
    if (!this.#place || this.uploads.busy) return false;
    return this.draft.trim() !== "" || this.uploads.attachments.length > 0;
  }

  /** Sends what is written, or saves what was edited. */
  async send(): Promise<void> {
    const conversation = this.#place?.conversation;
    if (!conversation || !this.sendable) return;
    const text = this.draft.trim();
    const { editing, replying } = this;
    if (editing) {
      this.cancel();
      if (text !== editing.text) {
        await this.#try("message", () => conversation.correct(editing, text, editing.attachments));
      }
      return;
    }
    const attachments = this.uploads.attachments;
    this.draft = "";
    this.replying = this.overlay = null;
    this.uploads.sent();
    this.host.changed();
    const reply = replying ? { replyTo: replying } : {};
    await this.#try("message", () => conversation.send(text, { attachments, ...reply }));
  }

  reply(message: Message): void {
    this.cancel();
    this.replying = message;
    this.host.changed();
  }

  edit(message: Message): void {
    this.cancel();
    this.#before = this.draft;
    this.editing = message;
    this.draft = message.text;
    this.host.changed();
  }

  /** The latest own message that can be edited, for the arrow key. */
  editLast(): void {
    const last = this.messages.findLast((one) => one.own && isStored(one) && !one.retracted);
    if (last) this.edit(last);
  }

  /** Neither an answer nor an edit any more; what was written before comes back. */
  cancel(): void {
    if (this.editing) this.draft = this.#before;
    this.#before = "";
    this.replying = this.editing = this.overlay = null;
    this.host.changed();
  }

  dragged(over: boolean): void {
    if (over === this.dragging) return;
    this.dragging = over;
    this.host.changed();
  }

  // what is done to messages

  mayRetract(message: Message): boolean {
    const may = message.own || (this.#place?.moderates ?? false);
    return may && isStored(message) && !message.retracted;
  }

  show(overlay: Overlay | null): void {
    this.overlay = overlay;
    if (overlay?.kind === "emoji" && this.emoji === null) void this.#loadEmoji();
    this.host.changed();
  }

  async react(message: Message, emoji: string): Promise<void> {
    this.show(null);
    await this.#try("message", async () => this.#place?.conversation.toggle(message, emoji));
  }

  async retract(message: Message): Promise<void> {
    this.show(null);
    await this.#try("message", async () => this.#place?.conversation.retract(message));
  }

  async retry(message: Message): Promise<void> {
    await this.#try("message", async () => this.#place?.conversation.retry(message));
  }

  discard(message: Message): void {
    this.#place?.conversation.discard(message);
  }

  // reading

  /** Shows earlier messages: those that are here, else it fetches some. */
  async showEarlier(): Promise<void> {
    if (this.loading || !this.earlier) return;
    if (this.messages.length <= this.#drawn) await this.loadEarlier();
    this.#drawn += PAGE;
    this.host.changed();
  }

  /** Fetches earlier messages. */
  async loadEarlier(): Promise<void> {
    const conversation = this.#place?.conversation;
    if (!conversation || this.loading || !conversation.more) return;
    this.loading = true;
    this.host.changed();
    try {
      await conversation.history(PAGE);
    } catch (error) {
      this.host.refused("action", error);
    } finally {
      this.loading = false;
      this.host.changed();
    }
  }

  /** Brings a message into view, fetching what lies between. */
  async goTo(id: string): Promise<void> {
    const conversation = this.#place?.conversation;
    if (!conversation) return;
    for (let pages = 0; pages < FARTHEST && !conversation.find(id); pages += 1) {
      if (!conversation.more) return;
      await this.loadEarlier();
    }
    this.target = conversation.find(id)?.id ?? null;
    this.#draw(this.target);
    this.host.changed();
  }

  close(): void {
    this.#off();
    this.#off = () => {};
    this.uploads.clear();
  }

  /** Where reading begins: at what was unread before. */
  async #opened(): Promise<void> {
    const place = this.#place;
    if (!place) return;
    const { conversation } = place;
    const count = conversation.unread;
    // Of a direct one only the latest is known at first; a room gives the newest when one enters.
    const short = conversation.messages.length < FEW;
    if (conversation.peer !== null && short) await this.loadEarlier();
    if (place !== this.#place || !this.#open) return;
    const others = this.messages.filter((one) => !one.own);
    this.unreadFrom = count > 0 ? ((others.at(-count) ?? others[0])?.id ?? null) : null;
    this.#draw(this.unreadFrom);
    this.ready = true;
    this.host.changed();
    this.seen();
  }

  /** Draws at least as far back as to a message. */
  #draw(id: string | null): void {
    const place = this.messages.findIndex((one) => one.id === id);
    if (place >= 0) this.#drawn = Math.max(this.#drawn, this.messages.length - place + PAGE / 2);
  }

  /** Most people never open it: it comes when it is asked for. */
  async #loadEmoji(): Promise<void> {
    await this.#try("action", async () => {
      this.emoji = (await import("./emoji-list.js")).emojiGroups();
      this.host.changed();
    });
  }

  #changed(): void {
    this.seen();
    this.host.changed();
  }

  async #try(attempt: Attempt, task: () => Promise<unknown>): Promise<void> {
    try {
      await task();
    } catch (error) {
      this.host.refused(attempt, error);
    }
  }

  /** What is of no use later may be lost with the connection. */
  #quietly(task: Promise<unknown>): void {
    task.catch((error: unknown) => {
      if (!FLEETING.has(reasonOf(error))) this.host.refused("action", error);
    });
  }
}

/** The server has it. */
export function isStored(message: Message): boolean {
  return message.state !== "sending" && message.state !== "failed";
}
