import { afterEach, describe, expect, it, vi } from "vitest";
import { Api } from "../../src/account/api.js";
import { askToNotify, notificationState, notify, Push } from "../../src/push/push.js";
import { readPush, serve } from "../../src/push/worker.js";

afterEach(() => vi.unstubAllGlobals());

class FakeNotification {
  static permission: NotificationPermission = "granted";
  static readonly shown: FakeNotification[] = [];
  static requestPermission = async () => FakeNotification.permission;
  onclick: (() => void) | null = null;
  closed = false;

  constructor(
    readonly title: string,
    readonly options: NotificationOptions,
  ) {
    FakeNotification.shown.push(this);
  }

  close(): void {
    this.closed = true;
  }
}

describe("a notification", () => {
  it("is shown if the user lets us", async () => {
    expect([notificationState(), notify({ title: "x" })]).toEqual(["unsupported", false]);
    expect(await askToNotify()).toBe(false);
    vi.stubGlobal("Notification", FakeNotification);
    FakeNotification.permission = "default";
    expect([notify({ title: "x" }), await askToNotify()]).toEqual([false, false]);
    FakeNotification.permission = "granted";
    expect(await askToNotify()).toBe(true);
    const chosen = vi.fn();
    expect(notify({ title: "Bob", text: "Hi", tag: "bob", chosen })).toBe(true);
    const [shown] = FakeNotification.shown;
    expect([shown?.title, shown?.options]).toEqual(["Bob", { body: "Hi", tag: "bob" }]);
    shown?.onclick?.();
    expect([chosen.mock.calls.length, shown?.closed]).toEqual([1, true]);
  });

  it("may be for service workers only", () => {
    const Picky = class {
      static permission = "granted";
      constructor() {
        throw new TypeError("Illegal constructor.");
      }
    };
    vi.stubGlobal("Notification", Picky);
    expect(notify({ title: "x" })).toBe(false);
  });
});

/** A browser that can be pushed to; `keys` are those with which it was subscribed. */
function browser(options: { stale?: boolean; state?: string } = {}) {
  const keys: number[][] = [];
  const scripts: string[] = [];
  let stale = options.stale ?? false;
  let current: object | null = null;
  const unsubscribe = async () => {
    stale = false;
    current = null;
    return true;
  };
  const pushManager = {
    subscribe: async ({ applicationServerKey }: { applicationServerKey: Uint8Array }) => {
      if (!registration.active) throw new DOMException("no worker is active", "AbortError");
      if (stale) throw new DOMException("another key", "InvalidStateError");
      keys.push([...applicationServerKey]);
      const toJSON = () => ({
        endpoint: "https://push.example/1",
        keys: { p256dh: "p", auth: "a" },
      });
      current = { toJSON, unsubscribe };
      return current;
    },
    getSubscription: async () => (stale ? { unsubscribe } : current),
  };
  const worker = new (class extends EventTarget {
    state = "installing";
  })();
  const registration: { [name: string]: unknown } = { pushManager, installing: worker };
  const becomes = (state: string) => {
    worker.state = state;
    if (state === "activating") registration.active = worker;
    worker.dispatchEvent(new Event("statechange"));
  };
  if (options.state !== undefined) setTimeout(() => becomes(options.state ?? ""));
  else registration.active = worker;
  const serviceWorker = {
    register: async (script: string) => {
      scripts.push(script);
      return registration;
    },
    getRegistration: async () => registration,
  };
  const store = new Map<string, string>();
  FakeNotification.permission = "granted";
  vi.stubGlobal("Notification", FakeNotification);
  vi.stubGlobal("PushManager", class {});
  vi.stubGlobal("navigator", { serviceWorker });
  vi.stubGlobal("localStorage", {
    getItem: (name: string) => store.get(name) ?? null,
    setItem: (name: string, value: string) => store.set(name, value),
    removeItem: (name: string) => store.delete(name),
  });
  return { keys, scripts };
}

function push(): { push: Push; seen: unknown[] } {
  const seen: unknown[] = [];
  const request = async (url: unknown, init: RequestInit = {}): Promise<Response> => {
    const path = String(url).replace("http://node.example/api/v1", "");
    seen.push([init.method, path, init.body === undefined ? null : JSON.parse(String(init.body))]);
    if (init.method === "DELETE") return new Response(null, { status: 204 });
    return Response.json(path === "/push/key" ? { key: "AQID_-8" } : { id: "s1" });
  };
  const token = async () => "token";
  const fetch = request as typeof globalThis.fetch;
  return { push: new Push(new Api({ server: "http://node.example", token, fetch })), seen };
}

const SUBSCRIBED = {
  endpoint: "https://push.example/1",
  keys: { p256dh: "p", auth: "a" },
  device: "Firefox",
};

