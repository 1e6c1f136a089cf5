/** Uploads files that messages point to; it knows no message but its attachment. */

import { type Api, type Fields, number, text } from "../account/api.js";
import { AntiphonError } from "../errors.js";
import type { Attachment } from "../messages/message.js";

const UPLOADS = "/upload/";
const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/u;

/** How a file is uploaded. */
export interface UploadOptions {
  /** Its name; that of a `File` if absent. */
  name?: string;
  /** Told now and then: bytes sent, of how many. */
  progress?: (sent: number, size: number) => void;
  /** Gives it up. */
  signal?: AbortSignal;
}

/** Sends a file somewhere. Rejects with AntiphonError. */
export type Put = (
  url: string,
  headers: { readonly [name: string]: string },
  file: Blob,
  options: UploadOptions,
) => Promise<void>;

/** The own files. */
export class Files {
  readonly #api: Api;
  readonly #put: Put;

  /** @internal Made by `Client`. */
  constructor(api: Api, put: Put = putFile) {
    this.#api = api;
    this.#put = put;
  }

  /** Uploads a file: what it resolves with goes into a message's `attachments`. */
  async upload(file: Blob, options: UploadOptions = {}): Promise<Attachment> {
    const name = options.name ?? ("name" in file ? String(file.name) : "file");
    const mediaType = file.type.split(";")[0] ?? "";
    const body = { name, size: file.size, ...(mediaType ? { media_type: mediaType } : {}) };
    const slot = await this.#api.ask("POST", "/uploads", body);
    const [id, url, where] = [text(slot, "id"), text(slot, "get_url"), text(slot, "put_url")];
    if (!id || !url || !where) {
      throw new AntiphonError("protocol", "The server sent a malformed place for a file.");
    }
    await this.#put(
      uploadedAt(where, this.#api.server),
      (slot.headers ?? {}) as { [name: string]: string },
      file,
      options,
    );
    const stored = await this.#find(id);
    const thumbnail = text(stored, "thumbnail_url");
    return {
      url: this.#absolute(url),
      name,
      mediaType: text(stored, "media_type") || mediaType,
      size: file.size,
      thumbnail: thumbnail ? this.#absolute(thumbnail) : null,
      width: number(stored, "width"),
      height: number(stored, "height"),
    };
  }

  /** A node that is not told its own address names paths only. */
  #absolute(url: string): string {
    return new URL(url, `${this.#api.server}/`).href;
  }

  /** What the server found out about a file, which is among the latest. */
  async #find(id: string): Promise<Fields> {
    const { files } = await this.#api.ask("GET", "/uploads?limit=20");
    const found = Array.isArray(files) ? files.find((one: Fields) => one?.id === id) : undefined;
    return (found ?? {}) as Fields;
  }
}

/**
 * Where a server takes a file: a node takes it under any name by which it is reached, and pages may
 * talk to the one that they came from only.
 */
function uploadedAt(url: string, server: string): string {
  const { pathname, search } = new URL(url, `${server}/`);
  const place = pathname.lastIndexOf(UPLOADS);
  return place < 0 ? new URL(url, `${server}/`).href : server + pathname.slice(place) + search;
}

/**
 * Where a file is read from here. A node that was not told its public address calls itself by that
 * of its own machine, which is another one for those who read elsewhere.
 */
export function readableAt(url: string, server: string): string {
  let file: URL;
  try {
    file = new URL(url, `${server}/`);
  } catch {
    return url;
  }
  const isOwnMachine = LOOPBACK.test(file.hostname) && file.pathname.startsWith(UPLOADS);
  return isOwnMachine ? server + file.pathname + file.search : url;
}

/** By XMLHttpRequest, which alone tells how far an upload is. */
const putFile: Put = (url, headers, file, { progress, signal }) =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const fail = (reason: string, words: string) => reject(new AntiphonError(reason, words));
    if (signal?.aborted) {
      fail("cancelled", "The upload was given up.");
      return;
    }
    request.upload.onprogress = (event) => progress?.(event.loaded, file.size);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve();
      else fail("internal", `The file was not taken: the server answered ${request.status}.`);
    };
    request.onerror = () => fail("network", "The file could not be sent.");
    request.onabort = () => fail("cancelled", "The upload was given up.");
    signal?.addEventListener("abort", () => request.abort(), { once: true });
    request.open("PUT", url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.send(file);
  });
