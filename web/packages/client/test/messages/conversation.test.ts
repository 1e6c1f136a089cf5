import { describe, expect, it } from "vitest";
import type { Message as Record } from "../../src/generated/signalling.js";
import type { Conversation, Message } from "../../src/index.js";
import { makeWorld, pass, settled, type World } from "../fakes/world.js";

const ME = "ann@guest.example";
const BOB = "bob@example.org";

function from(sender: string, id: string, more: Partial<Record> = {}): Record {
  const room = sender === ME ? BOB : ME;
  return { id, room, sender, name: "N", text: id, sent_at: 1, origin_id: null, ...more };
}

async function talk(): Promise<World & { chat: Conversation; seen: string[] }> {
  const world = makeWorld({ reachable: true });
  await settled(world.client.connect());
  const chat = world.client.messages.with(BOB);
  const seen: string[] = [];
  chat.on("message", (message) => seen.push(message.text));
  return { ...world, chat, seen };
}

function shown(chat: Conversation): string[] {
  return chat.messages.map((one) => `${one.text} ${one.state}`);
}

describe("sending", () => {
  it("shows a message at once, and once", async () => {
    const { server, chat, seen } = await talk();
    const sent = chat.send("Hello", { replyTo: "m0" });
    expect(shown(chat)).toEqual(["Hello sending"]);
    const message = await settled(sent);
    expect(shown(chat)).toEqual(["Hello sent"]);
    expect(message).toMatchObject({ own: true, room: BOB });
    expect(seen).toEqual(["Hello"]);
    expect(server.requests("send")).toMatchObject([{ to: BOB, text: "Hello", reply_to: "m0" }]);
  });

  it("waits for a connection, and is not doubled by a lost session", async () => {
    const { server, chat } = await talk();
    server.handlers.set("send", (request) => {
      if (request.type === "send") server.store(request.text, request.origin_id);
      server.handlers.delete("send");
      server.forget();
      return null;
    });
    const sent = chat.send("Hello");
    await pass(100);
    expect(shown(chat)).toEqual(["Hello sending"]);
    await settled(sent, 3000);
    expect(shown(chat)).toEqual(["Hello sent"]);
    expect(server.room.messages.length).toBe(1);
    const [first, second] = server.requests("send");
    expect(second?.origin_id).toBe(first?.origin_id);
  });

  it("keeps what was refused until it is tried again or discarded", async () => {
    const { server, chat } = await talk();
    const refused = { type: "refused", reason: "forbidden", text: "Blocked." } as const;
    server.handlers.set("send", () => refused);
    await expect(settled(chat.send("one"))).rejects.toMatchObject({ reason: "forbidden" });
    await expect(settled(chat.send("two"))).rejects.toMatchObject({ reason: "forbidden" });
    expect(shown(chat)).toEqual(["one failed", "two failed"]);
    const [one, two] = chat.messages as [Message, Message];
    expect(one.error).toMatchObject({ reason: "forbidden", message: "Blocked." });
    server.handlers.delete("send");
    await settled(chat.retry(one));
    chat.discard(two);
    expect(shown(chat)).toEqual(["one sent"]);
    const origins = server.requests("send").map((request) => request.origin_id);
    expect(origins[2]).toBe(origins[0]);
    await expect(chat.retry(two)).rejects.toMatchObject({ reason: "not_found" });
  });

  it("takes files, and refuses what the server would refuse", async () => {
    const { server, chat } = await talk();
    const nothing = { size: null, thumbnail: null, width: null, height: null };
    const file = { url: "https://x/a.png", name: "a.png", mediaType: "image/png", ...nothing };
    await settled(chat.send("", { attachments: [file] }));
    expect(server.requests("send").at(-1)?.attachments).toEqual([
      { url: "https://x/a.png", name: "a.png", media_type: "image/png" },
    ]);
    await expect(chat.send("")).rejects.toMatchObject({ reason: "bad_request" });
    await expect(chat.send("x".repeat(10_001))).rejects.toMatchObject({ reason: "too_large" });
    const many = Array(11).fill(file);
    await expect(chat.send("x", { attachments: many })).rejects.toMatchObject({
      reason: "too_large",
    });
    expect(server.requests("send").length).toBe(1);
  });
});

