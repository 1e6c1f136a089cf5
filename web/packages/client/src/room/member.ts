/** A member of a room, read from the server's records; it knows no signalling but the record. */

import type { Affiliation, Member as MemberRecord, Role } from "../generated/signalling.js";
import type { LocalTrack, Member, RemoteTrack } from "./types.js";

/** See `Member`. */
export class RoomMember implements Member {
  readonly isLocal: boolean;
  readonly #tracks: (member: RoomMember) => readonly (RemoteTrack | LocalTrack)[];
  #record: MemberRecord;

  constructor(
    record: MemberRecord,
    isLocal: boolean,
    tracks: (member: RoomMember) => readonly (RemoteTrack | LocalTrack)[],
  ) {
    this.#record = record;
    this.isLocal = isLocal;
    this.#tracks = tracks;
  }

  get id(): string {
    return this.#record.id;
  }

  get address(): string {
    return this.#record.address;
  }

  get name(): string {
    return this.#record.name;
  }

  get role(): Role {
    return this.#record.role;
  }

  get affiliation(): Affiliation {
    return this.#record.affiliation ?? "none";
  }

  get hand(): boolean {
    return this.#record.hand;
  }

  get present(): boolean {
    return this.#record.present;
  }

  get joinedAt(): number {
    return this.#record.joined_at * 1000;
  }

  get stream(): boolean {
    return this.#record.stream;
  }

  get phone(): boolean {
    return this.#record.phone ?? false;
  }

  get held(): boolean {
    return this.#record.held ?? false;
  }

  get tracks(): readonly (RemoteTrack | LocalTrack)[] {
    return this.#tracks(this);
  }

  /** Number that marks the member's data channel messages. */
  get endpoint(): number | null {
    return this.#record.endpoint;
  }

  /** Notes whether the member has put the others on hold; says whether that is new. */
  hold(held: boolean): boolean {
    return this.update({ ...this.#record, held });
  }

  /** Takes a newer record; says whether it differs. */
  update(record: MemberRecord): boolean {
    const differs = JSON.stringify(record) !== JSON.stringify(this.#record);
    this.#record = record;
    return differs;
  }
}
