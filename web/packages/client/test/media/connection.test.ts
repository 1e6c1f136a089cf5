import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Client } from "../../src/index.js";
import { mediaTrack } from "../fakes/peer-connection.js";
import { FakeServer, track } from "../fakes/server.js";
import { enter, makeWorld, pass, record, settled } from "../fakes/world.js";

const CLOSED = { type: "media_state" as const, state: "closed" as const, srtp_profile: null };

describe("the state of the media connection", () => {
  it("follows ICE, DTLS and what the server says", async () => {
    const world = makeWorld();
    const room = await enter(world);
    const seen = record(room);
    expect(room.mediaState).toBe("connecting");
    world.peer().become("connected");
    world.server.push({ type: "media_state", state: "interrupted", srtp_profile: null });
    await pass();
    world.server.push({ type: "media_state", state: "connected", srtp_profile: "x" });
    await pass();
    world.peer().become("disconnected");
    expect(seen).toEqual([
      "media connected",
      "media interrupted",
      "media connected",
      "media interrupted",
    ]);
  });

  it("comes back without a restart from a short interruption", async () => {
    const world = makeWorld();
    await enter(world);
    world.peer().become("connected");
    world.peer().become("disconnected");
    await pass(3900);
    world.peer().become("connected");
    await pass(30_000);
    expect(world.peer().restarts).toBe(0);
  });

  it("restarts ICE after four seconds, and again until it helps", async () => {
    const world = makeWorld();
    const room = await enter(world);
    world.peer().become("connected");
    world.peer().become("disconnected");
    await pass(4100);
    expect(world.peer().restarts).toBe(1);
    expect(world.server.requests("offer").at(-1)?.sdp).toContain("ufrag 1");
    await pass(30_000);
    expect(world.peer().restarts).toBeGreaterThan(2);
    expect(room.mediaState).toBe("failed");
    world.peer().become("connected");
    const { restarts } = world.peer();
    await pass(60_000);
    expect(world.peer().restarts).toBe(restarts);
    expect(room.mediaState).toBe("connected");
  });

  it("restarts at once when ICE failed", async () => {
    const world = makeWorld();
    await enter(world);
    world.peer().become("failed");
    expect(world.peer().restarts).toBe(1);
  });

  it("restarts after a resume if the media is not connected then", async () => {
    const world = makeWorld();
    await enter(world);
    world.peer().become("connected");
    world.server.drop();
    await pass(2000);
    expect(world.peer().restarts).toBe(0);
    world.peer().become("disconnected");
    world.server.drop();
    await pass(2000);
    expect(world.peer().restarts).toBe(1);
    expect(world.peers.length).toBe(1);
  });
});

describe("a media session that the server closed", () => {
  it("is made anew, and everything is published again", async () => {
    const world = makeWorld();
    world.server.room.tracks = [track("v-bob", "bob")];
    const room = await enter(world);
    const camera = await settled(room.publish(mediaTrack("video"), { source: "camera" }));
    const old = world.peer();
    old.become("connected");
    world.server.push(CLOSED);
    await pass(1000);
    expect(world.peers.length).toBe(2);
    expect(old.signalingState).toBe("closed");
    expect(camera.id).toBe("own-2");
    expect(room.localTracks).toEqual([camera]);
    expect(world.peer().transceivers.map((one) => one.direction)).toEqual(["sendonly", "recvonly"]);
    expect(world.peer().transceivers[0]?.sender.track).toBe(camera.mediaTrack);
    expect(room.mediaState).toBe("connecting");
  });

  it("takes what is received away until there is something again", async () => {
    const world = makeWorld();
    world.server.room.tracks = [track("v-bob", "bob")];
    world.server.handlers.set("offer", () => ({
      type: "answered",
      sdp: "answer",
      tracks: { "1": "v-bob" },
    }));
    const seen = record(await enter(world));
    world.server.push(CLOSED);
    await pass(1000);
    expect(seen.filter((one) => one.endsWith("v-bob"))).toEqual(["■v-bob", "▶v-bob"]);
  });

  it("is not made anew in a hurry again and again", async () => {
    const world = makeWorld();
    await enter(world);
    for (let second = 0; second < 60; second += 1) {
      world.server.push(CLOSED);
      await pass(1000);
    }
    expect(world.peers.length).toBeLessThan(15);
  });

  it("does not take the old session's replies for the new one's", async () => {
    const world = makeWorld();
    const room = await enter(world);
    world.server.handlers.set("publish", () => {
      world.server.handlers.delete("publish");
      world.server.push(CLOSED);
      return { type: "published", track: track("stale", "me") };
    });
    const published = room.publish(mediaTrack("video"), { source: "camera" });
    await pass(60);
    expect(room.localTracks).toEqual([]);
    expect((await settled(published, 1000)).id).toBe("own-1");
  });

  it("loses a track that may not be published again, and says so", async () => {
    const world = makeWorld();
    const room = await enter(world);
    await settled(room.publish(mediaTrack("video"), { source: "camera" }));
    const seen = record(room);
    world.server.handlers.set("publish", () => ({
      type: "refused",
      reason: "forbidden",
      text: "You are a listener now.",
    }));
    world.server.push(CLOSED);
    await pass(2000);
    expect(seen).toContain("error forbidden");
    expect(room.localTracks).toEqual([]);
  });
});

