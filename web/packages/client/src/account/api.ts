/** Asks the REST interface with a token; knows no resource. */

import { AntiphonError, toAntiphonError } from "../errors.js";
import { httpError } from "../session/auth.js";

/** What requests need. */
export interface ApiOptions {
  /** Base URL without a slash at its end. */
  server: string;
  token: () => Promise<string>;
  fetch?: typeof fetch | undefined;
}

/** Fields of a JSON object of which nothing is known yet. */
export interface Fields {
  readonly [name: string]: unknown;
}

/** A server's REST interface, for one account. */
export class Api {
  readonly #options: ApiOptions;

  constructor(options: ApiOptions) {
    this.#options = options;
  }

  get server(): string {
    return this.#options.server;
  }

  /** Asks, with JSON or (with its type) a file as the body. Rejects with AntiphonError. */
  async send(method: string, path: string, body?: object | Blob): Promise<Response> {
    const { server, token, fetch = globalThis.fetch.bind(globalThis) } = this.#options;
    const headers: { [name: string]: string } = { authorization: `Bearer ${await token()}` };
    const isFile = typeof Blob !== "undefined" && body instanceof Blob;
    if (body !== undefined && !isFile) headers["content-type"] = "application/json";
    const content = body === undefined ? {} : { body: isFile ? body : JSON.stringify(body) };
    let response: Response;
    try {
      response = await fetch(`${server}/api/v1${path}`, { method, headers, ...content });
    } catch (error) {
      throw toAntiphonError(error, "network");
    }
    if (!response.ok) throw await httpError(response);
    return response;
  }

  /** The same, for the object that is answered. */
  async ask(method: string, path: string, body?: object | Blob): Promise<Fields> {
    const response = await this.send(method, path, body);
    const answer: unknown = await response.json().catch(() => null);
    if (typeof answer !== "object" || answer === null) {
      throw new AntiphonError("protocol", "The server sent something malformed.");
    }
    return answer as Fields;
  }
}

/** A text of a JSON object; empty where there is none. */
export function text(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === "string" ? value : "";
}

/** A list of texts of a JSON object. */
export function texts(fields: Fields, name: string): readonly string[] {
  const value = fields[name];
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

/** A number of a JSON object, or null. */
export function number(fields: Fields, name: string): number | null {
  const value = fields[name];
  return typeof value === "number" ? value : null;
}
