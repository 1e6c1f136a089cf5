/** Where each tile stands, in the grid or around the stage; it knows rectangles and no element. */

import { type Layout, type MemberLike, type Tile, withSpeaker } from "./gallery.js";
import { type Area, type Grid, type GridOptions, gridLayout, gridOptions, pageOf } from "./grid.js";

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
  /** Where the buttons that turn the pages stand; null with one page. */
  readonly pager: Rect | null;
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
  readonly pager: Rect | null;
}

const GAP = 12;
/** Height of the buttons that turn the pages, and width of a place for them. */
const PAGER = 40;
const PAGER_WIDTH = 104;
const FILM_RATIO = 16 / 9;

/** Places for the tiles of the page shown. */
export function arrange<M extends MemberLike, T>(wanted: Wanted<M, T>): Arrangement<M, T> {
  const { stage, layout } = wanted;
  return layout === "speaker" && stage ? around(stage, wanted) : inGrid(wanted);
}

function inGrid<M extends MemberLike, T>(wanted: Wanted<M, T>): Arrangement<M, T> {
  const { area, tiles } = wanted;
  const { grid, rects, pager } = gridRects(area, tiles.length, gridOptions(tiles.length, area));
  const page = clampPage(wanted.page, grid.pages);
  const shown = pageOf(withSpeaker(tiles, wanted.speaker, grid.perPage), page, grid.perPage);
  const placed = rects(shown.length).flatMap((rect, index) => {
    const tile = shown[index];
    return tile ? [{ tile, place: "grid" as const, ...rect }] : [];
  });
  return { placed, page, pages: grid.pages, pager };
}

interface GridRects {
  readonly grid: Grid;
  /** The places of the first `shown` tiles, no more than a page has. */
  readonly rects: (shown: number) => readonly Rect[];
  readonly pager: Rect | null;
}

function gridRects(area: Area, count: number, options: GridOptions): GridRects {
  const whole = gridLayout(count, area, options);
  if (whole.pages === 1) {
    return { grid: whole, rects: (shown) => centred(area, whole, shown, options.gap), pager: null };
  }
  const inner = { width: area.width, height: Math.max(0, area.height - PAGER) };
  const grid = gridLayout(count, inner, options);
  return {
    grid,
    rects: (shown) => centred(inner, grid, Math.min(shown, grid.perPage), options.gap),
    pager: { x: 0, y: Math.round(inner.height), width: area.width, height: PAGER },
  };
}

function centred(area: Area, grid: Grid, shown: number, gap: number): readonly Rect[] {
  const { columns, width, height } = grid;
  const rows = Math.ceil(shown / columns);
  const top = (area.height - rows * height - (rows - 1) * gap) / 2;
  return range(shown).map((index) => {
    const row = Math.floor(index / columns);
    // The last row may be shorter than the others: it stands in the middle.
    const inRow = Math.min(columns, shown - row * columns);
    const left = (area.width - inRow * width - (inRow - 1) * gap) / 2;
    const x = Math.round(left + (index % columns) * (width + gap));
    return { x, y: Math.round(top + row * (height + gap)), width, height };
  });
}

function around<M extends MemberLike, T>(
  stage: Tile<M, T>,
  wanted: Wanted<M, T>,
): Arrangement<M, T> {
  const others = wanted.tiles.filter((tile) => tile !== stage);
  const strip =
    others.length > 0 ? stripOf(wanted.area, others.length, stage.kind) : alone(wanted.area);
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
  return { placed: [main, ...film], page, pages, pager: pages > 1 ? strip.pager : null };
}

function alone(area: Area): Strip {
  return { stage: { x: 0, y: 0, ...area }, slots: [], pager: null };
}

function stripOf(area: Area, count: number, kind: string): Strip {
  if (area.width >= area.height) return rightStrip(area, count);
  return kind === "screen" ? lowerHalf(area, count) : bottomStrip(area, count);
}

/** On an upright screen a shared (wide) one leaves room for people below. */
function lowerHalf(area: Area, count: number): Strip {
  const stageHeight = Math.round(Math.min(area.width / 1.5, area.height / 2));
  const top = stageHeight + GAP;
  const rest = { width: area.width, height: Math.max(0, area.height - top) };
  const { rects, pager } = gridRects(rest, count, gridOptions(count, rest));
  return {
    stage: { x: 0, y: 0, width: Math.round(area.width), height: stageHeight },
    slots: rects(count).map((rect) => ({ ...rect, y: rect.y + top })),
    pager: pager && { ...pager, y: pager.y + top },
  };
}

function rightStrip(area: Area, count: number): Strip {
  const width = Math.round(clamp(area.width * 0.18, 120, 260));
  const height = Math.round(width / FILM_RATIO);
  const fit = (space: number) => Math.max(1, Math.floor((space + GAP) / (height + GAP)));
  const several = fit(area.height) < count;
  const space = several ? area.height - PAGER : area.height;
  const shown = Math.min(fit(space), count);
  const x = Math.round(area.width - width);
  const top = Math.round((space - shown * height - (shown - 1) * GAP) / 2);
  const slots = range(shown).map((index) => ({
    x,
    y: top + index * (height + GAP),
    width,
    height,
  }));
  return {
    stage: { x: 0, y: 0, width: x - GAP, height: Math.round(area.height) },
    slots,
    pager: { x, y: Math.round(space), width, height: PAGER },
  };
}

function bottomStrip(area: Area, count: number): Strip {
  const height = Math.round(clamp(area.height * 0.15, 72, 140));
  const width = Math.round(height * 1.15);
  const fit = (space: number) => Math.max(1, Math.floor((space + GAP) / (width + GAP)));
  const several = fit(area.width) < count;
  const space = several ? area.width - PAGER_WIDTH : area.width;
  const shown = Math.min(fit(space), count);
  const y = Math.round(area.height - height);
  const left = Math.round((space - shown * width - (shown - 1) * GAP) / 2);
  const slots = range(shown).map((index) => ({
    x: left + index * (width + GAP),
    y,
    width,
    height,
  }));
  return {
    stage: { x: 0, y: 0, width: Math.round(area.width), height: y - GAP },
    slots,
    pager: { x: Math.round(space), y: y + (height - PAGER) / 2, width: PAGER_WIDTH, height: PAGER },
  };
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
