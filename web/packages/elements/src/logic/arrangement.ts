/** Where each tile stands, in the grid or around the stage; it knows rectangles and no element. */

import { type Layout, type MemberLike, type Tile, withSpeaker } from "./gallery.js";
import { type Area, gridLayout, gridOptions, pageOf } from "./grid.js";

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Placed<M, T> extends Rect {
  readonly tile: Tile<M, T>;
  readonly place: "grid" | "stage" | "film";
}

export interface Arrangement<M, T> {
  readonly placed: readonly Placed<M, T>[];
  /** The page shown, counted from 0, and how many there are. */
  readonly page: number;
  readonly pages: number;
}

export interface Wanted<M, T> {
  readonly tiles: readonly Tile<M, T>[];
  readonly layout: Layout;
  /** The tile on stage in the speaker layout. */
  readonly stage: Tile<M, T> | null;
  readonly speaker: string | null;
  readonly area: Area;
  readonly page: number;
}

interface Strip {
  readonly stage: Rect;
  readonly slots: readonly Rect[];
}

const GAP = 12;
const FILM_RATIO = 16 / 9;

/** Places for the tiles of the page shown. */
export function arrange<M extends MemberLike, T>(wanted: Wanted<M, T>): Arrangement<M, T> {
  const { stage, layout } = wanted;
  return layout === "speaker" && stage ? around(stage, wanted) : inGrid(wanted);
}

function inGrid<M extends MemberLike, T>(wanted: Wanted<M, T>): Arrangement<M, T> {
  const { area, tiles } = wanted;
  const options = gridOptions(tiles.length, area);
  const grid = gridLayout(tiles.length, area, options);
  const page = clampPage(wanted.page, grid.pages);
  const shown = pageOf(withSpeaker(tiles, wanted.speaker, grid.perPage), page, grid.perPage);
  const rows = Math.ceil(shown.length / grid.columns);
  const top = (area.height - rows * grid.height - (rows - 1) * options.gap) / 2;
  const placed = shown.map((tile, index) => {
    const row = Math.floor(index / grid.columns);
    // The last row may be shorter than the others: it stands in the middle.
    const inRow = Math.min(grid.columns, shown.length - row * grid.columns);
    const left = (area.width - inRow * grid.width - (inRow - 1) * options.gap) / 2;
    const x = Math.round(left + (index % grid.columns) * (grid.width + options.gap));
    const y = Math.round(top + row * (grid.height + options.gap));
    return { tile, place: "grid" as const, x, y, width: grid.width, height: grid.height };
  });
  return { placed, page, pages: grid.pages };
}

function around<M extends MemberLike, T>(
  stage: Tile<M, T>,
  wanted: Wanted<M, T>,
): Arrangement<M, T> {
  const others = wanted.tiles.filter((tile) => tile !== stage);
  const strip = others.length > 0 ? stripOf(wanted.area, others.length) : alone(wanted.area);
  const perPage = Math.max(1, strip.slots.length);
  const pages = Math.max(1, Math.ceil(others.length / perPage));
  const page = clampPage(wanted.page, pages);
  const film = pageOf(withSpeaker(others, wanted.speaker, perPage), page, perPage).map(
    (tile, index) => ({
      tile,
      place: "film" as const,
      ...(strip.slots[index] ?? strip.stage),
    }),
  );
  const main = { tile: stage, place: "stage" as const, ...fit(strip.stage, stage.kind) };
  return { placed: [main, ...film], page, pages };
}

function alone(area: Area): Strip {
  return { stage: { x: 0, y: 0, ...area }, slots: [] };
}

function stripOf(area: Area, count: number): Strip {
  return area.width >= area.height ? rightStrip(area, count) : bottomStrip(area, count);
}

function rightStrip(area: Area, count: number): Strip {
  const width = Math.round(clamp(area.width * 0.18, 120, 260));
  const height = Math.round(width / FILM_RATIO);
  const fits = Math.max(1, Math.floor((area.height + GAP) / (height + GAP)));
  const shown = Math.min(fits, count);
  const x = Math.round(area.width - width);
  const top = Math.round((area.height - shown * height - (shown - 1) * GAP) / 2);
  const slots = range(shown).map((index) => ({
    x,
    y: top + index * (height + GAP),
    width,
    height,
  }));
  return { stage: { x: 0, y: 0, width: x - GAP, height: Math.round(area.height) }, slots };
}

function bottomStrip(area: Area, count: number): Strip {
  const height = Math.round(clamp(area.height * 0.17, 72, 140));
  const width = Math.round(height * 1.3);
  const fits = Math.max(1, Math.floor((area.width + GAP) / (width + GAP)));
  const shown = Math.min(fits, count);
  const y = Math.round(area.height - height);
  const left = Math.round((area.width - shown * width - (shown - 1) * GAP) / 2);
  const slots = range(shown).map((index) => ({
    x: left + index * (width + GAP),
    y,
    width,
    height,
  }));
  return { stage: { x: 0, y: 0, width: Math.round(area.width), height: y - GAP }, slots };
}

/** A screen takes all there is (it is never cropped); a person at most a wide picture. */
function fit(rect: Rect, kind: string): Rect {
  if (kind === "screen" || rect.width <= rect.height * FILM_RATIO) return rect;
  const width = Math.round(rect.height * FILM_RATIO);
  return { ...rect, x: rect.x + Math.round((rect.width - width) / 2), width };
}

function clampPage(page: number, pages: number): number {
  return clamp(page, 0, pages - 1);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
