/** What every part of the telephone's picture is drawn from, and what it may ask for. */

import type { Streams } from "../media/streams.js";
import type { Text } from "../text.js";
import type { PhoneSession } from "./phone-session.js";

/** What is open and typed in the element itself, not in a call. */
export interface PhoneUi {
  /** Whom to call, as typed so far. */
  readonly entry: string;
  /** The name that belongs to `entry`, when it was taken from the list. */
  readonly title: string;
  /** The pad is shown: before a call, in a call. */
  readonly pad: boolean;
  readonly keys: boolean;
  readonly dialog: "" | "devices" | "add" | "transfer";
  readonly register: boolean;
  readonly soundBlocked: boolean;
  /** Device id of the loudspeaker, "" for the system's. */
  readonly output: string;
}

export interface PhoneView {
  readonly text: Text;
  readonly session: PhoneSession;
  readonly streams: Streams;
  readonly ui: PhoneUi;
  /** Offer pictures. */
  readonly withVideo: boolean;
  /** URL of somebody's picture. */
  pictureOf(address: string): string | null;
  /** As the user calls them, as they call themselves, or the name that came with the call. */
  nameOf(address: string, name: string): string;
  set(change: Partial<PhoneUi>): void;
  /** Calls what is typed. */
  dial(video: boolean): void;
  callAgain(peer: string, video: boolean, name: string): void;
  /** A key of the pad, before or in a call. */
  press(digit: string): void;
  chooseOutput(deviceId: string): void;
  hear(): void;
}

export const INITIAL_UI: PhoneUi = {
  entry: "",
  title: "",
  pad: false,
  keys: false,
  dialog: "",
  register: false,
  soundBlocked: false,
  output: "",
};
