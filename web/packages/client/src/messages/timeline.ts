/** The messages of one conversation: each once, in order, with their changes; it knows no server. */

import type { AntiphonError } from "../errors.js";
import type { Change, Message as MessageRecord } from "../generated/signalling.js";
import { applyChange } from "./fold.js";
import { type Message, type MessageState, toMessage } from "./message.js";

/** Beyond so many, each that comes pushes the oldest out: the history has that again. */
const MOST_KEPT = 5000;

interface Pending {
  readonly record: MessageRecord;
  error: AntiphonError | null;
}

/** Keeps what is stored, and behind it what is on its way. */
export class Timeline {
  readonly #me: () => string;
  /** Ascending by id. */
  #stored: MessageRecord[] = [];
  readonly #known = new Set<string>();
  readonly #pending = new Map<string, Pending>();
  readonly #views = new WeakMap<MessageRecord, Message>();
  #peerReceived = "";
  #peerDisplayed = "";
  #storedView: readonly Message[] | null = null;
  #view: readonly Message[] | null = null;

  /** `me` gives the own account's address. */
  constructor(me: () => string) {
    this.#me = me;
  }

  /** Oldest first; each change makes a new list. */
  get messages(): readonly Message[] {
    this.#view ??= [...this.stored, ...[...this.#pending.values()].map(waitingFor(this.#me()))];
    return this.#view;
  }

  /** The same without what is on its way. */
  get stored(): readonly Message[] {
    this.#storedView ??= this.#stored.map((record) => this.#shown(record));
    return this.#storedView;
  }

  /** The newest of all, without making a list of them. */
  get last(): Message | null {
    if (this.#view !== null) return this.#view.at(-1) ?? null;
    const pending = [...this.#pending.values()].at(-1);
    if (pending) return waitingFor(this.#me())(pending);
    const record = this.#stored.at(-1);
    return record ? this.#shown(record) : null;
  }

  /** Id of the oldest stored message. */
  get oldest(): string | null {
    return this.#stored[0]?.id ?? null;
  }

  /** Id of the newest stored message. */
  get newest(): string | null {
    return this.#stored.at(-1)?.id ?? null;
  }

  /** Whether a message of that id is here. */
  has(id: string): boolean {
    return this.#known.has(id);
  }

  /** The message of that id, or origin id. */
  find(id: string): Message | undefined {
    return this.messages.find((one) => one.id === id || one.originId === id);
  }

  /** Id of the newest message of others. */
  get newestOfOthers(): string | null {
    return this.#stored.findLast((one) => one.sender !== this.#me())?.id ?? null;
  }

  /** How many messages of others come behind an id. */
  countAfter(id: string): number {
    return this.#stored.filter((one) => one.id > id && one.sender !== this.#me()).length;
  }

  /** Takes a stored message; false: it was known, and now is as given. */
  insert(record: MessageRecord): boolean {
    this.#changed();
    if (record.origin_id !== null && record.sender === this.#me()) {
      this.#pending.delete(record.origin_id);
    }
    if (this.#known.has(record.id)) {
      const place = this.#stored.findLastIndex((one) => one.id === record.id);
      this.#stored[place] = record;
      return false;
    }
    this.#known.add(record.id);
    // Ids sort by time; nearly always the place is at the end.
    let place = this.#stored.length;
    while (place > 0 && (this.#stored[place - 1] as MessageRecord).id > record.id) place -= 1;
    this.#stored.splice(place, 0, record);
    return true;
  }

  /** Forgets the oldest if there are too many; says whether it did. */
  trim(): boolean {
    if (this.#stored.length <= MOST_KEPT) return false;
    this.#changed();
    this.#known.delete(this.#stored.shift()?.id ?? "");
    return true;
  }

  /** Takes a change; the message as it is now, or null if it is not here or the same as before. */
  change(change: Change): Message | null {
    const place = this.#stored.findLastIndex((one) => one.id === change.about);
    const before = this.#stored[place];
    if (before === undefined) return null;
    const after = applyChange(before, change);
    if (after === before) return null;
    this.#changed();
    this.#stored[place] = after;
    return this.#shown(after);
  }

  /** Takes what was written and is on its way. */
  expect(record: MessageRecord): Message {
    this.#view = null;
    const pending = { record, error: null };
    this.#pending.set(record.id, pending);
    return waitingFor(this.#me())(pending);
  }

  /** What is on its way failed, or is tried again (null). */
  fail(originId: string, error: AntiphonError | null): MessageRecord | null {
    const pending = this.#pending.get(originId);
    if (pending === undefined) return null;
    this.#view = null;
    pending.error = error;
    return pending.record;
  }

  /** Forgets what failed. */
  discard(originId: string): void {
    if (this.#pending.delete(originId)) this.#view = null;
  }

  /** How far the peer is with our messages; says whether that is further than before. */
  peerIs(mark: "received" | "displayed", id: string): boolean {
    const before = mark === "displayed" ? this.#peerDisplayed : this.#peerReceived;
    if (id <= before) return false;
    this.#changed();
    if (mark === "displayed") this.#peerDisplayed = id;
    else this.#peerReceived = id;
    return true;
  }

  /** Forgets all that is stored: there is a gap behind it. */
  clear(): void {
    this.#changed();
    this.#stored = [];
    this.#known.clear();
  }

  /** The same object as long as nothing in it changes. */
  #shown(record: MessageRecord): Message {
    const state = this.#stateOf(record);
    const known = this.#views.get(record);
    if (known?.state === state) return known;
    const message = toMessage(record, this.#me(), state);
    this.#views.set(record, message);
    return message;
  }

  #stateOf({ id, sender }: MessageRecord): MessageState {
    if (sender !== this.#me()) return "sent";
    if (id <= this.#peerDisplayed) return "displayed";
    return id <= this.#peerReceived ? "received" : "sent";
  }

  #changed(): void {
    this.#storedView = null;
    this.#view = null;
  }
}

function waitingFor(me: string): (pending: Pending) => Message {
  return ({ record, error }) => {
    const state = error === null ? "sending" : "failed";
    return { ...toMessage(record, me, state), error };
  };
}
