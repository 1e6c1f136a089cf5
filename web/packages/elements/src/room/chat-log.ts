/** The chat of a room as its panel needs it: unread, unsent, earlier ones; no element. */

import type { Message, Room } from "@antiphon/client";

export interface Unsent {
  readonly id: number;
  readonly text: string;
  readonly failed: boolean;
}

/** The part of a room that the chat uses. */
export type ChatRoom = Pick<Room, "messages" | "say" | "history" | "me">;

const PAGE = 50;

export class ChatLog {
  unread = 0;
  unsent: readonly Unsent[] = [];
  /** True while the server may have earlier messages. */
  more = true;
  loading = false;
  #room: ChatRoom | null = null;
  #open = false;
  #last = 0;

  /** `failed` is told why a message was not sent. */
  constructor(
    readonly changed: () => void,
    readonly failed: (error: unknown) => void,
  ) {}

  /** The room whose chat this is. */
  attach(room: ChatRoom | null): void {
    this.#room = room;
    this.more = true;
    this.changed();
  }

  get room(): ChatRoom | null {
    return this.#room;
  }

  /** All that is known, oldest first. */
  get messages(): readonly Message[] {
    return this.#room?.messages ?? [];
  }

  get open(): boolean {
    return this.#open;
  }

  /** The panel is shown or hidden. */
  set open(open: boolean) {
    this.#open = open;
    if (open) this.unread = 0;
    this.changed();
  }

  /** A message arrived; true if it is news for who reads here. */
  heard(message: Message): boolean {
    const foreign = message.sender !== this.#room?.me.address;
    if (foreign && !this.#open) this.unread += 1;
    this.changed();
    return foreign;
  }

  /** Sends a text; it stands among the unsent until the server has it. */
  async say(text: string): Promise<void> {
    const room = this.#room;
    const trimmed = text.trim();
    if (!room || !trimmed) return;
    this.#last += 1;
    const id = this.#last;
    this.unsent = [...this.unsent, { id, text: trimmed, failed: false }];
    this.changed();
    try {
      await room.say(trimmed);
      this.#drop(id);
    } catch (error) {
      this.unsent = this.unsent.map((one) => (one.id === id ? { ...one, failed: true } : one));
      this.failed(error);
    }
    this.changed();
  }

  /** Tries one that failed again. */
  async resend(id: number): Promise<void> {
    const text = this.unsent.find((one) => one.id === id)?.text;
    this.#drop(id);
    if (text) await this.say(text);
  }

  /** Fetches earlier messages. */
  async loadEarlier(): Promise<void> {
    const room = this.#room;
    if (!room || this.loading || !this.more) return;
    this.loading = true;
    this.changed();
    try {
      this.more = (await room.history(PAGE)).more;
    } catch (error) {
      this.failed(error);
    } finally {
      this.loading = false;
      this.changed();
    }
  }

  #drop(id: number): void {
    this.unsent = this.unsent.filter((one) => one.id !== id);
  }
}
