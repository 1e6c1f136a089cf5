/** What every part of the room's picture is drawn from, and what it may ask for. */

import type { LocalTrack, Member, RemoteTrack } from "@antiphon/client";
import type { Faces } from "../chat/view.js";
import type { LayoutChoice, Tile } from "../logic/gallery.js";
import type { Area } from "../logic/grid.js";
import type { Shortcut } from "../logic/shortcuts.js";
import type { Streams } from "../media/streams.js";
import type { Text } from "../text.js";
import type { RoomSession } from "./session.js";

export type AnyTrack = RemoteTrack | LocalTrack;
export type RoomTile = Tile<Member, AnyTrack>;

/** What is open and chosen in the element itself, not in the room. */
export interface Ui {
  readonly panel: "" | "chat" | "people";
  /** The open menu: "more", or "person:" and a member id. */
  readonly menu: string;
  readonly dialog: "" | "settings" | "invite" | "shortcuts" | "remove";
  /** Whom the dialog "remove" asks about. */
  readonly removing: Member | null;
  readonly layout: LayoutChoice;
  readonly pinned: string | null;
  readonly page: number;
  readonly area: Area;
  readonly resizing: boolean;
  readonly fullscreen: boolean;
  readonly copied: boolean;
  readonly soundBlocked: boolean;
  /** Device id of the loudspeaker, "" for the system's. */
  readonly output: string;
}

export interface RoomView {
  readonly text: Text;
  readonly session: RoomSession;
  readonly streams: Streams;
  readonly ui: Ui;
  readonly faces: Faces;
  readonly serverAddress: string;
  readonly roomName: string;
  /** The name typed so far. */
  readonly displayName: string;
  readonly inviteLink: string;
  /** Where the button "back to start" leads. */
  readonly home: string;
  set(change: Partial<Ui>): void;
  does(shortcut: Shortcut): void;
  rename(name: string): void;
  copyInvite(): Promise<void>;
  shareInvite(): Promise<void>;
  chooseOutput(deviceId: string): void;
  hear(): void;
}

export const INITIAL_UI: Ui = {
  panel: "",
  menu: "",
  dialog: "",
  removing: null,
  layout: { preferred: "grid", whileShared: "speaker" },
  pinned: null,
  page: 0,
  area: { width: 0, height: 0 },
  resizing: false,
  fullscreen: false,
  copied: false,
  soundBlocked: false,
  output: "",
};
