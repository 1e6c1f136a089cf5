/** A track that this client sends, muted and unmuted; it knows no peer connection. */

import { AntiphonError } from "../errors.js";
import type { Kind, Source } from "../generated/signalling.js";
import type { LocalTrack } from "./types.js";

/** Does for a local track what needs the server. */
export interface LocalTrackOwner {
  /** Tells the server; resolves when it is done there. */
  mute(track: SentTrack, muted: boolean): Promise<void>;
  replace(track: SentTrack, mediaTrack: MediaStreamTrack): Promise<void>;
  unpublish(track: SentTrack): Promise<void>;
  changed(track: SentTrack): void;
}

/** See `LocalTrack`. */
export class SentTrack implements LocalTrack {
  readonly source: Source;
  readonly #owner: LocalTrackOwner;
  #id = "";
  #named = false;
  #mediaTrack: MediaStreamTrack;
  #muted: boolean;
  /** Mutes of ours that the server has not confirmed. */
  #unconfirmed = 0;
  /** What the server said meanwhile. */
  #said: boolean | null = null;

  constructor(
    mediaTrack: MediaStreamTrack,
    source: Source,
    muted: boolean,
    owner: LocalTrackOwner,
  ) {
    this.#mediaTrack = mediaTrack;
    this.#muted = muted;
    this.#owner = owner;
    this.source = source;
    mediaTrack.enabled = !muted;
  }

  get id(): string {
    return this.#id;
  }

  get kind(): Kind {
    return this.#mediaTrack.kind === "audio" ? "audio" : "video";
  }

  get muted(): boolean {
    return this.#muted;
  }

  get mediaTrack(): MediaStreamTrack {
    return this.#mediaTrack;
  }

  mute(): Promise<void> {
    return this.#setMuted(true);
  }

  unmute(): Promise<void> {
    return this.#setMuted(false);
  }

  async replace(mediaTrack: MediaStreamTrack): Promise<void> {
    if (mediaTrack.kind !== this.#mediaTrack.kind) {
      throw new AntiphonError("bad_request", "A track can be replaced by one of its kind only.");
    }
    mediaTrack.enabled = !this.#muted;
    await this.#owner.replace(this, mediaTrack);
    this.#mediaTrack = mediaTrack;
    this.#owner.changed(this);
  }

  unpublish(): Promise<void> {
    return this.#owner.unpublish(this);
  }

  /** Whether the server knows it now. */
  get published(): boolean {
    return this.#named;
  }

  /** The server named it. */
  identify(id: string): void {
    this.forget();
    this.#id = id;
    this.#named = true;
  }

  /** The server does not know it any more. */
  forget(): void {
    this.#named = false;
    this.#unconfirmed = 0;
    this.#said = null;
  }

  /** The server says so; while a change of ours is on its way, ours counts. */
  serverSays(muted: boolean): boolean {
    if (this.#unconfirmed > 0) {
      this.#said = muted;
      return false;
    }
    return this.#show(muted);
  }

  async #setMuted(muted: boolean): Promise<void> {
    this.#show(muted);
    // Before it is published, `publish` will say it.
    if (!this.#named) return;
    const id = this.#id;
    this.#unconfirmed += 1;
    this.#said = null;
    try {
      await this.#owner.mute(this, muted);
    } finally {
      if (this.#named && id === this.#id) this.#confirm();
    }
  }

  #confirm(): void {
    this.#unconfirmed -= 1;
    if (this.#unconfirmed === 0 && this.#said !== null) this.#show(this.#said);
  }

  #show(muted: boolean): boolean {
    if (muted === this.#muted) return false;
    this.#muted = muted;
    this.#mediaTrack.enabled = !muted;
    this.#owner.changed(this);
    return true;
  }
}
