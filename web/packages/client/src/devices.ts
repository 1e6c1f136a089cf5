/** Cameras, microphones and screens of this machine, with clear reasons when there is none. */

import { AntiphonError } from "./errors.js";

/** `AntiphonError.reason` when a device cannot be opened. */
export type DeviceReason =
  | "denied"
  | "not-found"
  | "in-use"
  | "insecure"
  | "unsupported"
  | "failed";

/** The devices by use. Labels are empty before a permission was given. */
export interface Devices {
  readonly cameras: readonly MediaDeviceInfo[];
  readonly microphones: readonly MediaDeviceInfo[];
  readonly speakers: readonly MediaDeviceInfo[];
}

/** What to ask a camera for; each is a wish, not a condition, but for `deviceId`. */
export interface CameraOptions {
  deviceId?: string;
  facingMode?: "user" | "environment";
  width?: number;
  height?: number;
  frameRate?: number;
}

/** Lists what is plugged in. Rejects with a DeviceReason. */
export async function listDevices(): Promise<Devices> {
  const devices = await attempt(() => mediaDevices("enumerateDevices").enumerateDevices());
  const of = (kind: MediaDeviceKind): MediaDeviceInfo[] =>
    devices.filter((device) => device.kind === kind);
  return {
    cameras: of("videoinput"),
    microphones: of("audioinput"),
    speakers: of("audiooutput"),
  };
}

/** Calls the listener when devices come or go; returns how to stop that. */
export function onDevicesChanged(listener: () => void): () => void {
  const devices = globalThis.navigator?.mediaDevices;
  devices?.addEventListener("devicechange", listener);
  return () => devices?.removeEventListener("devicechange", listener);
}

/** Opens a camera. Rejects with a DeviceReason. */
export async function openCamera(options: CameraOptions = {}): Promise<MediaStreamTrack> {
  const { deviceId, facingMode = "user", width = 1280, height = 720, frameRate = 30 } = options;
  const video: MediaTrackConstraints = {
    ...(deviceId === undefined ? { facingMode } : { deviceId: { exact: deviceId } }),
    width: { ideal: width },
    height: { ideal: height },
    frameRate: { ideal: frameRate },
  };
  return first((await open({ video })).getVideoTracks());
}

/** Opens a microphone with echo cancellation. Rejects with a DeviceReason. */
export async function openMicrophone(
  options: { deviceId?: string } = {},
): Promise<MediaStreamTrack> {
  const { deviceId } = options;
  const audio: MediaTrackConstraints = {
    ...(deviceId === undefined ? {} : { deviceId: { exact: deviceId } }),
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
  };
  return first((await open({ audio })).getAudioTracks());
}

/** Lets the user choose a screen, with its sound if asked for and there. */
export async function openScreen(
  options: { audio?: boolean } = {},
): Promise<{ video: MediaStreamTrack; audio: MediaStreamTrack | null }> {
  const stream = await attempt(() =>
    mediaDevices("getDisplayMedia").getDisplayMedia({
      video: { frameRate: { ideal: 15 } },
      audio: options.audio ?? false,
    }),
  );
  const video = first(stream.getVideoTracks());
  // Text is to stay legible; of what moves, some frames may go.
  video.contentHint = "detail";
  return { video, audio: stream.getAudioTracks()[0] ?? null };
}

function open(constraints: MediaStreamConstraints): Promise<MediaStream> {
  return attempt(() => mediaDevices("getUserMedia").getUserMedia(constraints));
}

function mediaDevices(method: keyof MediaDevices): MediaDevices {
  const devices = globalThis.navigator?.mediaDevices;
  if (devices !== undefined && method in devices) return devices;
  if (globalThis.isSecureContext === false) {
    const text = "Browsers give cameras and microphones only to pages with HTTPS or on localhost.";
    throw new AntiphonError("insecure", text);
  }
  throw new AntiphonError("unsupported", "This browser cannot do this.");
}

const REASONS: { readonly [name: string]: [DeviceReason, string] } = {
  NotAllowedError: ["denied", "The browser or its user did not allow it."],
  SecurityError: ["denied", "The browser does not allow it on this page."],
  NotFoundError: ["not-found", "There is no such device."],
  OverconstrainedError: ["not-found", "There is no such device any more."],
  NotReadableError: ["in-use", "Another program uses the device, or it does not work."],
  AbortError: ["in-use", "The device could not be started."],
  NotSupportedError: ["unsupported", "This browser cannot do this."],
};

async function attempt<Value>(action: () => Promise<Value>): Promise<Value> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof AntiphonError) throw error;
    // DOMException is not an Error everywhere; its name is what tells.
    const name = (error as { name?: unknown } | null)?.name;
    const [reason, text] = REASONS[String(name)] ?? ["failed", String(error)];
    throw new AntiphonError(reason, text, { cause: error });
  }
}

function first(tracks: MediaStreamTrack[]): MediaStreamTrack {
  const [track] = tracks;
  if (track === undefined) throw new AntiphonError("not-found", "The device gave no track.");
  return track;
}
