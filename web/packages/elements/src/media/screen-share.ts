/** The own shared screen: chosen, published with its sound, ended from either side; no element. */

export interface Shared {
  unpublish(): Promise<unknown>;
}

/** Publishes one track of the screen. */
export type PublishScreen = (
  track: MediaStreamTrack,
  source: "screen" | "screen_audio",
) => Promise<Shared>;

export interface ScreenOptions {
  /** Lets the person choose a screen; rejects if that is refused. */
  readonly open: () => Promise<readonly MediaStreamTrack[]>;
  readonly publish: PublishScreen;
  readonly changed: () => void;
}

export class ScreenShare {
  #tracks: readonly MediaStreamTrack[] = [];
  #shared: Shared[] = [];
  #busy = false;

  constructor(readonly options: ScreenOptions) {}

  get active(): boolean {
    return this.#tracks.length > 0;
  }

  /** Asks for a screen and publishes it; rejects with the reason if that fails. */
  async start(): Promise<void> {
    if (this.active || this.#busy) return;
    this.#busy = true;
    try {
      this.#tracks = await this.options.open();
      await this.#publish();
    } catch (error) {
      await this.stop();
      throw error;
    } finally {
      this.#busy = false;
      this.options.changed();
    }
  }

  /** Ends the sharing for all. */
  async stop(): Promise<void> {
    const shared = this.#shared;
    for (const track of this.#tracks) track.stop();
    this.#tracks = [];
    this.#shared = [];
    this.options.changed();
    await Promise.all(shared.map((track) => track.unpublish()));
  }

  /** Gives the screen back without a word to the room (which is left already). */
  close(): void {
    for (const track of this.#tracks) track.stop();
    this.#tracks = [];
    this.#shared = [];
  }

  async #publish(): Promise<void> {
    for (const track of this.#tracks) {
      // The browser's own "stop sharing" button.
      if (track.kind === "video") track.addEventListener("ended", () => void this.#ended(track));
      const source = track.kind === "audio" ? "screen_audio" : "screen";
      this.#shared.push(await this.options.publish(track, source));
    }
  }

  async #ended(track: MediaStreamTrack): Promise<void> {
    if (!this.#tracks.includes(track)) return;
    try {
      await this.stop();
    } catch (error) {
      console.warn("antiphon: the screen could not be withdrawn", error);
    }
  }
}
