import { describe, expect, it } from "vitest";
import { readMessage } from "../../src/session/check.js";
import { FakeServer, member, track } from "../fakes/server.js";
import { enter, makeWorld, pass, record, settled } from "../fakes/world.js";

describe("resuming", () => {
  it("gets each event once and in order, whatever was lost on the way", async () => {
    const world = makeWorld();
    const room = await enter(world);
    const seen = record(room);
    for (let number = 1; number <= 40; number += 1) {
      world.server.push({ type: "said", message: world.server.store(`${number}`, null) });
      if (number % 7 === 0) world.server.drop();
      await pass(number % 7 === 3 ? 2000 : 1);
    }
    await pass(30_000);
    const expected = Array.from({ length: 40 }, (_, index) => `“${index + 1}”`);
    expect(seen.filter((one) => one.startsWith("“"))).toEqual(expected);
    expect(room.messages.map((one) => one.text)).toEqual(expected.map((one) => one.slice(1, -1)));
    expect(world.server.hellos.slice(1).every((hello) => hello.resume === "session-1")).toBe(true);
    expect(seen).not.toContain("rejoined");
  });

  it("does not take an event twice that the server repeats", async () => {
    const world = makeWorld();
    const room = await enter(world);
    const seen = record(room);
    const raised = world.server.push({
      type: "member_changed",
      member: member("bob", { hand: true }),
    });
    world.server.push({ type: "member_changed", member: member("bob") });
    world.server.socket.deliver(raised);
    await pass();
    expect(room.members.get("bob")?.hand).toBe(false);
    expect(seen).toEqual(["~bob", "~bob"]);
  });

  it("acknowledges events, soon or many at once", async () => {
    const world = makeWorld();
    await enter(world);
    world.server.push({ type: "speaker_changed", member: "bob" });
    await pass(2100);
    expect(world.server.requests("ack")).toEqual([{ type: "ack", seq: 1 }]);
    for (let number = 0; number < 16; number += 1) {
      world.server.push({ type: "speaker_changed", member: number % 2 ? "bob" : null });
    }
    await pass(20);
    expect(world.server.requests("ack").at(-1)).toEqual({ type: "ack", seq: 17 });
  });

  it("sends a request again that had no reply, and it is done once", async () => {
    const world = makeWorld();
    const room = await enter(world);
    const said = room.say("hello");
    // The request arrives, its reply does not.
    await pass(1);
    world.server.socket.readyState = 3;
    world.server.socket.onclose?.({ code: 1006, reason: "" });
    const message = await settled(said, 2000);
    expect(message.text).toBe("hello");
    expect(world.server.requests("say").length).toBe(2);
    expect(world.server.room.messages.length).toBe(1);
  });

  it("sends what was asked for while there was no connection", async () => {
    const world = makeWorld();
    const room = await enter(world);
    world.server.reachable = false;
    world.server.drop();
    await pass(5000);
    const said = room.say("from afar");
    const raised = room.raiseHand(true);
    await pass(5000);
    world.server.reachable = true;
    await settled(Promise.all([said, raised]), 15_000);
    expect(world.server.room.messages.map((one) => one.text)).toEqual(["from afar"]);
    expect(world.server.requests("raise_hand").length).toBe(1);
  });

  it("goes on by another token before the one it has ends, without a word to anybody", async () => {
    let made = 0;
    const token = async () => {
      made += 1;
      const claims = { sub: "ann", made, exp: Date.now() / 1000 + 600 };
      return `e30.${btoa(JSON.stringify(claims)).replace(/=/g, "")}.c2ln`;
    };
    const world = makeWorld({ token });
    const room = await enter(world);
    const seen = record(room);
    const states: string[] = [];
    world.client.on("state", (state) => states.push(state));
    await pass(470_000);
    expect(world.server.hellos.length).toBe(1);
    const said = room.say("before");
    world.server.push({ type: "speaker_changed", member: "bob" });
    await pass(20_000);
    const [first, second] = world.server.hellos;
    expect(second).toMatchObject({ resume: "session-1" });
    expect(second?.token).not.toBe(first?.token);
    expect(world.server.sockets[0]?.closedWith).toBe(4000);
    expect((await said).text).toBe("before");
    expect(world.server.room.messages.length).toBe(1);
    await pass(480_000);
    expect(world.server.hellos.length).toBe(3);
    expect([states, world.errors]).toEqual([[], []]);
    expect(seen).not.toContain("rejoined");
  });

  it("stays where it is with a token that has no other", async () => {
    const claims = btoa(JSON.stringify({ exp: Date.now() / 1000 + 60 })).replace(/=/g, "");
    const world = makeWorld({ token: `e30.${claims}.c2ln` });
    await enter(world);
    await pass(59_000);
    expect(world.server.hellos.length).toBe(1);
    expect(world.client.state).toBe("connected");
  });

  it("gives a request up that a connected server does not answer", async () => {
    const world = makeWorld();
    const room = await enter(world);
    world.server.handlers.set("raise_hand", () => null);
    await expect(settled(room.raiseHand(true), 31_000)).rejects.toMatchObject({
      reason: "timeout",
    });
    expect(world.client.state).toBe("connected");
  });

  it("rejects what the server refuses", async () => {
    const world = makeWorld();
    const room = await enter(world);
    world.server.handlers.set("moderate", () => ({
      type: "refused",
      reason: "forbidden",
      text: "Only moderators may do this.",
    }));
    await expect(settled(room.moderate("bob", "remove"))).rejects.toMatchObject({
      reason: "forbidden",
      message: "Only moderators may do this.",
    });
  });
});

