import { describe, expect, it } from "vitest";
import type { Call } from "../../src/index.js";
import { call, member } from "../fakes/server.js";
import { enter, makeWorld, pass, settled } from "../fakes/world.js";

async function connected(reachable = true) {
  const world = makeWorld({ reachable });
  const calls: Call[] = [];
  world.client.on("call", (one) => calls.push(one));
  await settled(world.client.connect());
  return { ...world, calls };
}

/** What a call tells, as words. */
function told(one: Call): string[] {
  const words: string[] = [];
  one.on("changed", () => words.push(one.state));
  one.on("room", (room) => words.push(room === null ? "out" : `in ${room.name}`));
  one.on("ended", () => words.push(`over: ${one.reason}`));
  return words;
}

describe("being called", () => {
  it("is asked for in the hello", async () => {
    const yes = await connected();
    const no = await connected(false);
    expect(yes.server.hellos[0]).toMatchObject({ reachable: true });
    expect(no.server.hellos[0]).not.toHaveProperty("reachable");
  });

  it("rings, and is answered in the room of the call", async () => {
    const { server, client, calls } = await connected();
    server.push({ type: "invited", call: call("c1", { video: true }) });
    await pass();
    const [one] = calls as [Call];
    const words = told(one);
    expect([one.incoming, one.peer, one.name, one.video]).toEqual([
      true,
      "bob@example",
      "Bob",
      true,
    ]);
    const room = await settled(one.accept({ name: "Anna" }));
    expect(server.received.slice(1, 3)).toMatchObject([
      { type: "accept", call: "c1" },
      { type: "join", room: "call-c1", name: "Anna" },
    ]);
    expect([one.state, one.room, client.room]).toEqual(["answered", room, room]);
    expect(words).toEqual(["answered", "in call-c1"]);
  });

  it("leaves the room where one is, to answer", async () => {
    const world = makeWorld({ reachable: true });
    const former = await enter(world);
    const ends: string[] = [];
    former.on("ended", ({ reason }) => ends.push(reason));
    world.client.on("call", (one) => void one.accept());
    world.server.push({ type: "invited", call: call("c1") });
    await pass(20);
    expect(world.server.received.map((one) => one.type).filter((type) => type !== "ack")).toEqual(
      expect.arrayContaining(["accept", "leave", "join"]),
    );
    expect([ends, world.client.room?.name]).toEqual([["left"], "call-c1"]);
  });

  it("is declined, and that is its end here", async () => {
    const { server, client, calls } = await connected();
    server.push({ type: "invited", call: call("c1") });
    await pass();
    const [one] = calls as [Call];
    await settled(one.decline("busy"));
    expect(server.requests("decline")).toMatchObject([{ call: "c1", reason: "busy" }]);
    expect([one.state, one.reason, client.calls.size]).toEqual(["ended", "busy", 0]);
  });

  it("stops when it is answered elsewhere", async () => {
    const { server, client, calls } = await connected();
    server.push({ type: "invited", call: call("c1") });
    await pass();
    const words = told(calls[0] as Call);
    server.push({ type: "call_ended", call: call("c1", { state: "ended", reason: "elsewhere" }) });
    await pass();
    expect(words).toEqual(["ended", "over: elsewhere"]);
    expect(client.calls.size).toBe(0);
  });

  it("says so when it comes too late", async () => {
    const { server, calls } = await connected();
    server.push({ type: "invited", call: call("c1") });
    await pass();
    server.handlers.set("accept", () => ({ type: "refused", reason: "gone", text: "Too late." }));
    await expect(settled((calls[0] as Call).accept())).rejects.toMatchObject({ reason: "gone" });
    expect(server.requests("join")).toEqual([]);
  });

  it("goes on ringing over a lost connection, but not over a lost session", async () => {
    const { server, calls } = await connected();
    server.push({ type: "invited", call: call("c1") });
    await pass();
    const [one] = calls as [Call];
    server.drop();
    await pass(2000);
    expect(one.state).toBe("calling");
    server.forget();
    await pass(5000);
    expect([one.state, one.reason]).toEqual(["ended", "lost"]);
  });
});

