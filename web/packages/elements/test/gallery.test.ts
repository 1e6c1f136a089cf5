/** Tiles, their order, and who stands on stage. */

import { describe, expect, it } from "vitest";
import {
  chooseLayout,
  isShared,
  layoutOf,
  stageOf,
  tilesOf,
  withSpeaker,
} from "../src/logic/gallery.js";
import { crowd, member, track } from "./people-made.js";

const screen = track("s1", { source: "screen" });
const keys = (tiles: readonly { key: string }[]) => tiles.map((tile) => tile.key);
const nobody = { pinned: null, speaker: null, previous: null };

describe("tilesOf", () => {
  it("gives one tile a person, oneself first, then by entry", () => {
    const late = member("late", { joinedAt: 9 });
    const early = member("early", { joinedAt: 1 });
    const me = member("me", { joinedAt: 5, isLocal: true });
    expect(keys(tilesOf([late, early, me]))).toEqual(["me", "early", "late"]);
  });

  it("shows no picture of a muted camera", () => {
    const [tile] = tilesOf([member("a", { tracks: [track("v", { muted: true })] })]);
    expect(tile?.video).toBeNull();
  });

  it("gives a screen a tile of its own and keeps the face", () => {
    const tiles = tilesOf([member("a", { tracks: [track("v"), screen] })]);
    expect(keys(tiles)).toEqual(["a/s1", "a"]);
    expect(tiles.map((tile) => tile.kind)).toEqual(["screen", "person"]);
    expect(tiles[1]?.video?.id).toBe("v");
  });

  it("takes a picture of another source for the face where there is no camera", () => {
    const other = track("o", { source: "other" });
    const tiles = tilesOf([member("a", { tracks: [screen, other] })]);
    expect(tiles.find((tile) => tile.kind === "person")?.video?.id).toBe("o");
  });

  it("puts people without a picture behind in a crowd", () => {
    const people = crowd(30);
    const blind = { ...member("blind", { joinedAt: 1.5 }), tracks: [] };
    const tiles = keys(tilesOf([...people, blind]));
    expect(tiles[0]).toBe("me");
    expect(tiles[tiles.length - 1]).toBe("blind");
  });
});

describe("stageOf", () => {
  const people = crowd(4);
  const tiles = tilesOf(people);

  it("prefers the pinned, then a screen, then who speaks, then who was there", () => {
    expect(tilesOf([...people, member("player", { stream: true })]).length).toBe(
      tilesOf(people).length,
    );
    const shared = tilesOf([...people, member("x", { joinedAt: 8, tracks: [screen] })]);
    const wishes = { pinned: "m1", speaker: "m2", previous: "m3" };
    expect(stageOf(shared, wishes)?.key).toBe("m1");
    expect(stageOf(shared, { ...wishes, pinned: null })?.key).toBe("x/s1");
    expect(stageOf(tiles, { ...wishes, pinned: null })?.key).toBe("m2");
    expect(stageOf(tiles, { ...nobody, previous: "m3" })?.key).toBe("m3");
    expect(stageOf(tiles, nobody)?.key).toBe("m1");
  });

  it("keeps the last speaker while oneself speaks or nobody does", () => {
    expect(stageOf(tiles, { pinned: null, speaker: "me", previous: "m2" })?.key).toBe("m2");
  });

  it("shows oneself when alone, and nothing in an empty room", () => {
    expect(stageOf(tilesOf(crowd(1)), nobody)?.key).toBe("me");
    expect(stageOf([], nobody)).toBeNull();
  });

  it("forgets a pin whose tile is gone", () => {
    expect(stageOf(tiles, { ...nobody, pinned: "gone" })?.key).toBe("m1");
  });
});

describe("withSpeaker", () => {
  const tiles = tilesOf(crowd(8));

  it("brings who speaks onto the first page", () => {
    expect(keys(withSpeaker(tiles, "m6", 4)).slice(0, 4)).toEqual(["me", "m1", "m2", "m6"]);
  });

  it("changes nothing for who is there already, or absent", () => {
    expect(withSpeaker(tiles, "m2", 4)).toBe(tiles);
    expect(withSpeaker(tiles, null, 4)).toBe(tiles);
    expect(withSpeaker(tiles, "m6", 20)).toBe(tiles);
  });
});

describe("layout", () => {
  const choice = { preferred: "grid", whileShared: "speaker" } as const;

  it("goes to the stage for another's screen, not for one's own", () => {
    const own = tilesOf([member("me", { isLocal: true, tracks: [screen] })]);
    const foreign = tilesOf([member("a", { tracks: [screen] })]);
    expect(isShared(own)).toBe(false);
    expect(isShared(foreign)).toBe(true);
    expect(layoutOf(choice, true, false)).toBe("speaker");
    expect(layoutOf(choice, false, false)).toBe("grid");
  });

  it("remembers what was chosen while a screen is shared apart from the rest", () => {
    const chosen = chooseLayout(choice, "grid", true);
    expect(layoutOf(chosen, true, false)).toBe("grid");
    expect(chosen.preferred).toBe("grid");
    expect(layoutOf(chooseLayout(choice, "speaker", false), false, false)).toBe("speaker");
  });

  it("shows what is pinned on stage", () => {
    expect(layoutOf(choice, false, true)).toBe("speaker");
  });
});
