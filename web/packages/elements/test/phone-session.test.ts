/** One person's telephone, without an element: signing in, calling, being called. */

import { beforeEach, describe, expect, it } from "vitest";
import { AccountSession } from "../src/account/session.js";
import { PhoneSession } from "../src/call/phone-session.js";
import { english } from "../src/text.js";
import { FakeCall, type FakePhone } from "./fake-phone.js";
import { FakeBackend, settle } from "./fakes.js";

let backend: FakeBackend;
let phone: FakePhone;
let session: PhoneSession;
let events: string[];
let kept: string[];
let guest: boolean;
let account: AccountSession;

beforeEach(() => {
  backend = new FakeBackend();
  phone = backend.telephone;
  events = [];
  kept = [];
  guest = false;
  account = new AccountSession(backend, "https://call.example", {
    read: () => "",
    write: ({ token }, keep) => kept.push(`${token} to ${keep}`),
    forget: () => kept.push("out"),
    where: () => "tab",
  });
  session = new PhoneSession({
    text: english,
    backend,
    server: "https://call.example",
    name: "Ada",
    get guest() {
      return guest;
    },
    changed: () => {},
    emit: (name) => events.push(name),
    keep: "tab",
    shared: () => account,
  });
});

async function ready(): Promise<void> {
  await session.line.start("mine");
  await settle();
}

/** Bob calls. */
function rung(name = "Bob", video = false): FakeCall {
  return phone.rings(new FakeCall(true, `${name.toLowerCase()}@example.org`, name, video));
}

const toasts = () => session.notices.toasts.map((toast) => toast.text);
const devices = () => backend.asked.filter((one) => /^(camera|microphone)/.test(one));

describe("signing in", () => {
  it("waits for an account where no token was given", async () => {
    await session.line.start("");
    expect(session.line.state).toBe("signed-out");
    expect(backend.asked).toEqual([]);
    await session.line.signIn("ann", "secret");
    expect([session.line.state, session.address, session.name]).toEqual([
      "ready",
      "ann@example.org",
      "Ann",
    ]);
    expect(kept).toEqual(["account-token to tab"]);
    expect(backend.asked.slice(0, 2)).toEqual(["login ann", "phone account-token"]);
  });

  it("uses the token that was given", async () => {
    await ready();
    expect(backend.asked.slice(0, 2)).toEqual(["phone mine", "calls mine ann@example.org latest"]);
  });

  it("comes as a guest where that is wished", async () => {
    guest = true;
    await session.line.start("");
    expect(backend.asked.slice(0, 2)).toEqual(["guest Ada ", "phone guest-token"]);
  });

  it("makes an account", async () => {
    await session.line.start("");
    await session.line.register("ann", "secret", "Ann");
    expect(backend.asked.slice(0, 3)).toEqual([
      "register ann Ann",
      "login ann",
      "phone account-token",
    ]);
    expect(session.line.state).toBe("ready");
  });

  it("keeps the token that came in place of another where that was kept", async () => {
    await session.line.start("");
    await session.line.signIn("ann", "secret");
    account.identity.renewed({ token: "later", expiresAt: Number.POSITIVE_INFINITY });
    expect(kept.slice(-2)).toEqual(["account-token to tab", "later to tab"]);
  });

  it("tells what is wrong", async () => {
    await session.line.start("");
    backend.refuse.login = "unauthorized";
    await session.line.signIn("ann", "wrong");
    expect([session.line.state, session.line.problem?.name]).toEqual([
      "signed-out",
      "wrongPassword",
    ]);
    backend.refuse.register = "conflict";
    await session.line.register("ann", "secret", "");
    expect(session.line.problem?.name).toBe("taken");
  });

  it("asks again for an account when the token has expired", async () => {
    backend.refuse.phone = "unauthorized";
    await session.line.start("old");
    expect([session.line.state, session.line.problem?.name]).toEqual(["signed-out", "expired"]);
  });

  it("tries again when the server cannot be reached", async () => {
    backend.refuse.phone = "network";
    await session.line.start("mine");
    expect([session.line.state, session.line.problem?.name]).toEqual(["failed", "offline"]);
    backend.refuse.phone = "";
    await session.line.connect();
    expect(session.line.state).toBe("ready");
  });

  it("signs out, and hangs up with that", async () => {
    await ready();
    await session.dial("bob", false);
    session.line.signOut();
    expect([session.line.state, session.talk, phone.closed]).toEqual(["signed-out", null, 1]);
    expect(session.microphone.track).toBeNull();
  });

  it("shows when the connection is lost and back", async () => {
    await ready();
    phone.becomes("reconnecting");
    expect(session.line.state).toBe("reconnecting");
    phone.becomes("connected");
    expect(session.line.state).toBe("ready");
  });
});

