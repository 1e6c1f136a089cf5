import { describe, expect, it } from "vitest";
import { mediaTrack } from "../fakes/peer-connection.js";
import { track } from "../fakes/server.js";
import { enter, makeWorld, pass, record, settled } from "../fakes/world.js";

describe("the first offer", () => {
  it("has data channels, what is published at once, and sections for what is there", async () => {
    const world = makeWorld();
    world.server.room.tracks = [
      track("a-bob", "bob", { kind: "audio", source: "microphone" }),
      track("v-bob", "bob"),
    ];
    await settled(world.client.connect());
    const joined = world.client.join("standup");
    const published = joined.then((room) =>
      Promise.all([
        room.publish(mediaTrack("audio"), { source: "microphone" }),
        room.publish(mediaTrack("video"), { source: "camera", muted: true }),
      ]),
    );
    const [microphone, camera] = await settled(published);
    expect(world.server.requests("offer").length).toBe(1);
    expect(world.server.requests("offer")[0]?.sdp.split("\n").slice(1)).toEqual([
      "audio 1 sendonly",
      "video 2 sendonly",
      "audio 3 recvonly",
      "video 4 recvonly",
    ]);
    expect(world.peer().channels.map((one) => [one.label, one.options])).toEqual([
      ["room", {}],
      ["room-lossy", { ordered: false, maxRetransmits: 0 }],
    ]);
    expect(
      world.server.requests("publish").map(({ mid, source, muted }) => [mid, source, muted]),
    ).toEqual([
      ["1", "microphone", false],
      ["2", "camera", true],
    ]);
    expect([microphone.id, camera.id]).toEqual(["own-1", "own-2"]);
    expect([camera.muted, camera.mediaTrack.enabled]).toEqual([true, false]);
  });

  it("is followed by publish without waiting for the answer", async () => {
    const world = makeWorld();
    world.server.handlers.set("offer", () => null);
    await enter(world, { publish: [{ track: mediaTrack("audio"), source: "microphone" }] });
    expect(world.server.received.map((one) => one.type)).toEqual([
      "hello",
      "join",
      "offer",
      "publish",
    ]);
  });

  it("gives the peer connection the server's ICE servers", async () => {
    const world = makeWorld();
    await enter(world);
    expect(world.peer().configuration.iceServers).toEqual([{ urls: ["stun:stun.example"] }]);
  });

  it("expects no more than what was subscribed to", async () => {
    const world = makeWorld();
    world.server.room.tracks = Array.from({ length: 60 }, (_, index) => track(`v${index}`, "bob"));
    await enter(world, { receive: "none" });
    expect(world.peer().transceivers.length).toBe(0);
    world.client.close();
    const second = makeWorld({}, world.server);
    await enter(second);
    expect(second.peer().transceivers.length).toBe(25);
  });
});

