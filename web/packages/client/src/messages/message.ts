/** Messages as the application sees them; knows no conversation. */

import { AntiphonError } from "../errors.js";
import type {
  Attachment as AttachmentRecord,
  Message as MessageRecord,
} from "../generated/signalling.js";

/**
 * How far a message is. Own ones: `sending` until they are stored, then `sent`; `received` and
 * `displayed` by the other side of a direct conversation; `failed`: see `error`. Those of others
 * are `sent`.
 */
export type MessageState = "sending" | "failed" | "sent" | "received" | "displayed";

/** A file that a message points to. */
export interface Attachment {
  readonly url: string;
  readonly name: string;
  /** As `image/png`; empty where it is not known. */
  readonly mediaType: string;
  /** Bytes. */
  readonly size: number | null;
  /** URL of a small picture of it. */
  readonly thumbnail: string | null;
  /** Pixels. */
  readonly width: number | null;
  readonly height: number | null;
}

/** What one person reacts with. */
export interface Reaction {
  readonly sender: string;
  readonly name: string;
  /** Of this client's own account. */
  readonly own: boolean;
  readonly reactions: readonly string[];
}

/** A message of a room or a direct one, as it is to be shown now. Times: milliseconds since 1970. */
export interface Message {
  /** Of one that is not stored yet: its `originId`. */
  readonly id: string;
  /** The room's name; of a direct message the address that it was sent to. */
  readonly room: string;
  /** Address of the sender. */
  readonly sender: string;
  /** The sender's name when it was sent. */
  readonly name: string;
  /** Sent from this account. */
  readonly own: boolean;
  readonly text: string;
  readonly sentAt: number;
  /** The sender's own id of it. */
  readonly originId: string | null;
  /** Id of the message that it answers, or that one's `originId`. */
  readonly replyTo: string | null;
  readonly attachments: readonly Attachment[];
  /** When its text was corrected. */
  readonly editedAt: number | null;
  /** Taken back by its sender, or by a moderator of the room: its text is empty. */
  readonly retracted: { readonly by: string; readonly at: number } | null;
  readonly reactions: readonly Reaction[];
  readonly state: MessageState;
  /** Why it failed. */
  readonly error: AntiphonError | null;
}

/** Longest text of a message, in characters. */
export const LONGEST_TEXT = 10_000;
/** Most files of one message. */
export const MOST_ATTACHMENTS = 10;

/** A message as applications see it; `me` is the own account's address. */
export function toMessage(record: MessageRecord, me: string, state: MessageState): Message {
  const { id, room, sender, name, text } = record;
  const { retracted } = record;
  return {
    id,
    room,
    sender,
    name,
    own: sender === me,
    text,
    sentAt: record.sent_at * 1000,
    originId: record.origin_id,
    replyTo: record.reply_to ?? null,
    attachments: (record.attachments ?? []).map(toAttachment),
    editedAt: record.edited_at === undefined ? null : record.edited_at * 1000,
    retracted: retracted === undefined ? null : { by: retracted.by, at: retracted.at * 1000 },
    reactions: (record.reactions ?? []).map((one) => ({ ...one, own: one.sender === me })),
    state,
    error: null,
  };
}

/** An attachment as applications see it. */
export function toAttachment(record: AttachmentRecord): Attachment {
  return {
    url: record.url,
    name: record.name ?? "",
    mediaType: record.media_type ?? "",
    size: record.size ?? null,
    thumbnail: record.thumbnail ?? null,
    width: record.width ?? null,
    height: record.height ?? null,
  };
}

/** An attachment as the server takes it. */
export function fromAttachment(attachment: Attachment): AttachmentRecord {
  const { url, name, mediaType, size, thumbnail, width, height } = attachment;
  return {
    url,
    ...(name === "" ? {} : { name }),
    ...(mediaType === "" ? {} : { media_type: mediaType }),
    ...(size === null ? {} : { size }),
    ...(thumbnail === null ? {} : { thumbnail }),
    ...(width === null ? {} : { width }),
    ...(height === null ? {} : { height }),
  };
}

/** Throws AntiphonError for what the server would refuse. */
export function checkContent(text: string, attachments: readonly Attachment[]): void {
  const length = [...text].length;
  if (length === 0 && attachments.length === 0) {
    throw new AntiphonError("bad_request", "A message needs text.");
  }
  if (length > LONGEST_TEXT) {
    throw new AntiphonError("too_large", `A message has at most ${LONGEST_TEXT} characters.`);
  }
  if (attachments.length > MOST_ATTACHMENTS) {
    throw new AntiphonError("too_large", `A message has at most ${MOST_ATTACHMENTS} files.`);
  }
}

/** 128 random bits; `crypto.randomUUID` is not there on pages without TLS. */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The address without its device. */
export function bare(address: string): string {
  const slash = address.indexOf("/");
  return slash < 0 ? address : address.slice(0, slash);
}
