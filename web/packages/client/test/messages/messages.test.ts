import { describe, expect, it } from "vitest";
import type { Message, Conversation as Record } from "../../src/generated/signalling.js";
import { enter, makeWorld, pass, settled } from "../fakes/world.js";

const ME = "ann@guest.example";

function conversation(peer: string, id: string, at: number, more: Partial<Record> = {}): Record {
  const common = { id, room: ME, sender: peer, name: "N", text: id };
  const last: Message = { ...common, sent_at: at, origin_id: null };
  const marks = { displayed: null, peer_received: null, peer_displayed: null };
  return { peer, last, unread: 0, ...marks, ...more };
}

describe("the conversations", () => {
  it("are listed the latest first, page by page", async () => {
    const { client, server } = makeWorld({ reachable: true });
    await settled(client.connect());
    const pages = [
      { conversations: [conversation("bob@x", "m5", 50, { unread: 2 })], next: "m5" },
      { conversations: [conversation("eve@x", "m3", 30, { unread: 1 })], next: null },
    ];
    server.handlers.set("conversations", () => {
      const { conversations, next } = pages.shift() ?? { conversations: [], next: "m1" };
      return { type: "conversations", conversations, next };
    });
    expect(client.messages.more).toBe(true);
    await settled(client.messages.load());
    expect(client.messages.more).toBe(true);
    await settled(client.messages.load());
    const changed: (string | null)[] = [];
    client.messages.on("changed", (one) => changed.push(one.peer));
    expect(client.messages.list.map((one) => [one.peer, one.unread])).toEqual([
      ["bob@x", 2],
      ["eve@x", 1],
    ]);
    expect([client.messages.unread, client.messages.more]).toEqual([3, false]);
    expect(server.requests("conversations").map((one) => one.before)).toEqual([undefined, "m5"]);
    const { last } = conversation("eve@x", "m9", 90);
    server.push({ type: "direct_message", message: last });
    await pass();
    expect(client.messages.list[0]?.peer).toBe("eve@x");
    const opened = client.messages.with("zoe@x");
    const known = ["eve@x", "zoe@x", "nobody@x"].map((peer) => client.messages.known(peer));
    expect(known).toEqual([client.messages.list[0], null, null]);
    const sent = opened.send("Hello");
    expect([client.messages.known("zoe@x"), opened.last?.state]).toEqual([opened, "sending"]);
    await settled(sent);
    expect(opened.last?.state).toBe("sent");
    expect(changed).toContain("eve@x");
  });

  it("are brought up to date in a new session", async () => {
    const { client, server } = makeWorld({ reachable: true });
    await settled(client.connect());
    server.handlers.set("conversations", () => ({
      type: "conversations",
      conversations: [conversation("bob@x", "m5", 50, { displayed: "m5" })],
      next: null,
    }));
    await settled(client.messages.load());
    server.handlers.set("conversations", () => ({
      type: "conversations",
      conversations: [conversation("bob@x", "m7", 70, { unread: 2, displayed: "m5" })],
      next: null,
    }));
    const missed = ["m6", "m7"].map((id) => conversation("bob@x", id, 60).last);
    server.handlers.set("history", () => ({ type: "messages", messages: missed, more: false }));
    server.forget();
    await pass(3000);
    const bob = client.messages.with("bob@x");
    expect(bob.messages.map((one) => one.id)).toEqual(["m5", "m6", "m7"]);
    expect(bob.unread).toBe(2);
  });

  it("are not mixed up with that of the room", async () => {
    const world = makeWorld({ reachable: true });
    const room = await enter(world);
    const said = { id: "m1", room: "standup", sender: "bob@x", name: "Bob", text: "in the room" };
    world.server.push({ type: "said", message: { ...said, sent_at: 1, origin_id: null } });
    const by = { sender: "bob@x", name: "Bob", sent_at: 2, origin_id: null };
    const change = { id: "m2", kind: "correction" as const, about: "m1", ...by, text: "corrected" };
    world.server.push({ type: "message_changed", peer: null, change });
    world.server.push({ type: "typed", peer: null, sender: "bob@x", name: "Bob", active: true });
    await pass();
    expect(room.chat.messages.map((one) => one.text)).toEqual(["corrected"]);
    expect(room.chat.typists).toEqual([{ address: "bob@x", name: "Bob" }]);
    expect([room.chat.unread, room.chat.room, room.chat.peer]).toEqual([1, "standup", null]);
    await settled(room.chat.react("m1", ["👍"]));
    expect(world.server.requests("react")[0]).not.toHaveProperty("to");
    await room.chat.markDisplayed();
    expect(room.chat.unread).toBe(0);
    expect(world.server.requests("mark")).toEqual([]);
    expect(world.client.messages.list).toEqual([]);
  });

  it("tell of invitations into rooms", async () => {
    const { client, server } = makeWorld({ reachable: true });
    await settled(client.connect());
    const seen: unknown[] = [];
    client.on("invitation", (one) => seen.push(one));
    const invitation = { room: "standup", sender: "bob@x", name: "Bob", text: "Come!" };
    server.push({ type: "room_invited", ...invitation });
    await pass();
    expect(seen).toEqual([invitation]);
  });
});

