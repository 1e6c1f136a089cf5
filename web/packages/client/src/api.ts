/** The public classes, declared; their code follows. */

import type { Kind, Receive, Role, Source } from "./generated/signalling.js";

/** Signalling reasons (`bad_request`, …) and the library's own (`network`, `denied`, …). */
export declare class AntiphonError extends Error {
  readonly reason: string;
  constructor(reason: string, text: string);
}

/** A chat message. `sentAt`: milliseconds since 1970. */
export interface Message {
  readonly id: string;
  readonly room: string;
  readonly sender: string;
  readonly name: string;
  readonly text: string;
  readonly sentAt: number;
  readonly originId: string | null;
}
/** How the caller's media fares. `level`: 0 (lost) … 4 (good); `roundTrip` in ms. */
export interface Quality {
  readonly level: number;
  readonly roundTrip: number | null;
  readonly lossIn: number;
  readonly lossOut: number;
  readonly availableBitrate: number | null;
}
/** Somebody in the room; the object stays the same while its fields change. `joinedAt`: ms since 1970. */
export declare class Member {
  readonly id: string;
  readonly address: string;
  readonly name: string;
  readonly role: Role;
  readonly hand: boolean;
  readonly present: boolean;
  readonly joinedAt: number;
  readonly isLocal: boolean;
  readonly tracks: readonly (RemoteTrack | LocalTrack)[];
}
export declare class RemoteTrack {
  readonly id: string;
  readonly member: Member;
  readonly kind: Kind;
  readonly source: Source;
  readonly muted: boolean;
  readonly codec: string | null;
  readonly mediaTrack: MediaStreamTrack | null;
}
export declare class LocalTrack {
  readonly id: string;
  readonly kind: Kind;
  readonly source: Source;
  readonly muted: boolean;
  readonly mediaTrack: MediaStreamTrack;
  mute(): Promise<void>;
  unmute(): Promise<void>;
  replace(mediaTrack: MediaStreamTrack): Promise<void>;
  /** Takes the track away; the MediaStreamTrack is not stopped: it is the caller's. */
  unpublish(): Promise<void>;
}
export type ClientState = "idle" | "connecting" | "connected" | "reconnecting" | "closed";
export type MediaState = "new" | "connecting" | "connected" | "interrupted" | "failed";
export interface ClientEvents {
  state: [state: ClientState];
  error: [error: AntiphonError];
}
export interface RoomEvents {
  "member-joined": [member: Member];
  "member-changed": [member: Member];
  "member-left": [member: Member, reason: string];
  "track-added": [track: RemoteTrack];
  "track-changed": [track: RemoteTrack | LocalTrack];
  "track-removed": [track: RemoteTrack];
  /** `track.mediaTrack` is there, is another, or is gone. */
  media: [track: RemoteTrack];
  /** `room.localTracks`, or one of them, changed (published, unpublished, muted, ended, replaced). */
  "local-tracks": [];
  message: [message: Message];
  speaker: [member: Member | null];
  quality: [quality: Quality];
  "media-state": [state: MediaState];
  data: [message: { member: Member | null; data: string | Uint8Array }];
  /** The membership is over, for good. */
  ended: [end: { reason: string; text: string }];
  draining: [text: string];
  /** Joined anew after a lost session: everything was replaced, `room.me` too. */
  rejoined: [];
  error: [error: AntiphonError];
}
/** Typed events: `on` returns the function that takes the listener off. */
export declare class Emitter<Events extends { [K in keyof Events]: unknown[] }> {
  on<K extends keyof Events>(name: K, listener: (...values: Events[K]) => void): () => void;
  once<K extends keyof Events>(name: K, listener: (...values: Events[K]) => void): () => void;
  off<K extends keyof Events>(name: K, listener: (...values: Events[K]) => void): void;
}
export interface ClientOptions {
  /** Base URL of the node; the page's own origin if absent. */
  server?: string;
  token: string | (() => Promise<string>);
  fetch?: typeof fetch;
  WebSocket?: typeof WebSocket;
  RTCPeerConnection?: typeof RTCPeerConnection;
}
export interface PublishOptions {
  source: Source;
  muted?: boolean;
}
export interface JoinOptions {
  name?: string;
  receive?: Receive;
  /** Tracks that the first offer contains. */
  publish?: readonly (PublishOptions & { track: MediaStreamTrack })[];
}
/** A token and whom it names. `expiresAt`: ms since 1970. */
export interface Credentials {
  readonly token: string;
  readonly expiresAt: number;
  readonly address: string;
}
export declare class Client extends Emitter<ClientEvents> {
  constructor(options: ClientOptions);
  readonly state: ClientState;
  readonly address: string;
  readonly name: string;
  readonly room: Room | null;
  /** Rejects when the first attempt fails; later losses are mended by itself. */
  connect(): Promise<void>;
  join(room: string, options?: JoinOptions): Promise<Room>;
  /** Leaves the room, closes the connection. */
  close(): void;
  static authGuest(options: {
    server?: string;
    name: string;
    fetch?: typeof fetch;
  }): Promise<Credentials>;
  static authLogin(options: {
    server?: string;
    address: string;
    password: string;
    fetch?: typeof fetch;
  }): Promise<Credentials>;
}
export declare class Room extends Emitter<RoomEvents> {
  readonly name: string;
  readonly title: string;
  readonly me: Member;
  readonly members: ReadonlyMap<string, Member>;
  readonly tracks: ReadonlyMap<string, RemoteTrack>;
  readonly localTracks: readonly LocalTrack[];
  /** Oldest first. */
  readonly messages: readonly Message[];
  readonly speaker: Member | null;
  readonly quality: Quality | null;
  readonly mediaState: MediaState;
  publish(track: MediaStreamTrack, options: PublishOptions): Promise<LocalTrack>;
  say(text: string): Promise<Message>;
  /** Fetches messages older than `messages[0]`, puts them before it and returns them. */
  history(limit?: number): Promise<{ messages: readonly Message[]; more: boolean }>;
  raiseHand(raised: boolean): Promise<void>;
  subscribe(receive: Receive, tracks?: readonly (RemoteTrack | string)[]): Promise<void>;
  leave(): Promise<void>;
  moderate(
    member: Member | string,
    action: "mute" | "remove" | "lower_hand" | "promote" | "demote",
    track?: RemoteTrack | string,
  ): Promise<void>;
  /** False: not sent, the data channel is not open or too much waits. */
  sendData(data: string | Uint8Array, options?: { lossy?: boolean }): boolean;
  /** Statistics of the peer connection; null before there is one. */
  getStats(): Promise<RTCStatsReport | null>;
}
export type StreamState = "idle" | "connecting" | "connected" | "interrupted" | "failed" | "closed";
export interface StreamOptions {
  server?: string;
  room: string;
  token?: string;
  fetch?: typeof fetch;
  RTCPeerConnection?: typeof RTCPeerConnection;
}
export interface StreamEvents {
  state: [state: StreamState];
  error: [error: AntiphonError];
  /** WhepPlayer: a track of the stream is there. */
  track: [track: MediaStreamTrack];
}
/** Sends media by WHIP (RFC 9725). */
export declare class WhipPublisher extends Emitter<StreamEvents> {
  constructor(options: StreamOptions);
  readonly state: StreamState;
  start(tracks: readonly MediaStreamTrack[]): Promise<void>;
  stop(): Promise<void>;
}
/** Receives media by WHEP. `member`: whose; the current speaker's if absent. */
export declare class WhepPlayer extends Emitter<StreamEvents> {
  constructor(options: StreamOptions & { member?: string });
  readonly state: StreamState;
  /** What is received; put it into a MediaStream. Tracks are added before `track` fires. */
  readonly tracks: readonly MediaStreamTrack[];
  start(): Promise<void>;
  stop(): Promise<void>;
}
/** `AntiphonError.reason` of the functions below. */
export type DeviceReason =
  | "denied"
  | "not-found"
  | "in-use"
  | "insecure"
  | "unsupported"
  | "failed";
export interface Devices {
  readonly cameras: readonly MediaDeviceInfo[];
  readonly microphones: readonly MediaDeviceInfo[];
  readonly speakers: readonly MediaDeviceInfo[];
}
/** Labels are empty before a permission was given. */
export declare function listDevices(): Promise<Devices>;
/** Calls the listener when devices come or go; returns how to stop. */
export declare function onDevicesChanged(listener: () => void): () => void;
export declare function openCamera(options?: {
  deviceId?: string;
  facingMode?: "user" | "environment";
  width?: number;
  height?: number;
  frameRate?: number;
}): Promise<MediaStreamTrack>;
export declare function openMicrophone(options?: { deviceId?: string }): Promise<MediaStreamTrack>;
export declare function openScreen(options?: {
  audio?: boolean;
}): Promise<{ video: MediaStreamTrack; audio: MediaStreamTrack | null }>;
