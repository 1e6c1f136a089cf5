/** One person's way through a room, with every refusal on it. */

import { describe, expect, it } from "vitest";
import { RoomSession } from "../src/room/session.js";
import { english } from "../src/text.js";
import { FakeBackend, settle } from "./fakes.js";

function make() {
  const backend = new FakeBackend();
  const events: [string, unknown][] = [];
  const session = new RoomSession({
    text: english,
    backend,
    server: "https://call.example",
    room: "standup",
    name: "Ada",
    receive: "all",
    attentive: () => true,
    changed: () => {},
    emit: (name, detail) => events.push([name, detail]),
  });
  const names = () => events.map(([name]) => name).filter((name) => name !== "antiphon-state");
  return { backend, room: backend.room, session, events, names };
}

async function joined() {
  const made = make();
  await made.session.prepare();
  await made.session.join();
  return made;
}

const toasts = (session: RoomSession) => session.notices.toasts.map((toast) => toast.text);

describe("joining", () => {
  it("publishes before the event loop turns, so that the first offer has both", async () => {
    const { room, session } = make();
    await session.prepare();
    const later = new Promise((resolve) => setTimeout(resolve, 0)).then(() => room.localTracks);
    void session.join();
    expect(await later).toHaveLength(2);
  });

  it("enters as a guest with camera and microphone in the first offer", async () => {
    const { backend, room, session, names } = await joined();
    expect(session.state).toBe("joined");
    expect(backend.asked).toContain("guest Ada standup");
    expect(backend.asked).toContain("enter guest-token");
    expect(room.localTracks.map((one) => one.source)).toEqual(["microphone", "camera"]);
    expect(names()).toEqual(["antiphon-joined"]);
  });

  it("uses the token given", async () => {
    const { backend, session } = make();
    session.identity.give("mine");
    await session.join();
    expect(backend.asked).toEqual(["enter mine"]);
  });

  it("at once enters as a viewer where nothing can be opened, and says so", async () => {
    const { backend, room, session } = make();
    backend.refuse.camera = "denied";
    backend.refuse.microphone = "denied";
    await session.joinAtOnce();
    expect(session.state).toBe("joined");
    expect(room.localTracks).toHaveLength(0);
    expect(toasts(session)[0]).toContain(english.banner.viewer);
  });

  it("publishes what is opened after the room was entered", async () => {
    const { backend, room, session } = make();
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const openCamera = backend.openCamera.bind(backend);
    backend.openCamera = async (id) => {
      await gate;
      return openCamera(id);
    };
    const entering = session.joinAtOnce();
    await settle();
    expect(session.state).toBe("joined");
    open();
    await entering;
    expect(room.localTracks.map((track) => track.source).sort()).toEqual(["camera", "microphone"]);
  });

  it.each([
    ["too_many", "roomFull"],
    ["draining", "draining"],
    ["network", "offline"],
  ])("that is refused for %s ends in words and can be tried again", async (reason, name) => {
    const { backend, session, names } = make();
    backend.refuse.enter = reason;
    await session.join();
    expect(session.state).toBe("error");
    expect(session.problem?.name).toBe(name);
    expect(names()).toEqual(["antiphon-error"]);
    delete backend.refuse.enter;
    await session.again();
    expect(session.state).toBe("prejoin");
    await session.join();
    expect(session.state).toBe("joined");
  });

  it("asks for an account where guests are refused", async () => {
    const { backend, session } = make();
    backend.refuse.guest = "forbidden";
    await session.join();
    expect(session).toMatchObject({ state: "prejoin", needsLogin: true });
    backend.refuse.login = "unauthorized";
    await session.login("ada@example.org", "wrong");
    expect(session).toMatchObject({ state: "prejoin", needsLogin: true });
    expect(session.problem?.name).toBe("wrongPassword");
    delete backend.refuse.login;
    await session.login("ada@example.org", "right");
    expect(session.state).toBe("joined");
    expect(backend.asked).toContain("enter account-token");
  });

  it("asks guests to sign in where a room wants accounts, and tells accounts they may not", async () => {
    const { backend, session } = make();
    backend.refuse.enter = "forbidden";
    await session.join();
    expect(session).toMatchObject({ state: "prejoin", needsLogin: true });
    await session.login("ada@example.org", "right");
    expect(session).toMatchObject({ state: "error", needsLogin: false });
    expect(session.problem?.name).toBe("forbidden");
  });

  it("that is given up leaves nothing behind", async () => {
    const { backend, session } = make();
    const entering = session.join();
    session.close();
    await entering;
    expect(session.state).toBe("prejoin");
    expect(backend.closed).toBeGreaterThan(0);
  });
});

