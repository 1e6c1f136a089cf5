/** Places of tiles: inside the area, never over each other, all of them on some page. */

import { describe, expect, it } from "vitest";
import { arrange, type Rect } from "../src/logic/arrangement.js";
import { type Layout, tilesOf } from "../src/logic/gallery.js";
import { crowd, member, track } from "./people-made.js";

const AREAS = [
  { width: 1256, height: 676 },
  { width: 374, height: 690 },
  { width: 620, height: 340 },
  { width: 1000, height: 1000 },
];

function place(count: number, layout: Layout, area: Rect | (typeof AREAS)[number], page = 0) {
  const tiles = tilesOf(crowd(count));
  const stage = tiles[1] ?? tiles[0] ?? null;
  return arrange({ tiles, layout, stage, speaker: null, area, page });
}

function overlap(one: Rect, other: Rect): boolean {
  return (
    one.x < other.x + other.width &&
    other.x < one.x + one.width &&
    one.y < other.y + other.height &&
    other.y < one.y + one.height
  );
}

describe("arrange", () => {
  it.each(["grid", "speaker"] as const)("keeps the tiles of the %s apart and inside", (layout) => {
    for (const area of AREAS) {
      for (const count of [1, 2, 3, 5, 8, 13, 26, 40]) {
        const { placed } = place(count, layout, area);
        expect(placed.length).toBeGreaterThan(0);
        placed.forEach((one, index) => {
          expect(one.x).toBeGreaterThanOrEqual(0);
          expect(one.y).toBeGreaterThanOrEqual(0);
          expect(one.x + one.width).toBeLessThanOrEqual(area.width + 1);
          expect(one.y + one.height).toBeLessThanOrEqual(area.height + 1);
          for (const other of placed.slice(index + 1)) expect(overlap(one, other)).toBe(false);
        });
      }
    }
  });

  it.each(["grid", "speaker"] as const)("shows everybody on some page of the %s", (layout) => {
    for (const area of AREAS) {
      const seen = new Set<string>();
      const { pages } = place(40, layout, area);
      for (let page = 0; page < pages; page += 1) {
        for (const { tile } of place(40, layout, area, page).placed) seen.add(tile.key);
      }
      expect(seen.size).toBe(40);
    }
  });

  it("leaves room for the buttons that turn pages", () => {
    for (const area of AREAS) {
      for (const layout of ["grid", "speaker"] as const) {
        const { placed, pager } = place(40, layout, area);
        expect(pager).not.toBeNull();
        const film = placed.filter((one) => one.place !== "stage");
        for (const one of film) expect(pager && overlap(one, pager)).toBe(false);
      }
    }
    expect(place(3, "grid", AREAS[0] ?? { width: 0, height: 0 }).pager).toBeNull();
  });

  it("gives a shared screen all the width beside the film strip", () => {
    const sharer = member("x", { joinedAt: 9, tracks: [track("s", { source: "screen" })] });
    const tiles = tilesOf([...crowd(3), sharer]);
    const stage = tiles[0] ?? null;
    const area = { width: 1256, height: 676 };
    const { placed } = arrange({ tiles, layout: "speaker", stage, speaker: null, area, page: 0 });
    expect(placed[0]).toMatchObject({ place: "stage", x: 0, height: 676 });
    expect(placed).toHaveLength(5);
    expect(placed[0]?.width).toBeGreaterThan(1000);
  });

  it("goes back to the last page when people have left", () => {
    const { page, pages } = place(26, "grid", { width: 1256, height: 676 }, 7);
    expect(page).toBe(pages - 1);
  });
});
