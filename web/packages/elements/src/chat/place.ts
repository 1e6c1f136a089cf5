/** Where one writes: a conversation, and what is to be known of it; the same for rooms and for two. */

import type { Attachment, Conversation, Room } from "@antiphon/client";
import type { Names } from "../logic/rich-text.js";

/** Sends a file to the server. `progress`: bytes sent, of how many. */
export type Upload = (
  file: File,
  options: { progress: (sent: number, size: number) => void; signal: AbortSignal },
) => Promise<Attachment>;

export interface Place {
  readonly conversation: Conversation;
  /** May take back what others wrote. */
  readonly moderates: boolean;
  readonly names: Names;
  /** Null: the server takes no files from here. */
  readonly upload: Upload | null;
}

/** The chat of a room. */
export function roomPlace(room: Room, upload: () => Upload | null): Place {
  return {
    conversation: room.chat,
    get moderates() {
      return room.me.role === "moderator";
    },
    get names() {
      const others = [...room.members.values()].filter((one) => one.id !== room.me.id);
      return { own: [room.me.name], others: others.map((one) => one.name) };
    },
    get upload() {
      return upload();
    },
  };
}
