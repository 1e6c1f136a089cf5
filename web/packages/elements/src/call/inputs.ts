/** Microphone and camera of a telephone, and which devices there are; it knows no call. */

import type { Devices } from "@antiphon/client";
import type { Attempt } from "../logic/problems.js";
import { Input } from "../media/input.js";
import type { Backend } from "../room/backend.js";

export interface InputsHost {
  readonly backend: Backend;
  changed(): void;
  refused(attempt: Attempt, error: unknown): void;
}

const NO_DEVICES: Devices = { cameras: [], microphones: [], speakers: [] };

export class Inputs {
  devices: Devices = NO_DEVICES;
  readonly microphone: Input;
  readonly camera: Input;

  constructor(readonly host: InputsHost) {
    const changed = () => host.changed();
    this.microphone = new Input({
      open: (id) => host.backend.openMicrophone(id),
      release: false,
      changed,
    });
    this.camera = new Input({ open: (id) => host.backend.openCamera(id), release: true, changed });
    this.camera.on = false;
  }

  /** Opens what a call needs: a camera only where there are to be pictures. */
  async open(video: boolean): Promise<void> {
    const { microphone, camera, host } = this;
    microphone.on = true;
    camera.on = video;
    await Promise.all([microphone.prepare(), video ? camera.prepare() : null]);
    if (microphone.error !== null) host.refused("microphone", microphone.error);
    if (video && camera.error !== null) host.refused("camera", camera.error);
    // Labels come with the permission.
    if (!this.devices.microphones.some((one) => one.label)) void this.refresh();
  }

  /** Gives the devices back. */
  close(): void {
    for (const input of [this.microphone, this.camera]) {
      input.close();
      input.error = null;
    }
    this.camera.on = false;
  }

  /** Leaves the room and keeps the devices, for the next one. */
  detach(): void {
    this.microphone.detach();
    this.camera.detach();
  }

  /** Learns anew which devices there are. */
  async refresh(): Promise<void> {
    try {
      this.devices = await this.host.backend.listDevices();
    } catch (error) {
      // Without a list the browser's default devices are used.
      console.warn("antiphon: devices cannot be listed", error);
      this.devices = NO_DEVICES;
    }
    this.host.changed();
  }

  async choose(kind: "microphone" | "camera", deviceId: string): Promise<void> {
    const input = this[kind];
    await input.choose(deviceId);
    if (input.error !== null) this.host.refused(kind, input.error);
  }
}