describe("Web Push", () => {
  it("is subscribed to and given up", async () => {
    const { keys, scripts } = browser();
    const { push: here, seen } = push();
    expect(await here.subscribed()).toBe(false);
    await here.subscribe({ device: "Firefox" });
    expect(await here.subscribed()).toBe(true);
    expect([keys, scripts]).toEqual([[[1, 2, 3, 255, 239]], ["/push-worker.js"]]);
    await here.unsubscribe();
    expect(await here.subscribed()).toBe(false);
    expect(seen).toEqual([
      ["GET", "/push/key", null],
      ["POST", "/accounts/me/push", SUBSCRIBED],
      ["DELETE", "/accounts/me/push/s1", null],
    ]);
  });

  it("is subscribed to anew when the node has another key", async () => {
    const { keys } = browser({ stale: true });
    await push().push.subscribe();
    expect(keys.length).toBe(1);
  });

  it("waits until the worker is at work, and fails where it never is", async () => {
    const { keys } = browser({ state: "activating" });
    await push().push.subscribe();
    expect(keys.length).toBe(1);
    browser({ state: "redundant" });
    await expect(push().push.subscribe()).rejects.toMatchObject({ reason: "unsupported" });
  });

  it("is given up with the token of this moment", async () => {
    browser();
    let token = "mine";
    const tokens: string[] = [];
    const fetch = (async (url: unknown, init: RequestInit = {}) => {
      if (init.method !== "DELETE") {
        return Response.json(String(url).endsWith("/push/key") ? { key: "AQID" } : { id: "s1" });
      }
      tokens.push(new Headers(init.headers).get("authorization") ?? "");
      return new Response(null, { status: 204 });
    }) as typeof globalThis.fetch;
    const api = new Api({ server: "http://node.example", token: async () => token, fetch });
    const here = new Push(api);
    await here.subscribe();
    const gone = here.unsubscribe();
    token = "of somebody else";
    await gone;
    expect(tokens).toEqual(["Bearer mine"]);
  });

  it("needs a browser that can, and a user who lets", async () => {
    const { push: here, seen } = push();
    await expect(here.subscribe()).rejects.toMatchObject({ reason: "unsupported" });
    expect(await here.subscribed()).toBe(false);
    await here.unsubscribe();
    browser();
    FakeNotification.permission = "denied";
    await expect(here.subscribe()).rejects.toMatchObject({ reason: "forbidden" });
    expect(seen).toEqual([]);
  });
});

/** A service worker's scope; `pages` are open. */
function worker(...pages: { visibilityState: string }[]) {
  const listeners = new Map<string, (event: never) => void>();
  const done: unknown[] = [];
  const opened = pages.map((page) => ({
    ...page,
    focus: async () => done.push("focus"),
    postMessage: (message: unknown) => done.push(message),
  }));
  serve({
    registration: {
      showNotification: async (title: string, options: object) => done.push([title, options]),
    } as unknown as ServiceWorkerRegistration,
    clients: {
      matchAll: async () => opened,
      openWindow: async (url) => done.push(`open ${url}`),
    },
    skipWaiting: async () => {
      done.push("installed");
    },
    addEventListener: (type, listener) => listeners.set(type, listener),
  });
  const tell = async (type: string, event: object): Promise<unknown[]> => {
    const work: Promise<unknown>[] = [];
    listeners.get(type)?.({
      ...event,
      waitUntil: (one: Promise<unknown>) => work.push(one),
    } as never);
    await Promise.all(work);
    return done.splice(0);
  };
  return tell;
}

describe("the service worker", () => {
  const said = { title: "Bob", text: "Hi", tag: "bob", data: { peer: "bob@x" } };

  it("shows what was pushed, and nothing else", async () => {
    const tell = worker();
    expect(await tell("install", {})).toEqual(["installed"]);
    const text = () => JSON.stringify({ kind: "message", ...said });
    expect(await tell("push", { data: { text } })).toEqual([
      ["Bob", { body: "Hi", tag: "bob", data: { peer: "bob@x" } }],
    ]);
    expect(await tell("push", { data: { text: () => "{" } })).toEqual([]);
    expect(await tell("push", { data: null })).toEqual([]);
    expect(readPush('{"title":"x","text":5,"data":"y"}')).toEqual({
      title: "x",
      text: "",
      tag: "",
      data: {},
    });
    expect(readPush('{"kind":"missed","title":"Bob","text":""}')?.text).toBe("Missed call");
    for (const odd of ["5", "null", '{"title":""}', "{}"]) expect(readPush(odd)).toBeNull();
  });

  it("brings the page to the front, or opens one", async () => {
    const close = vi.fn();
    const notification = { close, data: said.data };
    const chosen = { type: "antiphon-notification", data: said.data };
    const tell = worker({ visibilityState: "hidden" }, { visibilityState: "visible" });
    expect(await tell("notificationclick", { notification })).toEqual([chosen, "focus"]);
    const alone = worker();
    expect(await alone("notificationclick", { notification })).toEqual(["open /#/chat/bob%40x"]);
    const other = { close, data: null };
    expect(await alone("notificationclick", { notification: other })).toEqual(["open /"]);
    expect(close.mock.calls.length).toBe(3);
  });
});
