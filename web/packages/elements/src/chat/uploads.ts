/** Files on their way into a message that is being written; it knows no element and no server. */

import { type Attachment, MOST_ATTACHMENTS } from "@antiphon/client";
import type { Upload } from "./place.js";

export interface PendingFile {
  readonly id: number;
  readonly file: File;
  /** From 0 to 1. */
  readonly progress: number;
  readonly failed: boolean;
  /** Set once it is there. */
  readonly attachment: Attachment | null;
  /** URL of the picture itself, for one. */
  readonly preview: string | null;
}

export interface UploadsHost {
  readonly upload: Upload | null;
  changed(): void;
  refused(error: unknown): void;
  tooMany(): void;
}

export class Uploads {
  files: readonly PendingFile[] = [];
  readonly #stops = new Map<number, AbortController>();
  #last = 0;

  constructor(readonly host: UploadsHost) {}

  /** Files are there that are not uploaded yet. */
  get busy(): boolean {
    return this.files.some((one) => one.attachment === null && !one.failed);
  }

  /** Those that can be sent. */
  get attachments(): readonly Attachment[] {
    return this.files.flatMap((one) => one.attachment ?? []);
  }

  add(files: Iterable<File>): void {
    for (const file of files) {
      if (this.files.length >= MOST_ATTACHMENTS) {
        this.host.tooMany();
        return;
      }
      this.#last += 1;
      const picture = file.type.startsWith("image/") && file.type !== "image/svg+xml";
      const preview = picture ? URL.createObjectURL(file) : null;
      const one = { id: this.#last, file, progress: 0, failed: false, attachment: null, preview };
      this.files = [...this.files, one];
      void this.#send(one);
    }
    this.host.changed();
  }

  /** Tries one that failed again. */
  retry(id: number): void {
    const one = this.files.find((file) => file.id === id);
    if (!one?.failed) return;
    this.#set(id, { failed: false, progress: 0 });
    void this.#send(one);
  }

  remove(id: number): void {
    this.#stops.get(id)?.abort();
    this.#stops.delete(id);
    for (const one of this.files) if (one.id === id) free(one);
    this.files = this.files.filter((one) => one.id !== id);
    this.host.changed();
  }

  /** Forgets those that were sent; who failed can be tried again. */
  sent(): void {
    for (const one of this.files) if (!one.failed) this.remove(one.id);
  }

  /** Forgets all. */
  clear(): void {
    for (const one of this.files) this.remove(one.id);
  }

  async #send({ id, file }: PendingFile): Promise<void> {
    const { upload } = this.host;
    if (upload === null) return;
    const stop = new AbortController();
    this.#stops.set(id, stop);
    try {
      const progress = (sent: number, size: number) => {
        this.#set(id, { progress: size > 0 ? sent / size : 0 });
      };
      const attachment = await upload(file, { progress, signal: stop.signal });
      this.#set(id, { attachment, progress: 1 });
    } catch (error) {
      if (stop.signal.aborted) return;
      this.#set(id, { failed: true });
      this.host.refused(error);
    } finally {
      this.#stops.delete(id);
    }
  }

  #set(id: number, change: Partial<PendingFile>): void {
    this.files = this.files.map((one) => (one.id === id ? { ...one, ...change } : one));
    this.host.changed();
  }
}

function free(file: PendingFile): void {
  if (file.preview !== null) URL.revokeObjectURL(file.preview);
}
