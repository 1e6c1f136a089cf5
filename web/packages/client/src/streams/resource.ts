/** The HTTP side of WHIP and WHEP: POST, PATCH and DELETE of a session; knows no WebRTC. */

import { AntiphonError, toAntiphonError } from "../errors.js";
import { httpError } from "../session/auth.js";

/** What the server answered to an offer. */
export interface Created {
  answer: string;
  /** Value of the `Link` header. */
  link: string | null;
}

/** A WHIP or WHEP session at the server. */
export class Resource {
  readonly #endpoint: string;
  readonly #headers: { [name: string]: string };
  readonly #fetch: typeof fetch;
  #location: string | null = null;

  constructor(endpoint: string, token: string | undefined, request: typeof fetch) {
    this.#endpoint = endpoint;
    this.#headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    this.#fetch = request;
  }

  /** Makes the session (RFC 9725 §4.2). */
  async create(offer: string): Promise<Created> {
    const response = await this.#send(this.#endpoint, {
      method: "POST",
      headers: { ...this.#headers, "content-type": "application/sdp" },
      body: offer,
    });
    const location = response.headers.get("location");
    if (response.status !== 201 || location === null) {
      throw new AntiphonError("protocol", "The server did not name the session it made.");
    }
    this.#location = new URL(location, response.url || this.#endpoint).href;
    return { answer: await response.text(), link: response.headers.get("link") };
  }

  /** Asks for an ICE restart; gives the server's fragment (RFC 9725 §4.3.3). */
  async restart(fragment: string): Promise<string> {
    if (this.#location === null) throw new AntiphonError("gone", "There is no session.");
    const response = await this.#send(this.#location, {
      method: "PATCH",
      headers: {
        ...this.#headers,
        "content-type": "application/trickle-ice-sdpfrag",
        "if-match": "*",
      },
      body: fragment,
    });
    return response.text();
  }

  /** Ends the session; also while the page goes away. */
  async remove(): Promise<void> {
    const location = this.#location;
    this.#location = null;
    if (location === null) return;
    await this.#send(location, { method: "DELETE", headers: this.#headers, keepalive: true });
  }

  async #send(url: string, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
      response = await this.#fetch(url, init);
    } catch (error) {
      throw toAntiphonError(error, "network");
    }
    if (!response.ok) throw await httpError(response);
    return response;
  }
}
