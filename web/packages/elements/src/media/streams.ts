/** One MediaStream for each track, kept while the track lives; it knows no element. */

export class Streams {
  readonly #streams = new WeakMap<MediaStreamTrack, MediaStream>();

  /** Always the same stream for the same track, so that an element is not started anew. */
  of(track: MediaStreamTrack | null): MediaStream | null {
    if (!track) return null;
    const known = this.#streams.get(track);
    if (known) return known;
    const stream = new MediaStream([track]);
    this.#streams.set(track, stream);
    return stream;
  }
}
