/** Page addresses, room names, reasons: what comes from outside. */

import { describe, expect, it } from "vitest";
import { inviteLink, isOn, readRoomAddress, serverAddress } from "../src/logic/parameters.js";
import { problemOf, reasonOf } from "../src/logic/problems.js";
import { friendlyName, parseRecent, remember, roomNameOf } from "../src/logic/room-names.js";
import { english } from "../src/text.js";

const read = (address: string) => readRoomAddress(new URL(address, "https://call.example"));

describe("readRoomAddress", () => {
  it("reads what the contract names", () => {
    expect(read("/r/standup?name=Ann&join")).toEqual({
      room: "standup",
      name: "Ann",
      join: true,
      audio: true,
      video: true,
      layout: null,
      token: "",
    });
    expect(read("/r/a%20b?audio=0&video=false&layout=speaker&join=0#token=x.y.z")).toMatchObject({
      room: "a b",
      audio: false,
      video: false,
      join: false,
      layout: "speaker",
      token: "x.y.z",
    });
  });

  it("takes odd addresses as they are", () => {
    expect(read("/r/%E0%A4%A").room).toBe("%E0%A4%A");
    expect(read("/elsewhere").room).toBe("");
    expect(read(`/r/x?name=${"n".repeat(200)}&layout=circle`)).toMatchObject({
      name: "n".repeat(64),
      layout: null,
    });
  });
});

describe("links", () => {
  it("invites without name and token", () => {
    expect(inviteLink("https://call.example", "a b")).toBe("https://call.example/r/a%20b");
    expect(inviteLink("https://call.example/base/", "x")).toBe("https://call.example/base/r/x");
  });

  it("takes the page's origin where no server is given", () => {
    const page = new URL("https://page.example/r/x?y");
    expect(serverAddress(null, page)).toBe("https://page.example");
    expect(serverAddress("https://call.example/", page)).toBe("https://call.example");
  });

  it("reads switches", () => {
    expect([isOn(null, true), isOn("", false), isOn("1", false)]).toEqual([true, true, true]);
    expect([isOn(null, false), isOn("0", true), isOn("Off", true)]).toEqual([false, false, false]);
  });
});

describe("room names", () => {
  it("suggests friendly ones", () => {
    expect(friendlyName(() => 0)).toBe("amber-anchor-100");
    expect(friendlyName(() => 0.999999)).toMatch(/^[a-z]+-[a-z]+-999$/u);
  });

  it.each([
    ["Stand Up", "stand-up"],
    ["  https://call.example/r/Calm%20River?name=x ", "calm-river"],
    ["a/b?c#d", "a-b-c-d"],
    ["///", ""],
    ["Grüße", "grüße"],
    ["x".repeat(200), "x".repeat(128)],
  ])("makes %j to %j", (typed, name) => {
    expect(roomNameOf(typed)).toBe(name);
  });

  it("remembers six, the newest first, none twice", () => {
    let list = remember([], "a", 1);
    for (const name of ["b", "c", "d", "e", "f", "g", "b"]) list = remember(list, name, 2);
    expect(list.map((room) => room.name)).toEqual(["b", "g", "f", "e", "d", "c"]);
  });

  it("reads stored rooms with suspicion", () => {
    expect(parseRecent(null)).toEqual([]);
    expect(parseRecent("{oops")).toEqual([]);
    expect(parseRecent('{"name":"x"}')).toEqual([]);
    expect(parseRecent('[{"name":"x","at":1},{"name":5},null,"y"]')).toEqual([
      { name: "x", at: 1 },
    ]);
  });
});

describe("problemOf", () => {
  it.each([
    ["camera", "denied", "cameraDenied", true],
    ["microphone", "not-found", "microphoneMissing", true],
    ["camera", "in-use", "cameraInUse", true],
    ["microphone", "insecure", "insecure", false],
    ["join", "busy", "roomFull", true],
    ["join", "too_many", "roomFull", true],
    ["guest", "too_many", "tooMany", true],
    ["guest", "forbidden", "unauthorized", true],
    ["both", "denied", "bothDenied", true],
    ["join", "unauthorized", "unauthorized", true],
    ["join", "removed", "removed", false],
    ["join", "what", "joinFailed", true],
    ["action", "forbidden", "notAllowed", true],
    ["stream", "not_found", "noStream", true],
  ] as const)("of %s and %s is %s", (attempt, reason, name, retry) => {
    const problem = problemOf(attempt, { reason }, english);
    expect(problem).toMatchObject({ name, retry, reason, ...english.problems[name] });
  });

  it("takes a failed fetch for a missing network", () => {
    expect(reasonOf(new TypeError("Failed to fetch"))).toBe("network");
    expect(problemOf("join", new TypeError("x"), english).name).toBe("offline");
    expect(reasonOf(new Error("x"))).toBe("internal");
  });

  it("has a title, a text and a remedy for everything", () => {
    for (const problem of Object.values(english.problems)) {
      expect(Object.values(problem).every((words) => words.length > 3)).toBe(true);
    }
  });
});
