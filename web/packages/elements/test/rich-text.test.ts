/** Texts as they are drawn: links, calls of names, emoji; sizes of files. */

import { describe, expect, it } from "vitest";
import { callsOwn, isEmojiOnly, runsOf, startedMention } from "../src/logic/rich-text.js";
import { fitted, sizeWords } from "../src/logic/sizes.js";

const NAMES = { own: ["Ann"], others: ["Ann Lee", "Bob (desk)"] };

describe("runsOf", () => {
  it("finds names that are called, the longest first, and links", () => {
    expect(runsOf("@ann lee and @Ann: https://a.example/@Ann", NAMES)).toEqual([
      { text: "@ann lee", mention: "other" },
      { text: " and " },
      { text: "@Ann", mention: "own" },
      { text: ": " },
      { text: "https://a.example/@Ann", href: "https://a.example/@Ann" },
    ]);
  });

  it("takes names literally, and whole words only", () => {
    expect(runsOf("@Bob (desk)!", NAMES)[0]).toEqual({ text: "@Bob (desk)", mention: "other" });
    for (const text of ["mail@Ann", "@Annika", "Ann", "@"]) {
      expect(runsOf(text, NAMES)).toEqual([{ text }]);
    }
    expect([callsOwn("so, @ANN?", ["Ann"]), callsOwn("so, @Bob?", ["Ann"])]).toEqual([true, false]);
    expect(runsOf("@", { own: [""], others: [] })).toEqual([{ text: "@" }]);
  });
});

it("knows emoji from words", () => {
  for (const text of ["🎉", "👍🏽 ❤️", "👨‍👩‍👧", "🇩🇪"]) expect(isEmojiOnly(text)).toBe(true);
  for (const text of ["", " ", "1", "ok 🎉", "🎉".repeat(13)])
    expect(isEmojiOnly(text)).toBe(false);
});

it("knows when a name is being typed", () => {
  expect(["hi @an", "@", "hi @ann ", "mail@an", "x"].map(startedMention)).toEqual([
    "an",
    "",
    null,
    null,
    null,
  ]);
});

it("writes sizes and fits pictures", () => {
  expect([0, 999, 1500, 48_000, 3_000_000_000].map(sizeWords)).toEqual([
    "0 B",
    "999 B",
    "1.5 kB",
    "48 kB",
    "3.0 GB",
  ]);
  const place = { width: 300, height: 200 };
  expect(fitted({ width: 3000, height: 100 }, place)).toEqual({ width: 300, height: 10 });
  expect(fitted({ width: 20, height: 10 }, place)).toEqual({ width: 20, height: 10 });
});
