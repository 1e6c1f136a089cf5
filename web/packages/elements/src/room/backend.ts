/** What the elements ask of the server and the devices, in one replaceable object; no element. */

import {
  Client,
  type Devices,
  listDevices,
  onDevicesChanged,
  openCamera,
  openMicrophone,
  openScreen,
  type Room,
  type StreamOptions,
  WhepPlayer,
  WhipPublisher,
} from "@antiphon/client";

export interface Credentials {
  readonly token: string;
  /** Milliseconds since 1970; Infinity: not known. */
  readonly expiresAt: number;
}

/** What sends by WHIP, what receives by WHEP. */
export type Publisher = Pick<WhipPublisher, "state" | "on" | "start" | "stop">;
export type Player = Pick<WhepPlayer, "state" | "on" | "start" | "stop" | "tracks">;

/** A connection as the elements use it. */
export type Link = Pick<Client, "state" | "on" | "close">;

export interface Entered {
  readonly link: Link;
  readonly room: Room;
}

export interface EnterOptions {
  readonly server: string;
  readonly room: string;
  readonly name: string;
  readonly token: () => Promise<string>;
  readonly receive: "all" | "speaker" | "none";
  /** Called with the connection before it is made, so that it can be given up. */
  readonly opened?: (link: Link) => void;
}

export interface Backend {
  /** `room`: where only some rooms welcome guests, the one to be entered. */
  guest(server: string, name: string, room: string): Promise<Credentials>;
  login(server: string, address: string, password: string): Promise<Credentials>;
  enter(options: EnterOptions): Promise<Entered>;
  openCamera(deviceId: string): Promise<MediaStreamTrack>;
  openMicrophone(deviceId: string): Promise<MediaStreamTrack>;
  openScreen(): Promise<readonly MediaStreamTrack[]>;
  listDevices(): Promise<Devices>;
  publisher(options: StreamOptions): Publisher;
  player(options: StreamOptions & { member?: string }): Player;
  /** Calls back when devices come or go; returns how to stop. */
  watchDevices(listener: () => void): () => void;
}

/** The real server and the real devices. */
export const network: Backend = {
  guest: (server, name, room) => {
    const options = { server, name, room };
    return Client.authGuest(options);
  },
  login: (server, address, password) => Client.authLogin({ server, address, password }),
  enter,
  openCamera: (deviceId) => openCamera(deviceId ? { deviceId } : {}),
  openMicrophone: (deviceId) => openMicrophone(deviceId ? { deviceId } : {}),
  openScreen: async () => {
    const { video, audio } = await openScreen({ audio: true });
    return audio ? [video, audio] : [video];
  },
  listDevices,
  publisher: (options) => new WhipPublisher(options),
  player: (options) => new WhepPlayer(options),
  watchDevices: onDevicesChanged,
};

async function enter(options: EnterOptions): Promise<Entered> {
  const { server, room, name, token, receive, opened } = options;
  const client = new Client({ server, token });
  opened?.(client);
  try {
    await client.connect();
    return { link: client, room: await client.join(room, { name, receive }) };
  } catch (error) {
    client.close();
    throw error;
  }
}
