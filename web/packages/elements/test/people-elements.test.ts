// @vitest-environment happy-dom
/** `<antiphon-contacts>`, `<antiphon-login>`, `<antiphon-profile>` as a page sees them. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AntiphonLogin } from "../src/account/login-element.js";
import { AntiphonProfile } from "../src/account/profile-element.js";
import { sharedAccount } from "../src/account/shared.js";
import type { AntiphonElement } from "../src/base.js";
import { AntiphonCall } from "../src/call/call-element.js";
import { AntiphonContacts } from "../src/contacts/contacts-element.js";
import { english } from "../src/text.js";
import type { FakeServer } from "./fake-server.js";
import { FakeBackend, settle } from "./fakes.js";

const BOB = "bob@example.org";

let backend: FakeBackend;
let server: FakeServer;
let element: AntiphonElement;
let heard: [string, unknown][];

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
  location.hash = "";
  document.title = "Page";
  backend = new FakeBackend();
  server = backend.telephone.server;
  heard = [];
});

afterEach(() => {
  document.body.replaceChildren();
  vi.restoreAllMocks();
});

const account = () => sharedAccount(backend, element.serverAddress);

async function drawn(): Promise<void> {
  await settle();
  await settle();
  await element.updateComplete;
}

async function put<E extends AntiphonElement>(made: E): Promise<E> {
  element = made;
  made.backend = backend;
  for (const name of ["select", "dial", "unread", "signed-in", "error", "profile"]) {
    made.addEventListener(`antiphon-${name}`, (event) =>
      heard.push([name, (event as CustomEvent).detail]),
    );
  }
  document.body.append(made);
  await drawn();
  return made;
}

async function signIn(): Promise<void> {
  await account().give("mine");
  await drawn();
}

const all = (part: string) => [
  ...element.renderRoot.querySelectorAll<HTMLElement>(`[part~="${part}"]`),
];
const words = (part: string) =>
  all(part).map((one) => one.textContent?.replace(/\s+/gu, " ").trim());
const there = (part: string) => all(part).length > 0;

async function press(part: string): Promise<void> {
  const [found] = all(part);
  if (!found) throw new Error(`nothing has the part ${part}`);
  found.click();
  await drawn();
}

function fill(values: { readonly [part: string]: string }): void {
  for (const [part, value] of Object.entries(values)) {
    const [input] = all(part) as HTMLInputElement[];
    if (!input) throw new Error(`nothing has the part ${part}`);
    input.value = value;
  }
}

async function submit(part: string): Promise<void> {
  (all(part)[0] as HTMLButtonElement | undefined)?.form?.requestSubmit();
  await drawn();
}

async function choose(address: string, action: string): Promise<void> {
  const line = element.renderRoot.querySelector(`[part~="contact"][data-address="${address}"]`);
  line?.querySelector<HTMLElement>('[part~="contact-menu"]')?.click();
  await drawn();
  element.renderRoot.querySelector<HTMLElement>(`[data-action="${action}"]`)?.click();
  await drawn();
}

describe("antiphon-contacts", () => {
  async function show(): Promise<AntiphonContacts> {
    const contacts = await put(new AntiphonContacts());
    await signIn();
    return contacts;
  }

  const people = async () => {
    element.renderRoot.querySelector<HTMLElement>('[data-tab="people"]')?.click();
    await drawn();
  };

  it("lists conversations, the latest first, with what is unread", async () => {
    server.keeps("cleo@example.org", "cleo@example.org", "Cléo", "Older");
    server.keeps(BOB, BOB, "Bob", "Newer");
    const contacts = await show();
    expect(words("contact-name")).toEqual(["Bob", "Cléo"]);
    expect([contacts.unread, words("unread")]).toEqual([2, ["1", "1"]]);
    server.writes("cleo@example.org", "Cléo", "Now");
    await drawn();
    expect([words("contact-name"), contacts.unread]).toEqual([["Cléo", "Bob"], 3]);
    expect(heard.filter(([name]) => name === "unread").at(-1)).toEqual(["unread", { unread: 3 }]);
    await press("open-contact");
    expect(heard.at(-1)).toEqual(["select", { address: "cleo@example.org", name: "Cléo" }]);
  });

  it("shows groups and presence, and follows both", async () => {
    server.knows(BOB, { groups: ["Work"] }, "busy", "In a meeting");
    server.knows("ada@example.org", { name: "Ada" });
    server.knows("eve@example.org", { sees: false, asked: true });
    await show();
    await people();
    expect(words("group")).toHaveLength(2);
    const state = `${english.contacts.show.busy} · In a meeting`;
    expect(words("contact-state")).toEqual([
      state,
      english.contacts.show.offline,
      english.contacts.waiting,
    ]);
    expect(all("presence-dot").map((one) => one.dataset.show)).toEqual(["busy", "offline"]);
    server.shows(BOB, "available");
    await drawn();
    expect(all("presence-dot")[0]?.dataset.show).toBe("available");
  });

  it("finds people by name, address or group, and offers to write to a new address", async () => {
    server.knows(BOB, { name: "Robert", groups: ["Choir"] });
    await show();
    const look = async (typed: string) => {
      const [input] = all("search") as HTMLInputElement[];
      if (!input) throw new Error("no search");
      input.value = typed;
      input.dispatchEvent(new Event("input"));
      await drawn();
      return words("contact-name");
    };
    for (const typed of ["rob", "bob@", "choir"]) expect(await look(typed)).toEqual(["Robert"]);
    expect(await look("dan")).toEqual([]);
    await press("write-to");
    expect(heard.at(-1)).toEqual(["select", { address: "dan@example.org", name: "dan" }]);
  });

  it("finds messages in all conversations", async () => {
    server.keeps(BOB, BOB, "Bob", "The score is here");
    server.keeps("cleo@example.org", server.me.address, "Ann", "Which score?", { origin_id: "a" });
    const contacts = await show();
    vi.useFakeTimers();
    contacts.set({ typed: "score" });
    await contacts.updateComplete;
    await vi.advanceTimersByTimeAsync(300);
    vi.useRealTimers();
    await drawn();
    expect(words("found-message").map((one) => one?.split(" ")[1])).toEqual(["cleo", "Bob"]);
    all("found-message")[1]?.click();
    expect(heard.at(-1)).toEqual(["select", { address: BOB, name: "Bob", message: "000001" }]);
  });

  it("accepts a request and asks back, or declines it", async () => {
    await show();
    server.asks(BOB, "We met.");
    server.asks("eve@example.org");
    await drawn();
    expect(words("request")[0]).toContain("We met.");
    await press("accept");
    const asked = server.asked.map((one) => one.type).filter((one) => one.endsWith("_contact"));
    expect(asked).toEqual(["answer_contact", "set_contact", "ask_contact"]);
    await press("decline");
    expect(server.requests("answer_contact").at(-1)).toMatchObject({ granted: false });
    expect(there("request")).toBe(false);
  });

  it("adds, renames, removes and blocks, and tells what is refused", async () => {
    server.knows("ada@example.org", { name: "Ada" });
    await show();
    await people();
    await press("add-contact");
    fill({ "address-input": "Bob ", "groups-input": "Work, Choir,", "greeting-input": "Me" });
    server.refuse.ask_contact = "not_found";
    await submit("dialog-submit");
    expect(words("problem")[0]).toContain(english.problems.noSuchPerson.title);
    // Who is nobody is not listed.
    expect(server.requests("set_contact")).toEqual([]);
    server.refuse.ask_contact = "";
    await submit("dialog-submit");
    expect(there("dialog")).toBe(false);
    const group = { address: BOB, groups: ["Work", "Choir"] };
    expect(server.requests("set_contact").at(-1)).toMatchObject(group);
    expect(server.requests("ask_contact").at(-1)).toMatchObject({ address: BOB, text: "Me" });
    await choose("ada@example.org", "edit");
    fill({ "name-input": "Countess" });
    await submit("dialog-submit");
    expect(words("contact-name")).toContain("Countess");
    await choose("ada@example.org", "block");
    await press("confirm");
    expect([words("blocked")[0]?.includes("ada@example.org"), there("dialog")]).toEqual([
      true,
      false,
    ]);
    await choose("ada@example.org", "remove");
    await press("confirm");
    expect(words("contact-name")).not.toContain("Countess");
  });

  it("shows whom one has just added", async () => {
    await show();
    await press("add-contact");
    fill({ "address-input": "bob" });
    await submit("dialog-submit");
    expect(element.renderRoot.querySelector('[aria-selected="true"]')).toMatchObject({
      dataset: { tab: "people" },
    });
    expect(all("contact").map((one) => one.dataset.address)).toContain(BOB);
  });

  it("asks the page to call", async () => {
    server.knows(BOB);
    await show();
    await people();
    await press("call");
    await choose(BOB, "video-call");
    const bob = { address: BOB, name: "bob" };
    expect(heard.filter(([name]) => name === "dial")).toEqual([
      ["dial", { ...bob, video: false }],
      ["dial", { ...bob, video: true }],
    ]);
  });

  it("counts in the title, and tells while nobody looks, where the user wished it", async () => {
    const shown: string[] = [];
    class Fake {
      static readonly permission = "granted";
      constructor(title: string, options: { body: string }) {
        shown.push(`${title}: ${options.body}`);
      }
    }
    vi.stubGlobal("Notification", Fake);
    const looks = vi.spyOn(document, "hasFocus").mockReturnValue(false);
    const contacts = new AntiphonContacts();
    contacts.notify = true;
    await put(contacts);
    await signIn();
    const writes = (text: string) => {
      const message = server.writes(BOB, "Bob", text);
      backend.telephone.fire("message", { ...message, sentAt: 0 });
    };
    writes("One");
    localStorage.setItem("antiphon.notifications", "on");
    writes("Two");
    looks.mockReturnValue(true);
    writes("Three");
    expect([shown, document.title]).toEqual([["Bob: Two"], "(3) Page"]);
    contacts.remove();
    expect(document.title).toBe("Page");
    vi.unstubAllGlobals();
  });
});

describe("away", () => {
  it("is said when nothing was done for long, and back by any sign", async () => {
    await put(new AntiphonContacts());
    await signIn();
    vi.useFakeTimers();
    const said = () => server.requests("set_presence").map((one) => one.show);
    document.dispatchEvent(new Event("keydown"));
    vi.advanceTimersByTime(2000);
    document.dispatchEvent(new Event("keydown"));
    vi.advanceTimersByTime(9 * 60_000);
    expect(said()).toEqual([]);
    vi.advanceTimersByTime(60_000);
    expect(said()).toEqual(["away"]);
    document.dispatchEvent(new Event("pointermove"));
    expect(said()).toEqual(["away", "available"]);
    account().show = "busy";
    vi.advanceTimersByTime(11 * 60_000);
    expect(said()).toHaveLength(2);
    vi.useRealTimers();
  });
});

describe("antiphon-login", () => {
  it("signs in for all elements of the page, and out again", async () => {
    const phone = new AntiphonCall();
    phone.backend = backend;
    document.body.append(phone);
    await put(new AntiphonLogin());
    expect([element.getAttribute("state"), phone.state]).toEqual(["signed-out", "signed-out"]);
    fill({ "address-input": " ann ", "password-input": "secret " });
    await submit("login-submit");
    expect(backend.asked).toContain("login ann");
    expect([words("own-name"), phone.state]).toEqual([["Ann"], "idle"]);
    expect(heard.at(-1)?.[0]).toBe("signed-in");
    (element as AntiphonLogin).signOut();
    await drawn();
    expect([there("login"), phone.state]).toEqual([true, "signed-out"]);
  });

  it("stays signed in on the device where that is wished", async () => {
    backend.login = async () => ({ token: "kept", expiresAt: Date.now() + 60_000 });
    await put(new AntiphonLogin());
    fill({ "address-input": "ann", "password-input": "secret" });
    const [stay] = all("stay") as HTMLInputElement[];
    if (stay) stay.checked = true;
    await submit("login-submit");
    expect(localStorage.getItem("antiphon.sign-in")).toContain("kept");
    element.remove();
    await put(new AntiphonLogin());
    expect(words("own-name")).toEqual(["Ann"]);
    account().signOut();
    // What is pushed is not for who sits here next.
    expect(backend.telephone.asked).toContain("push no more");
    expect(localStorage.getItem("antiphon.sign-in")).toBeNull();
  });

  it("tells what is wrong, and forgets it with another way in", async () => {
    backend.refuse.login = "unauthorized";
    await put(new AntiphonLogin());
    fill({ "address-input": "ann", "password-input": "wrong" });
    await submit("login-submit");
    expect(words("problem")[0]).toContain(english.problems.wrongPassword.title);
    expect(heard.at(-1)).toMatchObject(["error", { attempt: "login", reason: "unauthorized" }]);
    await press("register");
    expect(there("problem")).toBe(false);
    backend.refuse.login = "";
    fill({ "address-input": "ann", "name-input": "Ann", "password-input": "secret" });
    await submit("login-submit");
    expect(backend.asked).toContain("register ann Ann");
    expect(words("own-name")).toEqual(["Ann"]);
  });

  it("lets guests come where the page and the server let them", async () => {
    await put(new AntiphonLogin());
    expect(there("guest")).toBe(false);
    element.remove();
    const login = new AntiphonLogin();
    login.guest = true;
    await put(login);
    await press("guest");
    fill({ "name-input": "Gus" });
    await submit("login-submit");
    expect(backend.asked.slice(-2)).toEqual(["guest Gus ", "phone guest-token"]);
    expect(heard.at(-1)).toMatchObject(["signed-in", { guest: true }]);
    expect(there("sign-out")).toBe(true);
  });

  it("takes an invitation from the address, and tells where it leads", async () => {
    location.hash = "invitation=abc";
    const login = new AntiphonLogin();
    login.fromAddress = true;
    await put(login);
    expect([login.mode, location.hash]).toEqual(["invitation", ""]);
    expect(backend.asked).toContain("invitation abc");
    fill({ "address-input": "ann", "name-input": "Ann", "password-input": "secret" });
    await submit("login-submit");
    expect(heard.at(-1)).toMatchObject(["signed-in", { room: "board" }]);
  });

  it("sets a password anew, and says when the link does not work any more", async () => {
    location.hash = "reset=abc";
    const login = new AntiphonLogin();
    login.fromAddress = true;
    backend.refuse.reset = "not_found";
    await put(login);
    fill({ "password-input": "another" });
    await submit("login-submit");
    expect(words("problem")[0]).toContain(english.problems.resetGone.title);
    backend.refuse.reset = "";
    await submit("login-submit");
    expect([login.mode, login.done, backend.asked.at(-1)]).toEqual([
      "sign-in",
      true,
      "reset abc another",
    ]);
  });
});

describe("antiphon-profile", () => {
  it("shows the own profile and saves what is changed", async () => {
    server.profiles.set(server.me.address, { nickname: "Ann", emails: ["a@x", "b@x"] });
    await put(new AntiphonProfile());
    expect(there("profile")).toBe(false);
    await signIn();
    expect((all("emails-input")[0] as HTMLInputElement).value).toBe("a@x, b@x");
    fill({ "nickname-input": " Annie ", "emails-input": "c@x" });
    await submit("save");
    expect(server.requests("setProfile")).toMatchObject([{ nickname: "Annie", emails: ["c@x"] }]);
    expect(words("own-name")).toEqual(["Annie"]);
  });

  it("shows another picture, and none", async () => {
    const profile = await put(new AntiphonProfile());
    await signIn();
    await profile.setPicture(new Blob(["x"], { type: "image/png" }));
    await drawn();
    expect(element.renderRoot.querySelector(".portrait img")?.getAttribute("src")).toContain("own");
    await press("remove-picture");
    expect(element.renderRoot.querySelector(".portrait img")).toBeNull();
  });

  it("says how one is", async () => {
    await put(new AntiphonProfile());
    await signIn();
    const busy = element.renderRoot.querySelector<HTMLInputElement>('[value="busy"]');
    if (busy) busy.checked = true;
    fill({ "note-input": "Writing" });
    busy?.dispatchEvent(new Event("change"));
    await drawn();
    const wish = { show: "busy", note: "Writing" };
    expect(server.requests("set_presence")).toMatchObject([wish]);
  });

  it("changes the password and signs in anew; tells when the one now is wrong", async () => {
    await put(new AntiphonProfile());
    await signIn();
    server.refuse.changePassword = "forbidden";
    fill({ "current-input": "wrong", "password-input": "another" });
    await submit("change-password");
    expect(words("toast").join()).toContain(english.problems.wrongPassword.title);
    server.refuse.changePassword = "";
    fill({ "current-input": "secret", "password-input": "another" });
    await submit("change-password");
    expect(server.requests("changePassword")).toMatchObject([{ current: "secret" }]);
    expect(backend.asked.slice(-3)).toContain("login ann@example.org");
    expect(element.getAttribute("state")).toBe("ready");
  });
});
