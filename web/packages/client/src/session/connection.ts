/** A session with the server over as many WebSockets as it takes; it knows no room. */

import { AntiphonError, toAntiphonError } from "../errors.js";
import type {
  ClientMessage,
  ServerEvent,
  ServerMessage,
  ServerReply,
  Welcome,
} from "../generated/signalling.js";
import { Backoff } from "./backoff.js";
import type { UnknownMessage } from "./check.js";
import { tokenExpiry } from "./expiry.js";
import { Inbox } from "./inbox.js";
import { type Request, Requests } from "./requests.js";
import { Socket } from "./socket.js";

/** `idle` before `start`, `closed` after `close` or when another connection took the session. */
export type ConnectionState = "idle" | "connecting" | "connected" | "reconnecting" | "closed";

/** Who hears of a connection. */
export interface ConnectionEvents {
  state(state: ConnectionState): void;
  /** Connected. Requests of a session that was not resumed have failed with reason `lost`. */
  welcome(welcome: Welcome): void;
  /** Each event of the session, once and in order. */
  event(event: ServerEvent): void;
  /** The connection was lost, or an attempt failed; it goes on by itself. */
  error(error: AntiphonError): void;
}

/** What a connection needs. */
export interface ConnectionOptions {
  url: string;
  token: () => Promise<string>;
  /** Calls to the account shall ring here. */
  reachable: boolean;
  WebSocket: typeof WebSocket;
  events: ConnectionEvents;
}

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 15_000;
const STABLE_AFTER_MS = 5000;
/** A token is replaced this long before it ends, a short one when a quarter of it is left. */
const REPLACED_BEFORE_MS = 120_000;
const LEAST_LEFT_MS = 500;
const LONGEST_TIMER_MS = 0x7fff_ffff;

interface Starting {
  resolve(): void;
  reject(error: AntiphonError): void;
}

