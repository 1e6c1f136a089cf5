import { describe, expect, it } from "vitest";
import { mediaTrack } from "../fakes/peer-connection.js";
import { member, track } from "../fakes/server.js";
import { enter, makeWorld, pass, record, settled } from "../fakes/world.js";

describe("a room", () => {
  it("is as the server says", async () => {
    const world = makeWorld();
    world.server.room.tracks = [track("v-bob", "bob"), track("mine", "me")];
    world.server.room.speaker = "bob";
    const room = await enter(world, { name: "Anna" });
    expect(world.server.requests("join")).toMatchObject([{ room: "standup", name: "Anna" }]);
    expect([room.name, room.title]).toEqual(["standup", "Stand-up"]);
    expect([room.me.id, room.me.isLocal, room.members.get("bob")?.isLocal]).toEqual([
      "me",
      true,
      false,
    ]);
    expect(room.me.joinedAt).toBe(1_000_000);
    expect([...room.tracks.keys()]).toEqual(["v-bob"]);
    expect(room.speaker).toBe(room.members.get("bob"));
  });

  it("tells what happens in it", async () => {
    const world = makeWorld();
    const room = await enter(world);
    const seen = record(room);
    const speakers: (string | null)[] = [];
    room.on("speaker", (speaker) => speakers.push(speaker?.id ?? null));
    const { server } = world;
    server.push({ type: "member_joined", member: member("eve") });
    server.push({ type: "track_added", track: track("v-eve", "eve") });
    server.push({ type: "track_changed", track: track("v-eve", "eve", { codec: "vp8" }) });
    server.push({ type: "speaker_changed", member: "eve" });
    server.push({ type: "member_changed", member: member("eve", { hand: true }) });
    server.push({ type: "member_left", member: "eve", reason: "removed" });
    await pass();
    expect(seen).toEqual(["+eve", "+v-eve", "~v-eve", "~eve", "-v-eve", "-eve removed"]);
    expect(speakers).toEqual(["eve", null]);
    expect([room.members.size, room.tracks.size]).toEqual([2, 0]);
  });

  it("tells how the media fares", async () => {
    const world = makeWorld();
    const room = await enter(world);
    const figures = { level: 3, round_trip: 20, loss_in: 0, loss_out: 0.1 };
    world.server.push({ type: "quality", ...figures, available_bitrate: null });
    await pass();
    expect(room.quality).toEqual({
      ...{ level: 3, roundTrip: 20, lossIn: 0, lossOut: 0.1 },
      availableBitrate: null,
    });
  });

  it("asks for what is wished", async () => {
    const world = makeWorld();
    const room = await enter(world);
    await settled(room.moderate("bob", "mute", "v-bob"));
    await settled(room.moderate(room.me, "demote"));
    await settled(room.subscribe("speaker"));
    expect(world.server.received.slice(-3)).toMatchObject([
      { type: "moderate", member: "bob", action: "mute", track: "v-bob" },
      { type: "moderate", member: "me", action: "demote" },
      { type: "subscribe", receive: "speaker" },
    ]);
  });

  it("loses no event that comes together with the reply to join", async () => {
    const world = makeWorld();
    await settled(world.client.connect());
    world.server.handlers.set("join", (request) => {
      const { onmessage } = world.server.socket;
      // Some WebSockets outside browsers hand over several messages in one turn.
      setTimeout(() => {
        const joined = { type: "joined", id: request.id, room: world.server.room };
        const event = { type: "member_joined", seq: 1, member: member("eve") };
        onmessage?.({ data: JSON.stringify(joined) });
        onmessage?.({ data: JSON.stringify(event) });
      }, 1);
      return null;
    });
    const room = await settled(world.client.join("standup"));
    expect(room.members.has("eve")).toBe(true);
  });

  it("is one at a time", async () => {
    const world = makeWorld();
    const room = await enter(world);
    await expect(world.client.join("other")).rejects.toMatchObject({ reason: "conflict" });
    await settled(room.leave());
    expect(world.client.room).toBeNull();
    expect((await settled(world.client.join("other"))).members.size).toBe(2);
  });

  it("may refuse", async () => {
    const world = makeWorld();
    world.server.handlers.set("join", () => ({
      type: "refused",
      reason: "forbidden",
      text: "This room is closed to guests.",
    }));
    await expect(enter(world)).rejects.toMatchObject({ reason: "forbidden" });
    expect(world.client.room).toBeNull();
  });
});

describe("the end of a membership", () => {
  it("comes from the server, with a reason, and is final", async () => {
    const world = makeWorld();
    const room = await enter(world);
    await settled(room.publish(mediaTrack("video"), { source: "camera" }));
    const seen = record(room);
    world.server.push({ type: "ended", reason: "removed", text: "A moderator removed you." });
    world.server.push({ type: "member_joined", member: member("eve") });
    await pass();
    expect(seen).toEqual(["ended removed"]);
    expect(world.peer().signalingState).toBe("closed");
    expect(room.localTracks).toEqual([]);
    await expect(room.publish(mediaTrack("audio"), { source: "other" })).rejects.toMatchObject({
      reason: "gone",
    });
    world.server.forget();
    await pass(10_000);
    expect(world.server.requests("join").length).toBe(1);
    expect(world.client.state).toBe("connected");
  });

  it("takes what waits with it", async () => {
    const world = makeWorld();
    const room = await enter(world);
    world.server.handlers.set("offer", () => null);
    world.server.handlers.set("publish", () => null);
    const published = room.publish(mediaTrack("video"), { source: "camera" });
    published.catch(() => undefined);
    await pass();
    await settled(room.leave());
    await expect(published).rejects.toMatchObject({ reason: "left" });
    expect(room.sendData("late")).toBe(false);
    expect(await room.getStats()).toBeNull();
  });
});
