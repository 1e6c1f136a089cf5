/** Watches a peer connection's path and says when to restart ICE; it knows no signalling. */

import { Backoff } from "../session/backoff.js";

const PATIENCE_MS = 4000;
const RESTART_AFTER_MS = 2000;
const RESTART_LIMIT_MS = 15_000;
/** So many restarts without success, and the media connection counts as failed. */
const RESTARTS_UNTIL_FAILED = 2;

/** How the media connection fares. */
export type MediaState = "new" | "connecting" | "connected" | "interrupted" | "failed";

/** One watch per peer connection. */
export class Health {
  readonly #pc: RTCPeerConnection;
  readonly #restart: () => void;
  readonly #changed: () => void;
  readonly #backoff = new Backoff(RESTART_AFTER_MS, RESTART_LIMIT_MS);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #restarts = 0;
  #wasConnected = false;
  #interrupted = false;

  /** `restart` makes an offer with new ICE credentials; `changed`: look at `state` again. */
  constructor(pc: RTCPeerConnection, restart: () => void, changed: () => void) {
    this.#pc = pc;
    this.#restart = restart;
    this.#changed = changed;
    pc.oniceconnectionstatechange = this.#look;
    pc.onconnectionstatechange = this.#look;
  }

  get state(): MediaState {
    if (this.connected) return this.#interrupted ? "interrupted" : "connected";
    if (this.#restarts >= RESTARTS_UNTIL_FAILED) return "failed";
    return this.#wasConnected ? "interrupted" : "connecting";
  }

  /** Whether ICE and DTLS are up, as seen from here. */
  get connected(): boolean {
    const ice = this.#pc.iceConnectionState;
    const path = ice === "connected" || ice === "completed";
    return path && (this.#pc.connectionState ?? "connected") === "connected";
  }

  /** What the server says about its side. */
  serverSays(state: "connected" | "interrupted"): void {
    this.#interrupted = state === "interrupted";
    this.#changed();
  }

  /** There is signalling again, so that a restart can succeed now. */
  retry(): void {
    if (!this.connected) this.#restartNow();
  }

  /** Stops watching. */
  close(): void {
    clearTimeout(this.#timer);
    this.#pc.oniceconnectionstatechange = null;
    this.#pc.onconnectionstatechange = null;
  }

  readonly #look = (): void => {
    const ice = this.#pc.iceConnectionState;
    if (ice === "connected" || ice === "completed") {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      if (this.connected) this.#well();
    } else if (ice === "disconnected") {
      this.#restartIn(PATIENCE_MS);
    } else if (ice === "failed") {
      if (this.#restarts === 0) this.#restartNow();
      else this.#restartIn(this.#backoff.next());
    }
    this.#changed();
  };

  #well(): void {
    this.#wasConnected = true;
    this.#restarts = 0;
    this.#backoff.reset();
  }

  #restartIn(delay: number): void {
    this.#timer ??= setTimeout(() => this.#restartNow(), delay);
  }

  #restartNow(): void {
    clearTimeout(this.#timer);
    this.#restarts += 1;
    // A restart may end without any change of state: then it is tried again.
    this.#timer = setTimeout(() => this.#restartNow(), PATIENCE_MS + this.#backoff.next());
    this.#restart();
    this.#changed();
  }
}
