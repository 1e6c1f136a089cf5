/** One conversation as it is read, without an element. */

import { describe, expect, it } from "vitest";
import { ChatModel } from "../src/chat/model.js";
import { FakeServer } from "./fake-server.js";

const BOB = "bob@example.org";

/** An open conversation of so many messages. */
async function read(messages: number): Promise<ChatModel> {
  const server = new FakeServer();
  for (let number = 0; number < messages; number += 1) {
    server.keeps(BOB, BOB, "Bob", `Number ${number}`);
  }
  const model = new ChatModel({
    changed: () => {},
    refused: (_, error) => {
      throw error;
    },
    attentive: () => false,
    tooMany: () => {},
  });
  const conversation = server.messages.with(BOB);
  const names = { own: [], others: [] };
  model.open = true;
  model.attach({ conversation, moderates: false, names, upload: null });
  await until(() => model.ready);
  return model;
}

async function until(holds: () => boolean): Promise<void> {
  for (let turns = 0; turns < 100 && !holds(); turns += 1) await Promise.resolve();
  expect(holds()).toBe(true);
}

const span = ({ shown }: ChatModel) => [shown.length, shown[0]?.text, shown.at(-1)?.text];

describe("a long history", () => {
  it("is drawn as far as one goes back", async () => {
    const model = await read(400);
    expect(span(model)).toEqual([50, "Number 350", "Number 399"]);
    while (model.earlier) await model.showEarlier();
    expect(span(model)).toEqual([400, "Number 0", "Number 399"]);
  });

  it("begins at its end again, and what is known is not fetched twice", async () => {
    const model = await read(400);
    while (model.earlier) await model.showEarlier();
    model.open = false;
    model.open = true;
    expect(span(model)).toEqual([150, "Number 250", "Number 399"]);
    await model.showEarlier();
    expect([span(model), model.loading]).toEqual([[200, "Number 200", "Number 399"], false]);
    expect(model.earlier).toBe(true);
  });

  it("is drawn as far as a message that is looked for", async () => {
    const model = await read(400);
    const wanted = model.place?.conversation;
    while (wanted?.more) await model.loadEarlier();
    expect(model.shown.length).toBe(150);
    const [first] = model.messages;
    await model.goTo(first?.id ?? "");
    expect([model.target, model.shown[0]?.id]).toEqual([first?.id, first?.id]);
  });
});
