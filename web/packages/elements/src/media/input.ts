/** The own microphone or camera: open, on or off, published once in a room; no element, no words. */

/** What a published track can be told. */
export interface Published {
  readonly muted: boolean;
  readonly mediaTrack: MediaStreamTrack;
  mute(): Promise<unknown>;
  unmute(): Promise<unknown>;
  replace(track: MediaStreamTrack): Promise<unknown>;
}

/** Opens the device of this id ("" for the browser's choice). */
export type Open = (deviceId: string) => Promise<MediaStreamTrack>;
/** Publishes a track in the room. */
export type Publish = (track: MediaStreamTrack, muted: boolean) => Promise<Published>;

export interface InputOptions {
  readonly open: Open;
  /** Close the device while off, so that its light goes out (a camera); else it stays open. */
  readonly release: boolean;
  readonly changed: () => void;
}

export class Input {
  /** What its owner wishes. */
  on = true;
  track: MediaStreamTrack | null = null;
  /** Why it could not be opened or published. */
  error: unknown = null;
  opening = false;
  deviceId = "";
  #publish: Publish | null = null;
  #published: Published | null = null;
  #queue: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(readonly options: InputOptions) {}

  /** True if others can see or hear it (or could, once it is published). */
  get live(): boolean {
    return this.on && this.track !== null;
  }

  /** Opens the device if it shall be on. */
  prepare(): Promise<void> {
    return this.#next(() => (this.on ? this.#ensure() : Promise.resolve()));
  }

  /** Turns it on or off. */
  set(on: boolean): Promise<void> {
    this.on = on;
    // At once: what waits in the queue may take as long as the network does.
    if (!on && this.track) this.track.enabled = false;
    this.options.changed();
    return this.#next(() => (on ? this.#turnOn() : this.#turnOff()));
  }

  /** Uses another device from now on. */
  choose(deviceId: string): Promise<void> {
    this.deviceId = deviceId;
    return this.#next(async () => {
      if (!this.track && !this.on) return;
      this.#release();
      await this.#ensure();
      if (this.track) this.track.enabled = this.on;
      await this.#show();
    });
  }

  /** Publishes in a room what is open now and what will be opened. */
  attach(publish: Publish): Promise<void> {
    return this.#next(async () => {
      this.#publish = publish;
      await this.#show();
    });
  }

  /** Follows a mute that somebody else ordered; true if there was one. */
  follow(): boolean {
    if (!this.#published?.muted || !this.live || this.#waiting > 0) return false;
    this.on = false;
    if (this.options.release) this.#release();
    this.options.changed();
    return true;
  }

  /** Leaves the room but keeps the device. */
  detach(): void {
    this.#publish = null;
    this.#published = null;
  }

  /** Gives the device back. */
  close(): void {
    this.detach();
    this.#release();
  }

  async #turnOn(): Promise<void> {
    await this.#ensure();
    if (!this.track) return;
    this.track.enabled = true;
    await this.#show();
    await this.#published?.unmute();
  }

  async #turnOff(): Promise<void> {
    await this.#published?.mute();
    if (this.options.release) this.#release();
  }

  async #ensure(): Promise<void> {
    if (this.track?.readyState === "live") return;
    this.opening = true;
    this.error = null;
    this.options.changed();
    try {
      this.#take(await this.options.open(this.deviceId));
    } catch (error) {
      this.track = null;
      this.on = false;
      this.error = error;
    } finally {
      this.opening = false;
    }
  }

  #take(track: MediaStreamTrack): void {
    this.track = track;
    this.deviceId = track.getSettings().deviceId ?? this.deviceId;
    track.addEventListener("ended", () => this.#lost(track));
  }

  /** The device was unplugged, or the permission withdrawn. */
  #lost(track: MediaStreamTrack): void {
    if (this.track !== track) return;
    this.track = null;
    this.on = false;
    void this.#next(async () => void (await this.#published?.mute()));
  }

  async #show(): Promise<void> {
    if (!this.#publish || !this.track) return;
    if (this.#published?.mediaTrack === this.track) return;
    if (this.#published) await this.#published.replace(this.track);
    else this.#published = await this.#publish(this.track, !this.on);
  }

  #release(): void {
    const track = this.track;
    this.track = null;
    track?.stop();
  }

  /** One thing at a time: a device is not opened while it is being closed. */
  #next(task: () => Promise<void>): Promise<void> {
    this.#waiting += 1;
    this.#queue = this.#queue
      .then(task)
      .catch((error: unknown) => {
        this.error = error;
      })
      .finally(() => {
        this.#waiting -= 1;
      });
    return this.#queue.then(() => this.options.changed());
  }
}