describe("calling", () => {
  it("needs a microphone and no camera for a call without pictures", async () => {
    await ready();
    await session.dial("bob", false);
    expect(phone.asked).toEqual(["call bob"]);
    expect(devices()).toEqual(["microphone"]);
    expect(phone.next.inside.localTracks.map((one) => one.source)).toEqual(["microphone"]);
  });

  it("opens the camera for a call with pictures", async () => {
    await ready();
    await session.dial("bob", true);
    expect(phone.asked).toEqual(["call bob video"]);
    const sources = phone.next.inside.localTracks.map((one) => one.source);
    expect(sources).toEqual(["microphone", "camera"]);
  });

  it("is heard: nothing, ringback, silence, and busy", async () => {
    await ready();
    await session.dial("bob", false);
    expect(session.sound).toBeNull();
    phone.next.becomes("ringing");
    expect(session.sound).toBe("ringback");
    phone.next.becomes("answered");
    expect(session.sound).toBeNull();
    phone.next.becomes("ended", "left");
    expect(session.sound).toBeNull();
    phone.next = new FakeCall(false, "bob@example.org");
    await session.dial("bob", false);
    phone.next.becomes("ended", "busy");
    expect([session.sound, session.last?.reason]).toEqual(["busy", "busy"]);
  });

  it("gives the devices back at the end", async () => {
    await ready();
    await session.dial("bob", true);
    const { track } = session.microphone;
    phone.next.becomes("answered");
    await session.hangUp();
    expect([track?.readyState, session.camera.track, session.talk]).toEqual(["ended", null, null]);
    expect([session.last?.answered, session.last?.reason]).toEqual([true, "left"]);
  });

  it("says why nobody was called", async () => {
    await ready();
    phone.refuse = "unavailable";
    await session.dial("bob", false);
    expect([session.problem?.name, session.talk, session.dialling]).toEqual([
      "notThere",
      null,
      null,
    ]);
    expect(session.microphone.track).toBeNull();
  });

  it("can be given up before the server knows of it", async () => {
    await ready();
    const dialled = session.dial("bob", false);
    expect(session.dialling?.to).toBe("bob");
    await session.hangUp();
    await dialled;
    expect([phone.asked, session.dialling, session.talk]).toEqual([[], null, null]);
  });

  it("goes on without a microphone, and says so", async () => {
    await ready();
    backend.refuse.microphone = "denied";
    await session.dial("bob", false);
    expect(phone.asked).toEqual(["call bob"]);
    expect(toasts()[0]).toContain("Microphone blocked");
  });

  it("reads the list of calls anew when a call is over", async () => {
    await ready();
    const before = backend.asked.filter((one) => one.startsWith("calls")).length;
    await session.dial("bob", false);
    phone.next.becomes("ended", "declined");
    await new Promise((resolve) => setTimeout(resolve, 800));
    expect(backend.asked.filter((one) => one.startsWith("calls"))).toHaveLength(before + 1);
  });
});

