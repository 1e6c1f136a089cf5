/** A client with a fake server and fake peer connections under a virtual clock. */

import { onTestFinished, vi } from "vitest";
import { Client, type ClientOptions, type JoinOptions, type Room } from "../../src/index.js";
import { type FakePeerConnection, peerConnections } from "./peer-connection.js";
import { FakeServer } from "./server.js";

/** Everything a test needs at hand. */
export interface World {
  server: FakeServer;
  client: Client;
  peers: FakePeerConnection[];
  /** Whatever `error` events said, by reason. */
  errors: string[];
  /** The last peer connection made. */
  peer(): FakePeerConnection;
}

/** Lets virtual time pass. */
export async function pass(milliseconds = 50): Promise<void> {
  await vi.advanceTimersByTimeAsync(milliseconds);
}

/** Makes a world; nothing is connected yet. */
export function makeWorld(options: Partial<ClientOptions> = {}, server = new FakeServer()): World {
  vi.useFakeTimers();
  const { RTCPeerConnection, all } = peerConnections();
  const client = new Client({
    server: "http://node.example",
    token: "token",
    WebSocket: server.WebSocket,
    RTCPeerConnection,
    ...options,
  });
  const errors: string[] = [];
  client.on("error", (error) => errors.push(error.reason));
  onTestFinished(() => {
    client.close();
    vi.useRealTimers();
  });
  const peer = (): FakePeerConnection => {
    const last = all.at(-1);
    if (last === undefined) throw new Error("no peer connection yet");
    return last;
  };
  return { server, client, peers: all, errors, peer };
}

/** A settled promise's value while virtual time passes. */
export async function settled<Value>(promise: Promise<Value>, milliseconds = 50): Promise<Value> {
  promise.catch(() => undefined);
  await pass(milliseconds);
  return promise;
}

/** Connects and joins. */
export async function enter(world: World, options?: JoinOptions): Promise<Room> {
  await settled(world.client.connect());
  return settled(world.client.join("standup", options));
}

/** Names of the room's events as they come. */
export function record(room: Room): string[] {
  const seen: string[] = [];
  room.on("member-joined", (member) => seen.push(`+${member.id}`));
  room.on("member-changed", (member) => seen.push(`~${member.id}`));
  room.on("member-left", (member, reason) => seen.push(`-${member.id} ${reason}`));
  room.on("track-added", (track) => seen.push(`+${track.id}`));
  room.on("track-changed", (track) => seen.push(`~${track.id}`));
  room.on("track-removed", (track) => seen.push(`-${track.id}`));
  room.on("media", (track) => seen.push(`${track.mediaTrack ? "▶" : "■"}${track.id}`));
  room.on("message", (message) => seen.push(`“${message.text}”`));
  room.on("media-state", (state) => seen.push(`media ${state}`));
  room.on("rejoined", () => seen.push("rejoined"));
  room.on("ended", ({ reason }) => seen.push(`ended ${reason}`));
  room.on("error", (error) => seen.push(`error ${error.reason}`));
  return seen;
}
