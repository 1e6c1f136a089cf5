/** A room without a server: people made of canvas pictures, for looking at the elements. */

import type {
  Conversation,
  LocalTrack,
  Member,
  Quality,
  RemoteTrack,
  Room,
} from "@antiphon/client";
import { FakeServer } from "../../elements/test/fake-server.js";
import { paintPerson, paintScreen } from "./pictures.js";

export interface Scenario {
  readonly people: number;
  readonly sharing: boolean;
  readonly messages: number;
  readonly moderator: boolean;
  readonly quality: number;
}

type Listener = (...values: unknown[]) => void;
type Writable<T> = { -readonly [K in keyof T]: T[K] };
type FakeMember = Writable<Member> & { tracks: (RemoteTrack | LocalTrack)[] };

const NAMES = [
  "Ann Lovelace",
  "Bashir Haddad",
  "Chiara Conti",
  "Dmitri Volkov",
  "Élodie Martin",
  "Farid Azimi",
  "Grace Okafor",
  "Hiroshi Tanaka",
  "Ines Pereira",
  "Jonas Lindqvist",
  "Katarzyna Nowak",
  "Liam O’Connor",
];

const LINES = [
  "Good morning everybody!",
  "Morning. Can you see my slides?",
  "Yes, crisp and clear.",
  "The notes are at https://example.org/notes, please add what I forgot.",
  "Thanks, I will read them after the call.",
  "Shall we begin with the numbers of last week? They look better than I had hoped for.",
];

export class FakeRoom {
  readonly name: string;
  readonly title: string;
  readonly members = new Map<string, FakeMember>();
  readonly tracks = new Map<string, RemoteTrack>();
  readonly localTracks: LocalTrack[] = [];
  readonly server = new FakeServer();
  readonly chat: Conversation;
  readonly me: FakeMember;
  speaker: Member | null = null;
  quality: Quality | null;
  mediaState = "connected";
  readonly #listeners = new Map<string, Set<Listener>>();
  #last = 0;

  constructor(room: string, me: string, scenario: Scenario) {
    this.name = room;
    this.title = room;
    this.me = this.#add(me, true);
    this.server.me = { address: this.me.address, name: me };
    this.chat = this.server.room(room);
    if (scenario.moderator) this.me.role = "moderator";
    for (let index = 1; index < scenario.people; index += 1) this.enter(index);
    if (scenario.sharing) this.share(1);
    for (let index = 0; index < scenario.messages; index += 1) this.#write(index);
    const { quality: level } = scenario;
    this.quality = { level, roundTrip: 24, lossIn: 0, lossOut: 0, availableBitrate: 2_400_000 };
    this.speaker = this.members.get("m2") ?? null;
  }

  /** The same object for the elements. */
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

  /** Somebody enters with or without a picture. */
  enter(index: number): FakeMember {
    const name = NAMES[(index - 1) % NAMES.length] ?? "Somebody";
    const member = this.#add(name, false);
    if (index === 3) member.hand = true;
    this.#publish(member, "audio", "microphone", null, index % 3 === 1);
    if (index % 4 !== 2) this.#publish(member, "video", "camera", paintPerson(index), false);
    this.fire("member-joined", member);
    return member;
  }

  share(index: number): void {
    const member = [...this.members.values()][index];
    if (!member) return;
    this.fire("track-added", this.#publish(member, "video", "screen", paintScreen(), false));
  }

  async publish(track: MediaStreamTrack, options: { source: string; muted?: boolean }) {
    const room = this;
    const local = {
      id: this.#id(),
      kind: track.kind,
      source: options.source,
      muted: options.muted ?? false,
      mediaTrack: track,
      async mute() {
        this.muted = true;
        room.fire("local-tracks");
      },
      async unmute() {
        this.muted = false;
        room.fire("local-tracks");
      },
      async replace(next: MediaStreamTrack) {
        this.mediaTrack = next;
      },
      async unpublish() {
        room.me.tracks = room.me.tracks.filter((one) => one.id !== local.id);
        room.fire("local-tracks");
      },
    };
    this.me.tracks = [...this.me.tracks, local as unknown as LocalTrack];
    this.localTracks.push(local as unknown as LocalTrack);
    this.fire("local-tracks");
    return local;
  }

  async raiseHand(raised: boolean): Promise<void> {
    this.me.hand = raised;
    this.fire("member-changed", this.me);
  }

  async leave(): Promise<void> {}

  async moderate(member: string, action: string): Promise<void> {
    const found = this.members.get(member);
    if (!found) return;
    if (action === "lower_hand") found.hand = false;
    if (action === "promote") found.role = found.role === "listener" ? "speaker" : "moderator";
    if (action === "demote") found.role = found.role === "moderator" ? "speaker" : "listener";
    if (action === "remove") this.members.delete(member);
    this.fire(action === "remove" ? "member-left" : "member-changed", found, "removed");
  }

  #write(index: number): void {
    const members = [...this.members.values()];
    const member = members[(index * 2 + 1) % members.length] ?? this.me;
    this.server.now = Date.now() - (14 - index) * 90_000;
    const text = LINES[index % LINES.length] ?? "";
    this.chat.fill([this.server.keeps(this.name, member.address, member.name, text)]);
  }

  #add(name: string, isLocal: boolean): FakeMember {
    const id = `m${this.members.size}`;
    const member: FakeMember = {
      id,
      address: `${name.toLowerCase().replace(/\W/gu, ".")}@example.org`,
      name,
      role: "speaker",
      affiliation: "none",
      hand: false,
      present: true,
      joinedAt: Date.now() + this.members.size,
      stream: false,
      phone: false,
      held: false,
      isLocal,
      tracks: [],
    };
    this.members.set(id, member);
    return member;
  }

  #publish(
    member: FakeMember,
    kind: "audio" | "video",
    source: "microphone" | "camera" | "screen",
    mediaTrack: MediaStreamTrack | null,
    muted: boolean,
  ): RemoteTrack {
    const id = this.#id();
    const track = { id, member, kind, source, muted, codec: null, mediaTrack } as RemoteTrack;
    this.tracks.set(id, track);
    member.tracks = [...member.tracks, track];
    return track;
  }

  #id(): string {
    this.#last += 1;
    return `t${this.#last}`;
  }
}
