/** Sizes of equal tiles that fill an area best; it knows numbers only. */

export interface Area {
  /** CSS pixels. */
  readonly width: number;
  readonly height: number;
}

export interface GridOptions {
  /** Pixels between tiles. */
  readonly gap: number;
  /** Tiles narrower than this are put on another page instead. */
  readonly minWidth: number;
  /** Bounds of width / height of a tile. */
  readonly minRatio: number;
  readonly maxRatio: number;
  /** Most tiles of one page. */
  readonly maxTiles: number;
}

export interface Grid {
  readonly columns: number;
  readonly rows: number;
  /** Size of one tile, whole pixels. */
  readonly width: number;
  readonly height: number;
  /** Tiles of a full page. */
  readonly perPage: number;
  readonly pages: number;
}

interface Cell {
  readonly columns: number;
  readonly rows: number;
  readonly width: number;
  readonly height: number;
}

const WIDE: GridOptions = { gap: 12, minWidth: 168, minRatio: 1.4, maxRatio: 16 / 9, maxTiles: 25 };
const TALL: GridOptions = { gap: 8, minWidth: 140, minRatio: 0.86, maxRatio: 16 / 9, maxTiles: 12 };
/** A few tiles on an upright screen may stand upright themselves. */
const TALL_FEW: GridOptions = { ...TALL, minRatio: 0.66 };

/** The options that suit an area: a desktop window or an upright telephone. */
export function gridOptions(count: number, area: Area): GridOptions {
  if (area.width >= area.height) return WIDE;
  return count <= 4 ? TALL_FEW : TALL;
}

/** The grid of `count` tiles whose tiles are largest; several pages where they would be too small. */
export function gridLayout(count: number, area: Area, options: GridOptions): Grid {
  const wanted = Math.max(1, Math.min(count, options.maxTiles));
  for (let tiles = wanted; tiles > 1; tiles -= 1) {
    const cell = largestCell(tiles, area, options);
    if (cell.width >= options.minWidth) return paged(count, tiles, cell, options);
  }
  return paged(count, 1, largestCell(1, area, options), options);
}

/** The items of page `page` (counted from 0, clamped to what there is). */
export function pageOf<T>(items: readonly T[], page: number, perPage: number): readonly T[] {
  const last = Math.max(0, Math.ceil(items.length / perPage) - 1);
  const start = Math.min(Math.max(0, page), last) * perPage;
  return items.slice(start, start + perPage);
}

function paged(count: number, tiles: number, cell: Cell, options: GridOptions): Grid {
  const { columns, rows } = cell;
  // With several pages each is filled to the last cell of its rows.
  const perPage = count > tiles ? Math.min(columns * rows, options.maxTiles) : tiles;
  return {
    columns,
    rows,
    width: Math.max(0, Math.floor(cell.width)),
    height: Math.max(0, Math.floor(cell.height)),
    perPage,
    pages: Math.max(1, Math.ceil(count / perPage)),
  };
}

function largestCell(tiles: number, area: Area, options: GridOptions): Cell {
  let best: Cell = { columns: 1, rows: tiles, width: 0, height: 0 };
  for (let columns = 1; columns <= tiles; columns += 1) {
    const rows = Math.ceil(tiles / columns);
    const cell = fitCell(columns, rows, area, options);
    if (cell.width * cell.height > best.width * best.height) best = cell;
  }
  return best;
}

function fitCell(columns: number, rows: number, area: Area, options: GridOptions): Cell {
  let width = Math.max(0, (area.width - options.gap * (columns - 1)) / columns);
  let height = Math.max(0, (area.height - options.gap * (rows - 1)) / rows);
  if (width > height * options.maxRatio) width = height * options.maxRatio;
  else if (width < height * options.minRatio) height = width / options.minRatio;
  return { columns, rows, width, height };
}