describe("publishing", () => {
  it("offers a new section, and uses one again that is free", async () => {
    const world = makeWorld();
    const room = await enter(world);
    const camera = await settled(room.publish(mediaTrack("video"), { source: "camera" }));
    expect(world.server.requests("offer").length).toBe(2);
    expect(room.localTracks).toEqual([camera]);
    expect(room.me.tracks).toEqual([camera]);
    await settled(camera.unpublish());
    expect(world.server.requests("unpublish")).toMatchObject([{ track: "own-1" }]);
    expect(room.localTracks).toEqual([]);
    const screen = await settled(room.publish(mediaTrack("video"), { source: "screen" }));
    expect(screen.id).toBe("own-2");
    expect(world.server.requests("offer").length).toBe(2);
    expect(world.server.requests("publish").map((one) => one.mid)).toEqual(["1", "1"]);
    expect(world.peer().transceivers[0]?.sender.track).toBe(screen.mediaTrack);
  });

  it("does not give one free section to two tracks", async () => {
    const world = makeWorld();
    const room = await enter(world);
    const camera = await settled(room.publish(mediaTrack("video"), { source: "camera" }));
    await settled(camera.unpublish());
    await settled(
      Promise.all([
        room.publish(mediaTrack("video"), { source: "camera" }),
        room.publish(mediaTrack("video"), { source: "screen" }),
      ]),
    );
    expect(world.server.requests("publish").map((one) => one.mid)).toEqual(["1", "1", "2"]);
  });

  it("rejects what the server refuses, and forgets it", async () => {
    const world = makeWorld();
    world.server.handlers.set("publish", () => ({
      type: "refused",
      reason: "forbidden",
      text: "Listeners send no media.",
    }));
    const room = await enter(world);
    const published = room.publish(mediaTrack("audio"), { source: "microphone" });
    await expect(settled(published)).rejects.toMatchObject({ reason: "forbidden" });
    expect(room.localTracks).toEqual([]);
    expect(world.peer().transceivers[0]?.sender.track).toBeNull();
  });

  it("rejects what is published already or has ended", async () => {
    const world = makeWorld();
    const room = await enter(world);
    const microphone = mediaTrack("audio");
    await settled(room.publish(microphone, { source: "microphone" }));
    await expect(room.publish(microphone, { source: "other" })).rejects.toMatchObject({
      reason: "conflict",
    });
    const gone = mediaTrack("audio");
    gone.end();
    await expect(room.publish(gone, { source: "other" })).rejects.toMatchObject({ reason: "gone" });
  });

  it("takes a track away whose device went, or whose share was stopped", async () => {
    const world = makeWorld();
    const room = await enter(world);
    const screen = mediaTrack("video");
    await settled(room.publish(screen, { source: "screen" }));
    let changes = 0;
    room.on("local-tracks", () => {
      changes += 1;
    });
    screen.end();
    await pass();
    expect(room.localTracks).toEqual([]);
    expect(changes).toBe(1);
    expect(world.server.requests("unpublish").length).toBe(1);
  });

  it("unpublishes at the server what was taken away before it was accepted", async () => {
    const world = makeWorld();
    const room = await enter(world);
    const screen = mediaTrack("video");
    const published = room.publish(screen, { source: "screen" });
    published.catch(() => undefined);
    // The request has arrived, its reply has not.
    await pass(3);
    expect(world.server.tracks).toBe(1);
    screen.end();
    await expect(settled(published)).rejects.toMatchObject({ reason: "gone" });
    expect(world.server.requests("unpublish")).toMatchObject([{ track: "own-1" }]);
    expect(room.localTracks).toEqual([]);
  });

  it("replaces the media track, also for the next session", async () => {
    const world = makeWorld();
    const room = await enter(world);
    const camera = await settled(room.publish(mediaTrack("video"), { source: "camera" }));
    await settled(camera.mute());
    const other = mediaTrack("video");
    await settled(camera.replace(other));
    expect(world.peer().transceivers[0]?.sender.track).toBe(other);
    expect(other.enabled).toBe(false);
    await expect(camera.replace(mediaTrack("audio"))).rejects.toMatchObject({
      reason: "bad_request",
    });
    world.server.push({ type: "media_state", state: "closed", srtp_profile: null });
    await pass(2000);
    expect(world.peer().transceivers[0]?.sender.track).toBe(other);
    expect(world.server.requests("publish").at(-1)).toMatchObject({ muted: true });
  });
});

describe("muting", () => {
  it("silences the track and tells the server", async () => {
    const world = makeWorld();
    const room = await enter(world);
    const microphone = await settled(room.publish(mediaTrack("audio"), { source: "microphone" }));
    await settled(microphone.mute());
    expect([microphone.muted, microphone.mediaTrack.enabled]).toEqual([true, false]);
    await settled(microphone.unmute());
    expect([microphone.muted, microphone.mediaTrack.enabled]).toEqual([false, true]);
    expect(world.server.requests("mute").map(({ track, muted }) => [track, muted])).toEqual([
      ["own-1", true],
      ["own-1", false],
    ]);
  });

  it("shows a moderator's mute, and lets the owner unmute", async () => {
    const world = makeWorld();
    const room = await enter(world);
    const seen = record(room);
    const microphone = await settled(room.publish(mediaTrack("audio"), { source: "microphone" }));
    const record_ = track("own-1", "me", { kind: "audio", source: "microphone" });
    world.server.push({ type: "track_changed", track: { ...record_, muted: true } });
    await pass();
    expect([microphone.muted, microphone.mediaTrack.enabled]).toEqual([true, false]);
    expect(seen).toContain("~own-1");
    expect(room.tracks.size).toBe(0);
    await settled(microphone.unmute());
    expect(microphone.muted).toBe(false);
  });

  it("does not flicker when the server repeats quick changes", async () => {
    const world = makeWorld();
    const room = await enter(world);
    const microphone = await settled(room.publish(mediaTrack("audio"), { source: "microphone" }));
    const values: boolean[] = [];
    room.on("local-tracks", () => values.push(microphone.muted));
    world.server.handlers.set("mute", (request) => {
      if (request.type === "mute") {
        const changed = track("own-1", "me", { kind: "audio", muted: request.muted });
        world.server.push({ type: "track_changed", track: changed });
      }
      return { type: "result" };
    });
    void microphone.mute();
    void microphone.unmute();
    await pass();
    expect(values).toEqual([true, false]);
    expect(microphone.muted).toBe(false);
  });

  it("says a change that was made while the track was being published again", async () => {
    const world = makeWorld();
    const room = await enter(world);
    const microphone = await settled(room.publish(mediaTrack("audio"), { source: "microphone" }));
    world.server.handlers.set("publish", () => {
      world.server.handlers.delete("publish");
      void microphone.mute();
      return { type: "published", track: track("own-9", "me", { kind: "audio" }) };
    });
    world.server.push({ type: "media_state", state: "closed", srtp_profile: null });
    await pass(2000);
    expect(world.server.requests("publish").at(-1)?.muted).toBe(false);
    expect(world.server.requests("mute")).toMatchObject([{ track: "own-9", muted: true }]);
  });
});
