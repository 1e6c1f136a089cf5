/** `<antiphon-call>` as a page sees it. */

// @vitest-environment happy-dom

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AntiphonCall } from "../src/call/call-element.js";
import { FakeCall, type FakePhone } from "./fake-phone.js";
import { FakeBackend, settle } from "./fakes.js";

let backend: FakeBackend;
let phone: FakePhone;
let element: AntiphonCall;

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
  backend = new FakeBackend();
  phone = backend.telephone;
  element = new AntiphonCall();
  element.backend = backend;
});

afterEach(() => document.body.replaceChildren());

async function drawn(): Promise<void> {
  await settle();
  await element.updateComplete;
}

async function show(token = "mine"): Promise<void> {
  element.token = token;
  document.body.append(element);
  await drawn();
}

function find<E extends HTMLElement = HTMLElement>(name: string): E {
  const found = element.renderRoot.querySelector<E>(`[part~="${name}"]`);
  if (!found) throw new Error(`nothing has the part ${name}`);
  return found;
}

const there = (name: string) => element.renderRoot.querySelector(`[part~="${name}"]`) !== null;
const words = (name: string) => find(name).textContent?.replace(/\s+/gu, " ").trim();

async function press(name: string): Promise<void> {
  find(name).click();
  await drawn();
}

async function type(name: string, text: string): Promise<void> {
  const input = find<HTMLInputElement>(name);
  input.value = text;
  input.dispatchEvent(new Event("input"));
  await drawn();
}

function rings(video = false): FakeCall {
  return phone.rings(new FakeCall(true, "bob@example.org", "Bob", video));
}

describe("signed out", () => {
  it("asks for an account, and keeps the sign-in for the tab where that is wished", async () => {
    element.remember = true;
    await show("");
    expect(element.state).toBe("signed-out");
    find<HTMLInputElement>("address-input").value = " ann ";
    find<HTMLInputElement>("password-input").value = "secret";
    find<HTMLFormElement>("sign-in").requestSubmit();
    await drawn();
    expect(element.state).toBe("idle");
    expect(backend.asked).toContain("login ann");
    expect(sessionStorage.getItem("antiphon.sign-in")).toContain("account-token");
    await press("sign-out");
    expect([element.state, sessionStorage.length]).toEqual(["signed-out", 0]);
  });

  it("is signed in again in the same tab", async () => {
    const expiresAt = Date.now() + 60_000;
    const server = location.origin;
    const kept = { server, token: "kept", expiresAt };
    sessionStorage.setItem("antiphon.sign-in", JSON.stringify(kept));
    element.remember = true;
    await show("");
    expect([element.state, backend.asked[0]]).toEqual(["idle", "phone kept"]);
  });

  it("forgets what has expired, and what is not ours", async () => {
    sessionStorage.setItem("antiphon.sign-in", "{broken");
    element.remember = true;
    await show("");
    expect(element.state).toBe("signed-out");
    element.remove();
    sessionStorage.setItem(
      "antiphon.sign-in",
      JSON.stringify({ server: location.origin, token: "old", expiresAt: 5 }),
    );
    document.body.append(element);
    await drawn();
    expect(element.state).toBe("signed-out");
  });

  it("makes an account", async () => {
    await show("");
    await press("register");
    find<HTMLInputElement>("address-input").value = "ann";
    find<HTMLInputElement>("name-input").value = "Ann";
    find<HTMLInputElement>("password-input").value = "secret";
    find<HTMLFormElement>("sign-in").requestSubmit();
    await drawn();
    expect(backend.asked.slice(0, 2)).toEqual(["register ann Ann", "login ann"]);
  });
});