describe("what comes", () => {
  it("is shown in order, counted, and said to have been received", async () => {
    const { server, client, chat, seen } = await talk();
    const direct: string[] = [];
    client.on("message", (message) => direct.push(message.text));
    server.push({ type: "direct_message", message: from(BOB, "m1") });
    server.push({ type: "message_sent", message: from(ME, "m2") });
    server.push({ type: "direct_message", message: from(BOB, "m3") });
    server.push({ type: "direct_message", message: from(BOB, "m3") });
    await pass(1000);
    expect(seen).toEqual(["m1", "m2", "m3"]);
    expect(direct).toEqual(["m1", "m3"]);
    expect([chat.unread, client.messages.unread]).toEqual([2, 2]);
    expect(server.requests("mark")).toMatchObject([{ to: BOB, mark: "received", message: "m3" }]);
    await settled(chat.markDisplayed());
    await settled(chat.markDisplayed());
    expect(chat.unread).toBe(0);
    expect(server.requests("mark").slice(1)).toMatchObject([{ mark: "displayed", message: "m3" }]);
  });

  it("may have been seen on another device", async () => {
    const { server, chat } = await talk();
    for (const id of ["m1", "m2", "m3"]) {
      server.push({ type: "direct_message", message: from(BOB, id) });
    }
    server.push({ type: "marked", peer: BOB, sender: ME, mark: "displayed", message: "m2" });
    await pass();
    expect(chat.unread).toBe(1);
  });

  it("tells how far the other is", async () => {
    const { server, chat } = await talk();
    for (const id of ["m1", "m2", "m3"]) {
      server.push({ type: "message_sent", message: from(ME, id) });
    }
    const peer = { type: "marked", peer: BOB, sender: BOB } as const;
    server.push({ ...peer, mark: "received", message: "m2" });
    server.push({ ...peer, mark: "displayed", message: "m1" });
    server.push({ ...peer, mark: "received", message: "m1" });
    await pass();
    expect(shown(chat)).toEqual(["m1 displayed", "m2 received", "m3 sent"]);
  });

  it("leaves the other messages the objects that they were", async () => {
    const { server, chat } = await talk();
    server.push({ type: "message_sent", message: from(ME, "m1") });
    server.push({ type: "message_sent", message: from(ME, "m2") });
    await pass();
    const [first, second] = chat.messages;
    const peer = { type: "marked", peer: BOB, sender: BOB } as const;
    server.push({ ...peer, mark: "displayed", message: "m1" });
    await pass();
    expect(chat.messages[0]).not.toBe(first);
    expect(chat.messages[1]).toBe(second);
  });

  it("tells who writes, until they send or fall silent", async () => {
    const { server, chat } = await talk();
    const typed = { type: "typed", peer: BOB, sender: BOB, name: "Bob" } as const;
    server.push({ ...typed, active: true });
    await pass();
    expect(chat.typists).toEqual([{ address: BOB, name: "Bob" }]);
    server.push({ type: "direct_message", message: from(BOB, "m1") });
    await pass();
    expect(chat.typists).toEqual([]);
    server.push({ ...typed, active: true });
    await pass(29_000);
    expect(chat.typists.length).toBe(1);
    await pass(2000);
    expect(chat.typists).toEqual([]);
  });
});

describe("changes", () => {
  it("are shown when they are stored, or come from elsewhere", async () => {
    const { server, chat } = await talk();
    server.push({ type: "message_sent", message: from(ME, "m1") });
    server.push({ type: "direct_message", message: from(BOB, "m2") });
    await pass();
    const [mine, theirs] = chat.messages as [Message, Message];
    await settled(chat.correct(mine, "better"));
    await settled(chat.toggle(theirs, "👍"));
    await settled(chat.toggle(theirs, "🎉"));
    expect(chat.messages).toMatchObject([
      { text: "better", editedAt: 5_000_000 },
      { reactions: [{ own: true, reactions: ["👍", "🎉"] }] },
    ]);
    await settled(chat.toggle(theirs, "👍"));
    expect(server.requests("react").map((one) => one.reactions)).toEqual([
      ["👍"],
      ["👍", "🎉"],
      ["🎉"],
    ]);
    await settled(chat.retract(mine));
    const by = { sender: BOB, name: "Bob", sent_at: 9, origin_id: null };
    const change = { id: "c9", kind: "retraction" as const, about: "m2", ...by };
    server.push({ type: "message_changed", peer: BOB, change });
    await pass();
    expect(chat.messages).toMatchObject([
      { text: "", retracted: { by: ME, at: 5_000_000 } },
      { text: "", reactions: [], retracted: { by: BOB, at: 9000 } },
    ]);
    const abouts = [...server.requests("correct"), ...server.requests("retract")];
    expect(abouts).toMatchObject([
      { about: "m1", to: BOB },
      { about: "m1", to: BOB },
    ]);
  });
});

