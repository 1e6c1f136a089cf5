/** A room, a server and devices without any of them, for tests of the session and the element. */

import type { LocalTrack, LoggedCall, Member, Message, RemoteTrack, Room } from "@antiphon/client";
import { AntiphonError } from "@antiphon/client";
import type { Backend, EnterOptions, NewAccount, PhoneOptions } from "../src/room/backend.js";
import { FakePhone } from "./fake-phone.js";
import { FakeServer } from "./fake-server.js";

type Listener = (...values: unknown[]) => void;
type Open<T> = { -readonly [K in keyof T]: T[K] };
export type FakeMember = Open<Member> & { tracks: (RemoteTrack | LocalTrack)[] };

export class FakeTrack extends EventTarget {
  readyState = "live";
  enabled = true;

  constructor(
    readonly kind: "audio" | "video",
    readonly deviceId = "built-in",
  ) {
    super();
  }

  stop(): void {
    this.readyState = "ended";
  }

  /** The device is unplugged. */
  end(): void {
    this.readyState = "ended";
    this.dispatchEvent(new Event("ended"));
  }

  getSettings() {
    return { deviceId: this.deviceId };
  }
}

export function fakeTrack(kind: "audio" | "video", deviceId?: string) {
  return new FakeTrack(kind, deviceId) as unknown as MediaStreamTrack & FakeTrack;
}

export class FakeLocalTrack {
  muted: boolean;
  readonly calls: string[] = [];

  constructor(
    public mediaTrack: MediaStreamTrack,
    readonly source: string,
    muted = false,
  ) {
    this.muted = muted;
  }

  async mute(): Promise<void> {
    this.muted = true;
    this.calls.push("mute");
  }

  async unmute(): Promise<void> {
    this.muted = false;
    this.calls.push("unmute");
  }

  async replace(track: MediaStreamTrack): Promise<void> {
    this.mediaTrack = track;
    this.calls.push("replace");
  }

  async unpublish(): Promise<void> {
    this.calls.push("unpublish");
  }
}

export class FakeRoom {
  name = "standup";
  title = "Stand-up";
  readonly me: FakeMember;
  readonly members = new Map<string, FakeMember>();
  readonly tracks = new Map<string, RemoteTrack>();
  localTracks: FakeLocalTrack[] = [];
  speaker: Member | null = null;
  quality = null;
  mediaState = "connected";
  left = false;
  readonly moderated: unknown[] = [];
  readonly server = new FakeServer();
  readonly chat = this.server.room("standup");
  holdFails = false;
  readonly did: string[] = [];
  readonly #listeners = new Map<string, Set<Listener>>();

  constructor() {
    this.me = this.enter("me", { name: "Ada", isLocal: true });
    this.server.me = { address: this.me.address, name: this.me.name };
  }

  get asRoom(): Room {
    return this as unknown as Room;
  }

  on(name: string, listener: Listener): () => void {
    const set = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, set.add(listener));
    return () => set.delete(listener);
  }

  fire(name: string, ...values: unknown[]): void {
    for (const listener of this.#listeners.get(name) ?? []) listener(...values);
  }

  enter(id: string, change: Partial<FakeMember> = {}): FakeMember {
    const member: FakeMember = {
      id,
      address: `${id}@example.org`,
      name: id,
      role: "speaker",
      hand: false,
      present: true,
      joinedAt: this.members.size,
      stream: false,
      phone: false,
      affiliation: "none",
      held: false,
      isLocal: false,
      tracks: [],
      ...change,
    };
    this.members.set(id, member);
    this.fire("member-joined", member);
    return member;
  }

  add(member: FakeMember, kind: "audio" | "video", source: string, change = {}): RemoteTrack {
    const id = `${member.id}-${source}`;
    const made = { id, member, kind, source, muted: false, codec: null, mediaTrack: null };
    const track = { ...made, ...change } as unknown as RemoteTrack;
    member.tracks = [...member.tracks, track];
    this.tracks.set(id, track);
    this.fire("track-added", track);
    return track;
  }

  hear(sender: FakeMember, text: string): Message {
    const record = this.server.keeps(this.name, sender.address, sender.name, text);
    const message = this.chat.add(record);
    this.fire("message", message);
    return message;
  }

  async publish(track: MediaStreamTrack, options: { source: string; muted?: boolean }) {
    const local = new FakeLocalTrack(track, options.source, options.muted);
    this.localTracks = [...this.localTracks, local];
    this.fire("local-tracks");
    return local;
  }

  async raiseHand(raised: boolean): Promise<void> {
    this.me.hand = raised;
    this.fire("member-changed", this.me);
  }

  async leave(): Promise<void> {
    this.left = true;
  }

  async hold(held: boolean): Promise<void> {
    this.#refuseHold();
    this.did.push(`hold ${held}`);
  }

  async press(digit: string): Promise<void> {
    this.did.push(`press ${digit}`);
  }

  #refuseHold(): void {
    if (this.holdFails) throw new AntiphonError("forbidden", "refused");
  }

  async moderate(...values: unknown[]): Promise<void> {
    this.moderated.push(values);
  }
}

