/** Who somebody is to the server: guests are renewed, accounts are not turned into guests. */

import { afterEach, describe, expect, it, vi } from "vitest";
import { Identity } from "../src/room/identity.js";
import { FakeBackend } from "./fakes.js";

function make(lifetime = Number.POSITIVE_INFINITY) {
  const backend = new FakeBackend();
  let count = 0;
  backend.guest = async () => {
    count += 1;
    return { token: `guest-${count}`, expiresAt: Date.now() + lifetime };
  };
  backend.login = async () => ({ token: "account", expiresAt: Date.now() + lifetime });
  const identity = new Identity(
    () => backend,
    () => "https://call.example",
    () => "Ada",
    () => "standup",
  );
  return identity;
}

afterEach(() => {
  vi.useRealTimers();
});

describe("Identity", () => {
  it("asks for one guest token and keeps it", async () => {
    const identity = make();
    expect(await identity.token()).toBe("guest-1");
    expect(await identity.token()).toBe("guest-1");
    expect(identity.isGuest).toBe(true);
  });

  it("renews a guest shortly before the end", async () => {
    vi.useFakeTimers();
    const identity = make(60_000);
    await identity.token();
    vi.advanceTimersByTime(20_000);
    expect(await identity.token()).toBe("guest-1");
    vi.advanceTimersByTime(20_000);
    expect(await identity.token()).toBe("guest-2");
  });

  it("makes nobody a guest who has signed in", async () => {
    vi.useFakeTimers();
    const identity = make(60_000);
    await identity.login("ada@example.org", "x");
    vi.advanceTimersByTime(90_000);
    expect(await identity.token()).toBe("account");
    expect(identity.isGuest).toBe(false);
    identity.forget();
    expect(await identity.token()).toBe("guest-1");
  });

  it("uses a given token as it is", async () => {
    const identity = make();
    identity.give("given");
    expect(await identity.token()).toBe("given");
    expect(identity.isGuest).toBe(false);
  });
});