describe("in the room", () => {
  it("tells the way through a lost connection", async () => {
    const { backend, session } = await joined();
    backend.connection("reconnecting");
    expect(session.state).toBe("reconnecting");
    backend.connection("connected");
    expect(session.state).toBe("joined");
    expect(session.notices.spoken).toBe(english.banner.back);
  });

  it("waits for the media as well", async () => {
    const { room, session } = await joined();
    room.mediaState = "interrupted";
    room.fire("media-state", "interrupted");
    expect(session.state).toBe("reconnecting");
    room.mediaState = "connected";
    room.fire("media-state", "connected");
    expect(session.state).toBe("joined");
  });

  it("announces who comes, goes, raises a hand and shares", async () => {
    const { room, session, names } = await joined();
    const ann = room.enter("ann", { name: "Ann" });
    ann.hand = true;
    room.fire("member-changed", ann);
    room.fire("member-changed", ann);
    room.add(ann, "video", "screen");
    room.fire("member-left", ann, "left");
    expect(toasts(session)).toEqual([
      "Ann joined",
      "Ann raised a hand",
      "Ann shares a screen",
      "Ann left",
    ]);
    expect(names()).toContain("antiphon-member-joined");
    expect(names()).toContain("antiphon-member-left");
  });

  it("counts unread messages of others while the chat is closed", async () => {
    const { room, session, names } = await joined();
    const ann = room.enter("ann", { name: "Ann" });
    room.hear(ann, "Hello");
    room.hear(room.me, "Hi");
    expect(session.chat.unread).toBe(1);
    expect(session.notices.spoken).toBe("Ann: Hello");
    session.chat.open = true;
    room.hear(ann, "There?");
    expect(session.chat.unread).toBe(0);
    expect(names().filter((name) => name === "antiphon-message")).toHaveLength(3);
  });

  it("keeps a message that was not sent, and sends it again", async () => {
    const { room, session } = await joined();
    const { chat } = session;
    const shown = () => chat.messages.map((one) => `${one.text} ${one.state}`);
    room.server.refuse.say = "too_many";
    chat.write("  hello  ");
    await chat.send();
    expect([shown(), toasts(session).length]).toEqual([["hello failed"], 1]);
    room.server.refuse.say = "";
    for (const failed of chat.messages) await chat.retry(failed);
    expect(shown()).toEqual(["hello sent"]);
  });

  it("follows a moderator's mute", async () => {
    const { room, session } = await joined();
    const microphone = room.localTracks.find((track) => track.source === "microphone");
    if (microphone) microphone.muted = true;
    room.fire("track-changed", microphone);
    expect(session.microphone.live).toBe(false);
    expect(toasts(session)).toEqual([english.news.mutedByModerator]);
    await session.toggleMicrophone();
    expect(microphone?.muted).toBe(false);
  });

  it("gives the devices back when made a listener, and tells", async () => {
    const { room, session } = await joined();
    const track = session.camera.track;
    room.me.role = "listener";
    room.fire("member-changed", room.me);
    expect(session.listening).toBe(true);
    expect(track?.readyState).toBe("ended");
    expect(toasts(session)).toEqual([english.news.role("Listener")]);
  });

  it("shares a screen and takes a closed dialog for an answer", async () => {
    const { backend, room, session } = await joined();
    backend.refuse.screen = "denied";
    await session.toggleScreen();
    expect(toasts(session)).toEqual([]);
    delete backend.refuse.screen;
    await session.toggleScreen();
    expect(session.screen.active).toBe(true);
    expect(room.localTracks.map((track) => track.source)).toContain("screen");
    await session.toggleScreen();
    expect(session.screen.active).toBe(false);
  });
});

describe("the end", () => {
  it("of one's own will tells the server and gives devices back", async () => {
    const { backend, room, session, names } = await joined();
    const track = session.camera.track;
    await session.leave();
    expect(session).toMatchObject({ state: "ended", ending: { reason: "left" }, room: null });
    expect(room.left).toBe(true);
    expect(backend.closed).toBe(1);
    expect(track?.readyState).toBe("ended");
    expect(names()).toContain("antiphon-left");
  });

  it("by a moderator names the reason, and one may come again", async () => {
    const { room, session } = await joined();
    room.fire("ended", { reason: "removed", text: "out" });
    expect(session).toMatchObject({ state: "ended", ending: { reason: "removed" } });
    await session.again();
    expect(session.camera.live).toBe(true);
    await session.join();
    expect(session.state).toBe("joined");
  });
});