describe("joining again in a new session", () => {
  it("tells what differs, keeps the room, and loses or doubles no message", async () => {
    const world = makeWorld();
    world.server.room.tracks = [track("t-bob", "bob")];
    world.server.store("before", null);
    const room = await enter(world);
    const seen = record(room);
    const bob = room.members.get("bob");
    world.server.reachable = false;
    world.server.forget();
    await pass(100);
    const said = room.say("while away");
    world.server.room.me = "me-2";
    world.server.room.members = [member("me-2"), member("bob", { hand: true }), member("eve")];
    world.server.room.tracks = [track("t-eve", "eve")];
    world.server.store("missed", null);
    world.server.reachable = true;
    await settled(said, 5000);
    expect(seen).toContain("rejoined");
    expect(seen).toContain("~bob");
    expect(seen).toContain("+eve");
    expect(seen).toContain("-t-bob");
    expect(seen).toContain("+t-eve");
    expect(seen.some((one) => one.startsWith("-me"))).toBe(false);
    expect(room.members.get("bob")).toBe(bob);
    expect(room.me.id).toBe("me-2");
    expect([...room.members.keys()].sort()).toEqual(["bob", "eve", "me-2"]);
    expect(room.messages.map((one) => one.text)).toEqual(["before", "missed", "while away"]);
    expect(seen.filter((one) => one.startsWith("“"))).toEqual(["“missed”", "“while away”"]);
  });

  it("counts the new session's events from one", async () => {
    const world = makeWorld();
    const seen = record(await enter(world));
    world.server.push({ type: "member_joined", member: member("eve") });
    world.server.push({ type: "member_left", member: "eve", reason: "left" });
    await pass();
    world.server.forget();
    await pass(5000);
    world.server.push({ type: "member_joined", member: member("dan") });
    await pass();
    expect(seen.at(-1)).toBe("+dan");
    expect(world.errors).toEqual(["network"]);
  });

  it("lets requests wait until the room was joined again", async () => {
    const world = makeWorld();
    const room = await enter(world);
    let tries = 0;
    world.server.handlers.set("join", () => {
      tries += 1;
      if (tries === 1) return { type: "refused", reason: "busy", text: "Later." };
      return { type: "joined", room: structuredClone(world.server.room) };
    });
    world.server.forget();
    while (tries === 0) await pass(1);
    const changed = room.moderate("bob", "lower_hand");
    await settled(changed, 5000);
    expect(world.server.received.slice(-4).map((one) => one.type)).toContain("moderate");
    expect(tries).toBe(2);
  });

  it("says a message once though the reply was lost with the session", async () => {
    const world = makeWorld();
    const room = await enter(world);
    const seen = record(room);
    world.server.handlers.set("say", (request) => {
      if (request.type === "say") world.server.store(request.text, request.origin_id);
      world.server.handlers.delete("say");
      world.server.forget();
      return null;
    });
    const message = await settled(room.say("once"), 5000);
    expect(message.text).toBe("once");
    expect(world.server.room.messages.length).toBe(1);
    expect(room.messages.length).toBe(1);
    expect(seen.filter((one) => one === "“once”").length).toBe(1);
  });

  it("wishes again what it wished: hand and chosen tracks", async () => {
    const world = makeWorld();
    world.server.room.tracks = [track("t-bob", "bob")];
    const room = await enter(world);
    await settled(room.raiseHand(true));
    await settled(room.subscribe("chosen", ["t-bob"]));
    world.server.forget();
    await pass(5000);
    expect(world.server.requests("raise_hand").length).toBe(2);
    expect(world.server.requests("subscribe").at(-1)).toMatchObject({ tracks: ["t-bob"] });
  });

  it("joins once although the session is lost again in between", async () => {
    const world = makeWorld();
    const room = await enter(world);
    const seen = record(room);
    let lose = 2;
    world.server.handlers.set("join", () => {
      lose -= 1;
      if (lose >= 0) {
        world.server.forget();
        return null;
      }
      return { type: "joined", room: structuredClone(world.server.room) };
    });
    world.server.forget();
    await pass(20_000);
    expect(seen.filter((one) => one === "rejoined")).toEqual(["rejoined"]);
    expect(world.server.requests("join").length).toBe(4);
    expect(world.client.room).toBe(room);
  });

  it("tries again when the server is busy, and ends when the room refuses", async () => {
    const world = makeWorld();
    const room = await enter(world);
    const seen = record(room);
    let refusals: readonly string[] = ["busy", "too_many", "forbidden"];
    world.server.handlers.set("join", () => {
      const [reason = "forbidden", ...rest] = refusals;
      refusals = rest;
      return { type: "refused", reason: reason as "busy", text: "No." };
    });
    world.server.forget();
    await pass(20_000);
    expect(seen).toContain("ended forbidden");
    expect(world.errors).toEqual(["network", "busy", "too_many"]);
    expect(world.client.room).toBeNull();
    world.server.handlers.delete("join");
    await settled(world.client.join("other"));
    expect(world.client.room).not.toBe(room);
  });

  it("does not come back to a room that was left meanwhile", async () => {
    const world = makeWorld();
    const room = await enter(world);
    world.server.forget();
    world.server.handlers.set("join", () => {
      world.server.handlers.delete("join");
      void room.leave();
      return { type: "joined", room: structuredClone(world.server.room) };
    });
    await pass(5000);
    expect(world.server.requests("leave").length).toBe(1);
    expect(world.client.room).toBeNull();
  });

  it("joins at another node after this one was drained", async () => {
    const world = makeWorld();
    const room = await enter(world);
    const seen = record(room);
    const drained: string[] = [];
    room.on("draining", (text) => drained.push(text));
    world.server.push({ type: "draining", text: "Back soon." });
    world.server.push({ type: "ended", reason: "draining", text: "The node stops." });
    await pass();
    expect(drained).toEqual(["Back soon."]);
    world.server.forget();
    await pass(5000);
    expect(seen).toContain("rejoined");
    expect(seen).not.toContain("ended draining");
  });

  it("joins again, too, when the session of the drained room is resumed", async () => {
    const world = makeWorld();
    const seen = record(await enter(world));
    world.server.push({ type: "ended", reason: "draining", text: "The room moves." });
    await pass();
    world.server.drop();
    await pass(5000);
    expect(seen).toContain("rejoined");
    expect(world.server.requests("join").length).toBe(2);
  });
});