describe("calling", () => {
  it("rings, waits in the room, and is answered", async () => {
    const { server, client } = await connected();
    const one = await settled(client.call("bob", { video: true }));
    const words = told(one);
    expect(server.requests("call")).toMatchObject([{ to: "bob", video: true }]);
    expect([one.incoming, one.peer, one.room?.name]).toEqual([false, "bob", "call-out"]);
    const device = "bob@example/web-1";
    server.push({ type: "call_ringing", call: call("out", { state: "ringing" }), device });
    server.push({ type: "call_answered", call: call("out", { state: "answered", by: device }) });
    await pass();
    expect(words).toEqual(["ringing", "answered"]);
  });

  it("is told what happened before its name was known", async () => {
    const { server, client } = await connected();
    server.handlers.set("call", (request) => {
      const ended = call("out", { state: "ended", reason: "busy" });
      const called = { type: "called", id: request.id, call: call("out") };
      const { onmessage } = server.socket;
      setTimeout(() => {
        onmessage?.({ data: JSON.stringify(called) });
        onmessage?.({ data: JSON.stringify({ type: "call_ended", seq: 1, call: ended }) });
      }, 1);
      return null;
    });
    const one = await settled(client.call("bob"));
    expect([one.state, one.reason]).toEqual(["ended", "busy"]);
  });

  it("goes out of the room when nobody answers", async () => {
    const { server, client } = await connected();
    server.room.members = [member("me")];
    const one = await settled(client.call("bob"));
    const words = told(one);
    server.push({ type: "call_ended", call: call("out", { state: "ended", reason: "timeout" }) });
    await pass();
    expect(words).toEqual(["ended", "over: timeout", "out"]);
    expect(client.room).toBeNull();
    expect(server.requests("leave")).toHaveLength(1);
  });

  it("fails with the server's words", async () => {
    const { server, client } = await connected();
    const text = "There is no such account.";
    server.handlers.set("call", () => ({ type: "refused", reason: "not_found", text }));
    await expect(settled(client.call("nobody"))).rejects.toMatchObject({
      reason: "not_found",
      message: text,
    });
    expect(client.calls.size).toBe(0);
  });

  it("hangs up what was not answered, and leaves what was", async () => {
    const { server, client } = await connected();
    const first = await settled(client.call("bob"));
    await settled(first.hangUp());
    expect([server.requests("hang_up").length, server.requests("leave").length]).toEqual([1, 1]);
    const second = await settled(client.call("bob"));
    server.push({ type: "call_answered", call: call("out", { state: "answered" }) });
    await pass();
    await settled(second.hangUp());
    expect([server.requests("hang_up").length, server.requests("leave").length]).toEqual([1, 2]);
    expect([first.reason, second.reason]).toEqual(["left", "left"]);
  });

  it("hangs up when the room does not let us in", async () => {
    const { server, client } = await connected();
    server.handlers.set("join", () => ({ type: "refused", reason: "too_many", text: "Full." }));
    await expect(settled(client.call("bob"))).rejects.toMatchObject({ reason: "too_many" });
    expect(server.requests("hang_up")).toMatchObject([{ call: "out" }]);
    expect(client.calls.size).toBe(0);
  });
});

describe("in a call", () => {
  it("holds, presses keys, invites and transfers", async () => {
    const world = makeWorld();
    const room = await enter(world);
    await settled(room.hold(true));
    await settled(room.press("12#", { duration: 200 }));
    await settled(world.client.invite("eve"));
    await settled(world.client.transfer("eve", { video: true }));
    expect(world.server.received.slice(-5)).toMatchObject([
      { type: "hold", held: true },
      { type: "subscribe", receive: "none" },
      { type: "press", digits: "12#", duration: 200 },
      { type: "invite", to: "eve" },
      { type: "transfer", to: "eve", video: true },
    ]);
  });

  it("receives again what it did before", async () => {
    const world = makeWorld();
    const room = await enter(world, { receive: "speaker" });
    await settled(room.hold(true));
    await settled(room.subscribe("all"));
    await settled(room.hold(false));
    expect(world.server.requests("subscribe").map((one) => one.receive)).toEqual([
      "none",
      "none",
      "all",
    ]);
  });

  it("is still on hold after the session was lost", async () => {
    const world = makeWorld();
    const room = await enter(world);
    await settled(room.hold(true));
    world.server.forget();
    await pass(5000);
    expect(world.server.requests("hold")).toMatchObject([{ held: true }, { held: true }]);
    expect(world.server.requests("join").map((one) => one.receive)).toEqual([undefined, "none"]);
  });

  it("tells who holds, and what was pressed", async () => {
    const world = makeWorld();
    const room = await enter(world);
    const bob = room.members.get("bob");
    const seen: unknown[] = [];
    room.on("member-changed", (one) => seen.push([one.id, one.held]));
    room.on("digit", (one, digit, duration) => seen.push([one.id, digit, duration]));
    world.server.push({ type: "held", member: "bob", held: true });
    world.server.push({ type: "held", member: "bob", held: true });
    world.server.push({ type: "digit_pressed", member: "bob", digit: "7", duration: 0.2 });
    await pass();
    expect(seen).toEqual([
      ["bob", true],
      ["bob", "7", 0.2],
    ]);
    expect([bob?.held, bob?.phone]).toEqual([true, false]);
  });

  it("ends when it was handed on", async () => {
    const { server, client } = await connected();
    const one = await settled(client.call("bob"));
    server.push({ type: "call_answered", call: call("out", { state: "answered" }) });
    server.push({ type: "ended", reason: "transferred", text: "" });
    await pass();
    expect([one.state, one.reason, client.room]).toEqual(["ended", "transferred", null]);
  });
});

describe("direct messages", () => {
  it("come, and are sent once", async () => {
    const { server, client } = await connected();
    const seen: string[] = [];
    client.on("message", (message) => seen.push(`${message.name}: ${message.text}`));
    const common = { room: "ann@example", sender: "bob@example", name: "Bob", origin_id: null };
    const message = { id: "d1", ...common, text: "Hello!", sent_at: 5 };
    server.push({ type: "direct_message", message });
    server.handlers.set("send", () => null);
    const sent = client.send("bob", "Good morning!");
    await pass();
    server.handlers.delete("send");
    server.forget();
    await pass(5000);
    expect(await settled(sent)).toMatchObject({ room: "bob", text: "Good morning!" });
    expect(seen).toEqual(["Bob: Hello!"]);
    const ids = new Set(server.requests("send").map((one) => one.origin_id));
    expect(ids.size).toBe(1);
  });
});
