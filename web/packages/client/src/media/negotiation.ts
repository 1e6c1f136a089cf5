/** Offers and answers of one peer connection, one after the other; it knows no room. */

import { toAntiphonError } from "../errors.js";
import type { Answered } from "../generated/signalling.js";

/** How descriptions reach the server. */
export interface NegotiationPort {
  offer(sdp: string): Promise<Answered>;
  answer(request: number, sdp: string): Promise<unknown>;
}

/** Who hears of the negotiation. */
export interface NegotiationEvents {
  /** An offer of ours is on its way: every section has its `mid` now. */
  described(): void;
  /** The server answered; its description is not applied yet. */
  answered(answer: Answered): void;
  /** A description was applied: sections may be there that were not. */
  applied(): void;
  failed(error: Error): void;
}

interface Offered {
  request: number;
  sdp: string;
}

/**
 * Runs one round at a time. In a collision our offer wins: what the server offered before it
 * answered ours is void, and comes again (RFC 8829 §4.1.10.2 calls us the impolite peer).
 */
export class Negotiation {
  readonly #pc: RTCPeerConnection;
  readonly #port: NegotiationPort;
  readonly #events: NegotiationEvents;
  #wanted = false;
  #running = false;
  #awaitingAnswer = false;
  #offered: Offered | null = null;
  #closed = false;

  constructor(pc: RTCPeerConnection, port: NegotiationPort, events: NegotiationEvents) {
    this.#pc = pc;
    this.#port = port;
    this.#events = events;
  }

  /** Whether a round is on its way. */
  get busy(): boolean {
    return this.#running;
  }

  /** Something changed on our side that the server must be offered. */
  want(): void {
    this.#wanted = true;
    this.#offered = null;
    void this.#run();
  }

  /** The server offers. */
  offered(request: number, sdp: string): void {
    if (this.#wanted || this.#awaitingAnswer) return;
    this.#offered = { request, sdp };
    void this.#run();
  }

  /** Nothing happens any more. */
  close(): void {
    this.#closed = true;
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    while (!this.#closed && (this.#wanted || this.#offered !== null)) {
      try {
        await (this.#wanted ? this.#offer() : this.#answer());
      } catch (error) {
        if (!this.#closed) this.#events.failed(toAntiphonError(error, "failed"));
      }
    }
    this.#running = false;
  }

  async #offer(): Promise<void> {
    this.#wanted = false;
    this.#awaitingAnswer = true;
    try {
      // Changes made from here on are not in this offer; they want another round.
      await this.#pc.setLocalDescription(await this.#pc.createOffer());
      if (this.#closed) return;
      const reply = this.#port.offer(this.#localSdp());
      this.#events.described();
      const answer = await reply;
      this.#awaitingAnswer = false;
      if (this.#closed) return;
      this.#events.answered(answer);
      await this.#pc.setRemoteDescription({ type: "answer", sdp: answer.sdp });
      this.#events.applied();
    } catch (error) {
      await this.#rollBack();
      throw error;
    } finally {
      this.#awaitingAnswer = false;
    }
  }

  async #answer(): Promise<void> {
    const offered = this.#offered as Offered;
    this.#offered = null;
    await this.#pc.setRemoteDescription({ type: "offer", sdp: offered.sdp });
    await this.#pc.setLocalDescription(await this.#pc.createAnswer());
    if (this.#closed) return;
    const reply = this.#port.answer(offered.request, this.#localSdp());
    this.#events.applied();
    await reply;
  }

  async #rollBack(): Promise<void> {
    if (this.#closed || this.#pc.signalingState === "stable") return;
    await this.#pc.setLocalDescription({ type: "rollback" });
  }

  #localSdp(): string {
    return this.#pc.localDescription?.sdp ?? "";
  }
}
