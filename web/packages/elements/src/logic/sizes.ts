/** Sizes of files and pictures as they are shown; it knows numbers only. */

const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** Bytes in a unit that people read. */
export function sizeWords(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 10 ? 1 : 0;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

export interface Box {
  readonly width: number;
  readonly height: number;
}

/** A picture's size in a place of at most that size; never larger than it is. */
export function fitted(picture: Box, place: Box): Box {
  const scale = Math.min(1, place.width / picture.width, place.height / picture.height);
  return {
    width: Math.max(1, Math.round(picture.width * scale)),
    height: Math.max(1, Math.round(picture.height * scale)),
  };
}
