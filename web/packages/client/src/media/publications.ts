/** What this client sends: finds sections for tracks and tells the server of them. */

import { AntiphonError, hasReason, toAntiphonError } from "../errors.js";
import type { Source } from "../generated/signalling.js";
import { type LocalTrackOwner, SentTrack } from "../room/local-track.js";
import type { Request } from "../session/requests.js";
import type { Peer } from "./peer.js";

/** How to publish a track. */
export interface PublishOptions {
  source: Source;
  /** Begins muted. */
  muted?: boolean;
}

/** Who hears of local tracks. */
export interface PublicationEvents {
  /** The list of local tracks, or one of them, changed. */
  changed(track: SentTrack): void;
  /** A track that was published could not be published again, or went for another reason. */
  failed(error: AntiphonError): void;
}

interface Publication {
  readonly local: SentTrack;
  readonly resolve: (local: SentTrack) => void;
  readonly reject: (error: AntiphonError) => void;
  readonly ended: () => void;
  /** Was published at least once. */
  shown: boolean;
  transceiver: RTCRtpTransceiver | null;
  announced: boolean;
}

/** The local tracks of a room, whatever becomes of the peer connection. */
export class Publications implements LocalTrackOwner {
  readonly #request: Request;
  readonly #events: PublicationEvents;
  #all: Publication[] = [];
  #peer: Peer | null = null;

  constructor(request: Request, events: PublicationEvents) {
    this.#request = request;
    this.#events = events;
  }

  /** Those that were published. */
  get tracks(): readonly SentTrack[] {
    return this.#all.filter((one) => one.shown).map((one) => one.local);
  }

  /** Publishes a track as soon as there is a peer connection. */
  add(mediaTrack: MediaStreamTrack, options: PublishOptions): Promise<SentTrack> {
    if (this.#all.some((one) => one.local.mediaTrack === mediaTrack)) {
      return Promise.reject(new AntiphonError("conflict", "The track is published already."));
    }
    if (mediaTrack.readyState === "ended") {
      return Promise.reject(new AntiphonError("gone", "The track has ended."));
    }
    return new Promise((resolve, reject) => {
      const local = new SentTrack(mediaTrack, options.source, options.muted ?? false, this);
      const ended = (): void => this.#ended(publication);
      const publication: Publication = {
        ...{ local, resolve, reject, ended },
        ...{ shown: false, transceiver: null, announced: false },
      };
      mediaTrack.addEventListener("ended", ended);
      this.#all.push(publication);
      if (this.#peer !== null) this.#attach(publication, this.#peer);
    });
  }

  /** Sends everything over a new peer connection; its first offer is up to the caller. */
  begin(peer: Peer): void {
    this.#peer = peer;
    for (const publication of this.#all) this.#attach(publication, peer, false);
  }

  /** The peer connection is gone. */
  suspend(): void {
    this.#peer = null;
    for (const publication of this.#all) {
      publication.transceiver = null;
      publication.announced = false;
      publication.local.forget();
    }
  }

  /** An offer is on its way: the server learns what is in the sections that have an id now. */
  announce(): void {
    for (const publication of this.#all) {
      const mid = publication.transceiver?.mid;
      if (typeof mid === "string" && !publication.announced) void this.#announce(publication, mid);
    }
  }

  /** The membership is over; nothing is sent any more. */
  end(error: AntiphonError): void {
    this.suspend();
    for (const publication of this.#all.splice(0)) {
      publication.local.mediaTrack.removeEventListener("ended", publication.ended);
      publication.reject(error);
    }
  }

  find(id: string): SentTrack | undefined {
    return this.#all.find((one) => one.local.published && one.local.id === id)?.local;
  }

  async mute(track: SentTrack, muted: boolean): Promise<void> {
    await this.#unlessLost(this.#request({ type: "mute", track: track.id, muted }));
  }

  async replace(track: SentTrack, mediaTrack: MediaStreamTrack): Promise<void> {
    const publication = this.#of(track);
    if (publication === undefined) throw new AntiphonError("gone", "The track is not published.");
    await publication.transceiver?.sender.replaceTrack(mediaTrack);
    track.mediaTrack.removeEventListener("ended", publication.ended);
    mediaTrack.addEventListener("ended", publication.ended);
  }

  async unpublish(track: SentTrack): Promise<void> {
    const publication = this.#of(track);
    if (publication === undefined) return;
    const known = track.published;
    await this.#drop(publication, new AntiphonError("gone", "The track was unpublished."));
    if (known) await this.#unlessLost(this.#request({ type: "unpublish", track: track.id }));
  }

  changed(track: SentTrack): void {
    if (this.#of(track)?.shown) this.#events.changed(track);
  }

  #of(track: SentTrack): Publication | undefined {
    return this.#all.find((one) => one.local === track);
  }

  #attach(publication: Publication, peer: Peer, offer = true): void {
    peer.addSender(publication.local.mediaTrack).then(
      (transceiver) => {
        if (peer !== this.#peer) return;
        if (!this.#all.includes(publication)) void peer.removeSender(transceiver);
        else if (transceiver.mid === null) this.#attached(publication, transceiver, offer);
        else {
          publication.transceiver = transceiver;
          this.announce();
        }
      },
      (error: unknown) => this.#fail(publication, toAntiphonError(error, "failed")),
    );
  }

  #attached(publication: Publication, transceiver: RTCRtpTransceiver, offer: boolean): void {
    publication.transceiver = transceiver;
    if (offer) this.#peer?.offer();
  }

  async #announce(publication: Publication, mid: string): Promise<void> {
    publication.announced = true;
    const peer = this.#peer;
    const { local } = publication;
    const { source, muted } = local;
    try {
      const { track } = await this.#request({ type: "publish", mid, source, muted });
      if (peer === this.#peer) this.#published(publication, track.id, muted);
    } catch (error) {
      // What was lost with its session is published again over the next peer connection.
      if (peer === this.#peer) this.#fail(publication, toAntiphonError(error, "failed"));
    }
  }

  #published(publication: Publication, id: string, muted: boolean): void {
    const { local } = publication;
    if (!this.#all.includes(publication)) {
      this.#settle(this.#request({ type: "unpublish", track: id }));
      return;
    }
    local.identify(id);
    if (local.muted !== muted) this.#settle(this.mute(local, local.muted));
    publication.shown = true;
    publication.resolve(local);
    this.#events.changed(local);
  }

  #fail(publication: Publication, error: AntiphonError): void {
    if (!this.#all.includes(publication)) return;
    if (publication.shown) this.#events.failed(error);
    this.#settle(this.#drop(publication, error));
  }

  #ended(publication: Publication): void {
    this.#settle(this.unpublish(publication.local));
  }

  /** Takes it off the list; whoever still waits for it gets the error. */
  async #drop(publication: Publication, error: AntiphonError): Promise<void> {
    const { local, transceiver } = publication;
    this.#all = this.#all.filter((one) => one !== publication);
    local.mediaTrack.removeEventListener("ended", publication.ended);
    local.forget();
    publication.reject(error);
    if (publication.shown) this.#events.changed(local);
    if (transceiver !== null) await this.#peer?.removeSender(transceiver);
  }

  /** With the session, the track at the server is gone too. */
  async #unlessLost(reply: Promise<unknown>): Promise<void> {
    await reply.catch((error: unknown) => {
      if (!hasReason(error, "lost")) throw error;
    });
  }

  #settle(work: Promise<unknown>): void {
    this.#unlessLost(work).catch((error: unknown) => {
      this.#events.failed(toAntiphonError(error, "failed"));
    });
  }
}
