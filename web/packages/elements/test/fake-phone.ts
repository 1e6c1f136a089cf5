/** Calls without a server: what the client library would give, moved by the test. */

import type { Call, Room } from "@antiphon/client";
import { AntiphonError } from "@antiphon/client";
import type { Phone } from "../src/room/backend.js";
import { FakeServer } from "./fake-server.js";
import { FakeRoom } from "./fakes.js";

type Listener = (...values: unknown[]) => void;

class Emitter {
  readonly #listeners = new Map<string, Set<Listener>>();

  on(name: string, listener: Listener): () => void {
    const set = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, set.add(listener));
    return () => set.delete(listener);
  }

  fire(name: string, ...values: unknown[]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) listener(...values);
  }
}

export class FakeCall extends Emitter {
  state = "calling";
  reason: string | null = null;
  startedAt = 1000;
  answeredAt: number | null = null;
  endedAt: number | null = null;
  room: Room | null = null;
  readonly inside = new FakeRoom();
  readonly asked: string[] = [];
  refuse = "";

  constructor(
    readonly incoming: boolean,
    readonly peer: string,
    readonly name = peer,
    readonly video = false,
  ) {
    super();
  }

  get asCall(): Call {
    return this as unknown as Call;
  }

  becomes(state: string, reason: string | null = null): void {
    this.state = state;
    this.reason = reason;
    if (state === "answered") this.answeredAt = Date.now();
    if (state === "ended") this.endedAt = Date.now();
    this.fire("changed");
    if (state === "ended") this.fire("ended");
  }

  enter(): void {
    this.room = this.inside.asRoom;
    this.fire("room", this.room);
  }

  async accept(): Promise<Room> {
    this.asked.push("accept");
    if (this.refuse) throw new AntiphonError(this.refuse, "refused");
    this.becomes("answered");
    this.enter();
    return this.inside.asRoom;
  }

  async decline(reason: string): Promise<void> {
    this.asked.push(`decline ${reason}`);
    if (this.state !== "ended") this.becomes("ended", reason);
  }

  async hangUp(): Promise<void> {
    this.asked.push("hang up");
    if (this.state !== "ended") this.becomes("ended", "left");
  }
}

export class FakePhone extends Emitter {
  state = "idle";
  address = "";
  name = "";
  closed = 0;
  refuse = "";
  readonly asked: string[] = [];
  readonly server = new FakeServer();
  readonly messages = this.server.messages;
  readonly people = this.server.people;
  readonly account = this.server.account;
  readonly files = this.server.files;
  readonly push = {
    supported: false,
    unsubscribe: async () => {
      this.asked.push("push no more");
    },
  };
  /** What the next `call`, `invite` or `transfer` gives. */
  next: FakeCall = new FakeCall(false, "bob@example.org");
  #connecting: () => Promise<unknown> = async () => undefined;

  with(connecting: () => Promise<unknown>): Phone {
    this.#connecting = connecting;
    return this as unknown as Phone;
  }

  async connect(): Promise<void> {
    await this.#connecting();
    this.address = "ann@example.org";
    this.name = "Ann";
    this.state = "connected";
    this.fire("state", "connected");
  }

  close(): void {
    this.closed += 1;
  }

  rings(call: FakeCall): FakeCall {
    this.fire("call", call.asCall);
    return call;
  }

  becomes(state: string): void {
    this.state = state;
    this.fire("state", state);
  }

  async call(to: string, options: { video: boolean }): Promise<Call> {
    this.asked.push(`call ${to}${options.video ? " video" : ""}`);
    if (this.refuse) throw new AntiphonError(this.refuse, "refused");
    this.next.enter();
    return this.next.asCall;
  }

  async invite(to: string): Promise<Call> {
    this.asked.push(`invite ${to}`);
    return this.next.asCall;
  }

  async transfer(to: string): Promise<Call> {
    this.asked.push(`transfer ${to}`);
    return this.next.asCall;
  }
}
