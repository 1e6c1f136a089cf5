/** Works changes into the messages that they change, as the server does; knows nothing else. */

import type { Change, Message } from "../generated/signalling.js";

/**
 * The message after a change, or the same object if that changes nothing: a correction counts from
 * the message's own sender, and what was taken back stays so. (Who may take back is the server's
 * affair.) The same change again changes nothing.
 */
export function applyChange(message: Message, change: Change): Message {
  if (message.retracted !== undefined) return message;
  switch (change.kind) {
    case "correction":
      return corrected(message, change);
    case "retraction":
      return retracted(message, change);
    case "reaction":
      return reacted(message, change);
    default:
      return message;
  }
}

/** All messages after all changes, which come oldest first. */
export function fold(messages: readonly Message[], changes: readonly Change[]): Message[] {
  const shown = new Map(messages.map((message) => [message.id, message]));
  for (const change of changes) {
    const message = shown.get(change.about);
    if (message !== undefined) shown.set(message.id, applyChange(message, change));
  }
  return [...shown.values()];
}

function corrected(message: Message, change: Change): Message {
  if (change.sender !== message.sender || (message.edited_at ?? 0) >= change.sent_at) {
    return message;
  }
  const { attachments: _, ...rest } = message;
  const attachments = change.attachments ?? [];
  return {
    ...rest,
    text: change.text ?? "",
    edited_at: change.sent_at,
    ...(attachments.length > 0 ? { attachments } : {}),
  };
}

function retracted(message: Message, change: Change): Message {
  const { attachments: _, reactions: __, ...rest } = message;
  return { ...rest, text: "", retracted: { by: change.sender, at: change.sent_at } };
}

function reacted(message: Message, change: Change): Message {
  const { reactions: before = [], ...rest } = message;
  const { sender, name, reactions = [] } = change;
  const others = before.filter((one) => one.sender !== sender);
  const now = reactions.length > 0 ? [...others, { sender, name, reactions }] : others;
  return now.length > 0 ? { ...rest, reactions: now } : rest;
}
