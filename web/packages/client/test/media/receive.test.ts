import { describe, expect, it } from "vitest";
import { mediaTrack } from "../fakes/peer-connection.js";
import { track } from "../fakes/server.js";
import { enter, makeWorld, pass, record, settled } from "../fakes/world.js";

const ANSWERED = { type: "answered" as const, sdp: "answer" };

describe("what is received", () => {
  it("is found by the section that the answer names", async () => {
    const world = makeWorld();
    world.server.room.tracks = [track("v-bob", "bob")];
    world.server.handlers.set("offer", () => ({ ...ANSWERED, tracks: { "1": "v-bob" } }));
    const room = await enter(world);
    const received = room.tracks.get("v-bob");
    expect(received?.mediaTrack).toBe(world.peer().transceivers[0]?.receiver.track);
    expect(room.members.get("bob")?.tracks).toEqual([received]);
  });

  it("moves to other tracks without any negotiation", async () => {
    const world = makeWorld();
    world.server.room.tracks = [track("v1", "bob"), track("v2", "bob")];
    world.server.handlers.set("offer", () => ({ ...ANSWERED, tracks: { "1": "v1" } }));
    const room = await enter(world);
    const seen = record(room);
    const slot = world.peer().transceivers[0]?.receiver.track;
    world.server.push({ type: "mapped", tracks: { "1": "v2" } });
    await pass();
    expect(seen).toEqual(["■v1", "▶v2"]);
    expect(room.tracks.get("v2")?.mediaTrack).toBe(slot);
    expect(room.tracks.get("v1")?.mediaTrack).toBeNull();
    expect(world.server.requests("offer").length).toBe(1);
  });

  it("may be mapped before the track is known", async () => {
    const world = makeWorld();
    world.server.room.tracks = [track("v1", "bob")];
    const seen = record(await enter(world));
    world.server.push({ type: "mapped", tracks: { "1": "v9" } });
    world.server.push({ type: "track_added", track: track("v9", "bob") });
    await pass();
    expect(seen).toEqual(["+v9", "▶v9"]);
  });

  it("may come in sections that the server adds", async () => {
    const world = makeWorld();
    const room = await enter(world);
    world.server.push({ type: "track_added", track: track("v-bob", "bob") });
    world.server.push({ type: "mapped", tracks: { s5: "v-bob" } });
    world.server.push({ type: "offered", request: 3, sdp: "section video s5" });
    await pass();
    expect(world.server.requests("answer")).toMatchObject([{ request: 3 }]);
    expect(room.tracks.get("v-bob")?.mediaTrack).toBe(world.peer().transceivers[0]?.receiver.track);
  });

  it("is not mapped back by an answer that is older than an event", async () => {
    const world = makeWorld();
    world.server.room.tracks = [track("v1", "bob"), track("v2", "bob")];
    let first = true;
    world.server.handlers.set("offer", () => {
      const tracks = { "1": "v1" };
      if (!first) return { ...ANSWERED, tracks };
      first = false;
      // The answer is lost, and while nobody is connected the mapping changes.
      world.server.socket.readyState = 3;
      setTimeout(() => world.server.socket.onclose?.({ code: 1006, reason: "" }), 1);
      world.server.push({ type: "mapped", tracks: { "1": "v2" } });
      return { ...ANSWERED, tracks };
    });
    const room = await enter(world);
    await pass(3000);
    expect(room.tracks.get("v2")?.mediaTrack).not.toBeNull();
    expect(room.tracks.get("v1")?.mediaTrack).toBeNull();
  });
});

