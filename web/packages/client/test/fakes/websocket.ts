/** A WebSocket whose other end is a FakeServer; each frame takes a turn of the event loop. */

import type { FakeServer, FakeSession } from "./server.js";

/** What a test does to a socket. */
export class FakeWebSocket {
  readyState = 0;
  session: FakeSession | null = null;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  closedWith: number | null = null;

  constructor(
    readonly server: FakeServer,
    readonly url: string,
    readonly protocols: readonly string[],
  ) {
    server.sockets.push(this);
    setTimeout(() => (server.reachable ? this.#open() : this.breakDown()), 1);
  }

  send(text: string): void {
    if (this.readyState !== 1) throw new Error("the socket is not open");
    setTimeout(() => {
      if (this.readyState === 1 || this.closedWith !== null) this.server.receive(this, text);
    }, 1);
  }

  close(code: number): void {
    this.closedWith = code;
    this.readyState = 3;
    if (this.session?.socket === this) this.session.socket = null;
  }

  /** Sends to the client. */
  deliver(message: unknown): void {
    this.deliverRaw(JSON.stringify(message));
  }

  /** Sends any frame to the client. */
  deliverRaw(data: unknown): void {
    setTimeout(() => {
      if (this.readyState === 1) this.onmessage?.({ data });
    }, 1);
  }

  /** The network breaks it. What was sent before arrives. */
  breakDown(): void {
    setTimeout(() => {
      if (this.readyState === 3) return;
      this.readyState = 3;
      this.onclose?.({ code: 1006, reason: "" });
    }, 1);
  }

  #open(): void {
    if (this.readyState !== 0) return;
    this.readyState = 1;
    this.onopen?.();
  }
}

/** A WebSocket class for a client. */
export function fakeWebSocketClass(server: FakeServer): typeof WebSocket {
  return class extends FakeWebSocket {
    constructor(url: string, protocols: readonly string[]) {
      super(server, url, protocols);
    }
  } as unknown as typeof WebSocket;
}
