/** Plays the sound of others through hidden audio elements; it knows tracks and no room. */

export interface Sound {
  readonly id: string;
  readonly mediaTrack: MediaStreamTrack | null;
}

interface Sinkable {
  setSinkId(id: string): Promise<void>;
}

export class AudioOutput {
  readonly #players = new Map<string, HTMLAudioElement>();
  readonly #blocked = new Set<string>();
  #sink = "";

  /** `changed` is called when the browser begins or stops to hold the sound back. */
  constructor(
    readonly container: HTMLElement,
    readonly changed: () => void,
  ) {}

  /** True while a browser's autoplay rule keeps something silent. */
  get blocked(): boolean {
    return this.#blocked.size > 0;
  }

  /** Plays exactly these. */
  update(sounds: Iterable<Sound>): void {
    const wanted = new Map<string, MediaStreamTrack>();
    for (const { id, mediaTrack } of sounds) if (mediaTrack) wanted.set(id, mediaTrack);
    for (const id of this.#players.keys()) if (!wanted.has(id)) this.#remove(id);
    for (const [id, track] of wanted) this.#play(id, track);
  }

  /** Starts what was held back: call it from a click or key press. */
  resume(): void {
    for (const id of [...this.#blocked]) {
      const player = this.#players.get(id);
      if (player) void this.#start(id, player);
    }
  }

  /** Plays through the device of this id ("" for the system's choice) where the browser can. */
  async choose(sink: string): Promise<void> {
    this.#sink = sink;
    await Promise.all([...this.#players.values()].map((player) => this.#route(player)));
  }

  close(): void {
    for (const id of [...this.#players.keys()]) this.#remove(id);
  }

  #play(id: string, track: MediaStreamTrack): void {
    const known = this.#players.get(id);
    const playing = known?.srcObject instanceof MediaStream ? known.srcObject : null;
    if (known && playing?.getAudioTracks()[0] === track) return;
    const player = known ?? this.#create(id);
    player.srcObject = new MediaStream([track]);
    void this.#route(player);
    void this.#start(id, player);
  }

  #create(id: string): HTMLAudioElement {
    const player = document.createElement("audio");
    player.autoplay = true;
    player.dataset.track = id;
    player.setAttribute("part", "audio");
    this.#players.set(id, player);
    this.container.append(player);
    return player;
  }

  async #start(id: string, player: HTMLAudioElement): Promise<void> {
    try {
      await player.play();
      this.#mark(id, false);
    } catch (error) {
      // NotAllowedError: the autoplay rule. Others (AbortError: replaced meanwhile) mend themselves.
      const blocked = error instanceof DOMException && error.name === "NotAllowedError";
      if (blocked && this.#players.get(id) === player) this.#mark(id, true);
    }
  }

  async #route(player: HTMLAudioElement): Promise<void> {
    if (!("setSinkId" in player)) return;
    try {
      await (player as HTMLAudioElement & Sinkable).setSinkId(this.#sink);
    } catch (error) {
      console.warn("antiphon: this output device cannot be used", error);
    }
  }

  #mark(id: string, blocked: boolean): void {
    const before = this.blocked;
    if (blocked) this.#blocked.add(id);
    else this.#blocked.delete(id);
    if (before !== this.blocked) this.changed();
  }

  #remove(id: string): void {
    const player = this.#players.get(id);
    this.#players.delete(id);
    this.#mark(id, false);
    if (!player) return;
    player.srcObject = null;
    player.remove();
  }
}

/** True if this browser lets a page choose the loudspeaker. */
export function canChooseOutput(): boolean {
  return typeof HTMLMediaElement !== "undefined" && "setSinkId" in HTMLMediaElement.prototype;
}