describe("a collision of offers", () => {
  it("is won by ours; the server's comes again and is answered", async () => {
    const world = makeWorld();
    const room = await enter(world);
    world.server.handlers.set("offer", () => {
      world.server.handlers.delete("offer");
      // It was on its way when our offer arrived; after the answer it is made again.
      world.server.push({ type: "offered", request: 1, sdp: "section video s1" });
      setTimeout(() => {
        world.server.push({ type: "offered", request: 2, sdp: "section video s1" });
      }, 3);
      return { ...ANSWERED, tracks: {} };
    });
    const camera = await settled(room.publish(mediaTrack("video"), { source: "camera" }));
    await pass();
    expect(camera.id).toBe("own-1");
    expect(world.server.requests("answer")).toMatchObject([{ request: 2 }]);
    expect(world.peer().signalingState).toBe("stable");
    expect(world.errors).toEqual([]);
  });

  it("is none when the server offers right after its answer", async () => {
    const world = makeWorld();
    const room = await enter(world);
    world.server.handlers.set("offer", () => {
      world.server.handlers.delete("offer");
      // Delivered after the answer, while the browser still applies that.
      setTimeout(() => {
        world.server.push({ type: "offered", request: 7, sdp: "section video s1" });
      }, 0);
      return { ...ANSWERED, tracks: {} };
    });
    await settled(room.publish(mediaTrack("video"), { source: "camera" }));
    await pass();
    expect(world.server.requests("answer")).toMatchObject([{ request: 7 }]);
  });

  it("is none between two offers of ours: the second waits for the first answer", async () => {
    const world = makeWorld();
    const room = await enter(world);
    world.server.handlers.set("offer", () => null);
    const first = room.publish(mediaTrack("video"), { source: "camera" });
    first.catch(() => undefined);
    await pass(1);
    const second = room.publish(mediaTrack("audio"), { source: "microphone" });
    second.catch(() => undefined);
    await pass(1000);
    expect(world.server.requests("offer").length).toBe(2);
    expect(world.server.requests("publish").map((one) => one.source)).toContain("camera");
  });

  it("makes our offer wait for an answer that is being made", async () => {
    const world = makeWorld();
    const room = await enter(world);
    const seen = record(room);
    world.server.push({ type: "offered", request: 1, sdp: "section audio s1" });
    await pass(2);
    await settled(room.publish(mediaTrack("video"), { source: "camera" }));
    expect(world.server.received.slice(-3).map((one) => one.type)).toEqual([
      "answer",
      "offer",
      "publish",
    ]);
    expect(seen).toEqual([]);
  });
});

describe("a failed negotiation", () => {
  it("rolls back, tells, and can be followed by another", async () => {
    const world = makeWorld();
    const room = await enter(world);
    const seen = record(room);
    world.server.handlers.set("offer", () => ({
      type: "refused",
      reason: "bad_request",
      text: "Too many sections.",
    }));
    world.server.handlers.set("publish", () => ({
      type: "refused",
      reason: "not_found",
      text: "There is no such section.",
    }));
    const published = room.publish(mediaTrack("video"), { source: "camera" });
    await expect(settled(published)).rejects.toMatchObject({ reason: "not_found" });
    expect(seen).toContain("error bad_request");
    expect(room.mediaState).toBe("failed");
    expect(world.peer().signalingState).toBe("stable");
    world.server.handlers.clear();
    await settled(room.publish(mediaTrack("video"), { source: "camera" }));
    expect(room.mediaState).toBe("connecting");
  });

  it("tries again by itself when the server was busy", async () => {
    const world = makeWorld();
    world.server.handlers.set("offer", () => {
      world.server.handlers.delete("offer");
      return { type: "refused", reason: "busy", text: "Later." };
    });
    const room = await enter(world);
    await pass(1000);
    expect(world.server.requests("offer").length).toBe(2);
    expect(room.mediaState).toBe("connecting");
  });

  it("survives a description that the browser does not take", async () => {
    const world = makeWorld();
    const room = await enter(world);
    const seen = record(room);
    world.peer().failsNext = true;
    world.server.push({ type: "offered", request: 1, sdp: "nonsense" });
    await pass();
    world.server.push({ type: "offered", request: 2, sdp: "section audio s1" });
    await pass();
    expect(seen).toContain("error failed");
    expect(world.server.requests("answer")).toMatchObject([{ request: 2 }]);
  });
});