describe("a server that sends garbage", () => {
  const garbage: [string, unknown][] = [
    ["no JSON", "{"],
    ["a binary frame", new ArrayBuffer(3)],
    ["no object", "[1]"],
    ["no type", '{"seq":1}'],
    ["a record of wrong shape", '{"type":"member_joined","seq":1,"member":{"id":5}}'],
    ["a list that is none", '{"type":"messages","id":1,"messages":{},"more":false}'],
    ["a second welcome", JSON.stringify({ ...welcome(), resumed: true })],
  ];

  it.each(garbage)("gets a new session after %s", async (_, frame) => {
    const world = makeWorld();
    const room = await enter(world);
    const seen = record(room);
    world.server.socket.deliverRaw(frame);
    await pass(5000);
    expect(world.errors).toEqual(["protocol"]);
    expect(world.server.hellos.at(-1)?.resume).toBeUndefined();
    expect(seen).toContain("rejoined");
  });

  it("ignores what a newer server may know, and counts it", async () => {
    const world = makeWorld();
    const seen = record(await enter(world));
    world.server.push({ type: "aurora", colour: "green" } as never);
    world.server.push({ type: "member_joined", member: member("eve") });
    await pass();
    expect(seen).toContain("+eve");
    expect(world.errors).toEqual([]);
  });

  it("takes the name of what every object has as an unknown type", () => {
    const unknown = { type: "unknown", name: "constructor", seq: 3 };
    expect(readMessage('{"type":"constructor","seq":3}')).toEqual(unknown);
  });

  it("takes a gap in the numbers as a lost session", async () => {
    const world = makeWorld();
    const seen = record(await enter(world));
    world.server.socket.deliver({ type: "speaker_changed", seq: 5, member: "bob" });
    await pass(5000);
    expect(seen).toContain("rejoined");
  });

  it("takes a reply of the wrong type as a failure of that request", async () => {
    const world = makeWorld();
    const room = await enter(world);
    world.server.handlers.set("say", () => ({ type: "result" }));
    await expect(settled(room.say("hello"))).rejects.toMatchObject({ reason: "protocol" });
    expect(world.client.state).toBe("connected");
  });
});

function welcome(): object {
  const server = new FakeServer();
  return {
    type: "welcome",
    session: "x",
    address: "a",
    name: server.room.name,
    ice_servers: [],
    ping_interval: 1,
    resume_timeout: 1,
    version: "0",
  };
}
