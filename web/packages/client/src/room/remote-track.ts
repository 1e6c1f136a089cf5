/** A track of another member, read from the server's records; knows no signalling but the record. */

import type { Kind, Source, Track as TrackRecord } from "../generated/signalling.js";
import type { Member, RemoteTrack } from "./types.js";

/** See `RemoteTrack`. */
export class ReceivedTrack implements RemoteTrack {
  readonly member: Member;
  #record: TrackRecord;
  #mediaTrack: MediaStreamTrack | null = null;

  constructor(record: TrackRecord, member: Member) {
    this.#record = record;
    this.member = member;
  }

  get id(): string {
    return this.#record.id;
  }

  get kind(): Kind {
    return this.#record.kind;
  }

  get source(): Source {
    return this.#record.source;
  }

  get muted(): boolean {
    return this.#record.muted;
  }

  get codec(): string | null {
    return this.#record.codec;
  }

  get mediaTrack(): MediaStreamTrack | null {
    return this.#mediaTrack;
  }

  /** Takes a newer record; says whether it differs. */
  update(record: TrackRecord): boolean {
    const differs = JSON.stringify(record) !== JSON.stringify(this.#record);
    this.#record = record;
    return differs;
  }

  /** Says whether it differs. */
  receive(mediaTrack: MediaStreamTrack | null): boolean {
    const differs = mediaTrack !== this.#mediaTrack;
    this.#mediaTrack = mediaTrack;
    return differs;
  }
}
