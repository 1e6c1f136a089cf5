import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Emitter } from "../src/index.js";

interface Events {
  tick: [count: number];
}

describe("Emitter", () => {
  it("calls listeners until they are taken off", () => {
    const emitter = new Emitter<Events>();
    const seen: string[] = [];
    const off = emitter.on("tick", (count) => seen.push(`a${count}`));
    emitter.once("tick", (count) => seen.push(`b${count}`));
    emitter.emit("tick", 1);
    emitter.emit("tick", 2);
    off();
    emitter.emit("tick", 3);
    expect(seen).toEqual(["a1", "b1", "a2"]);
  });

  it("calls the others when one throws, and has that reported", () => {
    const reported: unknown[] = [];
    vi.stubGlobal("queueMicrotask", (task: () => void) => {
      try {
        task();
      } catch (error) {
        reported.push(error);
      }
    });
    onTestFinished(() => {
      vi.unstubAllGlobals();
    });
    const emitter = new Emitter<Events>();
    const seen: number[] = [];
    emitter.on("tick", () => {
      throw new Error("a listener's own fault");
    });
    emitter.on("tick", (count) => seen.push(count));
    emitter.emit("tick", 1);
    expect(seen).toEqual([1]);
    expect(reported).toEqual([new Error("a listener's own fault")]);
  });
});
