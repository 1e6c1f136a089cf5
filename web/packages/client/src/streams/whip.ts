/** Sends media by WHIP (RFC 9725); knows no room but its name. */

import { Stream, type StreamOptions } from "./stream.js";

/** Publishes tracks to a room without joining it. */
export class WhipPublisher extends Stream {
  #tracks: readonly MediaStreamTrack[] = [];

  constructor(options: StreamOptions) {
    super(options, "whip");
  }

  /** Sends the tracks; resolves when the server has accepted them. */
  async start(tracks: readonly MediaStreamTrack[]): Promise<void> {
    this.#tracks = tracks;
    await this.begin();
  }

  protected override prepare(pc: RTCPeerConnection): void {
    for (const track of this.#tracks) pc.addTransceiver(track, { direction: "sendonly" });
  }
}
