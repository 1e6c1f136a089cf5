import { afterEach, describe, expect, it, vi } from "vitest";
import {
  AntiphonError,
  listDevices,
  onDevicesChanged,
  openCamera,
  openMicrophone,
  openScreen,
} from "../src/index.js";
import { mediaTrack } from "./fakes/peer-connection.js";

function useDevices(devices: object | undefined, isSecureContext = true): void {
  vi.stubGlobal("navigator", { mediaDevices: devices });
  vi.stubGlobal("isSecureContext", isSecureContext);
}

function stream(...tracks: MediaStreamTrack[]): object {
  return {
    getVideoTracks: () => tracks.filter((track) => track.kind === "video"),
    getAudioTracks: () => tracks.filter((track) => track.kind === "audio"),
  };
}

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("opening devices", () => {
  it("asks for the device chosen and gives its track", async () => {
    const getUserMedia = vi.fn(async () => stream(mediaTrack("video"), mediaTrack("audio")));
    useDevices({ getUserMedia });
    expect((await openCamera({ deviceId: "front" })).kind).toBe("video");
    expect((await openMicrophone()).kind).toBe("audio");
    expect(getUserMedia.mock.calls).toMatchObject([
      [{ video: { deviceId: { exact: "front" }, width: { ideal: 1280 } } }],
      [{ audio: { echoCancellation: true } }],
    ]);
  });

  it("shares a screen, with sound if there is some", async () => {
    const video = mediaTrack("video");
    useDevices({ getDisplayMedia: async () => stream(video) });
    expect(await openScreen({ audio: true })).toEqual({ video, audio: null });
    expect(video.contentHint).toBe("detail");
  });

  it.each([
    ["NotAllowedError", "denied"],
    ["NotFoundError", "not-found"],
    ["OverconstrainedError", "not-found"],
    ["NotReadableError", "in-use"],
    ["SomethingNew", "failed"],
  ])("says after %s: %s", async (name, reason) => {
    const getUserMedia = (): Promise<never> => Promise.reject(new DOMException("no", name));
    useDevices({ getUserMedia });
    const error = await openCamera().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(AntiphonError);
    expect(error).toMatchObject({ reason });
  });

  it("tells a page without HTTPS from a browser that cannot", async () => {
    useDevices(undefined, false);
    await expect(openCamera()).rejects.toMatchObject({ reason: "insecure" });
    useDevices({ getUserMedia: () => undefined });
    await expect(openScreen()).rejects.toMatchObject({ reason: "unsupported" });
  });
});

describe("listing devices", () => {
  it("sorts them by use", async () => {
    const kinds = ["audioinput", "videoinput", "audiooutput", "videoinput"];
    useDevices({ enumerateDevices: async () => kinds.map((kind) => ({ kind })) });
    const { cameras, microphones, speakers } = await listDevices();
    expect([cameras.length, microphones.length, speakers.length]).toEqual([2, 1, 1]);
  });

  it("tells of changes until it is stopped", () => {
    const devices = new EventTarget();
    useDevices(devices);
    let changes = 0;
    const stop = onDevicesChanged(() => {
      changes += 1;
    });
    devices.dispatchEvent(new Event("devicechange"));
    stop();
    devices.dispatchEvent(new Event("devicechange"));
    expect(changes).toBe(1);
  });
});
