import { describe, expect, it } from "vitest";
import threads from "../../../../../schema/threads.json";
import type { Change, Message } from "../../src/generated/signalling.js";
import { applyChange, fold } from "../../src/messages/fold.js";

interface Vector {
  name: string;
  messages: Message[];
  changes: Change[];
  shown: Message[];
}

/** The same that the server is tested with. */
const VECTORS = threads.vectors as unknown as Vector[];

describe("changes worked into messages", () => {
  it.each(VECTORS)("$name", ({ messages, changes, shown }) => {
    expect(fold(messages, changes)).toEqual(shown);
  });

  it.each(VECTORS)("$name, though a change comes twice", ({ messages, changes, shown }) => {
    const twice = changes.flatMap((one) => [one, one]);
    expect(fold(messages, twice)).toEqual(shown);
    expect(fold(shown, changes.slice(-1))).toEqual(shown);
  });

  it("leave a message as it is that they do not change", () => {
    const vector = VECTORS.find(({ messages, shown }) => messages[0] && !shown[0]?.edited_at);
    const [message] = vector?.messages ?? [];
    const unknown = { ...vector?.changes[0], kind: "applause" } as unknown as Change;
    expect(applyChange(message as Message, unknown)).toBe(message);
  });
});