describe("the history", () => {
  it("is read backwards, page by page", async () => {
    const { server, chat } = await talk();
    const pages = [
      { messages: [from(BOB, "m3"), from(ME, "m4")], more: true, next: "m2b" },
      { messages: [from(BOB, "m1")], more: false },
    ];
    server.handlers.set("history", () => {
      return { type: "messages", ...(pages.shift() ?? { messages: [], more: true }) };
    });
    const read = chat.pages(2);
    expect((await settled(read.next())).value.map((one: Message) => one.id)).toEqual(["m3", "m4"]);
    expect((await settled(read.next())).value.map((one: Message) => one.id)).toEqual(["m1"]);
    expect((await settled(read.next())).done).toBe(true);
    expect(chat.messages.map((one) => one.id)).toEqual(["m1", "m3", "m4"]);
    expect(server.requests("history").map((one) => [one.to, one.before])).toEqual([
      [BOB, undefined],
      [BOB, "m2b"],
    ]);
    expect([chat.more, chat.unread]).toEqual([false, 0]);
  });

  it("can be searched, which changes nothing", async () => {
    const { server, chat } = await talk();
    server.handlers.set("history", () => ({
      type: "messages",
      messages: [from(BOB, "m1")],
      more: true,
    }));
    const found = await settled(chat.search("lunch"));
    expect(found).toMatchObject({ messages: [{ id: "m1" }], more: true, next: "m1" });
    await settled(chat.search("lunch", { before: "m1", limit: 7 }));
    expect(server.requests("history")).toMatchObject([
      { search: "lunch", limit: 50 },
      { search: "lunch", before: "m1", limit: 7 },
    ]);
    expect(chat.messages).toEqual([]);
  });

  it("is completed in a new session, with what changed meanwhile", async () => {
    const { server, chat } = await talk();
    server.push({ type: "direct_message", message: from(BOB, "m1") });
    await pass();
    const by = { sender: BOB, name: "Bob", sent_at: 9, origin_id: null };
    const change = { id: "m3", kind: "correction" as const, about: "m1", ...by, text: "other" };
    server.handlers.set("history", () => ({
      type: "messages",
      messages: [from(BOB, "m2")],
      more: false,
      changes: [change],
    }));
    server.forget();
    await pass(3000);
    expect(server.requests("history")).toMatchObject([{ to: BOB, after: "m1", limit: 200 }]);
    expect(chat.messages.map((one) => one.text)).toEqual(["other", "m2"]);
  });

  it("forgets the oldest as new ones come, and has them from the history again", async () => {
    const { server, chat } = await talk();
    const id = (number: number) => `m${String(number).padStart(5, "0")}`;
    const page = (ids: number[], more: boolean) => ({
      type: "messages" as const,
      messages: ids.map((number) => from(BOB, id(number))),
      more,
    });
    chat.fill([from(BOB, id(10))]);
    server.handlers.set("history", () => page([7, 8, 9], false));
    await settled(chat.history());
    expect(chat.more).toBe(false);
    chat.fill(Array.from({ length: 5000 }, (_, number) => from(BOB, id(number + 11))));
    // What one fetched stays, although it is much.
    expect([chat.messages.length, chat.messages[0]?.id]).toEqual([5004, id(7)]);
    chat.add(from(BOB, id(6000)));
    expect([chat.messages.length, chat.messages[0]?.id, chat.more]).toEqual([5004, id(8), true]);
    server.handlers.set("history", () => page([7], false));
    await settled(chat.history());
    expect(server.requests("history").at(-1)).toMatchObject({ before: id(8) });
    expect(chat.messages[0]?.id).toBe(id(7));
  });

  it("begins anew when too much was missed", async () => {
    const { server, chat } = await talk();
    server.push({ type: "direct_message", message: from(BOB, "m1") });
    await pass();
    server.handlers.set("history", (request) => {
      const after = request.type === "history" && request.after !== undefined;
      const id = after ? "m2" : "m9";
      return { type: "messages", messages: [from(BOB, id)], more: true };
    });
    server.forget();
    await pass(3000);
    expect(chat.messages.map((one) => one.id)).toEqual(["m9"]);
    expect(chat.more).toBe(true);
  });
});

describe("telling that one writes", () => {
  it("is done now and then, and taken back", async () => {
    const { server, chat } = await talk();
    const said = () => server.requests("typing").map((one) => one.active);
    for (let key = 0; key < 12; key += 1) {
      chat.typing(true);
      await pass(1000);
    }
    expect(said()).toEqual([true, true]);
    chat.typing(false);
    await pass();
    chat.typing(true);
    await pass(16_000);
    expect(said()).toEqual([true, true, false, true, false]);
  });

  it("needs no end when the message was sent", async () => {
    const { server, chat } = await talk();
    chat.typing(true);
    await settled(chat.send("Hello"));
    await pass(20_000);
    expect(server.requests("typing").map((one) => one.active)).toEqual([true]);
  });
});
