// @vitest-environment happy-dom
/** `<antiphon-chat>`, `<antiphon-publish>`, `<antiphon-play>`, `<antiphon-lobby>` as a page sees them. */

import { AntiphonError, type StreamState } from "@antiphon/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AntiphonChat } from "../src/chat-element.js";
import { AntiphonLobby } from "../src/lobby/lobby-element.js";
import { AntiphonRoom } from "../src/room/room-element.js";
import { AntiphonPlay } from "../src/streams/play-element.js";
import { AntiphonPublish } from "../src/streams/publish-element.js";
import { FakeBackend, fakeTrack, settle } from "./fakes.js";

class FakeStream {
  state: StreamState = "idle";
  tracks: MediaStreamTrack[] = [];
  sent: readonly MediaStreamTrack[] = [];
  refuse = "";
  stopped = 0;
  readonly #listeners = new Map<string, ((value: never) => void)[]>();

  on(name: string, listener: (value: never) => void): () => void {
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener]);
    return () => this.#listeners.delete(name);
  }

  fire(name: string, value: unknown): void {
    for (const listener of this.#listeners.get(name) ?? []) listener(value as never);
  }

  async start(tracks: readonly MediaStreamTrack[] = []): Promise<void> {
    if (this.refuse) throw new AntiphonError(this.refuse, this.refuse);
    this.sent = tracks;
    this.state = "connected";
    this.fire("state", "connected");
  }

  async stop(): Promise<void> {
    this.stopped += 1;
  }
}

class StreamBackend extends FakeBackend {
  readonly stream = new FakeStream();

  override publisher(): never {
    return this.stream as never;
  }

  override player(): never {
    return this.stream as never;
  }
}

let backend: StreamBackend;

beforeEach(() => {
  localStorage.clear();
  backend = new StreamBackend();
});

afterEach(() => document.body.replaceChildren());

async function show<E extends AntiphonRoom | AntiphonChat | AntiphonPlay | AntiphonPublish>(
  element: E,
): Promise<E> {
  element.backend = backend;
  element.room ||= "standup";
  document.body.append(element);
  await settle();
  await element.updateComplete;
  return element;
}

const texts = (element: AntiphonChat) =>
  [...element.renderRoot.querySelectorAll('[part~="message"]')].map((one) =>
    one.textContent?.trim(),
  );

describe("antiphon-chat", () => {
  it("enters a room for its chat alone", async () => {
    const chat = new AntiphonChat();
    chat.name = "Ann";
    await show(chat);
    expect(backend.entered).toMatchObject({ receive: "none", room: "standup", name: "Ann" });
    expect(backend.asked.some((one) => one.startsWith("camera"))).toBe(false);
    backend.room.hear(backend.room.enter("bob"), "Hello");
    await chat.updateComplete;
    expect(texts(chat)).toEqual(["Hello"]);
    expect(chat.getAttribute("state")).toBe("joined");
    chat.remove();
    expect(backend.room.left).toBe(true);
  });

  it("shows the chat of a room element, through a leave and another join", async () => {
    const room = new AntiphonRoom();
    room.id = "call";
    room.join = true;
    const chat = new AntiphonChat();
    chat.for = "call";
    await show(room);
    await show(chat);
    const bob = backend.room.enter("bob");
    backend.room.hear(bob, "One");
    await chat.updateComplete;
    expect(texts(chat)).toEqual(["One"]);
    expect(backend.asked.filter((one) => one.startsWith("enter"))).toHaveLength(1);
    await room.leave();
    await room.session.again();
    await room.enter();
    await settle();
    backend.room.hear(bob, "Two");
    await chat.updateComplete;
    expect(texts(chat)).toEqual(["One", "Two"]);
  });

  it("says why it could not enter", async () => {
    backend.refuse.enter = "network";
    const chat = await show(new AntiphonChat());
    const note = chat.renderRoot.querySelector<HTMLElement>('[part~="problem"]');
    expect(note?.dataset.problem).toBe("offline");
  });
});

