/** One call from its first ring to its end: its room, its microphone and camera, whom it rings. */

import type { Call, Room } from "@antiphon/client";
import type { Attempt } from "../logic/problems.js";
import type { Input } from "../media/input.js";

/** What a talk needs of the session around it. */
export interface TalkHost {
  readonly microphone: Input;
  readonly camera: Input;
  changed(): void;
  refused(attempt: Attempt, error: unknown): void;
  /** It is over. */
  over(talk: Talk): void;
}

const ROOM_EVENTS = [
  "member-joined",
  "member-changed",
  "member-left",
  "track-added",
  "track-removed",
  "media",
  "speaker",
  "media-state",
  "local-tracks",
] as const;

export class Talk {
  /** The others wait: nothing is sent or heard. */
  held = false;
  /** Keys pressed so far. */
  pressed = "";
  /** Whom this call rings in, and has not reached yet. */
  rung: readonly Call[] = [];
  /** The name by which the others are known until they say their own. */
  readonly title: string;
  #offs: (() => void)[] = [];
  #roomOffs: (() => void)[] = [];

  constructor(
    readonly call: Call,
    readonly host: TalkHost,
    title = "",
  ) {
    this.title = title;
    this.#offs = [
      call.on("changed", () => host.changed()),
      call.on("room", (room) => this.#follow(room)),
      call.on("ended", () => this.#ended()),
    ];
    if (call.room) this.#follow(call.room);
    // It may have ended before anybody could listen.
    if (call.state === "ended") queueMicrotask(() => this.#ended());
  }

  get name(): string {
    const { name, peer } = this.call;
    return name === peer && this.title ? this.title : name;
  }

  get room(): Room | null {
    return this.call.room;
  }

  /** Rings here, and waits for an answer. */
  get ringing(): boolean {
    return this.call.incoming && !this.talking;
  }

  get talking(): boolean {
    return this.call.state === "answered";
  }

  /** The connection of its media is broken for the moment. */
  get broken(): boolean {
    const state = this.room?.mediaState;
    return state === "interrupted" || state === "failed";
  }

  /** Publishes what is open, and what will be opened. */
  async publish(): Promise<void> {
    const { room } = this;
    if (!room) return;
    const { microphone, camera } = this.host;
    await Promise.all([
      microphone.attach((track, muted) => room.publish(track, { source: "microphone", muted })),
      camera.attach((track, muted) => room.publish(track, { source: "camera", muted })),
    ]);
    if (this.held) this.#silence();
  }

  async hold(held: boolean): Promise<void> {
    const { room } = this;
    if (!room || held === this.held) return;
    this.held = held;
    this.#silence();
    this.host.changed();
    try {
      await room.hold(held);
    } catch (error) {
      this.held = !held;
      this.#silence();
      this.host.refused("action", error);
    }
    this.host.changed();
  }

  async press(digit: string): Promise<void> {
    this.pressed += digit;
    this.host.changed();
    try {
      await this.room?.press(digit);
    } catch (error) {
      this.host.refused("action", error);
    }
  }

  /** Shows that somebody is rung into the room, until they answer or will not. */
  rings(call: Call, failed: (call: Call) => void): void {
    this.rung = [...this.rung, call];
    this.host.changed();
    const offs = [
      call.on("changed", () => {
        if (call.state === "answered") done();
      }),
      call.on("ended", () => {
        done();
        if (call.reason !== "left") failed(call);
      }),
    ];
    const done = () => {
      for (const off of offs) off();
      this.rung = this.rung.filter((one) => one !== call);
      this.host.changed();
    };
    if (call.state === "ended") {
      done();
      failed(call);
    }
  }

  close(): void {
    for (const off of [...this.#offs, ...this.#roomOffs]) off();
    this.#offs = [];
    this.#roomOffs = [];
  }

  #follow(room: Room | null): void {
    for (const off of this.#roomOffs) off();
    this.#roomOffs = [];
    const { host } = this;
    if (room) {
      this.#roomOffs = [
        ...ROOM_EVENTS.map((name) => room.on(name, () => host.changed())),
        room.on("error", (error) => host.refused("action", error)),
        room.on("track-changed", () => {
          // A moderator may have muted us.
          host.microphone.follow();
          host.changed();
        }),
      ];
    }
    host.changed();
  }

  #ended(): void {
    if (this.#offs.length === 0) return;
    this.close();
    this.host.over(this);
  }

  /** Nothing is heard of us while the others are on hold, whatever the server does. */
  #silence(): void {
    for (const input of [this.host.microphone, this.host.camera]) {
      if (input.track) input.track.enabled = input.on && !this.held;
    }
  }
}
