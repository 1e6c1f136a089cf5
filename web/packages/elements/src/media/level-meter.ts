/** Measures how loud a microphone is; it knows a track and no element. */

const PERIOD = 50;
/** Decibels (of full scale) that read as silence and as full. */
const QUIET = -58;
const LOUD = -14;

/** A level in decibels as a fraction between 0 and 1. */
export function meterFraction(decibels: number): number {
  return Math.min(1, Math.max(0, (decibels - QUIET) / (LOUD - QUIET)));
}

/** The level of samples between -1 and 1, in decibels of full scale. */
export function decibelsOf(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return 10 * Math.log10(sum / Math.max(1, samples.length) + 1e-12);
}

export class LevelMeter {
  #context: AudioContext | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;
  #track: MediaStreamTrack | null = null;

  /** `heard` gets a fraction between 0 and 1, twenty times a second. */
  constructor(readonly heard: (fraction: number) => void) {}

  /** Measures this track from now on; null: none. */
  watch(track: MediaStreamTrack | null): void {
    if (track === this.#track) return;
    this.stop();
    if (!track || typeof AudioContext === "undefined") return;
    this.#track = track;
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 1024;
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    this.#context = context;
    this.#timer = setInterval(() => this.#measure(analyser, track), PERIOD);
  }

  /** A browser may hold audio processing back until a gesture: call it from a click. */
  resume(): void {
    if (this.#context?.state === "suspended") void this.#context.resume();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#track = null;
    const context = this.#context;
    this.#context = null;
    if (context) void context.close();
    this.heard(0);
  }

  #measure(analyser: AnalyserNode, track: MediaStreamTrack): void {
    const samples = new Float32Array(analyser.fftSize);
    analyser.getFloatTimeDomainData(samples);
    this.heard(track.enabled ? meterFraction(decibelsOf(samples)) : 0);
  }
}
