import { describe, expect, it } from "vitest";
import type { Message } from "../../src/generated/signalling.js";
import { enter, makeWorld, pass, record, settled } from "../fakes/world.js";

function message(id: string, text = id): Message {
  const common = { room: "standup", sender: "bob@example", name: "Bob" };
  return { id, ...common, text, sent_at: 1.5, origin_id: null };
}

describe("messages", () => {
  it("are those of the room and those that come, each once", async () => {
    const world = makeWorld();
    world.server.room.messages = [message("m1")];
    const room = await enter(world);
    const seen = record(room);
    world.server.push({ type: "said", message: message("m2") });
    world.server.push({ type: "said", message: message("m2") });
    await pass();
    expect(room.messages).toEqual([
      { ...expected("m1"), sentAt: 1500, originId: null },
      { ...expected("m2"), sentAt: 1500, originId: null },
    ]);
    expect(seen).toEqual(["“m2”"]);
  });

  it("stand in order though a reply overtook an event", async () => {
    const world = makeWorld();
    const room = await enter(world);
    world.server.push({ type: "said", message: message("m3") });
    world.server.push({ type: "said", message: message("m1") });
    world.server.push({ type: "said", message: message("m2") });
    await pass();
    expect(room.messages.map((one) => one.id)).toEqual(["m1", "m2", "m3"]);
  });

  it("can be had from before, page by page", async () => {
    const world = makeWorld();
    world.server.room.messages = [message("m5")];
    const room = await enter(world);
    const seen = record(room);
    world.server.handlers.set("history", () => ({
      type: "messages",
      messages: [message("m3"), message("m4")],
      more: true,
    }));
    const page = await settled(room.history(2));
    expect(world.server.requests("history")).toMatchObject([{ before: "m5", limit: 2 }]);
    expect([page.messages.map((one) => one.id), page.more]).toEqual([["m3", "m4"], true]);
    expect(room.messages.map((one) => one.id)).toEqual(["m3", "m4", "m5"]);
    await settled(room.history(2));
    expect(world.server.requests("history").at(-1)).toMatchObject({ before: "m3" });
    expect(seen).toEqual([]);
  });

  it("must have text, and not too much", async () => {
    const world = makeWorld();
    const room = await enter(world);
    await expect(room.say("")).rejects.toMatchObject({ reason: "bad_request" });
    await expect(room.say("x".repeat(10_001))).rejects.toMatchObject({ reason: "too_large" });
    await settled(room.say("🙂".repeat(10_000)));
    expect(world.server.requests("say").length).toBe(1);
  });

  it("are refused after the end", async () => {
    const world = makeWorld();
    const room = await enter(world);
    await settled(room.leave());
    await expect(room.say("too late")).rejects.toMatchObject({ reason: "left" });
    await expect(room.history()).rejects.toMatchObject({ reason: "left" });
  });
});

function expected(id: string): object {
  const nothing = { replyTo: null, attachments: [], editedAt: null, retracted: null, error: null };
  const by = { sender: "bob@example", name: "Bob", own: false };
  return { id, room: "standup", ...by, text: id, ...nothing, reactions: [], state: "sent" };
}