describe("a lost session", () => {
  it("gets a new peer connection, with the same tracks, after joining again", async () => {
    const world = makeWorld();
    const room = await enter(world);
    const camera = await settled(room.publish(mediaTrack("video"), { source: "camera" }));
    world.server.room.me = "me-2";
    world.server.room.members = world.server.room.members.map((one) =>
      one.id === "me" ? { ...one, id: "me-2" } : one,
    );
    world.server.forget();
    await pass(5000);
    expect(world.peers.length).toBe(2);
    expect(world.peers[0]?.signalingState).toBe("closed");
    expect(camera.id).toBe("own-2");
    expect(room.me.tracks).toEqual([camera]);
    await expect(room.publish(camera.mediaTrack, { source: "camera" })).rejects.toMatchObject({
      reason: "conflict",
    });
  });

  it("does not forget what was being published when it was lost", async () => {
    const world = makeWorld();
    const room = await enter(world);
    world.server.handlers.set("publish", () => {
      world.server.handlers.delete("publish");
      world.server.forget();
      return null;
    });
    const camera = await settled(room.publish(mediaTrack("video"), { source: "camera" }), 5000);
    expect(camera.id).toBe("own-1");
    expect(room.localTracks).toEqual([camera]);
  });
});

describe("data channels", () => {
  it("send to all, and say when they cannot", async () => {
    const world = makeWorld();
    const room = await enter(world);
    expect(room.sendData("early")).toBe(false);
    const [reliable, lossy] = world.peer().channels;
    if (reliable === undefined || lossy === undefined) throw new Error("channels are missing");
    reliable.readyState = lossy.readyState = "open";
    expect(room.sendData("hello")).toBe(true);
    expect(room.sendData(new Uint8Array([1, 2]), { lossy: true })).toBe(true);
    expect([reliable.sent, lossy.sent]).toEqual([["hello"], [new Uint8Array([1, 2])]]);
    reliable.bufferedAmount = 2 * 1024 * 1024;
    expect(room.sendData("more")).toBe(false);
    expect(() => room.sendData("x".repeat(70_000))).toThrow(/bytes/);
  });

  it("tell who sent a message", async () => {
    const world = makeWorld();
    const room = await enter(world);
    const seen: unknown[] = [];
    room.on("data", ({ member, data }) => seen.push([member?.id ?? null, data]));
    const [channel] = world.peer().channels;
    const text = new TextEncoder().encode("hello");
    const messages = [
      new Uint8Array([0, 0, 0, 0, 0, 0, 0, 7, 42]).buffer,
      new Uint8Array([0x80, 0, 0, 0, 0, 0, 0, 7, ...text]).buffer,
      new Uint8Array([0, 0, 0, 1, 0, 0, 0, 7]).buffer,
      "from the server",
      5,
    ];
    for (const data of messages) channel?.onmessage?.({ data });
    channel?.onmessage?.({ data: new ArrayBuffer(3) });
    expect(seen).toEqual([
      ["bob", new Uint8Array([42])],
      ["bob", "hello"],
      [null, new Uint8Array([])],
      [null, "from the server"],
    ]);
  });
});

describe("without WebRTC", () => {
  it("chat works, and publish says why it does not", async () => {
    vi.useFakeTimers();
    const server = new FakeServer();
    const { WebSocket } = server;
    const client = new Client({ server: "http://node.example", token: "token", WebSocket });
    onTestFinished(() => client.close());
    await settled(client.connect());
    const room = await settled(client.join("standup"));
    await settled(room.say("hello"));
    expect(server.room.messages.length).toBe(1);
    await expect(room.publish(mediaTrack("audio"), { source: "other" })).rejects.toMatchObject({
      reason: "unavailable",
    });
  });
});
