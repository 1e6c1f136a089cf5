/** Who somebody is to the server: tokens are renewed, accounts are not turned into guests. */

import { AntiphonError } from "@antiphon/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Identity } from "../src/room/identity.js";
import { FakeBackend } from "./fakes.js";

function make(lifetime = Number.POSITIVE_INFINITY) {
  const backend = new FakeBackend();
  const given = (token: string) => ({ token, expiresAt: Date.now() + lifetime });
  let guests = 0;
  let renewals = 0;
  backend.guest = async () => {
    guests += 1;
    return given(`guest-${guests}`);
  };
  backend.login = async () => given("account");
  backend.renew = async (_server, token) => {
    renewals += 1;
    return given(`${token.split("/")[0]}/${renewals}`);
  };
  const kept: string[] = [];
  const identity = new Identity(
    () => backend,
    () => "https://call.example",
    () => "Ada",
    () => "standup",
    ({ token }) => kept.push(token),
  );
  return { identity, backend, kept };
}

/** A token of somebody else's making that ends in so many milliseconds. */
function jwt(lifetime: number): string {
  const claims = { sub: "ada", exp: (Date.now() + lifetime) / 1000 };
  return `e30.${btoa(JSON.stringify(claims)).replace(/=/g, "")}.c2ln`;
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("Identity", () => {
  it("asks for one guest token and keeps it", async () => {
    const { identity } = make();
    expect(await Promise.all([identity.token(), identity.token()])).toEqual(["guest-1", "guest-1"]);
    expect(await identity.token()).toBe("guest-1");
    expect(identity.isGuest).toBe(true);
  });

  it("renews a token shortly before its end, once for all who ask", async () => {
    const { identity, kept } = make(60_000);
    await identity.token();
    vi.advanceTimersByTime(20_000);
    expect(await identity.token()).toBe("guest-1");
    vi.advanceTimersByTime(20_000);
    const both = await Promise.all([identity.token(), identity.token()]);
    expect(both).toEqual(["guest-1/1", "guest-1/1"]);
    expect(kept).toEqual(["guest-1/1"]);
  });

  it("is another guest where the server does not know the first any more", async () => {
    const { identity, backend } = make(60_000);
    backend.renew = async () => {
      throw new AntiphonError("unauthorized", "The token has expired.");
    };
    await identity.token();
    vi.advanceTimersByTime(90_000);
    expect(await identity.token()).toBe("guest-2");
  });

  it("makes nobody a guest who has signed in", async () => {
    const { identity, backend } = make(60_000);
    await identity.login("ada@example.org", "x");
    vi.advanceTimersByTime(40_000);
    expect(await identity.token()).toBe("account/1");
    backend.renew = async () => {
      throw new AntiphonError("unauthorized", "The token has expired.");
    };
    vi.advanceTimersByTime(90_000);
    expect(await identity.token()).toBe("account/1");
    expect(identity.isGuest).toBe(false);
    identity.forget();
    expect(await identity.token()).toBe("guest-1");
  });

  it("keeps a token while the server cannot be reached, and asks again", async () => {
    const { identity, backend } = make(60_000);
    const { renew } = backend;
    await identity.login("ada@example.org", "x");
    vi.advanceTimersByTime(40_000);
    backend.renew = async () => {
      throw new TypeError("Failed to fetch");
    };
    expect(await identity.token()).toBe("account");
    backend.renew = renew;
    expect(await identity.token()).toBe("account/1");
  });

  it("renews a given token that is the server's, and takes it once", async () => {
    const { identity } = make(3_600_000);
    const token = jwt(60_000);
    identity.give(token);
    expect(await identity.token()).toBe(token);
    expect(identity.isGuest).toBe(false);
    vi.advanceTimersByTime(40_000);
    const renewed = await identity.token();
    expect(renewed).not.toBe(token);
    identity.give(token);
    expect(await identity.token()).toBe(renewed);
    identity.give("");
    expect(await identity.token()).toBe("guest-1");
  });

  it("uses a given token as it is where the server does not renew it", async () => {
    const { identity, backend } = make();
    const asked = vi.fn(async () => {
      throw new AntiphonError("forbidden", "This token cannot be renewed.");
    });
    backend.renew = asked;
    const token = jwt(60_000);
    identity.give(token);
    vi.advanceTimersByTime(40_000);
    expect(await identity.token()).toBe(token);
    expect(await identity.token()).toBe(token);
    expect(asked).toHaveBeenCalledTimes(1);
    identity.give("given");
    vi.advanceTimersByTime(1e12);
    expect(await identity.token()).toBe("given");
  });
});
