import { describe, expect, it } from "vitest";
import { Api } from "../../src/account/api.js";
import { Files, type Put, readableAt } from "../../src/files/files.js";
import { Client } from "../../src/index.js";
import { FakeServer } from "../fakes/server.js";

type Answer = { status?: number; body?: unknown };

/** A REST interface with an answer for each request in turn. */
function rest(...answers: Answer[]): { fetch: typeof fetch; seen: unknown[][] } {
  const seen: unknown[][] = [];
  const request = async (url: unknown, init: RequestInit = {}): Promise<Response> => {
    const path = String(url).replace("http://node.example", "");
    const headers = init.headers as { [name: string]: string };
    expect(headers.authorization).toBe("Bearer token");
    const { body } = init;
    seen.push([init.method, path, typeof body === "string" ? JSON.parse(body) : body]);
    const { status = 200, body: answer = {} } = answers.shift() ?? {};
    return new Response(status === 204 ? null : JSON.stringify(answer), { status });
  };
  return { fetch: request as typeof fetch, seen };
}

function client(fetch: typeof globalThis.fetch): Client {
  const { WebSocket } = new FakeServer();
  return new Client({
    server: "http://node.example/",
    token: async () => "token",
    WebSocket,
    fetch,
  });
}

const profile = { full_name: "Ann Lee", nickname: "Ann", emails: ["a@x", 5], avatar: "ab12" };

describe("the own account", () => {
  it("shows and changes its profile", async () => {
    const { fetch, seen } = rest({ body: profile }, { body: profile }, { body: {} });
    const { account } = client(fetch);
    const shown = await account.profile();
    expect(shown).toMatchObject({
      fullName: "Ann Lee",
      nickname: "Ann",
      emails: ["a@x"],
      note: "",
      address: { locality: "" },
      avatar: "ab12",
    });
    await account.setProfile({ fullName: "Ann Lee", nickname: "Ann", phones: ["+49"] });
    expect((await account.profile("bob@example.org")).avatar).toBeNull();
    expect(seen).toEqual([
      ["GET", "/api/v1/accounts/me/profile", undefined],
      [
        "PATCH",
        "/api/v1/accounts/me/profile",
        { full_name: "Ann Lee", nickname: "Ann", phones: ["+49"] },
      ],
      ["GET", "/api/v1/accounts/bob%40example.org/profile", undefined],
    ]);
  });

  it("has a picture and a password, and can be deleted", async () => {
    const gone = { status: 204 };
    const { fetch, seen } = rest({ body: { id: "cd34" } }, gone, gone, gone);
    const { account } = client(fetch);
    const picture = new Blob(["png"], { type: "image/png" });
    expect(await account.setAvatar(picture)).toBe("cd34");
    expect(account.pictureUrl("cd34")).toBe("http://node.example/avatars/cd34?size=96");
    await account.removeAvatar();
    await account.changePassword("old", "new");
    await account.remove();
    expect(seen).toEqual([
      ["PUT", "/api/v1/accounts/me/avatar", picture],
      ["DELETE", "/api/v1/accounts/me/avatar", undefined],
      ["PUT", "/api/v1/accounts/me/password", { current: "old", password: "new" }],
      ["DELETE", "/api/v1/accounts/me", undefined],
    ]);
  });

  it("says why something failed", async () => {
    const refused = { status: 403, body: { reason: "forbidden", detail: "Wrong password." } };
    const { account } = client(rest(refused).fetch);
    await expect(account.changePassword("a", "b")).rejects.toMatchObject({
      reason: "forbidden",
      message: "Wrong password.",
    });
    const odd = client(rest({ body: 5 }).fetch);
    await expect(odd.account.profile()).rejects.toMatchObject({ reason: "protocol" });
    const offline = client((() => Promise.reject(new TypeError("no"))) as typeof fetch);
    await expect(offline.account.profile()).rejects.toMatchObject({ reason: "network" });
  });
});

describe("an upload", () => {
  const slot = {
    id: "f1",
    put_url: "/upload/f1/a.png?token=t",
    get_url: "/upload/f1/a.png",
    headers: { "content-type": "image/png" },
  };
  const file = new File(["12345"], "a.png", { type: "image/png" });

  function files(fetch: typeof globalThis.fetch, put: Put): Files {
    const token = async () => "token";
    return new Files(new Api({ server: "http://node.example", token, fetch }), put);
  }

  it("becomes an attachment, with what the server found out", async () => {
    const thumbnail_url = "http://node.example/upload/f1/a.png?small=true";
    const stored = { id: "f1", media_type: "image/png", thumbnail_url, width: 30, height: 20 };
    const { fetch, seen } = rest({ body: slot }, { body: { files: [{ id: "f0" }, stored] } });
    const sent: unknown[] = [];
    const put: Put = async (url, headers, what, { progress }) => {
      progress?.(5, 5);
      sent.push([url, headers, what]);
    };
    const told: number[] = [];
    const made = await files(fetch, put).upload(file, { progress: (bytes) => told.push(bytes) });
    expect(made).toEqual({
      url: `http://node.example${slot.get_url}`,
      name: "a.png",
      mediaType: "image/png",
      size: 5,
      thumbnail: thumbnail_url,
      width: 30,
      height: 20,
    });
    expect(told).toEqual([5]);
    expect(sent).toEqual([[`http://node.example${slot.put_url}`, slot.headers, file]]);
    expect(seen[0]).toEqual([
      "POST",
      "/api/v1/uploads",
      { name: "a.png", size: 5, media_type: "image/png" },
    ]);
  });

  it("goes where this server is reached, whatever it calls itself", async () => {
    const own = { ...slot, put_url: `http://localhost:1${slot.put_url}` };
    const { fetch } = rest({ body: own }, { body: { files: [] } });
    const sent: string[] = [];
    await files(fetch, async (url) => void sent.push(url)).upload(file);
    expect(sent).toEqual([`http://node.example${slot.put_url}`]);
  });

  it("is read at the server, where it calls itself by an address of its own machine", () => {
    const at = (url: string) => readableAt(url, "http://node.example");
    for (const host of ["localhost:1", "127.0.0.1", "[::1]:1"]) {
      expect(at(`http://${host}/upload/1/a?small=true`)).toBe(
        "http://node.example/upload/1/a?small=true",
      );
    }
    const others = ["http://localhost/secrets", "http://other.example/upload/1/a", "http://["];
    expect(others.map(at)).toEqual(others);
  });

  it("may be refused, or fail on its way", async () => {
    const large = { status: 413, body: { reason: "too_large", detail: "Too large." } };
    const never: Put = async () => {
      throw new Error("not to be sent");
    };
    await expect(files(rest(large).fetch, never).upload(file)).rejects.toMatchObject({
      reason: "too_large",
    });
    await expect(files(rest({ body: {} }).fetch, never).upload(file)).rejects.toMatchObject({
      reason: "protocol",
    });
  });
});
