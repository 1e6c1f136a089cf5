/** The sounds of a telephone, made by WebAudio: ringing, ringback, busy, keys; it knows no call. */

/** What goes on sounding until told otherwise. */
export type Sound = "ring" | "knock" | "ringback" | "busy";

interface Note {
  /** Seconds after the pattern's beginning. */
  readonly at: number;
  readonly length: number;
  /** Hertz, all at once. */
  readonly pitches: readonly number[];
  /** Struck like a bell, not held. */
  readonly bell?: boolean;
}

interface Pattern {
  readonly notes: readonly Note[];
  readonly volume: number;
  /** Seconds until it begins anew. */
  readonly period: number;
  readonly times?: number;
}

const RING = [659.3, 830.6, 987.8, 830.6, 1318.5] as const;
const TONE = 425; // ITU-T E.180: ringback and busy tone in most of the world
const PATTERNS: Readonly<Record<Sound, Pattern>> = {
  ring: {
    notes: [0, 1].flatMap((half) =>
      RING.map((pitch, index) => ({
        at: half * 0.95 + index * 0.16,
        length: 0.5,
        pitches: [pitch],
        bell: true,
      })),
    ),
    volume: 0.22,
    period: 3.6,
  },
  knock: {
    notes: [
      { at: 0, length: 0.18, pitches: [880], bell: true },
      { at: 0.22, length: 0.18, pitches: [880], bell: true },
    ],
    volume: 0.1,
    period: 4,
  },
  ringback: { notes: [{ at: 0.2, length: 1, pitches: [TONE] }], volume: 0.07, period: 5 },
  busy: { notes: [{ at: 0, length: 0.48, pitches: [TONE] }], volume: 0.07, period: 0.96, times: 3 },
};

/** ITU-T Q.23: each key is a tone of its row and one of its column. */
const ROWS = [697, 770, 852, 941] as const;
const COLUMNS = [1209, 1336, 1477, 1633] as const;
const PAD = "123A456B789C*0#D";

/** The two tones of a key in hertz; none for what is no key. */
export function tonesOf(digit: string): readonly number[] {
  const place = digit.length === 1 ? PAD.indexOf(digit.toUpperCase()) : -1;
  if (place < 0) return [];
  return [ROWS[Math.floor(place / 4)] ?? 0, COLUMNS[place % 4] ?? 0];
}

export class Ringer {
  #context: AudioContext | null = null;
  #sounding: Sound | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #output: GainNode | null = null;

  /** What is to be heard now. */
  get sounding(): Sound | null {
    return this.#sounding;
  }

  /** Sounds this from now on; null: silence. */
  play(sound: Sound | null): void {
    if (sound === this.#sounding) return;
    this.#silence();
    this.#sounding = sound;
    if (sound === null) return;
    if (sound === "ring") globalThis.navigator?.vibrate?.([500, 250, 500]);
    this.#repeat(PATTERNS[sound], 0);
  }

  /** Sounds a key of the pad once. */
  press(digit: string): void {
    const pitches = tonesOf(digit);
    const context = this.#ready();
    if (!context || pitches.length === 0) return;
    const volume = this.#volume(context, 0.08);
    strike(context, volume, { at: 0, length: 0.14, pitches }, context.currentTime);
  }

  /** Browsers hold sound back until a gesture: call it from a click or key press. */
  unlock(): void {
    if (this.#context?.state === "suspended") void this.#context.resume();
  }

  close(): void {
    this.play(null);
    const context = this.#context;
    this.#context = null;
    if (context) void context.close();
  }

  #repeat(pattern: Pattern, played: number): void {
    if (pattern.times !== undefined && played >= pattern.times) return;
    const context = this.#ready();
    // What a suspended context was given would all sound at once when it is let go.
    if (context?.state === "running") {
      this.#output ??= this.#volume(context, pattern.volume);
      for (const note of pattern.notes) strike(context, this.#output, note, context.currentTime);
    }
    const wait = context?.state === "running" ? pattern.period : 0.25;
    const count = played + (context?.state === "running" ? 1 : 0);
    this.#timer = setTimeout(() => this.#repeat(pattern, count), wait * 1000);
  }

  #silence(): void {
    clearTimeout(this.#timer);
    this.#output?.disconnect();
    this.#output = null;
    if (this.#sounding === "ring") globalThis.navigator?.vibrate?.(0);
  }

  #ready(): AudioContext | null {
    if (typeof AudioContext === "undefined") return null;
    this.#context ??= new AudioContext();
    this.unlock();
    return this.#context;
  }

  #volume(context: AudioContext, value: number): GainNode {
    const gain = new GainNode(context, { gain: value });
    gain.connect(context.destination);
    return gain;
  }
}

/** Without clicks: each note swells and fades. */
function strike(context: AudioContext, output: AudioNode, note: Note, now: number): void {
  const begin = now + note.at + 0.02;
  const end = begin + note.length;
  const swell = new GainNode(context, { gain: 0 });
  swell.gain.setValueAtTime(0, begin);
  swell.gain.linearRampToValueAtTime(1, begin + 0.012);
  if (note.bell) swell.gain.exponentialRampToValueAtTime(0.001, end);
  else {
    swell.gain.setValueAtTime(1, end - 0.02);
    swell.gain.linearRampToValueAtTime(0, end);
  }
  swell.connect(output);
  for (const frequency of note.pitches) {
    const tone = new OscillatorNode(context, { frequency, type: note.bell ? "triangle" : "sine" });
    tone.connect(swell);
    tone.start(begin);
    tone.stop(end + 0.01);
  }
}
