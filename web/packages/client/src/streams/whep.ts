/** Receives media by WHEP; knows no room but its name. */

import { Stream, type StreamOptions } from "./stream.js";

/** Plays a room's current speaker, or one member of it, without joining. */
export class WhepPlayer extends Stream {
  #tracks: readonly MediaStreamTrack[] = [];

  /** `member`: whom to play; the current speaker if absent. */
  constructor(options: StreamOptions & { member?: string }) {
    const { member } = options;
    super(options, member === undefined ? "whep" : `whep?member=${encodeURIComponent(member)}`);
  }

  /** What is received now; each is here before `track` tells of it. */
  get tracks(): readonly MediaStreamTrack[] {
    return this.#tracks;
  }

  /** Begins to receive; resolves when the server has accepted. */
  async start(): Promise<void> {
    await this.begin();
  }

  protected override prepare(pc: RTCPeerConnection): void {
    this.#tracks = [];
    pc.ontrack = (event) => {
      this.#tracks = [...this.#tracks, event.track];
      this.emit("track", event.track);
    };
    pc.addTransceiver("audio", { direction: "recvonly" });
    pc.addTransceiver("video", { direction: "recvonly" });
  }
}
