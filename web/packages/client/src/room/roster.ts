/** Who is in the room and what they send: records in, differences out; it knows no connection. */

import type {
  Member as MemberRecord,
  Room as RoomRecord,
  Track as TrackRecord,
} from "../generated/signalling.js";
import { RoomMember } from "./member.js";
import { ReceivedTrack } from "./remote-track.js";
import type { LocalTrack, Member, RemoteTrack } from "./types.js";

/** Who hears of differences. */
export interface RosterEvents {
  memberJoined(member: Member): void;
  memberChanged(member: Member): void;
  memberLeft(member: Member, reason: string): void;
  trackAdded(track: RemoteTrack): void;
  trackChanged(track: RemoteTrack): void;
  trackRemoved(track: RemoteTrack): void;
  speaker(member: Member | null): void;
}

/** Members, their tracks, and who speaks. */
export class Roster {
  readonly members = new Map<string, RoomMember>();
  readonly tracks = new Map<string, ReceivedTrack>();
  readonly #events: RosterEvents;
  readonly #localTracks: () => readonly LocalTrack[];
  #me: string;
  #speaker: RoomMember | null = null;

  /** What is there at first is told to nobody. */
  constructor(record: RoomRecord, localTracks: () => readonly LocalTrack[], events: RosterEvents) {
    this.#events = events;
    this.#localTracks = localTracks;
    this.#me = record.me;
    for (const member of record.members) this.members.set(member.id, this.#member(member));
    for (const track of record.tracks) this.#track(track);
    this.#speaker = this.members.get(record.speaker ?? "") ?? null;
  }

  get me(): RoomMember {
    const me = this.members.get(this.#me);
    if (me === undefined) throw new Error("the room's members lack the caller");
    return me;
  }

  get speaker(): Member | null {
    return this.#speaker;
  }

  /** Takes another state of the whole room and tells what differs. */
  replace(record: RoomRecord): void {
    // The caller left nobody: it comes back as another member.
    if (record.me !== this.#me) this.members.delete(this.#me);
    this.#me = record.me;
    const tracks = new Set(record.tracks.map((track) => track.id));
    const members = new Set(record.members.map((member) => member.id));
    for (const id of [...this.tracks.keys()]) if (!tracks.has(id)) this.trackRemoved(id);
    for (const id of [...this.members.keys()]) if (!members.has(id)) this.memberLeft(id, "lost");
    for (const member of record.members) this.memberChanged(member);
    for (const track of record.tracks) this.trackChanged(track);
    this.speakerChanged(record.speaker);
  }

  /** Somebody entered or changed. */
  memberChanged(record: MemberRecord): void {
    const member = this.members.get(record.id);
    if (member !== undefined) {
      if (member.update(record)) this.#events.memberChanged(member);
      return;
    }
    const joined = this.#member(record);
    this.members.set(record.id, joined);
    if (joined.isLocal) this.#events.memberChanged(joined);
    else this.#events.memberJoined(joined);
  }

  /** A member put the others on hold, or came back. */
  held(id: string, held: boolean): void {
    const member = this.members.get(id);
    if (member?.hold(held)) this.#events.memberChanged(member);
  }

  /** Somebody left, and so did the tracks. */
  memberLeft(id: string, reason: string): void {
    const member = this.members.get(id);
    // Our own end is told by `ended`.
    if (member === undefined || member.isLocal) return;
    for (const track of [...this.tracks.values()]) {
      if (track.member === member) this.trackRemoved(track.id);
    }
    this.members.delete(id);
    if (this.#speaker === member) this.speakerChanged(null);
    this.#events.memberLeft(member, reason);
  }

  /** A track was added or changed. Own tracks are not here. */
  trackChanged(record: TrackRecord): void {
    const track = this.tracks.get(record.id);
    if (track === undefined) {
      const added = this.#track(record);
      if (added !== null) this.#events.trackAdded(added);
    } else if (track.update(record)) {
      this.#events.trackChanged(track);
    }
  }

  trackRemoved(id: string): void {
    const track = this.tracks.get(id);
    if (track === undefined) return;
    this.tracks.delete(id);
    track.receive(null);
    this.#events.trackRemoved(track);
  }

  speakerChanged(id: string | null): void {
    const speaker = id === null ? null : (this.members.get(id) ?? null);
    if (speaker === this.#speaker) return;
    this.#speaker = speaker;
    this.#events.speaker(speaker);
  }

  /** Whose data channel messages have this number. */
  withEndpoint(endpoint: number): RoomMember | null {
    for (const member of this.members.values()) if (member.endpoint === endpoint) return member;
    return null;
  }

  #member(record: MemberRecord): RoomMember {
    return new RoomMember(record, record.id === this.#me, (member) => this.#tracksOf(member));
  }

  #track(record: TrackRecord): ReceivedTrack | null {
    const member = this.members.get(record.member);
    if (member === undefined || member.isLocal) return null;
    const track = new ReceivedTrack(record, member);
    this.tracks.set(record.id, track);
    return track;
  }

  #tracksOf(member: RoomMember): readonly (RemoteTrack | LocalTrack)[] {
    if (member.isLocal) return this.#localTracks();
    return [...this.tracks.values()].filter((track) => track.member === member);
  }
}
