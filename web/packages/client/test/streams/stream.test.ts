import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { WhepPlayer, WhipPublisher } from "../../src/index.js";
import { mediaTrack, peerConnections } from "../fakes/peer-connection.js";
import { pass, settled } from "../fakes/world.js";

type Answer = { status: number; body?: string; headers?: { [name: string]: string } };

const CREATED: Answer = {
  status: 201,
  body: "v=0\r\nm=audio 9\r\na=ice-ufrag:old\r\na=mid:0\r\n",
  headers: { location: "/sessions/1", etag: '"1"', link: '<stun:s.example>; rel="ice-server"' },
};
const RESTARTED: Answer = { status: 200, body: "a=ice-ufrag:new\r\na=ice-pwd:x\r\n" };

/** An HTTP server of WHIP and WHEP. */
function httpServer(): { fetch: typeof fetch; seen: string[]; answers: Map<string, Answer> } {
  const seen: string[] = [];
  const answers = new Map<string, Answer>([
    ["POST", CREATED],
    ["PATCH", RESTARTED],
    ["DELETE", { status: 200 }],
  ]);
  const fetch = async (url: unknown, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers);
    seen.push([init.method, url, headers.get("authorization") ?? "-"].join(" "));
    await new Promise((resolve) => setTimeout(resolve, 1));
    const answer = answers.get(String(init.method)) ?? { status: 405 };
    if (answer.status === 0) throw new TypeError("fetch failed");
    return new Response(answer.body ?? "", {
      status: answer.status,
      ...(answer.headers === undefined ? {} : { headers: answer.headers }),
    });
  };
  return { fetch, seen, answers };
}

function makeStream() {
  const http = httpServer();
  const { RTCPeerConnection, all } = peerConnections();
  const options = { server: "http://node.example", room: "main stage", RTCPeerConnection };
  const publisher = new WhipPublisher({ ...options, token: "jwt", fetch: http.fetch });
  const states: string[] = [];
  publisher.on("state", (state) => states.push(state));
  const errors: string[] = [];
  publisher.on("error", (error) => errors.push(error.reason));
  onTestFinished(() => publisher.stop().catch(() => undefined));
  return { ...http, publisher, states, errors, peers: all, options };
}

beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

