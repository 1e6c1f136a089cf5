/** The messages of a room: each once, in order; it knows no member. */

import { AntiphonError, hasReason } from "../errors.js";
import type { Accepted, Message as MessageRecord } from "../generated/signalling.js";
import type { Request } from "../session/requests.js";

/** A chat message. `sentAt`: milliseconds since 1970. */
export interface Message {
  readonly id: string;
  readonly room: string;
  /** Address of the sender. */
  readonly sender: string;
  /** The sender's name when it was sent. */
  readonly name: string;
  readonly text: string;
  readonly sentAt: number;
  /** The sender's own id of it. */
  readonly originId: string | null;
}

/** Longest text of a message, in characters. */
export const LONGEST_TEXT = 10_000;
/** So many messages are kept; older ones can be had from the history again. */
const MOST_KEPT = 5000;

/** Keeps messages, sends them, fetches older ones. */
export class Chat {
  readonly #request: Request;
  readonly #added: (message: Message) => void;
  readonly #known = new Set<string>();
  #messages: Message[] = [];

  /** `added` is called for each message that is new, but not for those of `fill` or `history`. */
  constructor(request: Request, added: (message: Message) => void) {
    this.#request = request;
    this.#added = added;
  }

  /** Oldest first. */
  get messages(): readonly Message[] {
    return this.#messages;
  }

  /** Takes what was there before we came. */
  fill(records: readonly MessageRecord[]): void {
    for (const record of records) this.#insert(record);
  }

  /** Takes a message that may be known already. */
  add(record: MessageRecord): Message {
    const [message, isNew] = this.#insert(record);
    if (isNew) this.#added(message);
    return message;
  }

  /** Sends a message; resolves when it is stored. It is sent again after any loss, and is one. */
  async say(text: string): Promise<Message> {
    const body = { text: checked(text), origin_id: randomId() };
    return this.add(await untilStored(() => this.#request({ type: "say", ...body })));
  }

  /** Fetches messages older than the oldest one here and puts them before it. */
  async history(limit: number): Promise<{ messages: readonly Message[]; more: boolean }> {
    const oldest = this.#messages[0];
    const before = oldest === undefined ? {} : { before: oldest.id };
    const reply = await this.#request({ type: "history", limit, ...before });
    return { messages: reply.messages.map((one) => this.#insert(one)[0]), more: reply.more };
  }

  #insert(record: MessageRecord): [Message, boolean] {
    const message = toMessage(record);
    if (this.#known.has(message.id)) return [message, false];
    this.#known.add(message.id);
    // Ids sort by time; nearly always the place is at the end.
    let place = this.#messages.length;
    while (place > 0 && (this.#messages[place - 1] as Message).id > message.id) place -= 1;
    this.#messages = this.#messages.toSpliced(place, 0, message);
    if (this.#messages.length > MOST_KEPT) this.#forgetOldest();
    return [message, true];
  }

  #forgetOldest(): void {
    const [oldest, ...rest] = this.#messages;
    if (oldest !== undefined) this.#known.delete(oldest.id);
    this.#messages = rest;
  }
}

/** Sends a direct message, after any loss again, once; resolves when one of their devices has it. */
export async function sendDirect(request: Request, to: string, text: string): Promise<Message> {
  const body = { to, text: checked(text), origin_id: randomId() };
  return toMessage(await untilStored(() => request({ type: "send", ...body })));
}

/** Asks until the session in which it asked is not lost. */
async function untilStored(ask: () => Promise<Accepted>): Promise<MessageRecord> {
  for (;;) {
    try {
      return (await ask()).message;
    } catch (error) {
      if (!hasReason(error, "lost")) throw error;
    }
  }
}

function checked(text: string): string {
  const length = [...text].length;
  if (length === 0) throw new AntiphonError("bad_request", "A message needs text.");
  if (length > LONGEST_TEXT) {
    throw new AntiphonError("too_large", `A message has at most ${LONGEST_TEXT} characters.`);
  }
  return text;
}

/** A message as applications see it. */
export function toMessage(record: MessageRecord): Message {
  const { id, room, sender, name, text } = record;
  return {
    id,
    room,
    sender,
    name,
    text,
    sentAt: record.sent_at * 1000,
    originId: record.origin_id,
  };
}

/** 128 random bits; `crypto.randomUUID` is not there on pages without TLS. */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