describe("antiphon-publish", () => {
  it("goes live with camera and microphone, and gives both back", async () => {
    const element = await show(new AntiphonPublish());
    await element.start();
    expect(backend.stream.sent.map((track) => track.kind)).toEqual(["audio", "video"]);
    expect(element.state).toBe("connected");
    await element.stop();
    expect(backend.stream.stopped).toBe(1);
    expect(backend.stream.sent.every((track) => track.readyState === "ended")).toBe(true);
    expect(element.state).toBe("idle");
  });

  it("sends sound alone where there is no camera, and tells where there is nothing", async () => {
    backend.refuse.camera = "not-found";
    const element = await show(new AntiphonPublish());
    await element.start();
    expect(backend.stream.sent.map((track) => track.kind)).toEqual(["audio"]);
    await element.stop();
    backend.refuse.microphone = "not-found";
    const errors: unknown[] = [];
    element.addEventListener("antiphon-error", (event) =>
      errors.push((event as CustomEvent).detail),
    );
    await element.start();
    expect(errors).toMatchObject([{ reason: "not-found" }]);
    expect(element.state).toBe("idle");
  });

  it("gives the devices back when the server refuses", async () => {
    backend.stream.refuse = "unauthorized";
    const element = await show(new AntiphonPublish());
    await element.start();
    expect(element.problem?.name).toBe("unauthorized");
    expect(element.tracks).toEqual([]);
    expect(element.state).toBe("idle");
  });
});

describe("antiphon-play", () => {
  it("plays what arrives", async () => {
    // The test environment has streams in name only.
    class Stream extends MediaStream {
      readonly held: MediaStreamTrack[] = [];
      override getTracks = () => this.held;
      override addTrack = (track: MediaStreamTrack) => void this.held.push(track);
    }
    vi.stubGlobal("MediaStream", Stream);
    const element = await show(new AntiphonPlay());
    await element.start();
    backend.stream.tracks = [fakeTrack("video")];
    backend.stream.fire("track", backend.stream.tracks[0]);
    await element.updateComplete;
    const shown = element.renderRoot.querySelector("video")?.srcObject as Stream | undefined;
    expect(shown?.held).toEqual(backend.stream.tracks);
    element.remove();
    expect(backend.stream.stopped).toBe(1);
    vi.unstubAllGlobals();
  });

  it("says what is wrong and can be tried again", async () => {
    backend.stream.refuse = "forbidden";
    const element = await show(new AntiphonPlay());
    await element.start();
    await element.updateComplete;
    expect(element.problem?.name).toBe("forbidden");
    backend.stream.refuse = "";
    element.renderRoot.querySelector<HTMLElement>('[part~="retry"]')?.click();
    await settle();
    expect(element.state).toBe("connected");
  });
});

describe("antiphon-lobby", () => {
  async function open(typed: string): Promise<string[]> {
    const lobby = new AntiphonLobby();
    const rooms: string[] = [];
    lobby.addEventListener("antiphon-open", (event) => {
      event.preventDefault();
      rooms.push((event as CustomEvent<{ room: string }>).detail.room);
    });
    document.body.append(lobby);
    await lobby.updateComplete;
    const input = lobby.renderRoot.querySelector<HTMLInputElement>('[name="room"]');
    if (input) input.value = typed;
    input?.form?.requestSubmit();
    if (typed === "") expect(rooms).toEqual([lobby.suggestion]);
    return rooms;
  }

  it("opens the room typed, pasted, or suggested", async () => {
    expect(await open("Stand Up")).toEqual(["stand-up"]);
    expect(await open("https://call.example/r/board")).toEqual(["board"]);
    expect(await open("///")).toEqual([]);
    expect(await open("")).toHaveLength(1);
  });

  it("lists rooms visited lately and forgets them", async () => {
    localStorage.setItem("antiphon.rooms", JSON.stringify([{ name: "board", at: 1 }]));
    const lobby = new AntiphonLobby();
    document.body.append(lobby);
    await lobby.updateComplete;
    expect(lobby.renderRoot.querySelector('[part~="recent-room"]')?.textContent).toBe("board");
    lobby.renderRoot.querySelector<HTMLElement>('[part~="forget"]')?.click();
    await lobby.updateComplete;
    expect(lobby.renderRoot.querySelector('[part~="recent-room"]')).toBeNull();
    expect(localStorage.getItem("antiphon.rooms")).toBe("[]");
  });
});