describe("WhipPublisher", () => {
  it("posts an offer, connects, and deletes its session", async () => {
    const { publisher, seen, states, peers } = makeStream();
    await settled(publisher.start([mediaTrack("audio"), mediaTrack("video")]));
    expect(peers[0]?.transceivers.map((one) => one.direction)).toEqual(["sendonly", "sendonly"]);
    expect(peers[0]?.configuration.iceServers).toEqual([{ urls: "stun:s.example" }]);
    expect(peers[0]?.remoteDescription?.sdp).toBe(CREATED.body);
    peers[0]?.become("connected");
    await settled(publisher.stop());
    expect(states).toEqual(["connecting", "connected", "closed"]);
    expect(seen).toEqual([
      "POST http://node.example/rooms/main%20stage/whip Bearer jwt",
      "DELETE http://node.example/sessions/1 Bearer jwt",
    ]);
    expect(peers[0]?.signalingState).toBe("closed");
  });

  it("rejects with the server's reason, and may be started again", async () => {
    const { publisher, answers } = makeStream();
    const body = JSON.stringify({ detail: "Somebody else publishes here." });
    answers.set("POST", { status: 409, body });
    await expect(settled(publisher.start([mediaTrack("audio")]))).rejects.toMatchObject({
      reason: "conflict",
      message: "Somebody else publishes here.",
    });
    expect(publisher.state).toBe("idle");
    answers.set("POST", CREATED);
    await settled(publisher.start([mediaTrack("audio")]));
    expect(publisher.state).toBe("connecting");
  });

  it("does not accept an answer without a session", async () => {
    const { publisher, answers } = makeStream();
    answers.set("POST", { status: 201, body: "v=0" });
    const started = settled(publisher.start([mediaTrack("audio")]));
    await expect(started).rejects.toMatchObject({ reason: "protocol" });
  });

  it("restarts ICE by PATCH", async () => {
    const { publisher, seen, peers } = makeStream();
    await settled(publisher.start([mediaTrack("audio")]));
    peers[0]?.become("connected");
    peers[0]?.become("disconnected");
    await pass(4100);
    expect(seen.at(-1)).toBe("PATCH http://node.example/sessions/1 Bearer jwt");
    expect(peers[0]?.remoteDescription?.sdp).toContain("a=ice-ufrag:new");
    expect(peers[0]?.remoteDescription?.sdp).not.toContain("old");
    peers[0]?.become("connected");
    expect(publisher.state).toBe("connected");
    expect(peers.length).toBe(1);
  });

  it("keeps its session while the network is away", async () => {
    const { publisher, peers, answers } = makeStream();
    await settled(publisher.start([mediaTrack("audio")]));
    peers[0]?.become("connected");
    answers.set("PATCH", { status: 0 });
    peers[0]?.become("disconnected");
    await pass(30_000);
    expect(peers.length).toBe(1);
    answers.set("PATCH", RESTARTED);
    await pass(20_000);
    expect(peers[0]?.remoteDescription?.sdp).toContain("a=ice-ufrag:new");
  });

  it("makes another session when the server has forgotten this one", async () => {
    const { publisher, peers, answers, errors } = makeStream();
    await settled(publisher.start([mediaTrack("audio")]));
    peers[0]?.become("connected");
    answers.set("PATCH", { status: 404 });
    answers.set("DELETE", { status: 404 });
    answers.set("POST", { status: 503 });
    peers[0]?.become("failed");
    await pass(10_000);
    expect(publisher.state).toBe("interrupted");
    answers.set("POST", CREATED);
    await pass(20_000);
    peers.at(-1)?.become("connected");
    expect(publisher.state).toBe("connected");
    expect(errors[0]).toBe("not_found");
    expect(errors).toContain("busy");
    expect(peers.slice(0, -1).every((peer) => peer.signalingState === "closed")).toBe(true);
  });

  it("removes a session that was stopped before it was there", async () => {
    const { publisher, seen } = makeStream();
    const started = publisher.start([mediaTrack("audio")]);
    started.catch(() => undefined);
    await pass(2);
    await publisher.stop();
    await expect(settled(started)).rejects.toMatchObject({ reason: "closed" });
    expect(publisher.state).toBe("closed");
    expect(seen.at(-1)).toContain("DELETE");
  });

  it("may be started again while an earlier start is still failing", async () => {
    const { publisher, seen, peers } = makeStream();
    const first = publisher.start([mediaTrack("audio")]);
    first.catch(() => undefined);
    await pass(2);
    await publisher.stop();
    await settled(publisher.start([mediaTrack("video")]));
    await expect(first).rejects.toMatchObject({ reason: "closed" });
    peers.at(-1)?.become("connected");
    expect(publisher.state).toBe("connected");
    expect(seen.filter((one) => one.startsWith("DELETE")).length).toBe(1);
  });
});

describe("WhepPlayer", () => {
  it("receives the member asked for", async () => {
    const { fetch, seen, options, peers } = makeStream();
    const player = new WhepPlayer({ ...options, member: "b&b", fetch });
    const kinds: string[] = [];
    player.on("track", (track) => kinds.push(track.kind));
    await settled(player.start());
    expect(seen[0]).toBe("POST http://node.example/rooms/main%20stage/whep?member=b%26b -");
    expect(peers[0]?.transceivers.map((one) => `${one.kind} ${one.direction}`)).toEqual([
      "audio recvonly",
      "video recvonly",
    ]);
    for (const one of peers[0]?.transceivers ?? []) {
      peers[0]?.ontrack?.({ track: one.receiver.track });
    }
    expect(kinds).toEqual(["audio", "video"]);
    expect(player.tracks.length).toBe(2);
    await settled(player.stop());
  });
});
