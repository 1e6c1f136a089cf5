// @vitest-environment happy-dom
/** `<antiphon-room>` as a page sees it: attributes, parts, events, keys. */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AntiphonRoom } from "../src/room/room-element.js";
import { FakeBackend, fakeTrack, settle } from "./fakes.js";

let element: AntiphonRoom;
let backend: FakeBackend;

beforeEach(() => {
  localStorage.clear();
  element = new AntiphonRoom();
  backend = new FakeBackend();
  element.backend = backend;
  element.room = "standup";
  element.name = "Ada";
});

afterEach(() => element.remove());

async function show(): Promise<void> {
  document.body.append(element);
  await drawn();
}

async function drawn(): Promise<void> {
  await settle();
  await element.updateComplete;
}

async function join(): Promise<void> {
  element.join = true;
  element.ui = { ...element.ui, area: { width: 1200, height: 700 } };
  await show();
  await drawn();
}

const part = (name: string) => element.renderRoot.querySelector<HTMLElement>(`[part~="${name}"]`);
const parts = (name: string) => [
  ...element.renderRoot.querySelectorAll<HTMLElement>(`[part~="${name}"]`),
];

async function press(key: string): Promise<void> {
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, composed: true }));
  await drawn();
}

describe("before the room", () => {
  it("shows name, toggles and a way in, and reflects the state", async () => {
    await show();
    expect(element.getAttribute("state")).toBe("prejoin");
    expect((part("name-input") as HTMLInputElement).value).toBe("Ada");
    expect(part("microphone")?.getAttribute("aria-label")).toBe("Mute microphone");
    part("join")?.closest("form")?.requestSubmit();
    await drawn();
    expect(element.getAttribute("state")).toBe("joined");
    expect(element.controller).toBe(backend.room.asRoom);
  });

  it("begins muted where the attributes say so", async () => {
    element.audio = "off";
    element.video = "off";
    await show();
    expect(backend.asked).toEqual([]);
    expect(part("camera")?.hasAttribute("data-off")).toBe(true);
  });

  it("says what is wrong with a camera, and what to do", async () => {
    backend.refuse.camera = "denied";
    await show();
    expect(part("problem")?.dataset.problem).toBe("cameraDenied");
    delete backend.refuse.camera;
    part("retry")?.click();
    await drawn();
    expect(part("problem")).toBeNull();
  });

  it("asks for an account where guests are refused", async () => {
    backend.refuse.guest = "unauthorized";
    await join();
    expect(part("login")).not.toBeNull();
    expect(part("address-input")).not.toBeNull();
  });

  it("shows an error with a way to try again", async () => {
    backend.refuse.enter = "busy";
    await join();
    expect(element.getAttribute("state")).toBe("error");
    expect(part("error")?.textContent).toContain("The room is full");
    expect(part("retry")).not.toBeNull();
  });
});

describe("the chat of a room", () => {
  it("lets moderators delete what others wrote, and calls by name", async () => {
    await join();
    const { room } = backend;
    const bob = room.enter("bob");
    const said = room.hear(bob, "Hello @Ada, @bob here");
    await press("c");
    expect(parts("message").map((one) => one.querySelectorAll(".mention").length)).toEqual([2]);
    const menu = async () => {
      part("message-menu")?.click();
      await drawn();
      return parts("menu-item").map((one) => one.dataset.action);
    };
    expect(await menu()).toEqual(["copy"]);
    part("message-menu")?.click();
    await drawn();
    room.me.role = "moderator";
    room.fire("member-changed", room.me);
    expect(await menu()).toEqual(["copy", "retract"]);
    parts("menu-item")[1]?.click();
    await drawn();
    part("confirm-retract")?.click();
    await drawn();
    expect(room.server.requests("retract")).toMatchObject([{ about: said.id }]);
    expect(part("message-retracted")?.textContent).toBe("Deleted by a moderator");
  });
});