describe("between calls", () => {
  it("calls whom one types", async () => {
    await show();
    await type("callee", "bob");
    find("call").click();
    await drawn();
    expect([phone.asked, element.state]).toEqual([["call bob"], "calling"]);
    phone.next.becomes("ringing");
    await drawn();
    expect([element.state, words("peer"), words("call-state")]).toEqual([
      "ringing",
      "bob",
      "Ringing…",
    ]);
    await press("hang-up");
    expect([element.state, phone.next.asked]).toEqual(["idle", ["hang up"]]);
  });

  it("asks for somebody to call", async () => {
    await show();
    await press("call");
    expect(phone.asked).toEqual([]);
    expect(words("toast")).toBe(element.text.call.dial.empty);
  });

  it("dials by the pad", async () => {
    await show();
    await press("toggle-pad");
    for (const digit of "42#") {
      element.renderRoot.querySelector<HTMLElement>(`[data-digit="${digit}"]`)?.click();
    }
    await drawn();
    expect(find<HTMLInputElement>("callee").value).toBe("42#");
    await press("backspace");
    expect(element.ui.entry).toBe("42");
  });

  it("opens the microphone while it is chosen", async () => {
    await show();
    find("settings").focus();
    await press("settings");
    expect(element.session.microphone.track?.readyState).toBe("live");
    find("close-dialog").focus();
    await press("close-dialog");
    expect((element.renderRoot as ShadowRoot).activeElement).toBe(find("settings"));
    expect(element.session.microphone.track).toBeNull();
  });

  it("lists calls, and calls back", async () => {
    const now = Date.now();
    const common = { video: false, startedAt: now, endedAt: now };
    backend.logged = [
      {
        ...common,
        id: "2",
        incoming: true,
        peer: "eve@example.org",
        name: "Eve",
        answeredAt: null,
        reason: "cancelled",
      },
      {
        ...common,
        id: "1",
        incoming: false,
        peer: "+4930@example.org",
        name: "+4930@example.org",
        answeredAt: now - 61_000,
        reason: "left",
      },
    ];
    await show();
    const [missed, made] = element.renderRoot.querySelectorAll<HTMLElement>('[part~="past-call"]');
    expect([missed?.dataset.missed, made?.dataset.missed]).toEqual(["true", "false"]);
    expect(missed?.textContent).toContain("Missed");
    expect(made?.textContent).toMatch(/\+4930\s+.*Outgoing, 01:01/su);
    missed?.querySelector<HTMLElement>('[part~="call-back"]')?.click();
    await drawn();
    expect([phone.asked, words("peer")]).toEqual([["call eve"], "Eve"]);
  });

  it("says what became of the last call, and calls again", async () => {
    await show();
    await type("callee", "bob");
    await press("call");
    phone.next.becomes("ended", "busy");
    await drawn();
    expect(words("last")).toContain("bob is busy");
    phone.next = new FakeCall(false, "bob@example.org");
    await press("call-again");
    expect(phone.asked).toEqual(["call bob", "call bob"]);
  });

  it("names people as they name themselves, whatever was typed", async () => {
    phone.server.profiles.set("bob@example.org", { nickname: "Robert" });
    await show();
    await type("callee", "bob");
    await press("call");
    phone.next.becomes("ringing");
    await drawn();
    expect(words("peer")).toBe("Robert");
    phone.next.becomes("ended", "busy");
    await drawn();
    expect(words("last")).toContain("Robert is busy");
  });

  it("says why somebody cannot be called", async () => {
    await show();
    phone.refuse = "not_found";
    await type("callee", "nobody");
    await press("call");
    expect(find("problem").dataset.reason).toBe("not_found");
  });
});

describe("being called", () => {
  it("shows who calls, and answers", async () => {
    const heard: string[] = [];
    element.addEventListener("antiphon-call", () => heard.push("call"));
    await show();
    const call = rings();
    await drawn();
    expect([element.state, words("peer"), words("call-state"), there("answer-video")]).toEqual([
      "incoming",
      "Bob",
      "Incoming call",
      false,
    ]);
    expect(find("incoming").getAttribute("role")).toBe("alertdialog");
    await press("answer");
    expect([element.state, call.asked, heard]).toEqual(["talking", ["accept"], ["call"]]);
    expect(element.controller).toBe(call.asCall);
  });

  it("offers pictures where the caller has some and the page wants them", async () => {
    await show();
    rings(true);
    await drawn();
    expect(there("answer-video")).toBe(true);
    element.video = "off";
    await drawn();
    expect(there("answer-video")).toBe(false);
  });

  it("declines", async () => {
    await show();
    const call = rings();
    await drawn();
    await press("decline");
    expect([element.state, call.asked, there("last")]).toEqual([
      "idle",
      ["decline declined"],
      false,
    ]);
  });
});

describe("in a call", () => {
  let call: FakeCall;

  beforeEach(async () => {
    await show();
    call = rings();
    await drawn();
    await press("answer");
    call.inside.enter("bob", { name: "Bob", phone: true });
    await drawn();
  });

  it("shows who is there, telephones as such, without a black picture", async () => {
    const tile = find("tile");
    expect(tile.dataset.name).toBe("Bob");
    expect(tile.getAttribute("aria-label")).toBe("Bob, Telephone");
    expect(tile.querySelector("video")?.hasAttribute("hidden")).toBe(true);
    expect(tile.querySelector(".avatar")).not.toBeNull();
  });

  it("holds, and shows it", async () => {
    await press("hold");
    expect([words("call-state"), find("hold").getAttribute("aria-pressed")]).toEqual([
      "On hold",
      "true",
    ]);
    await press("hold");
    const bob = call.inside.members.get("bob");
    if (bob) bob.held = true;
    call.inside.fire("member-changed", bob);
    await drawn();
    expect(words("call-state")).toBe("Bob put you on hold");
  });

  it("presses keys, by mouse and keyboard", async () => {
    await press("keypad");
    element.renderRoot.querySelector<HTMLElement>('[data-digit="5"]')?.click();
    const event = new KeyboardEvent("keydown", { key: "#", bubbles: true, composed: true });
    find("keypad").dispatchEvent(event);
    await drawn();
    expect([words("pressed"), call.inside.did]).toEqual(["5#", ["press 5", "press #"]]);
  });

  it("adds somebody", async () => {
    await press("add");
    find<HTMLInputElement>("whom").value = "eve";
    find("whom").closest("form")?.requestSubmit();
    await drawn();
    expect(phone.asked).toEqual(["invite eve"]);
    expect(words("rung")).toContain("bob");
  });

  it("lets another caller wait", async () => {
    phone.rings(new FakeCall(true, "eve@example.org", "Eve"));
    await drawn();
    expect(words("waiting")).toContain("Eve is calling");
    await press("answer-waiting");
    expect([call.asked, words("peer")]).toEqual([["accept", "hang up"], "Eve"]);
  });

  it("is over when the element goes away", async () => {
    element.remove();
    expect(phone.closed).toBe(1);
    expect(element.controller).toBeNull();
  });
});
