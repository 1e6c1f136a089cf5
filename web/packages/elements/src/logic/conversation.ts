/** Chat as it is read: messages grouped by sender and day, links found; it knows no element. */

export interface Said {
  readonly id: string;
  readonly sender: string;
  readonly name: string;
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly sentAt: number;
}

export interface Group<M extends Said> {
  readonly sender: string;
  readonly name: string;
  readonly sentAt: number;
  /** True for the first group of its day. */
  readonly newDay: boolean;
  /** True where what was unread begins. */
  readonly unread: boolean;
  readonly messages: readonly M[];
}

export interface Piece {
  readonly text: string;
  /** Set for a link. */
  readonly href?: string;
}

const PAUSE = 300_000;
const LINK = /\bhttps?:\/\/[^\s<>"']+/giu;
/** Punctuation that ends a sentence and not the link in it. */
const TAIL = /[.,;:!?)\]}]+$/u;

/**
 * Messages of one sender that follow each other within five minutes stand together. `unreadFrom`:
 * id of the first that was unread, which begins a group.
 */
export function groupMessages<M extends Said>(
  messages: readonly M[],
  unreadFrom: string | null = null,
): readonly Group<M>[] {
  const groups: { -readonly [K in keyof Group<M>]: Group<M>[K] }[] = [];
  let last: M | undefined;
  for (const message of messages) {
    const group = groups[groups.length - 1];
    const newDay = !last || dayOf(last.sentAt) !== dayOf(message.sentAt);
    const unread = message.id === unreadFrom;
    const close = last?.sender === message.sender && message.sentAt - last.sentAt < PAUSE;
    const follows = close && !newDay && !unread;
    if (group && follows) group.messages = [...group.messages, message];
    else {
      const { sender, name, sentAt } = message;
      groups.push({ sender, name, sentAt, newDay, unread, messages: [message] });
    }
    last = message;
  }
  return groups;
}

/** A text cut into plain pieces and links (http and https only). */
export function linkify(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const match of text.matchAll(LINK)) {
    const href = match[0].replace(TAIL, "");
    if (match.index > at) pieces.push({ text: text.slice(at, match.index) });
    pieces.push({ text: href, href });
    at = match.index + href.length;
  }
  if (at < text.length) pieces.push({ text: text.slice(at) });
  return pieces;
}

function dayOf(time: number): string {
  return new Date(time).toDateString();
}
