/** One RTCPeerConnection with the server, from its first offer to its end; it knows no room. */

import type { AntiphonError } from "../errors.js";
import type { Answered, IceServer, Kind } from "../generated/signalling.js";
import { DataChannels, type DataMessage } from "./data.js";
import { Health, type MediaState } from "./health.js";
import { Negotiation, type NegotiationPort } from "./negotiation.js";
import { Slots } from "./slots.js";

/** How candidates and descriptions reach the server. */
export interface PeerPort extends NegotiationPort {
  candidate(candidate: string): Promise<unknown>;
}

/** Who hears of a peer connection. */
export interface PeerEvents {
  /** An offer is on its way: what is to be sent has its section id now. */
  described(): void;
  /** What is received in which section may have changed. */
  mapped(): void;
  state(): void;
  data(message: DataMessage): void;
  failed(error: Error): void;
}

/** What a peer connection needs. */
export interface PeerOptions {
  RTCPeerConnection: typeof RTCPeerConnection;
  iceServers: readonly IceServer[];
  port: PeerPort;
  events: PeerEvents;
}

/** Everything about one media session with the server. */
export class Peer {
  readonly #pc: RTCPeerConnection;
  readonly #negotiation: Negotiation;
  readonly #slots = new Slots();
  readonly #channels: DataChannels;
  readonly #health: Health;
  readonly #options: PeerOptions;
  readonly #free: RTCRtpTransceiver[] = [];
  #mappedAtOffer = 0;
  #closed = false;

  constructor(options: PeerOptions) {
    this.#options = options;
    const { events } = options;
    this.#pc = new options.RTCPeerConnection({
      iceServers: options.iceServers.map((server) => ({ ...server, urls: [...server.urls] })),
      bundlePolicy: "max-bundle",
    });
    this.#channels = new DataChannels(this.#pc, (message) => {
      if (!this.#closed) events.data(message);
    });
    this.#negotiation = new Negotiation(this.#pc, options.port, {
      described: () => this.#described(),
      answered: (answer) => this.#answered(answer),
      applied: () => events.mapped(),
      failed: (error) => events.failed(error),
    });
    this.#health = new Health(
      this.#pc,
      () => this.#restart(),
      () => events.state(),
    );
    this.#pc.onicecandidate = (event) => this.#candidate(event.candidate);
  }

  get state(): MediaState {
    return this.#health.state;
  }

  /**
   * A section that sends this track: a free one if there is one, else one that the next offer
   * makes (its `mid` is null until then).
   */
  async addSender(track: MediaStreamTrack): Promise<RTCRtpTransceiver> {
    const free = this.#free.findIndex((one) => one.receiver.track.kind === track.kind);
    const transceiver = this.#free.splice(free, free < 0 ? 0 : 1)[0];
    if (transceiver === undefined) {
      return this.#pc.addTransceiver(track, { direction: "sendonly" });
    }
    await transceiver.sender.replaceTrack(track);
    return transceiver;
  }

  /** Nothing is sent in this section any more; it stays for the next track of its kind. */
  async removeSender(transceiver: RTCRtpTransceiver): Promise<void> {
    await transceiver.sender.replaceTrack(null);
    this.#free.push(transceiver);
  }

  /** Sections to receive in, so that the server need not offer any at first. */
  addReceivers(kind: Kind, count: number): void {
    for (let index = 0; index < count; index += 1) {
      this.#pc.addTransceiver(kind, { direction: "recvonly" });
    }
  }

  /** Offers what changed. */
  offer(): void {
    this.#negotiation.want();
  }

  /** The server offers. */
  offered(request: number, sdp: string): void {
    this.#negotiation.offered(request, sdp);
  }

  /** The server says what each section carries. */
  map(tracks: { [mid: string]: string }): void {
    this.#slots.map(tracks);
    this.#options.events.mapped();
  }

  /** Track id → what is received for it. */
  received(): Map<string, MediaStreamTrack> {
    return this.#slots.resolve(this.#pc);
  }

  /** What the server says about its side of the connection. */
  serverSays(state: "connected" | "interrupted"): void {
    this.#health.serverSays(state);
  }

  /** Signalling is back after a loss. */
  resumed(): void {
    // With a description on its way there is a new attempt already.
    if (!this.#negotiation.busy) this.#health.retry();
  }

  /** Sends on a data channel; false if it was not taken. */
  send(data: string | Uint8Array, lossy: boolean): boolean {
    return this.#channels.send(data, lossy);
  }

  getStats(): Promise<RTCStatsReport> {
    return this.#pc.getStats();
  }

  /** Closes the connection; nothing is heard of it any more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#negotiation.close();
    this.#health.close();
    this.#slots.clear();
    this.#pc.onicecandidate = null;
    this.#pc.close();
  }

  #described(): void {
    this.#mappedAtOffer = this.#slots.mapped;
    this.#options.events.described();
  }

  #answered(answer: Answered): void {
    this.#slots.answer(answer.tracks, this.#mappedAtOffer);
  }

  #restart(): void {
    this.#pc.restartIce();
    this.#negotiation.want();
  }

  #candidate(candidate: RTCIceCandidate | null): void {
    // A server with ICE lite learns our address from the checks (RFC 8445 §2.5); only relayed
    // candidates and the like are worth a message, and their loss is worth none.
    if (candidate === null || candidate.type !== "relay") return;
    this.#options.port.candidate(candidate.candidate).catch((error: AntiphonError) => {
      if (!this.#closed) this.#options.events.failed(error);
    });
  }
}