export class FakeBackend implements Backend {
  room = new FakeRoom();
  /** Reasons to refuse with, by what is asked. */
  readonly refuse: { [what: string]: string } = {};
  readonly asked: string[] = [];
  entered: EnterOptions | null = null;
  readonly telephone = new FakePhone();
  logged: LoggedCall[] = [];
  closed = 0;
  linkState = "connected";
  #linkListener: Listener = () => {};

  /** The connection breaks or comes back. */
  connection(state: string): void {
    this.linkState = state;
    this.#linkListener(state);
  }

  async guest(_server: string, name: string, room: string) {
    this.#ask("guest", `${name} ${room}`);
    return { token: "guest-token", expiresAt: Number.POSITIVE_INFINITY };
  }

  async login(_server: string, address: string) {
    this.#ask("login", address);
    return { token: "account-token", expiresAt: Number.POSITIVE_INFINITY };
  }

  async renew(_server: string, token: string) {
    this.#ask("renew", token);
    return { token: `${token}+`, expiresAt: Number.POSITIVE_INFINITY };
  }

  async offers() {
    return { guests: true, registration: true };
  }

  async invitation(_server: string, token: string) {
    this.#ask("invitation", token);
    return { room: "board" };
  }

  async resetPassword(_server: string, token: string, password: string) {
    this.#ask("reset", `${token} ${password}`);
  }

  async register(_server: string, account: NewAccount) {
    this.#ask("register", `${account.address} ${account.name}`);
  }

  phone(options: PhoneOptions) {
    return this.telephone.with(async () => this.#ask("phone", await options.token()));
  }

  async calls(_server: string, token: string, address: string, before: string | null) {
    this.#ask("calls", `${token} ${address} ${before ?? "latest"}`);
    return { calls: this.logged, more: false };
  }

  async enter(options: EnterOptions) {
    this.#ask("enter", await options.token());
    this.entered = options;
    const backend = this;
    const link = {
      get state() {
        return backend.linkState;
      },
      on: (_: string, listener: Listener) => {
        this.#linkListener = listener;
        return () => {};
      },
      close: () => {
        this.closed += 1;
      },
      files: this.room.server.files,
    };
    return { link: link as never, room: this.room.asRoom };
  }

  async openCamera(deviceId: string) {
    this.#ask("camera", deviceId);
    return fakeTrack("video", deviceId || "built-in");
  }

  async openMicrophone(deviceId: string) {
    this.#ask("microphone", deviceId);
    return fakeTrack("audio", deviceId || "built-in");
  }

  async openScreen() {
    this.#ask("screen", "");
    return [fakeTrack("video"), fakeTrack("audio")];
  }

  async listDevices() {
    return { cameras: [], microphones: [], speakers: [] };
  }

  publisher(): never {
    throw new AntiphonError("unsupported", "not in this test");
  }

  player(): never {
    throw new AntiphonError("unsupported", "not in this test");
  }

  watchDevices() {
    return () => {};
  }

  #ask(what: string, value: string): void {
    this.asked.push(value ? `${what} ${value}` : what);
    const reason = this.refuse[what];
    if (reason) throw new AntiphonError(reason, `refused: ${reason}`);
  }
}

/** Lets everything that waits for promises go on. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
