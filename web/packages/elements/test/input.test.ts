/** Microphone and camera: on, off, published once, unplugged, muted by somebody else. */

import { describe, expect, it, vi } from "vitest";
import { Input } from "../src/media/input.js";
import { ScreenShare } from "../src/media/screen-share.js";
import { FakeLocalTrack, fakeTrack, settle } from "./fakes.js";

function make(release: boolean) {
  const opened: ReturnType<typeof fakeTrack>[] = [];
  const published: FakeLocalTrack[] = [];
  const open = vi.fn(async (deviceId: string) => {
    const track = fakeTrack(release ? "video" : "audio", deviceId || "built-in");
    opened.push(track);
    return track as MediaStreamTrack;
  });
  const publish = vi.fn(async (track: MediaStreamTrack, muted: boolean) => {
    const local = new FakeLocalTrack(track, "x", muted);
    published.push(local);
    return local;
  });
  const input = new Input({ open, release, changed: () => {} });
  return { input, open, opened, publish, published };
}

describe("a camera", () => {
  it("is closed while off and replaced when on again", async () => {
    const { input, opened, publish, published } = make(true);
    await input.prepare();
    await input.attach(publish);
    await input.set(false);
    expect(opened[0]?.readyState).toBe("ended");
    expect(published[0]?.muted).toBe(true);
    await input.set(true);
    expect(opened).toHaveLength(2);
    expect(publish).toHaveBeenCalledTimes(1);
    expect(published[0]?.calls).toEqual(["mute", "replace", "unmute"]);
    expect(published[0]?.mediaTrack).toBe(opened[1]);
  });

  it("that is off when the room is entered is published when turned on", async () => {
    const { input, publish, published } = make(true);
    input.on = false;
    await input.prepare();
    await input.attach(publish);
    expect(publish).not.toHaveBeenCalled();
    await input.set(true);
    expect(published[0]?.muted).toBe(false);
  });

  it("survives quick presses in order", async () => {
    const { input, publish, published } = make(true);
    await input.prepare();
    await input.attach(publish);
    await Promise.all([input.set(false), input.set(true), input.set(false)]);
    expect(input.live).toBe(false);
    expect(input.track).toBeNull();
    expect(published[0]?.muted).toBe(true);
  });
});

describe("a microphone", () => {
  it("stays open while muted", async () => {
    const { input, opened, publish, published } = make(false);
    await input.prepare();
    await input.attach(publish);
    await input.set(false);
    expect(opened[0]).toMatchObject({ readyState: "live", enabled: false });
    await input.set(true);
    expect(opened).toHaveLength(1);
    expect(opened[0]?.enabled).toBe(true);
    expect(published[0]?.muted).toBe(false);
  });

  it("is published muted if it was muted before", async () => {
    const { input, publish } = make(false);
    await input.prepare();
    await input.set(false);
    await input.attach(publish);
    expect(publish).toHaveBeenCalledWith(input.track, true);
  });

  it("is silent at once, even while the network is slow", async () => {
    const { input, opened } = make(false);
    await input.prepare();
    const entering = input.attach(() => new Promise(() => {}));
    void input.set(false);
    expect(opened[0]?.enabled).toBe(false);
    expect(input.live).toBe(false);
    void entering;
  });

  it("changes devices and stays muted", async () => {
    const { input, open, opened, publish, published } = make(false);
    await input.prepare();
    await input.attach(publish);
    await input.set(false);
    await input.choose("desk");
    expect(open).toHaveBeenLastCalledWith("desk");
    expect(opened[1]?.enabled).toBe(false);
    expect(published[0]?.muted).toBe(true);
    expect(input.live).toBe(false);
  });

  it("follows a moderator's mute and can be unmuted again", async () => {
    const { input, publish, published } = make(false);
    await input.prepare();
    await input.attach(publish);
    expect(input.follow()).toBe(false);
    if (published[0]) published[0].muted = true;
    expect(input.follow()).toBe(true);
    expect(input.live).toBe(false);
    await input.set(true);
    expect(published[0]?.muted).toBe(false);
    expect(input.follow()).toBe(false);
  });

  it("that was refused is off, and says why", async () => {
    const { input, open } = make(false);
    open.mockRejectedValueOnce({ reason: "denied" });
    await input.prepare();
    expect(input).toMatchObject({ on: false, live: false, error: { reason: "denied" } });
    await input.set(true);
    expect(input).toMatchObject({ live: true, error: null });
  });

  it("that is unplugged is off for all", async () => {
    const { input, opened, publish, published } = make(false);
    await input.prepare();
    await input.attach(publish);
    opened[0]?.end();
    await settle();
    expect(input.live).toBe(false);
    expect(published[0]?.muted).toBe(true);
  });
});

describe("a shared screen", () => {
  function share() {
    const tracks = [fakeTrack("video"), fakeTrack("audio")];
    const published: FakeLocalTrack[] = [];
    const screen = new ScreenShare({
      open: async () => tracks as MediaStreamTrack[],
      publish: async (track, source) => {
        const local = new FakeLocalTrack(track, source);
        published.push(local);
        return local;
      },
      changed: () => {},
    });
    return { screen, tracks, published };
  }

  it("publishes picture and sound, and withdraws both", async () => {
    const { screen, tracks, published } = share();
    await screen.start();
    expect(published.map((one) => one.source)).toEqual(["screen", "screen_audio"]);
    await screen.stop();
    expect(screen.active).toBe(false);
    expect(tracks.every((track) => track.readyState === "ended")).toBe(true);
    expect(published.every((one) => one.calls.includes("unpublish"))).toBe(true);
  });

  it("ends by the browser's own button", async () => {
    const { screen, tracks, published } = share();
    await screen.start();
    tracks[0]?.end();
    await settle();
    expect(screen.active).toBe(false);
    expect(published[0]?.calls).toEqual(["unpublish"]);
  });

  it("is given back if it cannot be published", async () => {
    const { tracks } = share();
    const screen = new ScreenShare({
      open: async () => tracks as MediaStreamTrack[],
      publish: () => Promise.reject(new Error("forbidden")),
      changed: () => {},
    });
    await expect(screen.start()).rejects.toThrow("forbidden");
    expect(tracks[0]?.readyState).toBe("ended");
    expect(screen.active).toBe(false);
  });
});
