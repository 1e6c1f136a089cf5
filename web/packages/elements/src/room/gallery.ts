/** The tiles of the call, placed in the grid or around the stage, page by page. */

import type { Member } from "@antiphon/client";
import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import * as icons from "../icons.js";
import { type Arrangement, arrange } from "../logic/arrangement.js";
import { isShared, layoutOf, stageOf, tilesOf } from "../logic/gallery.js";
import { roveFocus } from "./focus.js";
import { inviteLinkView } from "./invite.js";
import { tileView } from "./tile.js";
import type { AnyTrack, RoomTile, RoomView } from "./view.js";

export interface Scene {
  readonly tiles: readonly RoomTile[];
  readonly shared: boolean;
  readonly layout: "grid" | "speaker";
  readonly stage: RoomTile | null;
  readonly arrangement: Arrangement<Member, AnyTrack>;
}

/** What is to be seen now; `previous` is the key of the tile that was on stage. */
export function sceneOf(view: RoomView, previous: string | null): Scene {
  const { ui, session } = view;
  const tiles = tilesOf<AnyTrack, Member>(session.room?.members.values() ?? []);
  const shared = isShared(tiles);
  const pinned = tiles.some((tile) => tile.key === ui.pinned);
  const layout = layoutOf(ui.layout, shared, pinned);
  const speaker = session.room?.speaker?.id ?? null;
  const stage = stageOf(tiles, { pinned: ui.pinned, speaker, previous });
  const { area, page } = ui;
  const arrangement = arrange({ tiles, layout, stage, speaker, area, page });
  return { tiles, shared, layout, stage, arrangement };
}

/** Keeps tiles in the order in which they came: a moved video element would begin anew. */
export class TileOrder {
  #keys: readonly string[] = [];

  sort<P extends { readonly tile: { readonly key: string } }>(placed: readonly P[]): readonly P[] {
    const byKey = new Map(placed.map((one) => [one.tile.key, one]));
    const staying = this.#keys.filter((key) => byKey.has(key));
    const known = new Set(staying);
    this.#keys = [...staying, ...[...byKey.keys()].filter((key) => !known.has(key))];
    return this.#keys.flatMap((key) => byKey.get(key) ?? []);
  }
}

export function galleryView(view: RoomView, scene: Scene, order: TileOrder): TemplateResult {
  const placed = order.sort(scene.arrangement.placed);
  return html`<section class="gallery" part="gallery" aria-label=${view.text.stage.gallery}>
    <div
      class="tiles ${view.ui.resizing ? "resizing" : ""}"
      part="tiles"
      data-layout=${scene.layout}
      @keydown=${(event: KeyboardEvent) => roveFocus(event, ".tile")}
    >
      ${repeat(
        placed,
        (one) => one.tile.key,
        (one, index) => tileView(view, one, index),
      )}
    </div>
    ${pager(view, scene)} ${alone(view, scene)}
  </section>`;
}

function pager(view: RoomView, scene: Scene): TemplateResult | typeof nothing {
  const { page, pages, pager: rect } = scene.arrangement;
  if (!rect) return nothing;
  const { text } = view;
  const turn = (to: number) => view.set({ page: (to + pages) % pages });
  return html`<nav class="pager"
    part="pager"
    style="transform: translate(${rect.x}px, ${rect.y}px); width: ${rect.width}px"
  >
    <button
      type="button"
      class="round quiet"
      part="previous-page"
      aria-label=${text.stage.previous}
      @click=${() => turn(page - 1)}
    >
      ${icons.chevronLeft}
    </button>
    <span aria-hidden="true">${page + 1} / ${pages}</span>
    <span class="unseen" role="status">${text.stage.page(page + 1, pages)}</span>
    <button
      type="button"
      class="round quiet"
      part="next-page"
      aria-label=${text.stage.next}
      @click=${() => turn(page + 1)}
    >
      ${icons.chevronRight}
    </button>
  </nav>`;
}

function alone(view: RoomView, scene: Scene): TemplateResult | typeof nothing {
  if (scene.tiles.length > 1 || view.ui.panel !== "") return nothing;
  const { text } = view;
  return html`<aside class="alone" part="alone">
    <h2>${text.alone.title}</h2>
    <p class="lead">${text.alone.lead}</p>
    ${inviteLinkView(view)}
  </aside>`;
}
