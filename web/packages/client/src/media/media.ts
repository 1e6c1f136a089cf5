/** The media side of a membership: one peer connection after another, and what goes over them. */

import { AntiphonError, hasReason, toAntiphonError } from "../errors.js";
import type { IceServer, MediaState as MediaStateEvent } from "../generated/signalling.js";
import type { SentTrack } from "../room/local-track.js";
import { Backoff } from "../session/backoff.js";
import type { Request } from "../session/requests.js";
import type { DataMessage } from "./data.js";
import type { MediaState } from "./health.js";
import { Peer } from "./peer.js";
import { Publications, type PublishOptions } from "./publications.js";

/** What the media side needs. */
export interface MediaOptions {
  request: Request;
  /** Undefined where there is no WebRTC: then there is no media, and `publish` rejects. */
  RTCPeerConnection: typeof RTCPeerConnection | undefined;
  iceServers(): readonly IceServer[];
  /** How many tracks of each kind the server will send at first. */
  expected(): { audio: number; video: number };
  events: MediaEvents;
}

/** Who hears of the media side. */
export interface MediaEvents {
  /** `received` may have changed. */
  received(): void;
  state(state: MediaState): void;
  locals(track: SentTrack): void;
  data(message: DataMessage): void;
  error(error: AntiphonError): void;
}

const FIRST_RETRY_MS = 250;
const RETRY_LIMIT_MS = 15_000;

/** Keeps a peer connection while the membership lasts. */
export class Media {
  readonly #options: MediaOptions;
  readonly #publications: Publications;
  readonly #backoff = new Backoff(FIRST_RETRY_MS, RETRY_LIMIT_MS);
  #peer: Peer | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #state: MediaState = "new";
  #refused = false;

  constructor(options: MediaOptions) {
    this.#options = options;
    this.#publications = new Publications(options.request, {
      changed: (track) => options.events.locals(track),
      failed: (error) => options.events.error(error),
    });
  }

  get state(): MediaState {
    return this.#state;
  }

  get localTracks(): readonly SentTrack[] {
    return this.#publications.tracks;
  }

  /**
   * Makes a peer connection in the next turn of the event loop, so that what is published at
   * once is part of its first offer.
   */
  start(delay = 0): void {
    this.stop();
    if (this.#options.RTCPeerConnection === undefined) return;
    this.#timer = setTimeout(() => this.#begin(), delay);
  }

  /** The server's side is gone, or the membership. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#publications.suspend();
    this.#peer?.close();
    this.#peer = null;
    this.#refused = false;
    this.#options.events.received();
  }

  /** The membership is over. */
  end(error: AntiphonError): void {
    this.stop();
    this.#publications.end(error);
  }

  publish(track: MediaStreamTrack, options: PublishOptions): Promise<SentTrack> {
    if (this.#options.RTCPeerConnection === undefined) {
      return Promise.reject(new AntiphonError("unavailable", "There is no WebRTC here."));
    }
    return this.#publications.add(track, options);
  }

  /** The local track of that id, if it is one. */
  findLocal(id: string): SentTrack | undefined {
    return this.#publications.find(id);
  }

  /** The server offers. */
  offered(request: number, sdp: string): void {
    this.#peer?.offered(request, sdp);
  }

  /** The server says what each section carries. */
  mapped(tracks: { [mid: string]: string }): void {
    this.#peer?.map(tracks);
  }

  /** The server says how its side is. */
  serverSays(state: MediaStateEvent["state"]): void {
    if (state !== "closed") {
      this.#peer?.serverSays(state);
    } else if (this.#peer !== null) {
      this.start(this.#backoff.next());
      this.#look();
    }
  }

  /** Signalling is back, and the session is the same. */
  resumed(): void {
    this.#peer?.resumed();
  }

  /** Track id → what is received for it. */
  received(): Map<string, MediaStreamTrack> {
    return this.#peer?.received() ?? new Map();
  }

  send(data: string | Uint8Array, lossy: boolean): boolean {
    return this.#peer?.send(data, lossy) ?? false;
  }

  async getStats(): Promise<RTCStatsReport | null> {
    return (await this.#peer?.getStats()) ?? null;
  }

  #begin(): void {
    const { RTCPeerConnection, request, events } = this.#options;
    if (RTCPeerConnection === undefined) return;
    const peer = new Peer({
      RTCPeerConnection,
      iceServers: this.#options.iceServers(),
      port: {
        offer: (sdp) => request({ type: "offer", sdp }),
        answer: (number, sdp) => request({ type: "answer", request: number, sdp }),
        candidate: (candidate) => request({ type: "candidate", candidate }),
      },
      events: {
        described: () => this.#publications.announce(),
        mapped: () => this.#mapped(),
        state: () => this.#look(),
        data: (message) => events.data(message),
        failed: (error) => this.#failed(toAntiphonError(error, "failed")),
      },
    });
    this.#peer = peer;
    this.#publications.begin(peer);
    const { audio, video } = this.#options.expected();
    peer.addReceivers("audio", audio);
    peer.addReceivers("video", video);
    peer.offer();
    this.#look();
  }

  #mapped(): void {
    this.#refused = false;
    this.#look();
    this.#options.events.received();
  }

  #failed(error: AntiphonError): void {
    // A lost session is told otherwise, and makes a new peer connection.
    if (hasReason(error, "lost", "closed")) return;
    this.#refused = true;
    this.#look();
    this.#options.events.error(error);
    if (hasReason(error, "timeout", "busy", "too_many", "internal", "conflict")) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#peer?.offer(), this.#backoff.next());
    }
  }

  #look(): void {
    const state = this.#now();
    if (state === this.#state) return;
    this.#state = state;
    if (state === "connected") this.#backoff.reset();
    this.#options.events.state(state);
  }

  #now(): MediaState {
    if (this.#peer === null) return this.#state === "new" ? "new" : "interrupted";
    const state = this.#peer.state;
    return this.#refused && state !== "connected" ? "failed" : state;
  }
}