describe("in the room", () => {
  it("has one tile a member, found by member and name", async () => {
    const ann = backend.room.enter("ann", { name: "Ann" });
    backend.room.add(ann, "video", "screen");
    await join();
    const tile = element.renderRoot.querySelector('[part~="tile"][data-name="Ann"]');
    expect(tile?.querySelector('video[part="video"]')).not.toBeNull();
    expect(parts("tile").map((one) => one.dataset.kind)).toEqual(["screen", "person", "person"]);
    expect(parts("tile").find((one) => one.dataset.place === "stage")?.dataset.kind).toBe("screen");
  });

  it("keeps the same video element when the layout changes", async () => {
    for (const id of ["ann", "bob"]) backend.room.enter(id);
    await join();
    const videos = parts("video");
    backend.room.speaker = backend.room.members.get("bob") ?? null;
    await press("l");
    expect(part("tiles")?.dataset.layout).toBe("speaker");
    expect(parts("tile").map((one) => one.dataset.place)).toEqual(["film", "film", "stage"]);
    expect(parts("video")).toEqual(videos);
  });

  it("starts no video over when something else changes", async () => {
    const ann = backend.room.enter("ann");
    backend.room.add(ann, "video", "camera", { mediaTrack: fakeTrack("video") });
    await join();
    const tile = element.renderRoot.querySelector('[data-member="ann"]');
    const video = tile?.querySelector("video") as HTMLVideoElement;
    const stream = video.srcObject;
    expect(stream).not.toBeNull();
    let set = 0;
    Object.defineProperty(video, "srcObject", {
      get: () => stream,
      set: () => {
        set += 1;
      },
    });
    backend.room.enter("bob");
    await press("l");
    await press("h");
    expect(set).toBe(0);
  });

  it("draws what people say as text", async () => {
    await join();
    await press("c");
    backend.room.hear(backend.room.enter("ann"), "<img src=x onerror=alert(1)> https://a.example");
    await drawn();
    const message = part("message");
    expect(message?.textContent).toContain("<img src=x");
    expect(message?.querySelector("img")).toBeNull();
    expect(message?.querySelector("a")?.getAttribute("rel")).toContain("noopener");
  });

  it("sends what is typed and shows how much is unread", async () => {
    await join();
    backend.room.hear(backend.room.enter("ann"), "Hello");
    await drawn();
    expect(part("unread")?.textContent).toBe("1");
    part("chat")?.click();
    await drawn();
    expect(part("unread")).toBeNull();
    const input = part("chat-input") as HTMLTextAreaElement;
    input.value = "Hi Ann";
    input.form?.requestSubmit();
    await drawn();
    expect(parts("message").map((one) => one.textContent?.trim())).toEqual(["Hello", "Hi Ann"]);
    expect(input.value).toBe("");
  });

  it("takes keys, but not from who types", async () => {
    await join();
    await press("m");
    expect(part("microphone")?.getAttribute("aria-label")).toBe("Unmute microphone");
    await press("h");
    expect(backend.room.me.hand).toBe(true);
    const field = document.createElement("input");
    document.body.append(field);
    field.dispatchEvent(new KeyboardEvent("keydown", { key: "m", bubbles: true, composed: true }));
    await drawn();
    expect(part("microphone")?.getAttribute("aria-label")).toBe("Unmute microphone");
    field.remove();
  });

  it("closes the panel by Escape", async () => {
    await join();
    await press("p");
    expect(part("panel")?.dataset.panel).toBe("people");
    await press("Escape");
    expect(part("panel")).toBeNull();
  });

  it("offers moderation to moderators only", async () => {
    backend.room.enter("ann");
    await join();
    await press("p");
    expect(part("moderate")).toBeNull();
    backend.room.me.role = "moderator";
    backend.room.fire("member-changed", backend.room.me);
    await drawn();
    part("moderate")?.click();
    await drawn();
    element.renderRoot.querySelector<HTMLElement>('[data-action="promote"]')?.click();
    await drawn();
    expect(backend.room.moderated).toEqual([["ann", "promote"]]);
  });

  it("gives every control a name", async () => {
    backend.room.enter("ann");
    backend.room.me.role = "moderator";
    await join();
    for (const key of ["p", "c"]) {
      await press(key);
      for (const button of element.renderRoot.querySelectorAll("button")) {
        const name = button.getAttribute("aria-label") ?? button.textContent?.trim();
        expect(name, button.outerHTML).toBeTruthy();
        expect(button.getAttribute("part"), button.outerHTML).toBeTruthy();
      }
    }
  });

  it("shows a banner while reconnecting, which goes by itself", async () => {
    await join();
    backend.connection("reconnecting");
    await drawn();
    expect(element.getAttribute("state")).toBe("reconnecting");
    expect(part("reconnecting")?.textContent).toContain("Reconnecting");
    backend.connection("connected");
    await drawn();
    expect(part("reconnecting")).toBeNull();
  });

  it("leaves by its button, tells by an event, and is through when removed", async () => {
    const left: unknown[] = [];
    element.addEventListener("antiphon-left", (event) => left.push((event as CustomEvent).detail));
    await join();
    part("leave")?.click();
    await drawn();
    expect(element.getAttribute("state")).toBe("ended");
    expect(left).toEqual([{ reason: "left", text: "" }]);
    expect(part("rejoin")).not.toBeNull();
    element.remove();
    expect(element.controller).toBeNull();
  });
});
