// @vitest-environment happy-dom
/** `<antiphon-chat to>`: a conversation with somebody as a page sees it. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { sharedAccount } from "../src/account/shared.js";
import { AntiphonChat } from "../src/chat-element.js";
import { english } from "../src/text.js";
import type { FakeServer } from "./fake-server.js";
import { FakeBackend, settle } from "./fakes.js";

const BOB = "bob@example.org";

let backend: FakeBackend;
let server: FakeServer;
let chat: AntiphonChat;

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
  vi.spyOn(document, "hasFocus").mockReturnValue(true);
  backend = new FakeBackend();
  server = backend.telephone.server;
  chat = new AntiphonChat();
  chat.backend = backend;
  chat.to = BOB;
});

afterEach(() => {
  document.body.replaceChildren();
  vi.restoreAllMocks();
});

async function drawn(): Promise<void> {
  await settle();
  await settle();
  await chat.updateComplete;
}

async function show(): Promise<void> {
  document.body.append(chat);
  await sharedAccount(backend, chat.serverAddress).give("mine");
  await drawn();
}

const all = (part: string) => [
  ...chat.renderRoot.querySelectorAll<HTMLElement>(`[part~="${part}"]`),
];
const words = (part: string) =>
  all(part).map((one) => one.textContent?.replace(/\s+/gu, " ").trim());

function find<E extends HTMLElement = HTMLElement>(part: string): E {
  const [found] = all(part);
  if (!found) throw new Error(`nothing has the part ${part}`);
  return found as E;
}

async function write(text: string): Promise<void> {
  const input = find<HTMLTextAreaElement>("chat-input");
  input.value = text;
  input.dispatchEvent(new Event("input"));
  await drawn();
}

async function send(text: string): Promise<void> {
  await write(text);
  find("chat-input").dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
  await drawn();
}

/** Presses a button beside a message, and one in its menu. */
async function does(id: string, part: string, action = ""): Promise<void> {
  const row = chat.renderRoot.querySelector(`[part~="message-row"][data-id="${id}"]`);
  row?.querySelector<HTMLElement>(`[part~="${part}"]`)?.click();
  await drawn();
  if (action) chat.renderRoot.querySelector<HTMLElement>(`[data-action="${action}"]`)?.click();
  await drawn();
}

describe("reading", () => {
  it("asks to sign in, and shows the conversation then", async () => {
    server.keeps(BOB, BOB, "Bob", "Hello");
    document.body.append(chat);
    await drawn();
    expect([chat.state, find<HTMLTextAreaElement>("chat-input").disabled]).toEqual([
      "signed-out",
      true,
    ]);
    await show();
    expect([chat.state, words("message")]).toEqual(["joined", ["Hello"]]);
  });

  it("begins where the unread do, and says how far one is while somebody looks", async () => {
    for (let index = 0; index < 4; index += 1) server.keeps(BOB, BOB, "Bob", `Line ${index}`);
    server.displayed.set(BOB, "000002");
    vi.mocked(document.hasFocus).mockReturnValue(false);
    await show();
    const groups = all("message-group").map((one) => one.textContent?.includes("Line 2"));
    expect([words("unread-line"), groups]).toEqual([[english.chat.newMessages], [false, true]]);
    expect(server.requests("mark")).toEqual([]);
    vi.mocked(document.hasFocus).mockReturnValue(true);
    window.dispatchEvent(new Event("focus"));
    await drawn();
    expect(server.requests("mark")).toMatchObject([{ mark: "displayed", message: "000004" }]);
    server.writes(BOB, "Bob", "Line 4");
    await drawn();
    expect(server.requests("mark").at(-1)).toMatchObject({ message: "000005", to: BOB });
  });

  it("shows what was done to messages, and who writes", async () => {
    const first = server.keeps(BOB, BOB, "Bob", "Helo");
    const second = server.keeps(BOB, BOB, "Bob", "Away with it");
    await show();
    server.changes(BOB, { kind: "correction", about: first.id, text: "Hello" });
    server.changes(BOB, { kind: "reaction", about: first.id, reactions: ["🎉"] });
    server.changes(BOB, { kind: "retraction", about: second.id });
    server.types(BOB, "Bob");
    await drawn();
    expect(words("message")).toEqual(["Hello"]);
    expect(words("message-retracted")).toEqual([english.chat.retracted]);
    expect(words("reaction")).toEqual(["🎉 1"]);
    expect(words("typists")).toEqual(["Bob is writing…"]);
  });

  it("fetches earlier messages, and finds words in all of them", async () => {
    for (let index = 0; index < 70; index += 1) server.keeps(BOB, BOB, "Bob", `Line ${index}`);
    await show();
    find("chat-earlier").click();
    await drawn();
    expect(all("message").length).toBe(70);
    find("find").click();
    await drawn();
    const input = find<HTMLInputElement>("find-input");
    input.value = "line 6";
    input.form?.requestSubmit();
    await drawn();
    expect(words("found-message")).toHaveLength(11);
    expect(words("found-message")[0]).toContain("Line 69");
    all("found-message").at(-1)?.click();
    await drawn();
    expect(words("message")).toContain("Line 6");
  });

  it("plays no picture of another server, and no address that is none", async () => {
    const file = { name: "a.png", media_type: "image/png", size: 10 };
    server.keeps(BOB, BOB, "Bob", "", {
      attachments: [
        { ...file, url: `${location.origin}/upload/a.png` },
        { ...file, url: "https://elsewhere.example/a.png" },
        { ...file, url: "javascript:alert(1)" },
      ],
    });
    await show();
    expect([all("picture").length, all("file").length]).toEqual([1, 1]);
    expect(chat.shadowRoot?.innerHTML).not.toContain("javascript:");
  });
});

