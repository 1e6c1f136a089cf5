import { describe, expect, it } from "vitest";
import { Client, checkInvitation, registerAccount, resetPassword } from "../../src/index.js";

const SERVER = "http://node.example/";

function answering(status: number, body: unknown): { fetch: typeof fetch; seen: unknown[] } {
  const seen: unknown[] = [];
  const request = async (url: unknown, init: RequestInit): Promise<Response> => {
    seen.push([url, init.method, JSON.parse(String(init.body))]);
    return new Response(typeof body === "string" ? body : JSON.stringify(body), { status });
  };
  return { fetch: request as typeof fetch, seen };
}

describe("getting a token", () => {
  it("as a guest and with a password", async () => {
    const token = { token: "t", expires_at: 1700, address: "ann@guest.example" };
    const { fetch, seen } = answering(200, token);
    const credentials = await Client.authGuest({ server: SERVER, name: "Ann", fetch });
    expect(credentials).toEqual({ token: "t", expiresAt: 1_700_000, address: "ann@guest.example" });
    await Client.authLogin({ server: SERVER, address: "a@b", password: "p", fetch });
    expect(seen).toEqual([
      ["http://node.example/api/v1/auth/guest", "POST", { name: "Ann" }],
      ["http://node.example/api/v1/auth/login", "POST", { address: "a@b", password: "p" }],
    ]);
  });

  it("takes times in ISO 8601 as well", async () => {
    const expires_at = "2030-01-01T00:00:00Z";
    const { fetch } = answering(200, { token: "t", expires_at, address: "a@b" });
    const credentials = await Client.authGuest({ server: SERVER, name: "Ann", fetch });
    expect(credentials.expiresAt).toBe(Date.UTC(2030, 0, 1));
  });

  it.each([
    [401, { title: "Unauthorized", detail: "Wrong password." }, "unauthorized", "Wrong password."],
    [403, { detail: "No guests here.", reason: "forbidden" }, "forbidden", "No guests here."],
    [429, "slow down", "too_many", "The server answered 429."],
    [502, "<html>", "internal", "The server answered 502."],
  ])("says why it was refused with %i", async (status, body, reason, message) => {
    const { fetch } = answering(status, body);
    const refused = Client.authGuest({ server: SERVER, name: "Ann", fetch });
    await expect(refused).rejects.toMatchObject({ reason, message });
  });

  it.each([["no JSON"], [{}], [{ token: 5, expires_at: 1, address: "a@b" }], [null]])(
    "does not believe %j",
    async (body) => {
      const { fetch } = answering(200, body);
      const refused = Client.authGuest({ server: SERVER, name: "Ann", fetch });
      await expect(refused).rejects.toMatchObject({ reason: "protocol" });
    },
  );

  it("says when the server cannot be reached", async () => {
    const fetch = (() => Promise.reject(new TypeError("fetch failed"))) as typeof globalThis.fetch;
    const refused = Client.authGuest({ server: SERVER, name: "Ann", fetch });
    await expect(refused).rejects.toMatchObject({ reason: "network" });
  });
});

describe("accounts of one's own making", () => {
  it("may need an invitation, which says what it is for", async () => {
    const terms = { role: "moderator", room: "standup", expires_at: 1700 };
    const { fetch, seen } = answering(200, terms);
    const found = await checkInvitation({ server: SERVER, token: "inv", fetch });
    expect(found).toEqual({ role: "moderator", room: "standup", expiresAt: 1_700_000 });
    const who = { address: "ann", password: "p" };
    await registerAccount({ server: SERVER, ...who, invitation: "inv", fetch });
    expect(seen).toEqual([
      ["http://node.example/api/v1/invitations/check", "POST", { token: "inv" }],
      ["http://node.example/api/v1/accounts", "POST", { ...who, name: "", invitation: "inv" }],
    ]);
    const odd = answering(200, { role: 5 });
    const asked = checkInvitation({ server: SERVER, token: "inv", fetch: odd.fetch });
    await expect(asked).rejects.toMatchObject({ reason: "protocol" });
  });

  it("get another password with a token", async () => {
    const { fetch, seen } = answering(200, {});
    await resetPassword({ server: SERVER, token: "r", password: "new", fetch });
    expect(seen).toEqual([
      ["http://node.example/api/v1/auth/reset", "POST", { token: "r", password: "new" }],
    ]);
    const gone = answering(410, { reason: "gone", detail: "Used." });
    const again = resetPassword({ server: SERVER, token: "r", password: "x", fetch: gone.fetch });
    await expect(again).rejects.toMatchObject({ reason: "gone" });
  });
});