/** Connects, reconnects, resumes; keeps requests and events whole. */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #requests = new Requests((message) => this.#send(message));
  readonly #inbox = new Inbox((seq) => this.#send({ type: "ack", seq }));
  readonly #backoff = new Backoff(FIRST_DELAY_MS, LONGEST_DELAY_MS);
  #state: ConnectionState = "idle";
  #socket: Socket | null = null;
  #session: string | null = null;
  #token = "";
  #starting: Starting | null = null;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #stable: ReturnType<typeof setTimeout> | undefined;
  #replacing: ReturnType<typeof setTimeout> | undefined;
  /** Counts attempts, so that one that was given up cannot come back. */
  #attempt = 0;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Sends a request now or as soon as there is a connection. */
  get request(): Request {
    return this.#requests.request;
  }

  /** Connects for the first time; rejects, and stays `idle`, when that fails. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#starting = { resolve, reject };
      this.#listen(true);
      this.#enter("connecting");
      this.#connect();
    });
  }

  /** Ends the session; everything that waits fails with `error`. */
  close(error = new AntiphonError("closed", "The client was closed.")): void {
    if (this.#state === "closed") return;
    this.#stop();
    this.#enter("closed");
    this.#requests.fail(error);
    this.#starting?.reject(error);
    this.#starting = null;
  }

  /** Gives the session up and begins another one. */
  renew(): void {
    if (this.#socket === null) return;
    this.#session = null;
    this.#lost(new AntiphonError("protocol", "An event of the session is missing."));
  }

  #stop(): void {
    this.#attempt += 1;
    clearTimeout(this.#retry);
    clearTimeout(this.#stable);
    clearTimeout(this.#replacing);
    this.#listen(false);
    this.#inbox.pause();
    this.#socket?.close();
    this.#socket = null;
  }

  #enter(state: ConnectionState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#options.events.state(state);
  }

  #connect(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#attempt += 1;
    const attempt = this.#attempt;
    this.#options.token().then(
      (token) => {
        if (attempt === this.#attempt) this.#open(token);
      },
      (error: unknown) => {
        if (attempt === this.#attempt) this.#lost(toAntiphonError(error, "unauthorized"));
      },
    );
  }

  #open(token: string): void {
    this.#token = token;
    const resume = this.#session === null ? {} : { resume: this.#session, after: this.#inbox.last };
    const reachable = this.#options.reachable ? { reachable: true } : {};
    const hello = { type: "hello" as const, token, ...reachable, ...resume };
    try {
      this.#socket = new Socket(this.#options.url, hello, this.#options.WebSocket, {
        welcome: (welcome) => this.#welcomed(welcome),
        message: (message) => this.#received(message),
        lost: (error) => this.#lost(error),
      });
    } catch (error) {
      this.#lost(toAntiphonError(error, "network"));
    }
  }

  #welcomed(welcome: Welcome): void {
    this.#session = welcome.session;
    clearTimeout(this.#stable);
    this.#watchToken();
    this.#stable = setTimeout(() => this.#backoff.reset(), STABLE_AFTER_MS);
    if (welcome.resumed) {
      this.#requests.resend();
    } else {
      this.#inbox.reset();
      if (this.#starting === null) {
        this.#requests.fail(new AntiphonError("lost", "The session was lost."));
      }
      this.#requests.resend();
    }
    this.#enter("connected");
    this.#options.events.welcome(welcome);
    this.#starting?.resolve();
    this.#starting = null;
  }

  #received(message: Exclude<ServerMessage, Welcome> | UnknownMessage): void {
    if ("seq" in message) {
      if (message.seq !== null) this.#arrived(message as ServerEvent | UnknownMessage);
    } else if ("id" in message) {
      this.#requests.settle(message as ServerReply);
    }
  }

  #arrived(event: ServerEvent | UnknownMessage): void {
    const arrival = this.#inbox.arrive(event.seq as number);
    if (arrival === "gap") this.renew();
    else if (arrival === "new" && event.type !== "unknown") this.#options.events.event(event);
  }

  /** The server ends a session with its token, unless it goes on by another one before. */
  #watchToken(): void {
    const left = tokenExpiry(this.#token) - Date.now();
    if (left < LEAST_LEFT_MS || left === Number.POSITIVE_INFINITY) return;
    const wait = left - Math.min(REPLACED_BEFORE_MS, left / 4);
    clearTimeout(this.#replacing);
    this.#replacing = setTimeout(() => this.#replaceToken(), Math.min(wait, LONGEST_TIMER_MS));
  }

  /** Resumes the session over another socket; media and what is asked go on meanwhile. */
  #replaceToken(): void {
    const socket = this.#socket;
    const again = (): void => {
      if (socket !== null && this.#socket === socket) this.#watchToken();
    };
    this.#options.token().then((token) => {
      if (token === this.#token) again();
      else if (socket !== null && this.#socket === socket) {
        socket.abandon();
        this.#inbox.pause();
        this.#requests.pause();
        this.#open(token);
      }
    }, again);
  }

  #send(message: ClientMessage): boolean {
    return this.#socket?.send(message) ?? false;
  }

  #lost(error: AntiphonError): void {
    this.#socket?.close();
    this.#socket = null;
    clearTimeout(this.#stable);
    clearTimeout(this.#replacing);
    this.#inbox.pause();
    this.#requests.pause();
    if (this.#starting !== null) {
      this.#failStart(error);
      return;
    }
    // What the server cannot say properly it would say again to a resumed session.
    if (error.reason === "protocol") this.#session = null;
    this.#enter("reconnecting");
    this.#options.events.error(error);
    if (error.reason === "replaced") {
      this.close(error);
      return;
    }
    this.#retry = setTimeout(() => this.#connect(), this.#backoff.next());
  }

  #failStart(error: AntiphonError): void {
    this.#stop();
    this.#enter("idle");
    this.#starting?.reject(error);
    this.#starting = null;
  }

  #listen(on: boolean): void {
    // Outside browsers there may be no such events; then the timers alone decide.
    if (typeof globalThis.addEventListener !== "function") return;
    const change = on ? globalThis.addEventListener : globalThis.removeEventListener;
    change.call(globalThis, "online", this.#online);
    change.call(globalThis, "offline", this.#offline);
    change.call(globalThis, "pagehide", this.#hidden);
    change.call(globalThis, "pageshow", this.#shown);
  }

  /**
   * The page is left. The browser may keep it to come back to, without a word to the server, which
   * would take its user to be there: the session ends now.
   */
  readonly #hidden = (): void => {
    this.#attempt += 1;
    clearTimeout(this.#retry);
    clearTimeout(this.#stable);
    clearTimeout(this.#replacing);
    this.#socket?.close();
    this.#socket = null;
    this.#session = null;
    this.#inbox.pause();
    this.#requests.pause();
    if (this.#state === "connected") this.#enter("reconnecting");
  };

  readonly #shown = (event: Event): void => {
    if (!(event as PageTransitionEvent).persisted) return;
    this.#backoff.reset();
    this.#connect();
  };

  /** Sooner than any time-out can tell; if it is not so (a server on this machine), a retry does. */
  readonly #offline = (): void => {
    if (this.#state !== "connected") return;
    this.#socket?.abandon();
    this.#lost(new AntiphonError("network", "There is no network."));
  };

  readonly #online = (): void => {
    if (this.#state !== "reconnecting") {
      this.#socket?.probe();
      return;
    }
    // An attempt that was begun without a network may hang for long; and the first one now may
    // still come before there are routes, so the next must not be far.
    this.#socket?.abandon();
    this.#socket = null;
    this.#backoff.reset();
    this.#connect();
  };
}
