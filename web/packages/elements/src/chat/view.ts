/** What every part of a conversation's picture is drawn from. */

import type { Message, MessageState } from "@antiphon/client";
import type { Text } from "../text.js";
import type { ChatModel } from "./model.js";

/** The last own message of each state. */
export function markedOf(messages: readonly Message[]): ReadonlySet<string> {
  const last = new Map<MessageState, string>();
  for (const { own, retracted, state, id } of messages) {
    if (own && !retracted) last.set(state, id);
  }
  return new Set(last.values());
}

/** How people are called and pictured. */
export interface Faces {
  /** The name of an address; `fallback` where nothing better is known. */
  nameOf(address: string, fallback: string): string;
  /** URL of a small picture; null: there is none. */
  pictureOf(address: string): string | null;
}

/** Nobody has a picture. */
export const PLAIN_FACES: Faces = {
  nameOf: (_, fallback) => fallback,
  pictureOf: () => null,
};

export interface ChatView {
  readonly text: Text;
  readonly chat: ChatModel;
  readonly faces: Faces;
  /** Base address of the server: pictures of other servers are not fetched unasked. */
  readonly server: string;
  /** With whom, where it is one person. */
  readonly peerName: string;
  /** Why nothing can be written; empty: it can. */
  readonly closed: string;
  /** Ids of the own messages that show how far they are: those before are as far. */
  readonly marked: ReadonlySet<string>;
  /** The connection is lost for the moment. */
  readonly offline: boolean;
}
