import { describe, expect, it, onTestFinished, vi } from "vitest";
import { AntiphonError, Client } from "../../src/index.js";
import { FakeServer } from "../fakes/server.js";
import { enter, makeWorld, pass, record, settled } from "../fakes/world.js";

describe("connecting", () => {
  it("says hello with the subprotocol and becomes connected", async () => {
    const { server, client } = makeWorld();
    const states: string[] = [];
    client.on("state", (state) => states.push(state));
    await settled(client.connect());
    expect(server.socket.url).toBe("ws://node.example/ws");
    expect(server.socket.protocols).toEqual(["antiphon.v1"]);
    expect(server.hellos).toEqual([{ type: "hello", token: "token" }]);
    expect([client.address, client.name]).toEqual(["ann@guest.example", "Ann"]);
    expect(states).toEqual(["connecting", "connected"]);
  });

  it("rejects when the server is not there, and may be tried again", async () => {
    const { server, client } = makeWorld();
    server.reachable = false;
    await expect(settled(client.connect())).rejects.toMatchObject({ reason: "network" });
    expect(client.state).toBe("idle");
    server.reachable = true;
    await settled(client.connect());
    expect(client.state).toBe("connected");
  });

  it("rejects with the server's reason when the token is refused", async () => {
    const { client } = makeWorld({ token: "expired" });
    const error = await settled(client.connect()).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(AntiphonError);
    expect(error).toMatchObject({ reason: "unauthorized", message: "The token has expired." });
  });

  it("rejects when there is no welcome in time", async () => {
    const { server, client } = makeWorld();
    server.answering = false;
    await expect(settled(client.connect(), 20_000)).rejects.toMatchObject({ reason: "timeout" });
  });

  it("refuses to join before it is connected", async () => {
    const { client } = makeWorld();
    await expect(client.join("standup")).rejects.toMatchObject({ reason: "not-connected" });
  });

  it("needs a server outside a page", () => {
    const { WebSocket } = new FakeServer();
    expect(() => new Client({ token: "token", WebSocket })).toThrow(AntiphonError);
  });
});

describe("staying connected", () => {
  it("pings, and takes a silent connection as lost", async () => {
    const world = makeWorld();
    await enter(world);
    await pass(21_000);
    expect(world.server.requests("ping").length).toBe(2);
    expect(world.client.state).toBe("connected");
    world.server.answering = false;
    await pass(30_000);
    expect(world.client.state).toBe("reconnecting");
    expect(world.errors).toContain("timeout");
  });

  it("backs off between attempts, and never gives up", async () => {
    const world = makeWorld();
    await enter(world);
    world.server.reachable = false;
    world.server.drop();
    const before = world.server.sockets.length;
    await pass(60_000);
    const attempts = world.server.sockets.length - before;
    // 0.5 s, 1 s, 2 s, 4 s, 8 s, then 15 s each, less jitter of up to a half.
    expect(attempts).toBeGreaterThanOrEqual(7);
    expect(attempts).toBeLessThanOrEqual(14);
    world.server.reachable = true;
    await pass(15_100);
    expect(world.client.state).toBe("connected");
  });

  it("asks for a fresh token for each connection", async () => {
    let tokens = 0;
    const token = async (): Promise<string> => {
      tokens += 1;
      return `token-${tokens}`;
    };
    const world = makeWorld({ token });
    await enter(world);
    world.server.drop();
    await pass(1000);
    expect(world.server.hellos.map((hello) => hello.token)).toEqual(["token-1", "token-2"]);
  });

  it("goes on trying when getting a token fails", async () => {
    let tokens = 0;
    const token = async (): Promise<string> => {
      tokens += 1;
      if (tokens === 2) throw new Error("the token service is down");
      return "token";
    };
    const world = makeWorld({ token });
    await enter(world);
    world.server.drop();
    await pass(3000);
    expect(world.errors).toEqual(["network", "unauthorized"]);
    expect(world.client.state).toBe("connected");
  });

  it("tries at once when the network is back", async () => {
    const online = network();
    const world = makeWorld();
    await enter(world);
    world.server.reachable = false;
    world.server.drop();
    await pass(60_000);
    world.server.reachable = true;
    online();
    await pass(20);
    expect(world.client.state).toBe("connected");
  });

  it("gives an attempt up that hangs when the network is back", async () => {
    const change = network();
    const world = makeWorld();
    await enter(world);
    world.server.answering = false;
    change("offline");
    await pass(2000);
    const hanging = world.server.socket;
    world.server.answering = true;
    change("online");
    await pass(20);
    expect(hanging.closedWith).toBe(4000);
    expect(world.client.state).toBe("connected");
  });

  it("asks for a sign of life when the network has changed", async () => {
    const online = network();
    const world = makeWorld();
    await enter(world);
    online();
    await pass(5000);
    expect(world.client.state).toBe("connected");
    world.server.answering = false;
    online();
    await pass(3100);
    expect(world.client.state).toBe("reconnecting");
  });

  it("knows at once that the network is gone, and keeps its session", async () => {
    const change = network();
    const world = makeWorld();
    await enter(world);
    const lost = world.server.socket;
    change("offline");
    expect(world.client.state).toBe("reconnecting");
    expect(lost.closedWith).toBe(4000);
    change("online");
    await pass(20);
    expect(world.client.state).toBe("connected");
    expect(world.server.requests("join").length).toBe(1);
  });

  it("ends its session with the page, and begins another when the browser shows it again", async () => {
    const change = network();
    const world = makeWorld();
    await enter(world);
    const left = world.server.socket;
    change("pagehide");
    expect(left.closedWith).toBe(1000);
    await pass(60_000);
    expect([world.server.sockets.length, world.client.state]).toEqual([1, "reconnecting"]);
    change("pageshow");
    await pass(20);
    expect(world.client.state).toBe("reconnecting");
    change("pageshow", { persisted: true });
    await pass(20);
    expect(world.client.state).toBe("connected");
  });

  it("does not fight for a session that another connection took over", async () => {
    const world = makeWorld();
    const seen = record(await enter(world));
    const sockets = world.server.sockets.length;
    world.server.socket.deliver({ type: "failed", reason: "replaced", text: "Elsewhere now." });
    await pass(60_000);
    expect(world.client.state).toBe("closed");
    expect(seen).toContain("ended replaced");
    expect(world.server.sockets.length).toBe(sockets);
  });

  it("leaves the room and closes", async () => {
    const world = makeWorld();
    const seen = record(await enter(world));
    world.client.close();
    await pass();
    expect(world.server.requests("leave").length).toBe(1);
    expect(world.server.socket.closedWith).toBe(1000);
    expect(seen).toEqual(["ended left"]);
    await pass(60_000);
    expect(world.server.sockets.length).toBe(1);
  });
});

type Change = "online" | "offline" | "pagehide" | "pageshow";

/** Tells the client that the network, or the page, is back or gone, as browsers do. */
function network(): (change?: Change, more?: object) => void {
  const target = new EventTarget();
  vi.stubGlobal("addEventListener", target.addEventListener.bind(target));
  vi.stubGlobal("removeEventListener", target.removeEventListener.bind(target));
  onTestFinished(() => {
    vi.unstubAllGlobals();
  });
  return (change = "online", more = {}) => {
    target.dispatchEvent(Object.assign(new Event(change), more));
  };
}
