import { describe, expect, it } from "vitest";
import { fetchCalls, fetchOffers, registerAccount } from "../../src/index.js";

const SERVER = "http://node.example/";
const ANN = { server: SERVER, token: "t", address: "ann@example.org" };

function answering(status: number, body: unknown): { fetch: typeof fetch; seen: unknown[] } {
  const seen: unknown[] = [];
  const request = async (url: unknown, init: RequestInit = {}): Promise<Response> => {
    seen.push([url, init.method ?? "GET", init.headers ?? {}, init.body ?? ""]);
    return new Response(JSON.stringify(body), { status });
  };
  return { fetch: request as typeof fetch, seen };
}

const record = {
  id: "c1",
  room: "call-1",
  caller: "bob@example.org/web-1",
  caller_name: "Bob",
  callee: "ann@example.org",
  video: true,
  state: "ended",
  started_at: 100,
  answered_at: null,
  ended_at: 160,
  reason: "timeout",
};

describe("the list of calls", () => {
  it("is asked for one's own, page by page", async () => {
    const { fetch, seen } = answering(200, { calls: [], more: false });
    await fetchCalls({ ...ANN, fetch });
    await fetchCalls({ ...ANN, before: "c 9", limit: 5, fetch });
    const headers = { authorization: "Bearer t" };
    expect(seen).toEqual([
      ["http://node.example/api/v1/calls?account=me", "GET", headers, ""],
      ["http://node.example/api/v1/calls?account=me&before=c+9&limit=5", "GET", headers, ""],
    ]);
  });

  it("tells calls made from calls received", async () => {
    const made = {
      ...record,
      id: "c0",
      caller: "ann@example.org/web-2",
      callee: "+4930@example.org",
      answered_at: 110,
      reason: "left",
    };
    const { fetch } = answering(200, { calls: [record, made], more: true });
    const page = await fetchCalls({ ...ANN, fetch });
    expect(page.more).toBe(true);
    expect(page.calls).toEqual([
      {
        id: "c1",
        incoming: true,
        peer: "bob@example.org",
        name: "Bob",
        video: true,
        startedAt: 100_000,
        answeredAt: null,
        endedAt: 160_000,
        reason: "timeout",
      },
      {
        id: "c0",
        incoming: false,
        peer: "+4930@example.org",
        name: "+4930@example.org",
        video: true,
        startedAt: 100_000,
        answeredAt: 110_000,
        endedAt: 160_000,
        reason: "left",
      },
    ]);
  });

  it.each([
    [200, { calls: "none" }, "protocol"],
    [200, { calls: [{ id: 5 }] }, "protocol"],
    [200, { calls: [{ ...record, started_at: "now" }] }, "protocol"],
    [200, null, "protocol"],
    [401, { reason: "unauthorized", detail: "Expired." }, "unauthorized"],
  ])("fails with %i %j", async (status, body, reason) => {
    const { fetch } = answering(status, body);
    await expect(fetchCalls({ ...ANN, fetch })).rejects.toMatchObject({ reason });
  });

  it("says when nobody is there", async () => {
    const fetch = (async () => {
      throw new TypeError("offline");
    }) as typeof globalThis.fetch;
    await expect(fetchCalls({ ...ANN, fetch })).rejects.toMatchObject({ reason: "network" });
    await expect(fetchOffers({ server: SERVER, fetch })).rejects.toMatchObject({
      reason: "network",
    });
  });
});

describe("what strangers may do", () => {
  it("is told by the node", async () => {
    const { fetch, seen } = answering(200, { domain: "example.org", guests: true });
    expect(await fetchOffers({ server: SERVER, fetch })).toEqual({
      guests: true,
      registration: false,
    });
    expect(seen).toEqual([["http://node.example/.well-known/antiphon.json", "GET", {}, ""]]);
  });

  it("may be to make an account", async () => {
    const { fetch, seen } = answering(201, { address: "ann@example.org" });
    await registerAccount({ server: SERVER, address: "ann", password: "p", name: "Ann", fetch });
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ address: "ann", password: "p", name: "Ann" });
    expect(seen).toEqual([["http://node.example/api/v1/accounts", "POST", headers, body]]);
    const taken = answering(409, { reason: "conflict", detail: "Taken." });
    await expect(
      registerAccount({ server: SERVER, address: "ann", password: "p", fetch: taken.fetch }),
    ).rejects.toMatchObject({ reason: "conflict", message: "Taken." });
  });
});
