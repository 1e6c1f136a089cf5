/** One call as its page sees it; what it asks of the server goes through its link. */

import { Emitter } from "../emitter.js";
import { AntiphonError } from "../errors.js";
import type { Call as CallRecord, CallState } from "../generated/signalling.js";
import type { Room } from "../room/room.js";
import type { JoinOptions } from "../room/types.js";

/** Event name → what its listeners get. */
export interface CallEvents {
  /** `state`, or anything else of the call. */
  changed: [];
  /** `room` was entered or left. */
  room: [room: Room | null];
  /** It is over; `call.reason` says why. */
  ended: [];
}

/** @internal What a call needs of its client. */
export interface CallLink {
  /** Leaves the room that the client is in, and enters the call's. */
  enter(call: Call, options: JoinOptions): Promise<Room>;
  accept(id: string): Promise<CallRecord>;
  decline(id: string, reason: "declined" | "busy"): Promise<void>;
  hangUp(id: string): Promise<void>;
}

/** A call; the object stays the same from its first ring to its end, over reconnections too. */
export class Call extends Emitter<CallEvents> {
  readonly #link: CallLink;
  #record: CallRecord;
  #room: Room | null = null;
  #accepting: Promise<Room> | null = null;

  /** @internal Made by the client. */
  constructor(link: CallLink, record: CallRecord, incoming: boolean) {
    super();
    this.#link = link;
    this.#record = record;
    this.incoming = incoming;
  }

  /** Rings here, or was made here. */
  readonly incoming: boolean;

  get id(): string {
    return this.#record.id;
  }

  get state(): CallState {
    return this.#record.state;
  }

  /** The others' address: an account, or a telephone number. */
  get peer(): string {
    return this.incoming ? this.#record.caller : this.#record.callee;
  }

  /** Their name, as far as it is known: who calls says it, who is called by entering the room. */
  get name(): string {
    if (this.incoming) return this.#record.caller_name || this.#record.caller;
    for (const member of this.#room?.members.values() ?? []) {
      if (member.address === this.#record.callee) return member.name;
    }
    return this.#record.callee;
  }

  /** Whoever calls would like to be seen. */
  get video(): boolean {
    return this.#record.video;
  }

  /** Name of the room that it leads into. */
  get roomName(): string {
    return this.#record.room;
  }

  /** The room, while this client is in it. */
  get room(): Room | null {
    return this.#room;
  }

  /** Milliseconds since 1970. */
  get startedAt(): number {
    return this.#record.started_at * 1000;
  }

  /** Milliseconds since 1970; null before. */
  get answeredAt(): number | null {
    return milliseconds(this.#record.answered_at);
  }

  /** Milliseconds since 1970; null before. */
  get endedAt(): number | null {
    return milliseconds(this.#record.ended_at);
  }

  /** Why it ended (`left`, `declined`, `busy`, `timeout`, `elsewhere`, …); null before. */
  get reason(): string | null {
    return this.#record.reason;
  }

  /**
   * Answers: leaves the room that the client is in, if any, and enters the call's. Rejects with
   * AntiphonError; `gone`: it was answered elsewhere, or is over.
   */
  accept(options: JoinOptions = {}): Promise<Room> {
    if (!this.incoming) {
      return Promise.reject(
        new AntiphonError("conflict", "A call cannot be answered by its caller."),
      );
    }
    this.#accepting ??= this.#accept(options).finally(() => {
      this.#accepting = null;
    });
    return this.#accepting;
  }

  /** Does not answer: what else rings goes on, unless this was the last. */
  async decline(reason: "declined" | "busy" = "declined"): Promise<void> {
    if (this.state === "ended") return;
    await this.#link.decline(this.id, reason);
    this.end(reason);
  }

  /** Ends the call, or goes out of it while others stay. */
  async hangUp(): Promise<void> {
    const room = this.#room;
    if (this.state === "ended") return;
    if (room === null || this.state !== "answered") await this.#link.hangUp(this.id);
    await room?.leave();
    this.end("left");
  }

  /** @internal What the server says of it now. */
  update(record: CallRecord): void {
    if (this.state === "ended") return;
    this.#record = record;
    this.emit("changed");
    if (record.state === "ended") this.emit("ended");
  }

  /** @internal The client is in its room, or no more. */
  enter(room: Room | null): void {
    if (room === this.#room) return;
    this.#room = room;
    this.emit("room", room);
  }

  /** @internal It is over for this client. */
  end(reason: CallRecord["reason"]): void {
    this.update({ ...this.#record, state: "ended", ended_at: Date.now() / 1000, reason });
  }

  async #accept(options: JoinOptions): Promise<Room> {
    this.update(await this.#link.accept(this.id));
    return this.#link.enter(this, options);
  }
}

function milliseconds(seconds: number | null): number | null {
  return seconds === null ? null : seconds * 1000;
}
