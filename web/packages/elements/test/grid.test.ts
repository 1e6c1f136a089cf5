/** The grid: tiles as large as fit, within their bounds. */

import { describe, expect, it } from "vitest";
import { type Area, gridLayout, gridOptions, pageOf } from "../src/logic/grid.js";

const DESKTOP = { width: 1256, height: 676 };
const PHONE = { width: 374, height: 690 };

function layout(count: number, area: Area) {
  return gridLayout(count, area, gridOptions(count, area));
}

describe("gridLayout", () => {
  it.each([
    [1, 1, 1],
    [2, 2, 1],
    [4, 2, 2],
    [5, 3, 2],
    [9, 3, 3],
    [12, 4, 3],
    [25, 5, 5],
  ])("gives %i people on a desktop %i columns and %i rows", (count, columns, rows) => {
    expect(layout(count, DESKTOP)).toMatchObject({ columns, rows, pages: 1 });
  });

  it.each([
    [1, 1],
    [2, 1],
    [4, 2],
    [6, 2],
  ])("gives %i people on an upright telephone %i columns", (count, columns) => {
    expect(layout(count, PHONE).columns).toBe(columns);
  });

  it("stays within the area and the bounds of the ratio", () => {
    for (const area of [
      DESKTOP,
      PHONE,
      { width: 800, height: 800 },
      { width: 1900, height: 300 },
    ]) {
      for (let count = 1; count <= 40; count += 1) {
        const options = gridOptions(count, area);
        const { columns, rows, width, height } = gridLayout(count, area, options);
        expect(columns * width + (columns - 1) * options.gap).toBeLessThanOrEqual(area.width);
        expect(rows * height + (rows - 1) * options.gap).toBeLessThanOrEqual(area.height);
        expect(width / height).toBeGreaterThan(options.minRatio - 0.03);
        expect(width / height).toBeLessThan(options.maxRatio + 0.03);
      }
    }
  });

  it("opens pages for more people than are recognized on one", () => {
    const grid = layout(60, DESKTOP);
    expect(grid.perPage).toBe(25);
    expect(grid.pages).toBe(3);
    expect(layout(30, PHONE).width).toBeGreaterThanOrEqual(140);
  });

  it("draws one tile a page where hardly anything fits, and nothing in no area", () => {
    expect(layout(4, { width: 120, height: 90 })).toMatchObject({ perPage: 1, pages: 4 });
    expect(layout(3, { width: 0, height: 0 })).toMatchObject({ width: 0, height: 0 });
  });
});

describe("pageOf", () => {
  const items = [1, 2, 3, 4, 5];

  it("cuts a page and clamps its number", () => {
    expect(pageOf(items, 0, 2)).toEqual([1, 2]);
    expect(pageOf(items, 2, 2)).toEqual([5]);
    expect(pageOf(items, 9, 2)).toEqual([5]);
    expect(pageOf(items, -1, 2)).toEqual([1, 2]);
    expect(pageOf([], 0, 2)).toEqual([]);
  });
});
