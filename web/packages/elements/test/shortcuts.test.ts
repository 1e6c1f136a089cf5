// @vitest-environment happy-dom
/** Keys: what they ask for, and that they leave those alone who type. */

import { describe, expect, it } from "vitest";
import { rove, SHORTCUTS, shortcutOf, takesText } from "../src/logic/shortcuts.js";
import { english } from "../src/text.js";

const press = (key: string, change = {}) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  repeat: false,
  isComposing: false,
  defaultPrevented: false,
  ...change,
});

describe("shortcutOf", () => {
  it.each([
    ["m", "microphone"],
    ["M", "microphone"],
    ["v", "camera"],
    ["s", "screen"],
    ["c", "chat"],
    ["h", "hand"],
    ["f", "fullscreen"],
    ["Escape", "close"],
    ["x", null],
  ])("%s asks for %s", (key, does) => {
    expect(shortcutOf(press(key), false)).toBe(does);
  });

  it("leaves typing, modifiers and held keys alone", () => {
    expect(shortcutOf(press("m"), true)).toBeNull();
    expect(shortcutOf(press("Escape"), true)).toBe("close");
    for (const change of [
      { ctrlKey: true },
      { metaKey: true },
      { altKey: true },
      { repeat: true },
      { isComposing: true },
      { defaultPrevented: true },
    ]) {
      expect(shortcutOf(press("m", change), false)).toBeNull();
    }
  });

  it("has words for each", () => {
    for (const { does } of SHORTCUTS) expect(english.shortcuts[does]).toBeTruthy();
  });
});

describe("takesText", () => {
  it("knows fields from buttons", () => {
    const input = document.createElement("input");
    expect(takesText(input)).toBe(true);
    input.type = "checkbox";
    expect(takesText(input)).toBe(false);
    expect(takesText(document.createElement("textarea"))).toBe(true);
    expect(takesText(document.createElement("select"))).toBe(true);
    expect(takesText(document.createElement("button"))).toBe(false);
    expect(takesText(null)).toBe(false);
  });
});

describe("rove", () => {
  it("goes round, to the ends, and ignores other keys", () => {
    expect(rove("ArrowRight", 2, 3)).toBe(0);
    expect(rove("ArrowUp", 0, 3)).toBe(2);
    expect(rove("Home", 2, 3)).toBe(0);
    expect(rove("End", 0, 3)).toBe(2);
    expect(rove("a", 0, 3)).toBeNull();
    expect(rove("End", 0, 0)).toBeNull();
  });
});
