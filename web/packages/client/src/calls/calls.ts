/** The calls of a client: those that ring here and those it makes; it knows no socket. */

import { hasReason } from "../errors.js";
import type { Call as CallRecord, ServerEvent } from "../generated/signalling.js";
import type { Room } from "../room/room.js";
import type { JoinOptions } from "../room/types.js";
import type { Request } from "../session/requests.js";
import { Call } from "./call.js";

/** Events of calls, as opposed to those of a room. */
export type CallEvent = Extract<ServerEvent, { call: CallRecord }>;

/** What the calls need of their client. */
export interface CallsLink {
  request: Request;
  /** Enters a room, leaving the one that the client is in. */
  enter(room: string, options: JoinOptions): Promise<Room>;
  /** Somebody calls. */
  invited(call: Call): void;
  /** What nobody waits for failed. */
  report(error: unknown): void;
}

/** Whether an event concerns a call. */
export function isCallEvent(event: ServerEvent): event is CallEvent {
  return "call" in event;
}

/** All calls that are not over. */
export class Calls {
  readonly open = new Map<string, Call>();
  readonly #link: CallsLink;
  /** What is told of calls whose reply is on its way through the event loop. */
  readonly #early = new Map<string, CallRecord>();
  #placing = 0;

  constructor(link: CallsLink) {
    this.#link = link;
  }

  /** Rings somebody: into a room of its own, or into the one that the client is in. */
  async place(
    type: "call" | "invite" | "transfer",
    to: string,
    options: { video?: boolean },
  ): Promise<Call> {
    this.#placing += 1;
    try {
      const { call: record } = await this.#link.request({ type, to, ...options });
      const call = this.#add(record, false);
      const news = this.#early.get(record.id);
      if (news !== undefined) this.#update(call, news);
      return call;
    } finally {
      this.#placing -= 1;
      if (this.#placing === 0) this.#early.clear();
    }
  }

  /** Enters the room of a call that was made or accepted here; hangs up when that fails. */
  async enter(call: Call, options: JoinOptions): Promise<Room> {
    try {
      const room = await this.#link.enter(call.roomName, options);
      room.once("ended", ({ reason }) => {
        call.enter(null);
        // The server tells why a call ended; here it ends because its room was left.
        if (call.state === "answered") call.end(reason as CallRecord["reason"]);
      });
      call.enter(room);
      return room;
    } catch (error) {
      await this.#hangUp(call.id);
      call.end("internal");
      throw error;
    }
  }

  /** An event of the session. */
  handle(event: CallEvent): void {
    const { call: record } = event;
    const call = this.open.get(record.id);
    if (call !== undefined) this.#update(call, record);
    else if (event.type === "invited") this.#link.invited(this.#add(record, true));
    else if (this.#placing > 0) this.#early.set(record.id, record);
  }

  /** The session is lost: the server rings no more for it. */
  lost(): void {
    for (const call of [...this.open.values()]) if (call.state !== "answered") call.end("lost");
  }

  #add(record: CallRecord, incoming: boolean): Call {
    const link = {
      enter: (call: Call, options: JoinOptions) => this.enter(call, options),
      accept: async (id: string) => (await this.#link.request({ type: "accept", call: id })).call,
      decline: async (id: string, reason: "declined" | "busy") => {
        await over(this.#link.request({ type: "decline", call: id, reason }));
      },
      hangUp: (id: string) => this.#hangUp(id),
    };
    const call = new Call(link, record, incoming);
    this.open.set(record.id, call);
    call.once("ended", () => this.open.delete(record.id));
    return call;
  }

  #update(call: Call, record: CallRecord): void {
    call.update(record);
    const { room } = call;
    // Nobody came: there is nothing to wait for in a room that was made for the two.
    if (call.state === "ended" && room !== null && room.members.size < 2) {
      room.leave().catch((error: unknown) => this.#link.report(error));
    }
  }

  async #hangUp(id: string): Promise<void> {
    await over(this.#link.request({ type: "hang_up", call: id }));
  }
}

/** A call that is over need not be ended. */
async function over(reply: Promise<unknown>): Promise<void> {
  await reply.catch((error: unknown) => {
    if (!hasReason(error, "gone", "not_found", "lost", "closed")) throw error;
  });
}