describe("writing", () => {
  it("sends, answers, edits, reacts and takes back", async () => {
    const asked = server.keeps(BOB, BOB, "Bob", "How are you?");
    await show();
    await does(asked.id, "reply");
    await send("Fine");
    expect(server.requests("send")).toMatchObject([{ to: BOB, text: "Fine", reply_to: asked.id }]);
    expect(words("quote")).toEqual(["Bob How are you?"]);
    const own = chat.controller?.messages.at(-1)?.id ?? "";
    await does(own, "message-menu", "edit");
    expect(find<HTMLTextAreaElement>("chat-input").value).toBe("Fine");
    await send("Fine!");
    expect(server.requests("correct")).toMatchObject([{ about: own, text: "Fine!" }]);
    await does(asked.id, "react");
    chat.renderRoot.querySelector<HTMLElement>('[data-emoji="👍"]')?.click();
    await drawn();
    expect(server.requests("react")).toMatchObject([{ about: asked.id, reactions: ["👍"] }]);
    await does(own, "message-menu", "retract");
    find("confirm-retract").click();
    await drawn();
    expect(words("message-retracted")).toEqual([english.chat.retracted]);
    await does(asked.id, "message-menu");
    expect(all("menu-item").map((one) => one.dataset.action)).toEqual(["copy"]);
  });

  it("keeps what was refused, until it is sent again or discarded", async () => {
    server.refuse.send = "forbidden";
    await show();
    await send("One");
    await send("Two");
    // The same trouble is told once.
    expect([words("message-unsent"), words("toast").length]).toEqual([["One", "Two"], 1]);
    server.refuse.send = "";
    find("resend").click();
    await drawn();
    find("discard").click();
    await drawn();
    expect([words("message"), words("message-unsent")]).toEqual([["One"], []]);
  });

  it("keeps the draft of each conversation", async () => {
    await show();
    await write("For Bob");
    chat.to = "cleo@example.org";
    await drawn();
    expect(find<HTMLTextAreaElement>("chat-input").value).toBe("");
    chat.to = BOB;
    await drawn();
    expect(find<HTMLTextAreaElement>("chat-input").value).toBe("For Bob");
  });

  it("edits the last own message by the arrow key, and Escape gives the draft back", async () => {
    server.keeps(BOB, server.me.address, "Ann", "Mine", { origin_id: "o" });
    await show();
    const press = async (key: string) => {
      find("chat-input").dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
      await drawn();
    };
    await press("ArrowUp");
    expect(find<HTMLTextAreaElement>("chat-input").value).toBe("Mine");
    await press("Escape");
    expect([find<HTMLTextAreaElement>("chat-input").value, all("context").length]).toEqual(["", 0]);
  });

  it("uploads files first, and tells of those that cannot be", async () => {
    await show();
    const drop = async (name: string) => {
      const event = new Event("drop", { bubbles: true, cancelable: true });
      const files = [new File(["twelve"], name, { type: "text/plain" })];
      Object.assign(event, { dataTransfer: { types: ["Files"], files } });
      find("chat-panel").dispatchEvent(event);
      await drawn();
    };
    await drop("notes.txt");
    expect(find("pending-file").dataset.state).toBe("ready");
    await send("");
    expect(server.requests("send")).toMatchObject([{ attachments: [{ name: "notes.txt" }] }]);
    server.refuse.upload = "too_large";
    await drop("film.mp4");
    expect(find("pending-file").dataset.state).toBe("failed");
    expect(words("toast").join()).toContain(english.problems.fileTooLarge.title);
    // What is written goes, and the file is still there to be tried again.
    await send("Never mind");
    expect(server.requests("send").at(-1)).not.toHaveProperty("attachments");
    expect(find("pending-file").dataset.state).toBe("failed");
    find("remove-file").click();
    await drawn();
    expect(all("pending-file")).toEqual([]);
  });
});

describe("looking for words", () => {
  it("begins when one pauses", async () => {
    server.keeps(BOB, BOB, "Bob", "Where is lunch?");
    server.keeps(BOB, BOB, "Bob", "Here");
    await show();
    find("find").click();
    await drawn();
    const input = find<HTMLInputElement>("find-input");
    for (const typed of ["lu", "lunch"]) {
      input.value = typed;
      input.dispatchEvent(new Event("input"));
    }
    await vi.waitFor(() => expect(words("found-message").length).toBe(1));
    const asked = server.requests("history").flatMap((one) => one.search ?? []);
    expect(asked).toEqual(["lunch"]);
  });
});

describe("files", () => {
  it("that a node of this machine keeps are read where the page has it from", async () => {
    const url = "http://localhost:8080/upload/1/plan.png";
    const file = { url, name: "plan.png", media_type: "image/png", size: 9 };
    const drawing = { ...file, name: "plan.svg", media_type: "image/svg+xml" };
    server.keeps(BOB, BOB, "Bob", "", { attachments: [file, drawing] });
    chat.server = "https://call.example";
    await show();
    const there = "https://call.example/upload/1/plan.png";
    expect(all("picture").map((one) => one.getAttribute("href"))).toEqual([there]);
    // A drawing may be a program: it is not shown.
    expect(words("file")[0]).toContain("plan.svg");
  });
});
