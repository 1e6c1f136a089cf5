/** Which received track comes in which section; it knows no signalling. */

/** Section id (`mid`) → track id, as the server says, and the browser's tracks behind them. */
export class Slots {
  #carried = new Map<string, string>();
  #mapped = 0;

  /** Counts what `mapped` events said, so that an older answer does not undo a newer event. */
  get mapped(): number {
    return this.#mapped;
  }

  /** An event said what each section carries now. */
  map(tracks: { [mid: string]: string }): void {
    this.#mapped += 1;
    this.#carried = new Map(Object.entries(tracks));
  }

  /**
   * An answer said so. `mapped` is the count at the time of the offer: if events came since (the
   * answer to an offer that was sent again after a resume can be older than they), they win.
   */
  answer(tracks: { [mid: string]: string }, mapped: number): void {
    const answered = new Map(Object.entries(tracks));
    this.#carried = mapped === this.#mapped ? answered : new Map([...answered, ...this.#carried]);
  }

  /** Nothing is received any more. */
  clear(): void {
    this.#carried.clear();
  }

  /** Track id → what is received for it, of those sections that exist already. */
  resolve(pc: RTCPeerConnection): Map<string, MediaStreamTrack> {
    const found = new Map<string, MediaStreamTrack>();
    for (const transceiver of pc.getTransceivers()) {
      const id = transceiver.mid === null ? undefined : this.#carried.get(transceiver.mid);
      if (id !== undefined) found.set(id, transceiver.receiver.track);
    }
    return found;
  }
}
