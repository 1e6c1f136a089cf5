/** Initials, chat groups, links, quality, times: what is read. */

import { describe, expect, it } from "vitest";
import { groupMessages, linkify } from "../src/logic/conversation.js";
import { byRank, hueOf, initials } from "../src/logic/people.js";
import { qualityWords } from "../src/logic/quality.js";
import { dayWords } from "../src/logic/time.js";
import { english } from "../src/text.js";

describe("initials", () => {
  it.each([
    ["Ann Lovelace", "AL"],
    ["ann", "A"],
    ["Ann Marie van der Berg", "AB"],
    ["émile-zola", "ÉZ"],
    ["  ", "?"],
    ["🙂 Bob", "B"],
    ["王小明", "王"],
  ])("of %j are %j", (name, letters) => {
    expect(initials(name)).toBe(letters);
  });
});

describe("hueOf", () => {
  it("is stable and spreads", () => {
    expect(hueOf("ann@example.org")).toBe(hueOf("ann@example.org"));
    const hues = Array.from({ length: 200 }, (_, index) => hueOf(`guest${index}@example.org`));
    const counts = [...new Set(hues)].map((hue) => hues.filter((one) => one === hue).length);
    expect(counts).toHaveLength(10);
    expect(Math.max(...counts)).toBeLessThan(45);
  });
});

describe("byRank", () => {
  it("puts oneself, hands and moderators first", () => {
    const person = (name: string, change = {}) => ({
      name,
      hand: false,
      isLocal: false,
      role: "speaker",
      ...change,
    });
    const people = [
      person("Zoe"),
      person("Bea"),
      person("Mod", { role: "moderator" }),
      person("Hal", { hand: true }),
      person("Me", { isLocal: true }),
    ];
    const names = people.sort(byRank).map((one) => one.name);
    expect(names).toEqual(["Me", "Hal", "Mod", "Bea", "Zoe"]);
  });
});

describe("groupMessages", () => {
  const said = (id: string, sender: string, sentAt: number) => ({
    id,
    sender,
    name: sender,
    text: id,
    sentAt,
  });
  const noon = new Date(2024, 4, 7, 12).getTime();

  it("joins what one person says within five minutes", () => {
    const groups = groupMessages([
      said("1", "ann", noon),
      said("2", "ann", noon + 60_000),
      said("3", "bob", noon + 61_000),
      said("4", "ann", noon + 62_000),
      said("5", "ann", noon + 62_000 + 301_000),
    ]);
    expect(groups.map((group) => group.messages.map((one) => one.id))).toEqual([
      ["1", "2"],
      ["3"],
      ["4"],
      ["5"],
    ]);
  });

  it("begins a new day anew", () => {
    const midnight = new Date(2024, 4, 8).getTime();
    const groups = groupMessages([
      said("1", "a", midnight - 1000),
      said("2", "a", midnight + 1000),
    ]);
    expect(groups.map((group) => group.newDay)).toEqual([true, true]);
  });
});

describe("linkify", () => {
  it("finds links and leaves the sentence's own punctuation", () => {
    expect(linkify("see https://a.example/x?y=1, or (http://b.example).")).toEqual([
      { text: "see " },
      { text: "https://a.example/x?y=1", href: "https://a.example/x?y=1" },
      { text: ", or (" },
      { text: "http://b.example", href: "http://b.example" },
      { text: ")." },
    ]);
  });

  it("links nothing else", () => {
    for (const text of ["javascript:alert(1)", "ftp://x", "example.org", "<b>hi</b>"]) {
      expect(linkify(text)).toEqual([{ text }]);
    }
    expect(linkify("")).toEqual([]);
  });
});

describe("qualityWords", () => {
  const good = { level: 4, roundTrip: 23.6, lossIn: 0, lossOut: 0, availableBitrate: null };

  it("tells level, round trip, and loss where there is some", () => {
    expect(qualityWords(good, english)).toBe("Good connection, round trip 24 ms");
    expect(qualityWords({ ...good, level: 1, roundTrip: null, lossOut: 0.123 }, english)).toBe(
      "Poor connection, 12.3 % lost",
    );
    expect(qualityWords(null, english)).toBe("Connection is being measured");
  });
});

describe("dayWords", () => {
  it("says today and yesterday", () => {
    const now = new Date(2024, 2, 1, 9).getTime();
    expect(dayWords(now, now, english)).toBe("Today");
    expect(dayWords(new Date(2024, 1, 29, 23).getTime(), now, english)).toBe("Yesterday");
    expect(dayWords(new Date(2023, 11, 24).getTime(), now, english)).toContain("2023");
  });
});
