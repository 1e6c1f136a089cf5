/** One WebSocket from hello to its end; it never reconnects and knows no session. */

import { AntiphonError, toAntiphonError } from "../errors.js";
import type { ClientMessage, Hello, ServerMessage, Welcome } from "../generated/signalling.js";
import { readMessage, type UnknownMessage } from "./check.js";

const WELCOME_WITHIN_MS = 15_000;
/** Close code (private use, RFC 6455 §7.4.2) that leaves the session to be resumed. */
const RESUMES_LATER = 4000;
const PROBE_WITHIN_MS = 3000;
const SUBPROTOCOL = "antiphon.v1";

/** `WebSocket`, or what a test has instead. */
export type WebSocketClass = typeof WebSocket;

/** Who hears of a socket. `lost` comes at most once, and nothing comes after it. */
export interface SocketEvents {
  welcome(welcome: Welcome): void;
  message(message: Exclude<ServerMessage, Welcome> | UnknownMessage): void;
  lost(error: AntiphonError): void;
}

/** A WebSocket that says hello, pings, and notices when nobody answers. */
export class Socket {
  readonly #socket: WebSocket;
  readonly #events: SocketEvents;
  #over = false;
  #welcomed = false;
  #heardAt = Date.now();
  #deadline: ReturnType<typeof setTimeout> | undefined;
  #pinging: ReturnType<typeof setInterval> | undefined;

  constructor(url: string, hello: Hello, WebSocket: WebSocketClass, events: SocketEvents) {
    this.#events = events;
    this.#socket = new WebSocket(url, [SUBPROTOCOL]);
    this.#socket.onopen = () => this.#socket.send(JSON.stringify(hello));
    this.#socket.onmessage = (event) => this.#receive(event.data);
    this.#socket.onclose = (event) => this.#lose(closedText(event));
    this.#deadline = setTimeout(() => {
      this.#lose(new AntiphonError("timeout", "The server did not answer in time."));
    }, WELCOME_WITHIN_MS);
  }

  /** Sends a message if the server has welcomed us; says whether it did. */
  send(message: ClientMessage): boolean {
    if (this.#over || !this.#welcomed || this.#socket.readyState !== 1) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** The network may have changed: asks for a sign of life soon. */
  probe(): void {
    if (!this.send({ type: "ping" })) return;
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => {
      this.#lose(new AntiphonError("timeout", "The connection does not answer any more."));
    }, PROBE_WITHIN_MS);
  }

  /** Closes without a word to the listener; 1000 tells the server that the session is over. */
  close(code = 1000): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#deadline);
    clearInterval(this.#pinging);
    this.#socket.onopen = null;
    this.#socket.onmessage = null;
    this.#socket.onclose = null;
    this.#socket.close(code);
  }

  /** Closes without a word to the listener, and leaves the session to be resumed. */
  abandon(): void {
    this.close(RESUMES_LATER);
  }

  #receive(data: unknown): void {
    this.#heardAt = Date.now();
    if (this.#welcomed) clearTimeout(this.#deadline);
    let message: ServerMessage | UnknownMessage;
    try {
      message = readMessage(data);
    } catch (error) {
      this.#lose(toAntiphonError(error, "protocol"));
      return;
    }
    this.#dispatch(message);
  }

  #dispatch(message: ServerMessage | UnknownMessage): void {
    if (message.type === "failed") {
      this.#lose(new AntiphonError(message.reason, message.text));
    } else if ((message.type === "welcome") === this.#welcomed) {
      this.#lose(new AntiphonError("protocol", `The server sent ${message.type} at a wrong time.`));
    } else if (message.type === "welcome") {
      this.#begin(message);
    } else if (message.type !== "pong") {
      this.#events.message(message);
    }
  }

  #begin(welcome: Welcome): void {
    this.#welcomed = true;
    clearTimeout(this.#deadline);
    const interval = Math.min(Math.max(welcome.ping_interval, 1), 300) * 1000;
    this.#pinging = setInterval(() => this.#ping(interval), interval);
    this.#events.welcome(welcome);
  }

  #ping(interval: number): void {
    // Two intervals of silence, although each of our pings asks for a pong.
    if (Date.now() - this.#heardAt >= 2 * interval) {
      this.#lose(new AntiphonError("timeout", "The server is silent."));
    } else {
      this.send({ type: "ping" });
    }
  }

  #lose(error: AntiphonError): void {
    if (this.#over) return;
    this.abandon();
    this.#events.lost(error);
  }
}

function closedText(event: CloseEvent): AntiphonError {
  const detail = event.reason ? `: ${event.reason}` : ` (code ${event.code})`;
  return new AntiphonError("network", `The connection was closed${detail}.`);
}
