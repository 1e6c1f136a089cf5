/** What the elements ask of the server and the devices, in one replaceable object; no element. */

import {
  authRenew,
  type CallPage,
  Client,
  checkInvitation,
  type Devices,
  fetchCalls,
  fetchOffers,
  listDevices,
  type Offers,
  onDevicesChanged,
  openCamera,
  openMicrophone,
  openScreen,
  type Room,
  registerAccount,
  resetPassword,
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
export type Link = Pick<Client, "state" | "on" | "close" | "files">;

/** A connection by which one calls and writes, and is called and written to. */
export type Phone = Pick<
  Client,
  | "state"
  | "address"
  | "name"
  | "on"
  | "connect"
  | "close"
  | "call"
  | "invite"
  | "transfer"
  | "messages"
  | "people"
  | "account"
  | "files"
  | "push"
>;

export interface PhoneOptions {
  readonly server: string;
  readonly token: () => Promise<string>;
}

export interface NewAccount {
  readonly address: string;
  readonly password: string;
  readonly name: string;
  /** What an administrator handed out. */
  readonly invitation?: string;
}

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
  /** Another token for one of a guest or a login, for as long again. */
  renew(server: string, token: string): Promise<Credentials>;
  register(server: string, account: NewAccount): Promise<void>;
  /** What an invitation leads to. */
  invitation(server: string, token: string): Promise<{ readonly room: string | null }>;
  /** Another password, by what an administrator handed out. */
  resetPassword(server: string, token: string, password: string): Promise<void>;
  /** What the server lets strangers do. */
  offers(server: string): Promise<Offers>;
  enter(options: EnterOptions): Promise<Entered>;
  /** Not connected yet. */
  phone(options: PhoneOptions): Phone;
  /** Past calls of `address`; `before`: the id of one, null for the latest. */
  calls(server: string, token: string, address: string, before: string | null): Promise<CallPage>;
  openCamera(deviceId: string): Promise<MediaStreamTrack>;
  openMicrophone(deviceId: string): Promise<MediaStreamTrack>;
  openScreen(): Promise<readonly MediaStreamTrack[]>;
  listDevices(): Promise<Devices>;
  publisher(options: StreamOptions): Publisher;
  player(options: StreamOptions & { member?: string }): Player;
  /** Calls back when devices come or go; returns how to stop. */
  watchDevices(listener: () => void): () => void;
}

const LOG_PAGE = 30;

/** The real server and the real devices. */
export const network: Backend = {
  guest: (server, name, room) => {
    return Client.authGuest({ server, name, ...(room ? { room } : {}) });
  },
  login: (server, address, password) => Client.authLogin({ server, address, password }),
  renew: (server, token) => authRenew({ server, token }),
  offers: (server) => fetchOffers({ server }),
  register: (server, account) => registerAccount({ server, ...account }),
  invitation: (server, token) => checkInvitation({ server, token }),
  resetPassword: (server, token, password) => resetPassword({ server, token, password }),
  enter,
  phone: (options) => new Client({ ...options, reachable: true }),
  calls: (server, token, address, before) =>
    fetchCalls({ server, token, address, limit: LOG_PAGE, ...(before ? { before } : {}) }),
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
