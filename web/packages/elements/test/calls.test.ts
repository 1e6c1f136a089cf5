/** Keys, durations and endings of calls in words and figures. */

import { describe, expect, it } from "vitest";
import { digitsOf, durationOf, endingWords, shownAddress } from "../src/logic/calls.js";
import { tonesOf } from "../src/media/ringer.js";
import { english } from "../src/text.js";

describe("durations", () => {
  it.each([
    [0, "00:00"],
    [-5, "00:00"],
    [61_900, "01:01"],
    [3_600_000, "1:00:00"],
    [36_061_000, "10:01:01"],
  ])("%d ms are %s", (milliseconds, words) => {
    expect(durationOf(milliseconds)).toBe(words);
  });
});

describe("addresses", () => {
  it.each([
    ["bob@example.org", "ann@example.org", "bob"],
    ["bob@example.com", "ann@example.org", "bob@example.com"],
    ["+49301234@example.org", "ann@example.org", "+49301234"],
    ["bob@example.org", "", "bob@example.org"],
  ])("%s is shown to %s as %s", (address, own, shown) => {
    expect(shownAddress(address, own)).toBe(shown);
  });
});

describe("keys", () => {
  it("are what a pad has", () => {
    expect(digitsOf("a1-2x#*")).toBe("A12#*");
  });

  it("have two tones each (ITU-T Q.23)", () => {
    expect(tonesOf("1")).toEqual([697, 1209]);
    expect(tonesOf("#")).toEqual([941, 1477]);
    expect(tonesOf("d")).toEqual([941, 1633]);
    expect(tonesOf("x")).toEqual([]);
    expect(tonesOf("12")).toEqual([]);
  });
});

describe("endings", () => {
  it.each([
    [false, false, "declined", "Bob declined"],
    [false, false, "busy", "Bob is busy"],
    [false, false, "timeout", "Bob did not answer"],
    [false, false, "unavailable", "Bob is not there now"],
    [false, false, "cancelled", "Call ended"],
    [false, false, "internal", "The call failed"],
    [false, false, "unsupported", "The call failed"],
    [true, false, "cancelled", "Missed call from Bob"],
    [true, false, "elsewhere", "Answered on another device"],
    [true, true, "left", "Call ended"],
    [false, true, "transferred", "The call was transferred"],
    [false, true, "lost", "The connection was lost"],
  ])("incoming %s, answered %s, %s: %s", (incoming, answered, reason, words) => {
    expect(endingWords({ incoming, answered, reason }, "Bob", english)).toBe(words);
  });
});