describe("being called", () => {
  it("rings until it is answered", async () => {
    await ready();
    const call = rung();
    expect([session.talk?.ringing, session.sound]).toEqual([true, "ring"]);
    await session.answer(false);
    expect([call.asked, session.talk?.talking, session.sound]).toEqual([["accept"], true, null]);
    expect(call.inside.localTracks.map((one) => one.source)).toEqual(["microphone"]);
    expect(events).toEqual(["antiphon-call", "antiphon-call-answered"]);
  });

  it("stops when the caller gives up, and says so", async () => {
    await ready();
    rung().becomes("ended", "cancelled");
    expect([session.talk, session.last?.reason, session.sound]).toEqual([null, "cancelled", null]);
  });

  it("says nothing more when it was declined", async () => {
    await ready();
    const call = rung();
    await session.decline();
    expect([call.asked, session.talk, session.last]).toEqual([["decline declined"], null, null]);
  });

  it("tells when it was too late", async () => {
    await ready();
    const call = rung();
    call.refuse = "gone";
    await session.answer(false);
    expect(toasts()).toEqual([]);
    expect(session.talk).toBeNull();
  });

  it("knocks during a call, and is busy for a third", async () => {
    await ready();
    await session.dial("bob", false);
    phone.next.becomes("answered");
    const eve = rung("Eve");
    expect([session.waiting?.name, session.sound]).toEqual(["Eve", "knock"]);
    const mallory = rung("Mallory");
    expect(mallory.asked).toEqual(["decline busy"]);
    await session.decline();
    expect([eve.asked, session.waiting, session.talk?.talking]).toEqual([
      ["decline busy"],
      null,
      true,
    ]);
  });

  it("ends the one call to answer the other", async () => {
    await ready();
    await session.dial("bob", false);
    phone.next.becomes("answered");
    const eve = rung("Eve");
    await session.answer(false);
    expect([phone.next.asked, eve.asked]).toEqual([["hang up"], ["accept"]]);
    expect([session.talk?.name, session.waiting]).toEqual(["Eve", null]);
    expect(eve.inside.localTracks.map((one) => one.source)).toEqual(["microphone"]);
  });

  it("rings in full when the first call ends meanwhile", async () => {
    await ready();
    await session.dial("bob", false);
    phone.next.becomes("answered");
    rung("Eve");
    phone.next.becomes("ended", "left");
    expect([session.talk?.name, session.waiting, session.sound]).toEqual(["Eve", null, "ring"]);
  });
});

describe("in a call", () => {
  beforeEach(async () => {
    await ready();
    await session.dial("bob", true);
    phone.next.becomes("answered");
  });

  it("sends nothing while the others are on hold", async () => {
    const { talk } = session;
    await talk?.hold(true);
    const enabled = () => [session.microphone.track?.enabled, session.camera.track?.enabled];
    expect([phone.next.inside.did, enabled()]).toEqual([["hold true"], [false, false]]);
    await talk?.hold(false);
    expect([talk?.held, enabled()]).toEqual([false, [true, true]]);
  });

  it("is not on hold when the server refuses", async () => {
    phone.next.inside.holdFails = true;
    await session.talk?.hold(true);
    expect([session.talk?.held, session.microphone.track?.enabled]).toEqual([false, true]);
    expect(toasts()).toHaveLength(1);
  });

  it("keeps what was pressed", async () => {
    for (const digit of "42#") await session.talk?.press(digit);
    expect([session.talk?.pressed, phone.next.inside.did]).toEqual([
      "42#",
      ["press 4", "press 2", "press #"],
    ]);
  });

  it("shows whom it rings in, until they answer or will not", async () => {
    phone.next = new FakeCall(false, "eve@example.org", "eve@example.org");
    await session.add("eve");
    expect(session.talk?.rung.map((one) => one.peer)).toEqual(["eve@example.org"]);
    phone.next.becomes("answered");
    expect(session.talk?.rung).toEqual([]);
    phone.next = new FakeCall(false, "dan@example.org", "Dan");
    await session.transfer("dan");
    phone.next.becomes("ended", "declined");
    expect([session.talk?.rung, toasts()]).toEqual([[], ["Dan declined"]]);
    expect(phone.asked.slice(1)).toEqual(["invite eve", "transfer dan"]);
  });

  it("turns microphone and camera off and on", async () => {
    await session.toggleMicrophone();
    await session.toggleCamera();
    expect([session.microphone.live, session.camera.live]).toEqual([false, false]);
    await session.toggleMicrophone();
    expect(session.microphone.live).toBe(true);
  });
});
