/** A media session set up over HTTP, kept alive by restarts; WHIP and WHEP differ in tracks only. */

import { Emitter } from "../emitter.js";
import { AntiphonError, hasReason, toAntiphonError } from "../errors.js";
import { Health } from "../media/health.js";
import { baseUrl } from "../session/auth.js";
import { Backoff } from "../session/backoff.js";
import { linkedIceServers, restartedAnswer, restartFragment } from "./fragment.js";
import { Resource } from "./resource.js";

/** How a stream fares. `failed`: it is tried again by itself; `closed`: it was stopped. */
export type StreamState = "idle" | "connecting" | "connected" | "interrupted" | "failed" | "closed";

/** What a stream needs. */
export interface StreamOptions {
  /** Base URL of the node; the page's own origin if absent. */
  server?: string;
  room: string;
  token?: string;
  fetch?: typeof fetch;
  RTCPeerConnection?: typeof RTCPeerConnection;
}

/** Event name → what its listeners get. */
export interface StreamEvents {
  state: [state: StreamState];
  error: [error: AntiphonError];
  /** Of a player: a track of the stream is there. */
  track: [track: MediaStreamTrack];
}

const FIRST_RETRY_MS = 1000;
const RETRY_LIMIT_MS = 15_000;
/** The media of a stopped stream goes on no longer than this, whatever the server does. */
const CLOSE_AFTER_MS = 1000;

/** The part that WHIP and WHEP share. */
export abstract class Stream extends Emitter<StreamEvents> {
  readonly #options: StreamOptions;
  readonly #endpoint: string;
  readonly #backoff = new Backoff(FIRST_RETRY_MS, RETRY_LIMIT_MS);
  #state: StreamState = "idle";
  #session: { pc: RTCPeerConnection; health: Health; resource: Resource } | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Counts starts and stops, so that what was under way at a stop knows. */
  #run = 0;

  /** `path`: below `/rooms/{room}/`. */
  constructor(options: StreamOptions, path: string) {
    super();
    this.#options = options;
    const room = encodeURIComponent(options.room);
    this.#endpoint = `${baseUrl(options.server)}/rooms/${room}/${path}`;
  }

  get state(): StreamState {
    return this.#state;
  }

  /** Adds what is to be sent or received to a new peer connection. */
  protected abstract prepare(pc: RTCPeerConnection): void;

  /** Begins; rejects when the first attempt fails, and then nothing goes on. */
  protected async begin(): Promise<void> {
    if (this.#state !== "idle" && this.#state !== "closed") {
      throw new AntiphonError("conflict", "The stream was started already.");
    }
    this.#run += 1;
    const run = this.#run;
    this.#enter("connecting");
    try {
      await this.#open(run);
    } catch (error) {
      if (run === this.#run) {
        this.#drop();
        this.#enter("idle");
      }
      throw toAntiphonError(error, "failed");
    }
  }

  /** Ends the stream. Its tracks are not stopped. */
  async stop(): Promise<void> {
    if (this.#state === "idle" || this.#state === "closed") return;
    this.#run += 1;
    clearTimeout(this.#timer);
    const session = this.#session;
    this.#session = null;
    session?.health.close();
    this.#enter("closed");
    if (session === null) return;
    // First the server is told: it would forget a session whose media went before.
    const close = setTimeout(() => session.pc.close(), CLOSE_AFTER_MS);
    try {
      await session.resource.remove();
    } catch (error) {
      // What is gone already need not be removed.
      if (!hasReason(error, "not_found", "gone", "network")) throw error;
    } finally {
      clearTimeout(close);
      session.pc.close();
    }
  }

  async #open(run: number): Promise<void> {
    const RTCPeerConnection = this.#options.RTCPeerConnection ?? globalThis.RTCPeerConnection;
    if (RTCPeerConnection === undefined) {
      throw new AntiphonError("unavailable", "There is no WebRTC here.");
    }
    const request = this.#options.fetch ?? globalThis.fetch.bind(globalThis);
    const pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    const resource = new Resource(this.#endpoint, this.#options.token, request);
    const health = new Health(
      pc,
      () => void this.#restart(),
      () => this.#look(),
    );
    this.#session = { pc, health, resource };
    this.prepare(pc);
    await pc.setLocalDescription(await pc.createOffer());
    // The server needs no candidates of ours: it has ICE lite.
    const { answer, link } = await resource.create(pc.localDescription?.sdp ?? "");
    if (run !== this.#run) {
      await resource.remove();
      throw new AntiphonError("closed", "The stream was stopped.");
    }
    const iceServers = linkedIceServers(link);
    if (iceServers.length > 0) pc.setConfiguration({ ...pc.getConfiguration(), iceServers });
    await pc.setRemoteDescription({ type: "answer", sdp: answer });
    this.#look();
  }

  #drop(): Resource | null {
    const session = this.#session;
    this.#session = null;
    session?.health.close();
    session?.pc.close();
    return session?.resource ?? null;
  }

  #enter(state: StreamState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.emit("state", state);
  }

  #look(): void {
    if (this.#session === null) return;
    const { pc, health } = this.#session;
    // The server closed it, or DTLS failed: no restart helps.
    if (pc.connectionState === "failed" && pc.iceConnectionState !== "failed") {
      this.#again(new AntiphonError("network", "The media connection was closed."));
      return;
    }
    if (health.state === "new") return;
    if (health.state === "connected") this.#backoff.reset();
    this.#enter(health.state);
  }

  /** ICE restart by PATCH (RFC 9725 §4.3.3); a session that is gone is made anew. */
  async #restart(): Promise<void> {
    const session = this.#session;
    if (session === null) return;
    const { pc, resource } = session;
    const answer = pc.remoteDescription?.sdp;
    if (answer === undefined) return;
    try {
      pc.restartIce();
      const offer = await pc.createOffer({ iceRestart: true });
      const fragment = await resource.restart(restartFragment(offer.sdp ?? ""));
      if (this.#session !== session) return;
      await pc.setLocalDescription(offer);
      const sdp = restartedAnswer(answer, fragment);
      await pc.setRemoteDescription({ type: "answer", sdp });
    } catch (error) {
      // Without a network there will be another restart.
      if (this.#session === session && !hasReason(error, "network")) {
        this.#again(toAntiphonError(error, "failed"));
      }
    }
  }

  /** Gives the session up and makes another one a little later. */
  #again(error: AntiphonError): void {
    const resource = this.#drop();
    this.emit("error", error);
    this.#enter("interrupted");
    resource
      ?.remove()
      .catch((late: unknown) => this.emit("error", toAntiphonError(late, "failed")));
    clearTimeout(this.#timer);
    const run = this.#run;
    this.#timer = setTimeout(() => {
      this.#open(run).catch((failure: unknown) => {
        if (run === this.#run) this.#again(toAntiphonError(failure, "failed"));
      });
    }, this.#backoff.next());
  }
}