describe("a search in all conversations", () => {
  const view = {
    id: "m1",
    room: ME,
    sender: "bob@x",
    name: "Bob",
    text: "Lunch?",
    sent_at: 5,
    origin_id: null,
    reply_to: null,
    attachments: [],
    edited_at: null,
    retracted: null,
    reactions: [{ sender: ME, name: "Ann", reactions: ["👍"] }],
  };
  const own = { ...view, id: "m2", room: "eve@x/phone", sender: ME, edited_at: 6 };

  function answering(body: unknown): { fetch: typeof fetch; seen: string[] } {
    const seen: string[] = [];
    const request = async (url: unknown): Promise<Response> => {
      seen.push(String(url).replace("http://node.example/api/v1", ""));
      return Response.json(body);
    };
    return { fetch: request as typeof fetch, seen };
  }

  it("tells in which a message is", async () => {
    const { fetch, seen } = answering({ messages: [view, own], more: true, next: "m1" });
    const { client } = makeWorld({ reachable: true, fetch });
    await settled(client.connect());
    const page = await settled(client.messages.search("lunch", { before: "m9" }));
    expect(seen).toEqual(["/accounts/me/messages?search=lunch&limit=50&before=m9"]);
    expect(page.next).toBe("m1");
    expect(page.found).toMatchObject([
      { peer: "bob@x", message: { own: false, editedAt: null, reactions: [{ own: true }] } },
      { peer: "eve@x", message: { own: true, editedAt: 6000, replyTo: null } },
    ]);
    expect(client.messages.list).toEqual([]);
  });

  it.each([{ messages: 5 }, { messages: [null] }, { messages: [{ ...view, text: 5 }] }])(
    "does not believe %j",
    async (body) => {
      const { client } = makeWorld({ fetch: answering(body).fetch });
      await settled(client.connect());
      await expect(settled(client.messages.search("x"))).rejects.toMatchObject({
        reason: "protocol",
      });
    },
  );
});

describe("a room", () => {
  it("has a subject, and members whisper in it", async () => {
    const world = makeWorld();
    world.server.room.subject = "Plans";
    const room = await enter(world);
    const seen: string[] = [];
    room.on("subject", (subject) => seen.push(subject));
    room.on("settings", () => seen.push("settings"));
    room.on("whisper", ({ message, from, to }) => seen.push(`${from.id}→${to.id} ${message.text}`));
    expect(room.subject).toBe("Plans");
    const by = { sender: "bob@example", name: "Bob" };
    world.server.push({ type: "subject_changed", subject: "Lunch", ...by, at: 1 });
    world.server.push({ type: "room_changed" });
    const message = { id: "w1", room: "standup", ...by, text: "psst", sent_at: 1, origin_id: "o" };
    world.server.push({ type: "whispered", message, sender: "bob", to: "me" });
    await pass();
    expect(seen).toEqual(["Lunch", "settings", "bob→me psst"]);
    expect(room.subject).toBe("Lunch");
    await settled(room.setSubject("Dinner"));
    await settled(room.whisper("bob", "psst"));
    await settled(room.askIn("eve@x", "Come!"));
    expect(world.server.requests("set_subject")).toMatchObject([{ subject: "Dinner" }]);
    expect(world.server.requests("whisper")).toMatchObject([{ member: "bob", text: "psst" }]);
    expect(world.server.requests("ask_in")).toMatchObject([{ to: "eve@x", text: "Come!" }]);
  });
});
