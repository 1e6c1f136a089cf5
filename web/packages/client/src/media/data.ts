/** Data channels of the room and their framing; knows no member. */

import { AntiphonError } from "../errors.js";

/** Longest message, in bytes; the server drops longer ones. */
export const LONGEST_DATA = 64 * 1024 - 16;
/** With more than this waiting to be sent, a message is not taken. */
const MOST_WAITING = 1024 * 1024;

/** A message of another endpoint; 0 is the server itself. */
export interface DataMessage {
  readonly endpoint: number;
  readonly data: string | Uint8Array;
}

/** The channels `room` (ordered, reliable) and `room-lossy` of one peer connection. */
export class DataChannels {
  readonly #reliable: RTCDataChannel;
  readonly #lossy: RTCDataChannel;

  constructor(pc: RTCPeerConnection, received: (message: DataMessage) => void) {
    this.#reliable = pc.createDataChannel("room");
    this.#lossy = pc.createDataChannel("room-lossy", { ordered: false, maxRetransmits: 0 });
    for (const channel of [this.#reliable, this.#lossy]) {
      channel.binaryType = "arraybuffer";
      channel.onmessage = (event) => {
        const message = unframe(event.data);
        if (message !== null) received(message);
      };
    }
  }

  /** Sends to everybody in the room; false if the channel is not open or too much waits. */
  send(data: string | Uint8Array, lossy: boolean): boolean {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data).length : data.length;
    if (bytes > LONGEST_DATA) {
      throw new AntiphonError("too_large", `At most ${LONGEST_DATA} bytes can be sent at once.`);
    }
    const channel = lossy ? this.#lossy : this.#reliable;
    if (channel.readyState !== "open" || channel.bufferedAmount > MOST_WAITING) return false;
    if (typeof data === "string") channel.send(data);
    else channel.send(new Uint8Array(data));
    return true;
  }
}

/** Bytes before a forwarded message. */
const HEADER = 8;

/**
 * Before a forwarded message stands the sender's endpoint number, 8 bytes in network order, whose
 * top bit says that the rest is text. A message without it, as text, is from the server itself.
 */
export function unframe(data: unknown): DataMessage | null {
  if (typeof data === "string") return { endpoint: 0, data };
  if (!(data instanceof ArrayBuffer) || data.byteLength < HEADER) return null;
  const view = new DataView(data);
  const high = view.getUint32(0);
  const endpoint = (high & 0x7fffffff) * 2 ** 32 + view.getUint32(4);
  const payload = new Uint8Array(data, HEADER);
  const isText = high >>> 31 === 1;
  return { endpoint, data: isText ? new TextDecoder().decode(payload) : payload };
}
